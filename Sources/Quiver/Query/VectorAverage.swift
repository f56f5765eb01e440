import QuiverModel

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
