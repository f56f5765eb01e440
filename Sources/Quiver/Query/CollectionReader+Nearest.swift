import QuiverIndex
import QuiverModel

extension CollectionReader {
    /// The points nearest to a vector, their numbers and scores written into the places of query `index`; returns how
    /// many there are. What `query` does, without anything made for the answer.
    func nearest(
        _ query: NearestQuery, _ vector: UnsafePointer<Float>, at index: Int, _ target: AnswerColumns
    ) throws -> Int {
        guard let place = view.vectorIndex(named: query.vectorName) else {
            throw QuiverError.vectorNameUnknown(query.vectorName)
        }
        let field = view.vectors[place].field
        guard query.dimension == field.dimension else {
            throw QuiverError.vectorDimension(expected: field.dimension, actual: query.dimension)
        }
        let accepted = try matching(query.filter, nil)
        let search = search(
            place, unsafe try SearchVectors(vector, field), query.params, accepted, limit: query.limit, nil)
        let found = try core.scratches.withScratch { (scratch) throws in try search.run(scratch) }
        let sealed = search.vector.sealed
        let first = index * query.limit
        for (offset, answer) in found.enumerated() {
            let segment = Int(answer.segment)
            if segment < sealed.count, let ids = unsafe sealed[segment].segment.ids {
                unsafe target.ids[first + offset] = ids[Int(answer.row)]
            } else if case .number(let number) = try point(answer.slot).id {
                unsafe target.ids[first + offset] = number
            } else {
                throw QuiverError.idIsNoNumber
            }
            if let scores = unsafe target.scores {
                unsafe scores[first + offset] = field.distance.shown(answer.score)
            }
        }
        return found.count
    }
}

extension SearchVectors {
    /// One vector of a caller, `field.dimension` floats, made ready for the search.
    init(_ vector: UnsafePointer<Float>, _ field: VectorField) throws(QuiverError) {
        let dimension = field.dimension
        // Without their sign, numbers sort as their bits do, and what is not finite is behind all of them.
        var largest: UInt32 = 0
        for place in 0..<dimension { largest = max(largest, unsafe vector[place].bitPattern & 0x7FFF_FFFF) }
        guard largest < Float.infinity.bitPattern else {
            throw .badInput("Vector components have to be finite numbers")
        }
        components = unsafe [Float](unsafeUninitializedCapacity: dimension) { buffer, count in
            if let base = buffer.baseAddress {
                if field.distance == .cosine {
                    unsafe CodeEncoder.normalise(vector, dimension: dimension, into: base)
                } else {
                    unsafe base.update(from: vector, count: dimension)
                }
            }
            count = dimension
        }
        self.dimension = dimension
        positiveCount = 1
        combination = .nearest
    }
}
