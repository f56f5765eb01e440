/// How two vectors are compared. Scores inside the index are similarities, larger is nearer:
/// `dot` and `cosine` a·b (cosine rows and queries are normalised by the caller), `euclid` -Σ(a-b)²,
/// `manhattan` -Σ|a-b|.
package enum Metric: UInt8, Sendable, CaseIterable {
    case dot, cosine, euclid, manhattan

    /// Manhattan distance does not follow from a dot product of codes: its graphs are walked on floats.
    package var usesCodes: Bool { self != .manhattan }
}

/// Why an index operation did not finish.
package enum IndexError: Error, Equatable {
    case cancelled
    /// More rows than `Candidate.maximumRowCount`.
    case tooManyRows
    /// A graph to extend has other parameters than asked for, or the mapping does not fit it.
    case incompatibleGraph
}
