import QuiverIndex
import QuiverModel

/// The query vectors of a search on dense vectors or multivectors, in internal form: normalised for Cosine, rounded as
/// the stored ones are.
struct SearchVectors: Sendable {
    /// One row after the other, `dimension` components each.
    private var components: [Float] = []
    private let dimension: Int
    private let count: Int
    private let positiveCount: Int
    let combination: Combination
    /// Of a weighted sum: one for each vector.
    private var weights: [Float] = []
    /// Of multivectors: behind the last row of each. Empty for dense vectors.
    private var rowEnds: [UInt32] = []

    init(_ examples: QueryOperands.Examples, _ field: VectorField) {
        dimension = field.dimension
        count = examples.vectors.count
        positiveCount = examples.positiveCount
        combination = examples.combination
        weights = examples.weights
        for vector in examples.vectors {
            switch vector {
            case .dense(let row): components.append(contentsOf: row)
            case .multi(let rows):
                for row in rows { components.append(contentsOf: row) }
                rowEnds.append(UInt32(truncatingIfNeeded: components.count / max(1, dimension)))
            case .sparse: break
            }
        }
        prepare(field)
    }

    /// One vector of a caller, `field.dimension` floats.
    init(_ vector: UnsafePointer<Float>, _ field: VectorField) throws(QuiverError) {
        dimension = field.dimension
        count = 1
        positiveCount = 1
        combination = .nearest
        // Without their sign, numbers sort as their bits do, and what is not finite is behind all of them.
        var largest: UInt32 = 0
        for place in 0..<dimension { largest = max(largest, unsafe vector[place].bitPattern & 0x7FFF_FFFF) }
        guard largest < Float.infinity.bitPattern else {
            throw .badInput("Vector components have to be finite numbers")
        }
        components = unsafe Array(UnsafeBufferPointer(start: vector, count: dimension))
        if field.kind == .multi { rowEnds = [1] }
        prepare(field)
    }

    private mutating func prepare(_ field: VectorField) {
        let dimension = dimension
        unsafe components.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, dimension > 0 else { return }
            for row in 0..<buffer.count / dimension {
                let start = unsafe base + row * dimension
                if field.isNormalised {
                    unsafe CodeEncoder.normalise(UnsafePointer(start), dimension: dimension, into: start)
                }
                _ = unsafe field.storage?.round(start)
            }
        }
    }

    /// Borrows the vectors for the index floor.
    func withQuery<Answer>(_ body: (QueryVectors) throws -> Answer) rethrows -> Answer {
        unsafe try components.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("a search has a vector") }
            return unsafe try rowEnds.withUnsafeBufferPointer { rowEnds in
                unsafe try weights.withUnsafeBufferPointer { weights in
                    try body(
                        unsafe QueryVectors(
                            base, dimension: dimension, count: count, positiveCount: positiveCount,
                            combination: combination, weights: weights.isEmpty ? nil : weights.baseAddress,
                            rowEnds: rowEnds.isEmpty ? nil : rowEnds.baseAddress))
                }
            }
        }
    }
}
