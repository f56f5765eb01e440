import CVectorKernels

/// Scores rows of one segment against one query, on codes or on floats. Prepared by `SearchScratch`, which owns
/// what it points to: valid until that scratch prepares another of the same kind.
@safe package struct Scorer {
    /// One per query vector.
    let kernels: UnsafePointer<qvk_scorer>
    let count: Int
    let positiveCount: Int
    let combination: Combination
    /// As in `QueryVectors`.
    var weights: UnsafePointer<Float>?
    /// `Scorer.batchLimit` floats for each query vector; nil when there is only one.
    let partial: UnsafeMutablePointer<Float>?
    /// What makes the scored things multivectors; nil when they are rows.
    var multi: MultiScoring?
    /// How scores tell distances; nil when they do not, or too roughly.
    var distance: DistanceScale?

    /// Vectors that a row is compared with.
    var comparisonCount: Int {
        guard let multi = unsafe multi, count > 0 else { return count }
        return unsafe Int(multi.rowEnds[count - 1])
    }

    /// Rows scored at most in one call.
    static let batchLimit = 1024

    /// Writes the scores of `ids[0..<n]`, n ≤ `batchLimit`.
    @inline(__always)
    func score(_ ids: UnsafePointer<UInt32>, _ n: Int, into out: UnsafeMutablePointer<Float>) {
        if unsafe multi != nil {
            unsafe scoreGroups(ids, first: 0, n, into: out)
        } else if combination == .nearest {
            unsafe qvk_score_ids(kernels, ids, n, out)
        } else {
            unsafe fetch(ids, n)
            unsafe scoreCombined(ids, n, into: out)
        }
    }

    /// Asks for the memory of rows that will be scored soon by `scoreFetched`.
    @inline(__always)
    func fetch(_ ids: UnsafePointer<UInt32>, _ n: Int) {
        if unsafe multi == nil { unsafe qvk_fetch_rows(kernels, ids, n) } else { unsafe fetchGroups(ids, n) }
    }

    @inline(__always)
    func scoreFetched(_ ids: UnsafePointer<UInt32>, _ n: Int, into out: UnsafeMutablePointer<Float>) {
        if unsafe multi != nil {
            unsafe scoreGroups(ids, first: 0, n, into: out)
        } else if combination == .nearest {
            unsafe qvk_score_fetched_ids(kernels, ids, n, out)
        } else {
            unsafe scoreCombined(ids, n, into: out)
        }
    }

    private func scoreCombined(_ ids: UnsafePointer<UInt32>, _ n: Int, into out: UnsafeMutablePointer<Float>) {
        for index in 0..<count { unsafe qvk_score_fetched_ids(kernels + index, ids, n, place(of: index)) }
        unsafe combine(n, into: out)
    }

    /// Writes the scores of rows `first..<first + n`, n ≤ `batchLimit`.
    @inline(__always)
    func score(from first: UInt32, _ n: Int, into out: UnsafeMutablePointer<Float>) {
        if unsafe multi != nil {
            unsafe scoreGroups(nil, first: first, n, into: out)
        } else if combination == .nearest {
            unsafe qvk_score_range(kernels, first, n, out)
        } else {
            for index in 0..<count { unsafe qvk_score_range(kernels + index, first, n, place(of: index)) }
            unsafe combine(n, into: out)
        }
    }

    func place(of index: Int) -> UnsafeMutablePointer<Float> {
        guard let partial = unsafe partial else { preconditionFailure("several vectors need room for their scores") }
        return unsafe partial + index * Scorer.batchLimit
    }

    @inline(never)
    func combine(_ n: Int, into out: UnsafeMutablePointer<Float>) {
        guard let partial = unsafe partial else { return }
        let width = Scorer.batchLimit
        for at in 0..<n {
            unsafe out[at] = combination.score(
                partial + at, width: width, count: count, positiveCount: positiveCount, weights: weights)
        }
    }

    static func squash(_ x: Float) -> Float { x / (1 + abs(x)) }
    static func sigmoid(_ x: Float) -> Float { 0.5 * (squash(x) + 1) }
}

extension Combination {
    /// One score of the similarities `column[0]`, `column[width]`, … of one row to `count` vectors.
    @inline(__always)
    func score(
        _ column: UnsafePointer<Float>, width: Int, count: Int, positiveCount: Int, weights: UnsafePointer<Float>?
    ) -> Float {
        switch self {
        case .nearest: return unsafe column[0]
        case .bestScore:
            var positive = -Float.infinity
            var negative = -Float.infinity
            for index in 0..<count {
                let similarity = unsafe column[index * width]
                if index < positiveCount { positive = max(positive, similarity) } else { negative = max(negative, similarity) }
            }
            return positive > negative ? Scorer.sigmoid(positive) : -Scorer.sigmoid(negative)
        case .sumScores:
            var sum: Float = 0
            for index in 0..<count { unsafe sum += index < positiveCount ? column[index * width] : -column[index * width] }
            return sum
        case .discover:
            var rank: Float = 0
            var index = 1
            while index + 1 < count {
                let (positive, negative) = unsafe (column[index * width], column[(index + 1) * width])
                if positive > negative { rank += 1 } else if positive < negative { rank -= 1 }
                index += 2
            }
            return unsafe rank + Scorer.sigmoid(column[0])
        case .context:
            var sum: Float = 0
            var index = 0
            while index + 1 < count {
                let lead = unsafe column[index * width] - column[(index + 1) * width] - Float.ulpOfOne
                sum += Scorer.squash(min(lead, 0))
                index += 2
            }
            return sum
        case .weightedSum:
            guard let weights = unsafe weights else { return 0 }
            var sum: Float = 0
            for index in 0..<count { unsafe sum += weights[index] * column[index * width] }
            return sum
        }
    }
}
