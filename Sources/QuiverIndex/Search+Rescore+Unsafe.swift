import CVectorKernels

extension Search {
    /// How many candidates of a walk on codes are worth an exact score.
    package static func rescoreCount(limit: Int, ef: Int) -> Int { max(2 * limit, ef / 2) }

    /// Scores the best `count` candidates of the scratch with an exact scorer and offers them to `top`, best first
    /// and until no other can be among the answers: the errors of the scores corrected so far tell by how much an
    /// approximate score can be too low, and their range is added to that.
    /// - Parameter segment: told in the answers, for the caller to find the row again.
    package static func rescore(
        count: Int, exact: Scorer, filter: RowFilter, segment: UInt32, scratch: SearchScratch, into top: TopK
    ) {
        let total = min(count, scratch.candidateCount)
        let candidates = unsafe scratch.candidates
        let buffers = unsafe scratch.borrowedBuffers
        var greatest = -Float.infinity
        var least = Float.infinity
        var done = 0
        var next = max(rescoredAtOnce, top.limit)
        while done < total {
            let n = min(next, total &- done, Scorer.batchLimit)
            for index in 0..<n { unsafe buffers.ids[index] = candidates[done &+ index].row }
            unsafe exact.score(buffers.ids, n, into: buffers.scores)
            for index in 0..<n {
                let row = unsafe buffers.ids[index]
                let score = unsafe buffers.scores[index]
                let error = unsafe score - candidates[done &+ index].score
                greatest = max(greatest, error)
                least = min(least, error)
                top.offer(ScoredSlot(score: score, slot: filter.slot(of: row), segment: segment, row: row))
            }
            done &+= n
            next = rescoredAtOnce
            if done < total, unsafe candidates[done].score + greatest + (greatest - least) < top.bound { return }
        }
    }

    private static let rescoredAtOnce = 8

    /// Offers the best `count` candidates as they are: after a scan on floats their scores are exact.
    package static func collect(
        count: Int, filter: RowFilter, segment: UInt32, scratch: SearchScratch, into top: TopK
    ) {
        let candidates = unsafe scratch.candidates
        for index in 0..<min(count, candidates.count) {
            let candidate = unsafe candidates[index]
            top.offer(ScoredSlot(
                score: candidate.score, slot: filter.slot(of: candidate.row), segment: segment, row: candidate.row))
        }
    }
}
