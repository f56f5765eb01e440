import QuiverIndex
import QuiverModel

/// Turns the examples of a query, vectors and ids, into the vectors to search with.
struct QueryOperands {
    private let vectors: [PointID: [Float]]
    /// Slots of the ids that belong to the searched collection: they are never answered.
    private let slots: [PointID: UInt32]

    /// Looks up the ids of the request, in its own collection or in that of `lookup_from`.
    init(_ request: QueryRequest, _ reader: borrowing CollectionReader, _ lookup: CollectionReader.Lookup) throws {
        let ids = QueryOperands.ids(of: request.query)
        guard !ids.isEmpty else {
            vectors = [:]
            slots = [:]
            return
        }
        if let location = request.lookupFrom {
            let other = try lookup(location.collection)
            if other !== reader.core {
                let reader = try CollectionReader(other)
                vectors = try QueryOperands.fetch(ids, named: location.vector ?? request.using, reader).vectors
                slots = [:]
                return
            }
        }
        let name = request.lookupFrom?.vector ?? request.using
        (vectors, slots) = try QueryOperands.fetch(ids, named: name, reader)
    }

    private static func ids(of query: Query?) -> [PointID] {
        let inputs: [VectorInput]
        switch query {
        case .nearest(let input)?: inputs = [input]
        case .recommend(let input)?: inputs = input.positive + input.negative
        case .orderBy?, nil: inputs = []
        }
        return inputs.compactMap { if case .id(let id) = $0 { id } else { nil } }
    }

    private static func fetch(
        _ ids: [PointID], named name: String, _ reader: borrowing CollectionReader
    ) throws -> (vectors: [PointID: [Float]], slots: [PointID: UInt32]) {
        guard let index = reader.view.vectorIndex(named: name) else { throw QuiverError.vectorNameUnknown(name) }
        let vector = reader.view.vectors[index]
        var vectors: [PointID: [Float]] = [:]
        var slots: [PointID: UInt32] = [:]
        for id in ids {
            guard let slot = try reader.slot(of: id) else { throw QuiverError.pointMissing(id) }
            guard let floats = unsafe vector.vector(ofSlot: slot) else {
                throw QuiverError.notFound("Vector with name `\(name)` for point \(id) not found")
            }
            vectors[id] = unsafe Array(UnsafeBufferPointer(start: floats, count: vector.field.dimension))
            slots[id] = slot
        }
        return (vectors, slots)
    }

    func ownSlots(_ inputs: [VectorInput]) throws -> Set<UInt32> {
        Set(inputs.compactMap { if case .id(let id) = $0 { slots[id] } else { nil } })
    }

    /// - Parameter strategy: nil for a nearest search, which has one positive example.
    func searchVectors(
        _ positive: [VectorInput], _ negative: [VectorInput], _ strategy: RecommendStrategy?, _ field: VectorField
    ) throws -> SearchVectors {
        let positives = try positive.map { try components($0, field) }
        let negatives = try negative.map { try components($0, field) }
        var examples: [[Float]]
        var combination = Combination.nearest
        switch strategy {
        case nil: examples = positives
        case .averageVector:
            guard !positives.isEmpty else {
                throw QuiverError.badRequest("Positive vectors should not be empty with `average` strategy")
            }
            examples = [QueryOperands.average(positives, negatives, field.dimension)]
        case .bestScore:
            examples = positives + negatives
            combination = .bestScore
        case .sumScores:
            examples = positives + negatives
            combination = .sumScores
        }
        guard !examples.isEmpty else {
            throw QuiverError.badRequest("At least one positive or negative vector ID required with this strategy")
        }
        if field.distance == .cosine { examples = examples.map(Normalisation.normalised) }
        return SearchVectors(
            components: examples.count == 1 ? examples[0] : Array(examples.joined()), dimension: field.dimension,
            positiveCount: combination == .nearest ? 1 : positives.count, combination: combination)
    }

    private func components(_ input: VectorInput, _ field: VectorField) throws -> [Float] {
        let vector: [Float]
        switch input {
        case .id(let id):
            guard let found = vectors[id] else { throw QuiverError.pointMissing(id) }
            vector = found
        case .dense(let given): vector = given
        }
        guard vector.count == field.dimension else {
            throw QuiverError.vectorDimension(expected: field.dimension, actual: vector.count)
        }
        return vector
    }

    /// mean(positives), with negatives 2·mean(positives) − mean(negatives).
    private static func average(_ positives: [[Float]], _ negatives: [[Float]], _ dimension: Int) -> [Float] {
        let positive = mean(positives, dimension)
        if negatives.isEmpty { return positive }
        let negative = mean(negatives, dimension)
        return zip(positive, negative).map { $0 + $0 - $1 }
    }

    private static func mean(_ vectors: [[Float]], _ dimension: Int) -> [Float] {
        var sum = [Float](repeating: 0, count: dimension)
        for vector in vectors {
            for index in 0..<dimension { sum[index] += vector[index] }
        }
        let count = Float(vectors.count)
        return sum.map { $0 / count }
    }
}

/// L2 normalisation as Qdrant does it at insert: zero vectors and those of length 1 stay as they are.
enum Normalisation {
    static func normalised(_ vector: [Float]) -> [Float] {
        var result = vector
        unsafe result.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress {
                unsafe CodeEncoder.normalise(UnsafePointer(base), dimension: buffer.count, into: base)
            }
        }
        return result
    }
}
