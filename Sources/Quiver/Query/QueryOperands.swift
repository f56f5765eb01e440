import QuiverIndex
import QuiverModel

/// Turns the examples of a query, vectors and ids, into the vectors to search with.
struct QueryOperands {
    private let vectors: [PointID: VectorValue]
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
        case .orderBy?, .fusion?, .formula?, .sample?, nil: inputs = []
        case .diverse(let input, _)?: inputs = [input]
        case .discover(let input)?: inputs = [input.target] + input.context.flatMap { [$0.positive, $0.negative] }
        case .context(let pairs)?: inputs = pairs.flatMap { [$0.positive, $0.negative] }
        case .relevanceFeedback(let input)?: inputs = [input.target] + input.feedback.map(\.example)
        }
        return inputs.compactMap { if case .id(let id) = $0 { id } else { nil } }
    }

    private static func fetch(
        _ ids: [PointID], named name: String, _ reader: borrowing CollectionReader
    ) throws -> (vectors: [PointID: VectorValue], slots: [PointID: UInt32]) {
        guard let index = reader.view.vectorIndex(named: name) else { throw QuiverError.vectorNameUnknown(name) }
        let vector = reader.view.vectors[index]
        var vectors: [PointID: VectorValue] = [:]
        var slots: [PointID: UInt32] = [:]
        for id in ids {
            guard let slot = try reader.slot(of: id) else { throw QuiverError.pointMissing(id) }
            guard let value = vector.value(ofSlot: slot) else {
                throw QuiverError.notFound("Vector with name `\(name)` for point \(id) not found")
            }
            vectors[id] = value
            slots[id] = slot
        }
        return (vectors, slots)
    }

    func ownSlots(_ inputs: [VectorInput]) throws -> Set<UInt32> {
        Set(inputs.compactMap { if case .id(let id) = $0 { slots[id] } else { nil } })
    }

    /// The vectors to compare with, all of the field's kind, positives first.
    struct Examples {
        var vectors: [VectorValue]
        var positiveCount: Int
        var combination: Combination
    }

    /// - Parameter strategy: nil for a nearest search, which has one positive example.
    func examples(
        _ positive: [VectorInput], _ negative: [VectorInput], _ strategy: RecommendStrategy?, _ field: VectorField
    ) throws -> Examples {
        let positives = try positive.map { try value($0, field) }
        let negatives = try negative.map { try value($0, field) }
        switch strategy {
        case nil: return Examples(vectors: positives, positiveCount: 1, combination: .nearest)
        case .averageVector:
            guard !positives.isEmpty else {
                throw QuiverError.badRequest("Positive vectors should not be empty with `average` strategy")
            }
            let average = VectorAverage.of(positives, negatives, field)
            return Examples(vectors: [average], positiveCount: 1, combination: .nearest)
        case .bestScore, .sumScores:
            guard !(positives + negatives).isEmpty else {
                throw QuiverError.badRequest("At least one positive or negative vector ID required with this strategy")
            }
            return Examples(
                vectors: positives + negatives, positiveCount: positives.count,
                combination: strategy == .bestScore ? .bestScore : .sumScores)
        }
    }

    /// The vector of an input, which has to fit the field.
    private func value(_ input: VectorInput, _ field: VectorField) throws -> VectorValue {
        let value: VectorValue
        switch input {
        case .id(let id):
            guard let found = vectors[id] else { throw QuiverError.pointMissing(id) }
            value = found
        case .dense(let given): value = .dense(given)
        case .multi(let given): value = .multi(given)
        case .sparse(let given): value = .sparse(given)
        }
        guard value.isFinite else { throw QuiverError.badInput("Vector components have to be finite numbers") }
        switch (field.kind, value) {
        case (.dense, .dense(let vector)):
            guard vector.count == field.dimension else {
                throw QuiverError.vectorDimension(expected: field.dimension, actual: vector.count)
            }
            return value
        case (.multi, .dense(let vector)):
            guard vector.count == field.dimension else {
                throw QuiverError.vectorDimension(expected: field.dimension, actual: vector.count)
            }
            return .multi([vector])
        case (.multi, .multi(let rows)):
            guard !rows.isEmpty else { throw QuiverError.badInput("a multivector has to have vectors") }
            for row in rows where row.count != field.dimension {
                throw QuiverError.vectorDimension(expected: field.dimension, actual: row.count)
            }
            return value
        case (.sparse, .sparse(let vector)):
            guard vector.indices.count == vector.values.count else {
                throw QuiverError.badInput("a sparse vector has to have as many values as indices")
            }
            guard Set(vector.indices).count == vector.indices.count else {
                throw QuiverError.badInput("a sparse vector must not name an index twice")
            }
            guard vector.values.allSatisfy(\.isFinite) else {
                throw QuiverError.badInput("Vector components have to be finite numbers")
            }
            return value
        case (.dense, .multi): throw QuiverError.badInput("Conversion between multi and regular vectors failed")
        case (.sparse, _), (_, .sparse):
            throw QuiverError.badInput("Conversion between sparse and regular vectors failed")
        }
    }
}

extension VectorValue {
    fileprivate var isFinite: Bool {
        switch self {
        case .dense(let vector): vector.allSatisfy(\.isFinite)
        case .multi(let rows): rows.allSatisfy { $0.allSatisfy(\.isFinite) }
        case .sparse(let vector): vector.values.allSatisfy(\.isFinite)
        }
    }
}

/// The vector that the strategy `average_vector` searches with.
enum VectorAverage {
    /// mean(positives), with negatives 2·mean(positives) − mean(negatives). Of multivectors all rows together, those of
    /// negatives turned round.
    static func of(_ positives: [VectorValue], _ negatives: [VectorValue], _ field: VectorField) -> VectorValue {
        switch field.kind {
        case .dense:
            let positive = mean(positives.compactMap(\.dense), field.dimension)
            if negatives.isEmpty { return .dense(positive) }
            let negative = mean(negatives.compactMap(\.dense), field.dimension)
            return .dense(zip(positive, negative).map { $0 + $0 - $1 })
        case .multi:
            return .multi(positives.flatMap(rows) + negatives.flatMap(rows).map { $0.map { -$0 } })
        case .sparse:
            var sum = mean(positives.map(entries))
            if !negatives.isEmpty {
                let negative = mean(negatives.map(entries))
                sum = sum.mapValues { $0 + $0 }.merging(negative.mapValues { -$0 }) { $0 + $1 }
            }
            let sorted = sum.sorted { $0.key < $1.key }
            return .sparse(SparseVector(indices: sorted.map(\.key), values: sorted.map(\.value)))
        }
    }

    private static func rows(_ value: VectorValue) -> [[Float]] {
        if case .multi(let rows) = value { rows } else { [] }
    }

    private static func entries(_ value: VectorValue) -> [UInt32: Float] {
        guard case .sparse(let vector) = value else { return [:] }
        return Dictionary(zip(vector.indices, vector.values)) { first, _ in first }
    }

    private static func mean(_ vectors: [[Float]], _ dimension: Int) -> [Float] {
        var sum = [Float](repeating: 0, count: dimension)
        for vector in vectors {
            for index in 0..<dimension { sum[index] += vector[index] }
        }
        let count = Float(vectors.count)
        return sum.map { $0 / count }
    }

    private static func mean(_ vectors: [[UInt32: Float]]) -> [UInt32: Float] {
        let count = Float(max(1, vectors.count))
        return vectors.reduce(into: [:]) { $0.merge($1) { $0 + $1 } }.mapValues { $0 / count }
    }
}
