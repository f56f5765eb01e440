import CVectorKernels

extension Search {
    private static let blockRows = 256
    /// Rows tested at a time under a filter; with them a block is not yet over `Scorer.batchLimit`.
    private static let collectedRows = 512

    /// Scores every accepted row of a range and leaves the best `keep` as candidates. On codes follow it with
    /// `rescore`; on floats the scores are exact.
    package static func scan(
        _ range: Range<Int>, scorer: Scorer, filter: RowFilter, keep: Int,
        deadline: ContinuousClock.Instant? = nil, scratch: SearchScratch
    ) -> Outcome {
        precondition(keep > 0 && range.lowerBound >= 0 && range.upperBound <= Candidate.maximumRowCount)
        var outcome = Outcome()
        let keep = min(keep, max(range.count, 1))
        let buffers = unsafe scratch.buffers(poolCapacity: keep)
        let acceptsAll = filter.acceptsAll
        var rowFilter = unsafe filter.raw
        var count = 0
        var first = range.lowerBound
        let interval = deadlineInterval(scorer)
        var untilClock = interval
        while first < range.upperBound {
            if acceptsAll {
                let n = min(blockRows, range.upperBound &- first)
                unsafe scorer.score(from: UInt32(truncatingIfNeeded: first), n, into: buffers.scores)
                unsafe offer(from: UInt32(truncatingIfNeeded: first), n, buffers, &count, keep)
                outcome.scoredCount &+= n
                first &+= n
            } else {
                var kept = 0
                while kept < blockRows && first < range.upperBound {
                    let n = min(collectedRows, range.upperBound &- first)
                    kept &+= unsafe qvk_collect_accepted(
                        &rowFilter, UInt32(truncatingIfNeeded: first), n, buffers.ids + kept)
                    first &+= n
                }
                unsafe scorer.score(buffers.ids, kept, into: buffers.scores)
                unsafe offer(buffers.ids, kept, buffers, &count, keep)
                outcome.scoredCount &+= kept
            }
            untilClock &-= 1
            if untilClock == 0 {
                untilClock = interval
                if isPast(deadline) {
                    outcome.timedOut = true
                    break
                }
            }
        }
        unsafe CandidateHeap.sort(buffers.pool, count: count)
        scratch.candidateCount = count
        return outcome
    }

    /// Scores the listed rows that are accepted and leaves the best `keep` as candidates.
    package static func scan(
        _ rows: UnsafeBufferPointer<UInt32>, scorer: Scorer, filter: RowFilter, keep: Int,
        deadline: ContinuousClock.Instant? = nil, scratch: SearchScratch
    ) -> Outcome {
        precondition(keep > 0)
        var outcome = Outcome()
        let keep = min(keep, max(rows.count, 1))
        let buffers = unsafe scratch.buffers(poolCapacity: keep)
        let acceptsAll = filter.acceptsAll
        var rowFilter = unsafe filter.raw
        var count = 0
        var first = 0
        let interval = deadlineInterval(scorer)
        var untilClock = interval
        while first < rows.count, let base = rows.baseAddress {
            var n = min(blockRows, rows.count &- first)
            var ids = unsafe base + first
            first &+= n
            if !acceptsAll {
                unsafe buffers.ids.update(from: ids, count: n)
                n = unsafe qvk_keep_accepted(&rowFilter, buffers.ids, n)
                unsafe ids = UnsafePointer(buffers.ids)
            }
            unsafe scorer.score(ids, n, into: buffers.scores)
            unsafe offer(ids, n, buffers, &count, keep)
            outcome.scoredCount &+= n
            untilClock &-= 1
            if untilClock == 0 {
                untilClock = interval
                if isPast(deadline) {
                    outcome.timedOut = true
                    break
                }
            }
        }
        unsafe CandidateHeap.sort(buffers.pool, count: count)
        scratch.candidateCount = count
        return outcome
    }

    @inline(__always)
    private static func offer(
        _ ids: UnsafePointer<UInt32>, _ n: Int, _ buffers: WalkBuffers, _ count: inout Int, _ keep: Int
    ) {
        var bound = unsafe count == keep ? buffers.pool[0].score : -.infinity
        for index in 0..<n where unsafe buffers.scores[index] >= bound {
            unsafe CandidateHeap.offer(
                Candidate(score: buffers.scores[index], row: ids[index]), to: buffers.pool, count: &count, limit: keep)
            if count == keep { bound = unsafe buffers.pool[0].score }
        }
    }

    @inline(__always)
    private static func offer(
        from first: UInt32, _ n: Int, _ buffers: WalkBuffers, _ count: inout Int, _ keep: Int
    ) {
        var bound = unsafe count == keep ? buffers.pool[0].score : -.infinity
        for index in 0..<n where unsafe buffers.scores[index] >= bound {
            unsafe CandidateHeap.offer(
                Candidate(score: buffers.scores[index], row: first &+ UInt32(truncatingIfNeeded: index)),
                to: buffers.pool, count: &count, limit: keep)
            if count == keep { bound = unsafe buffers.pool[0].score }
        }
    }
}
