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
        guard field.kind != .sparse, query.dimension == field.dimension else {
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
