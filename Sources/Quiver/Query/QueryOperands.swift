import Glibc

import QuiverIndex
import QuiverModel

/// Turns the examples of a query, vectors and ids, into the vectors to search with.
struct QueryOperands {
    /// Of the ids that have the vector.
    private let vectors: [PointID: VectorValue]
    /// Of the ids, where they belong to the searched collection.
    let ownSlots: Set<UInt32>
    /// Where ids were looked up.
    private let vectorName: String

    /// Looks up the ids of a query, in its own collection or in that of `lookup_from`.
    ///
    /// - Throws: `.notFound` for an id that is not there.
    init(
        _ query: Query?, _ using: String, _ location: LookupLocation?, _ reader: borrowing CollectionReader,
        _ lookup: CollectionReader.Lookup
    ) throws {
        vectorName = location?.vector ?? using
        // Asked for even where no id needs it: a name that is wrong is told.
        let other = try location.map { try lookup($0.collection) }
        let ids = QueryOperands.inputs(of: query).compactMap { if case .id(let id) = $0 { id } else { nil } }
        guard !ids.isEmpty else {
            vectors = [:]
            ownSlots = []
            return
        }
        if let other, other !== reader.core {
            let name = vectorName
            vectors = try other.reading { reader in try QueryOperands.fetch(ids, named: name, reader).vectors }
            ownSlots = []
            return
        }
        (vectors, ownSlots) = try QueryOperands.fetch(ids, named: vectorName, reader)
    }

    static func inputs(of query: Query?) -> [VectorInput] {
        switch query {
        case .nearest(let input)?, .diverse(let input, _)?: [input]
        case .recommend(let input)?: input.positive + input.negative
        case .discover(let input)?: [input.target] + input.context.flatMap { [$0.positive, $0.negative] }
        case .context(let pairs)?: pairs.flatMap { [$0.positive, $0.negative] }
        case .relevanceFeedback(let input)?: [input.target] + input.feedback.map(\.example)
        case .orderBy?, .fusion?, .formula?, .sample?, nil: []
        }
    }

    private static func fetch(
        _ ids: [PointID], named name: String, _ reader: borrowing CollectionReader
    ) throws -> (vectors: [PointID: VectorValue], slots: Set<UInt32>) {
        guard let index = reader.view.vectorIndex(named: name) else { throw QuiverError.vectorNameUnknown(name) }
        let vector = reader.view.vectors[index]
        var vectors: [PointID: VectorValue] = [:]
        var slots: Set<UInt32> = []
        for id in ids {
            guard let slot = try reader.slot(of: id) else { throw QuiverError.pointMissing(id) }
            vectors[id] = vector.value(ofSlot: slot)
            slots.insert(slot)
        }
        return (vectors, slots)
    }

    private var vectorMissing: QuiverError {
        .notFound("Vector with name \"\(vectorName)\" for point not found")
    }

    /// The vectors to compare with, all of the field's kind, in the order their combination wants.
    struct Examples {
        var vectors: [VectorValue]
        var positiveCount: Int
        var combination: Combination
        /// Of a weighted sum: one for each vector.
        var weights: [Float] = []

        static func nearest(_ vector: VectorValue) -> Examples {
            Examples(vectors: [vector], positiveCount: 1, combination: .nearest)
        }
    }

    /// The examples of a query that compares vectors; nil for any other.
    func examples(_ query: Query, _ field: VectorField) throws -> Examples? {
        switch query {
        case .nearest(let input), .diverse(let input, _): return .nearest(try value(input, field))
        case .recommend(let input): return try recommendation(input, field)
        case .discover(let input):
            return Examples(
                vectors: [try value(input.target, field)] + (try values(input.context, field)), positiveCount: 0,
                combination: .discover)
        case .context(let pairs):
            return Examples(vectors: try values(pairs, field), positiveCount: 0, combination: .context)
        case .relevanceFeedback(let input): return try feedback(input, field)
        case .orderBy, .fusion, .formula, .sample: return nil
        }
    }

    private func recommendation(_ input: RecommendInput, _ field: VectorField) throws -> Examples {
        let positives = try input.positive.filter(hasVector).map { try value($0, field) }
        let negatives = try input.negative.filter(hasVector).map { try value($0, field) }
        if positives.isEmpty, negatives.isEmpty, !(input.positive + input.negative).isEmpty { throw vectorMissing }
        switch input.strategy {
        case .averageVector:
            guard !positives.isEmpty else {
                throw QuiverError.badInput("Positive vectors should not be empty with `average` strategy")
            }
            return .nearest(VectorAverage.of(positives, negatives, field))
        case .bestScore, .sumScores:
            guard !(positives + negatives).isEmpty else {
                throw QuiverError.badInput("At least one positive or negative vector ID required with this strategy")
            }
            return Examples(
                vectors: positives + negatives, positiveCount: positives.count,
                combination: input.strategy == .bestScore ? .bestScore : .sumScores)
        }
    }

    /// Recommendations pass over examples without the vector, as Qdrant's do.
    private func hasVector(_ input: VectorInput) -> Bool {
        if case .id(let id) = input { vectors[id] != nil } else { true }
    }

    /// a · s(target) + Σ over pairs of examples, the better one first, of weight · (s(better) − s(worse)): one weight for
    /// each vector.
    private func feedback(_ input: FeedbackInput, _ field: VectorField) throws -> Examples {
        var vectors = [try value(input.target, field)]
        for item in input.feedback { vectors.append(try value(item.example, field)) }
        var weights = [Float](repeating: 0, count: vectors.count)
        weights[0] = input.strategy.a
        for (better, good) in input.feedback.enumerated() {
            for (worse, bad) in input.feedback.enumerated() where good.score > bad.score {
                let weight = powf(good.score - bad.score, input.strategy.b) * input.strategy.c
                weights[1 + better] += weight
                weights[1 + worse] -= weight
            }
        }
        guard weights.allSatisfy(\.isFinite) else {
            throw QuiverError.badInput("Relevance feedback weights have to be finite numbers")
        }
        return Examples(vectors: vectors, positiveCount: 0, combination: .weightedSum, weights: weights)
    }

    private func values(_ pairs: [ContextPair], _ field: VectorField) throws -> [VectorValue] {
        try pairs.flatMap { [try value($0.positive, field), try value($0.negative, field)] }
    }

    /// The vector of an input, which has to fit the field.
    private func value(_ input: VectorInput, _ field: VectorField) throws -> VectorValue {
        let value: VectorValue
        switch input {
        case .id(let id):
            guard let found = vectors[id] else { throw vectorMissing }
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
