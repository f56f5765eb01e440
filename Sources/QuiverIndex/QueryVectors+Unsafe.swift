/// How the similarities of one row to several query vectors become one score. `s` are internal similarities,
/// σ(x) = (x / (1 + |x|) + 1) / 2.
package enum Combination: UInt8, Sendable {
    /// One vector: its similarity.
    case nearest
    /// Recommendation: the best positive s⁺ and best negative s⁻; σ(s⁺) if s⁺ > s⁻, else -σ(s⁻).
    case bestScore
    /// Recommendation: Σ positives - Σ negatives.
    case sumScores
    /// Vectors: target, then pairs (positive, negative). Pairs won minus pairs lost, plus σ(target).
    case discover
    /// Vectors: pairs (positive, negative). Σ σ'(min(s⁺ - s⁻ - ε, 0)) with σ'(x) = x / (1 + |x|).
    case context
    /// Relevance feedback: Σ weight · s, with a weight for each vector.
    case weightedSum

    /// Whether a small error of a similarity is a small error of the score. Of the others the score jumps where two
    /// similarities are equal, so that codes cannot stand for the stored vectors.
    package var isSmooth: Bool {
        switch self {
        case .nearest, .sumScores, .weightedSum: true
        case .bestScore, .discover, .context: false
        }
    }
}

/// The vectors of a query, `dimension` floats each, one behind the other, in memory that outlives the search.
/// For cosine they are normalised by the caller.
@safe package struct QueryVectors: @unchecked Sendable {  // Immutable memory, read only.
    let floats: UnsafePointer<Float>
    let dimension: Int
    let count: Int
    /// For `bestScore` and `sumScores`: the first so many are positive, the rest negative.
    let positiveCount: Int
    let combination: Combination
    /// For `weightedSum`: one for each vector.
    let weights: UnsafePointer<Float>?
    /// For multivectors: vector v of the query is the rows `rowEnds[v - 1]..<rowEnds[v]` of `floats`, from 0.
    let rowEnds: UnsafePointer<UInt32>?

    /// Rows of floats: `count`, or more with multivectors.
    var rowCount: Int {
        guard let rowEnds = unsafe rowEnds else { return count }
        return unsafe Int(rowEnds[count - 1])
    }

    package init(_ vector: UnsafePointer<Float>, dimension: Int) {
        unsafe self.init(vector, dimension: dimension, count: 1, positiveCount: 1, combination: .nearest)
    }

    package init(
        _ floats: UnsafePointer<Float>, dimension: Int, count: Int, positiveCount: Int, combination: Combination,
        weights: UnsafePointer<Float>? = nil, rowEnds: UnsafePointer<UInt32>? = nil
    ) {
        precondition(dimension > 0 && count > 0 && positiveCount >= 0 && positiveCount <= count)
        precondition(combination != .nearest || count == 1)
        precondition(combination != .context || count % 2 == 0)
        precondition(combination != .discover || count % 2 == 1)
        unsafe precondition((combination == .weightedSum) == (weights != nil))
        unsafe self.floats = floats
        self.dimension = dimension
        self.count = count
        self.positiveCount = positiveCount
        self.combination = combination
        unsafe self.weights = weights
        unsafe self.rowEnds = rowEnds
    }
}
