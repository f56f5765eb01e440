import CVectorKernels

/// What a scorer of multivectors has beside its kernels, of which there is one for each row of the query.
@unsafe struct MultiScoring {
    let groups: RowGroups
    /// As in `QueryVectors`.
    let rowEnds: UnsafePointer<UInt32>
    /// `Scorer.batchLimit` floats.
    let rowScores: UnsafeMutablePointer<Float>
}

extension Scorer {
    /// Scores of `ids[0..<n]`, or of the groups `first..<first + n`: for each vector of the query the sum, over its
    /// rows, of the best similarity to a row of the group (MaxSim; Khattab & Zaharia 2020).
    @inline(never)
    func scoreGroups(
        _ ids: UnsafePointer<UInt32>?, first: UInt32, _ n: Int, into out: UnsafeMutablePointer<Float>
    ) {
        guard let multi = unsafe multi else { return }
        for at in 0..<n {
            let group = unsafe ids.map { unsafe Int($0[at]) } ?? Int(first) + at
            var firstKernel = 0
            for vector in 0..<count {
                let end = unsafe Int(multi.rowEnds[vector])
                let score = unsafe bestSum(group, firstKernel..<end, multi)
                if combination == .nearest { unsafe out[at] = score } else { unsafe place(of: vector)[at] = score }
                firstKernel = end
            }
        }
        if combination != .nearest { unsafe combine(n, into: out) }
    }

    private func bestSum(_ group: Int, _ rows: Range<Int>, _ multi: MultiScoring) -> Float {
        var sum: Float = 0
        for row in rows {
            if let offsets = unsafe multi.groups.offsets {
                unsafe sum += best(kernels + row, offsets[group], Int(offsets[group + 1] - offsets[group]), multi.rowScores)
            } else if let starts = unsafe multi.groups.starts, let counts = unsafe multi.groups.rowCounts {
                var kernel = unsafe kernels[row]
                unsafe kernel.base = starts[group]
                unsafe sum += best(&kernel, 0, Int(counts[group]), multi.rowScores)
            }
        }
        return sum
    }

    private func best(
        _ kernel: UnsafePointer<qvk_scorer>, _ first: UInt32, _ count: Int, _ scores: UnsafeMutablePointer<Float>
    ) -> Float {
        var best = -Float.infinity
        var done = 0
        while done < count {
            let n = min(Scorer.batchLimit, count &- done)
            unsafe qvk_score_range(kernel, first &+ UInt32(truncatingIfNeeded: done), n, scores)
            for index in 0..<n { unsafe best = max(best, scores[index]) }
            done &+= n
        }
        return best
    }
}
