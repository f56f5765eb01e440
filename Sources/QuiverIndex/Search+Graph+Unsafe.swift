import CVectorKernels

extension Search {
    /// Below this share of passing rows a walk visits passing rows only, looking over the others' shoulders.
    static let twoHopFraction: Float = 0.08

    /// Walks the graph and keeps the best `ef` accepted rows. Rows that are not accepted are walked through and
    /// take no place among the `ef`.
    ///
    /// The beam search of Malkov & Yashunin (2018), algorithm 2, on one sorted array; with a selective filter the
    /// two-hop expansion of ACORN-1 (Patel et al. 2024).
    ///
    /// - Parameters:
    ///   - limit: answers wanted of this walk; with it a walk whose scores tell distances ends when it has found them
    ///     (`WalkEnd`), not when it has looked behind all of the best `ef` rows.
    ///   - payloadLinks: links that a filtered walk follows to accepted rows, beside those of the graph.
    package static func walk(
        _ graph: GraphView, scorer: Scorer, filter: RowFilter, ef: Int, limit: Int? = nil,
        payloadLinks: PayloadLinks? = nil, deadline: ContinuousClock.Instant? = nil, scratch: SearchScratch
    ) -> Outcome {
        precondition(ef > 0)
        var outcome = Outcome()
        var entry = Candidate(score: 0, row: graph.entryPoint)
        let end = WalkEnd(scorer.distance, limit: limit, ef: ef)
        let ef = unsafe min(end == nil && scorer.multi == nil ? ef : ef * WalkEnd.poolFactor, graph.rowCount)
        descend(graph, scorer, from: &entry, scratch, &outcome)
        let seeds = seedRows(graph, scorer, ef: ef, scratch, &outcome)
        if filter.acceptsAll {
            let buffers = unsafe scratch.walkBuffers(rowCount: graph.rowCount, poolCapacity: ef + 1)
            let count = unsafe begin(with: entry, seeds: seeds, scorer, ef: ef, buffers, &outcome)
            scratch.candidateCount = unsafe beam(
                graph.lists(atLevel: 0), scorer, ef: ef, end: end ?? .none, count: count, buffers, deadline, &outcome)
        } else {
            let limit = ef + max(16 * ef, 1024)
            let buffers = unsafe scratch.walkBuffers(rowCount: graph.rowCount, poolCapacity: limit + 1)
            let count = unsafe begin(with: entry, seeds: seeds, scorer, ef: ef, buffers, &outcome)
            scratch.candidateCount = unsafe filteredBeam(
                graph.lists(atLevel: 0), payloadLinks?.lists, scorer, filter, ef: ef, limit: limit, end: end ?? .none,
                count: count, buffers, deadline, &outcome)
        }
        return outcome
    }

    /// A walk for several vectors begins near each of the first so many, too.
    static let mostSeeds = 16

    /// Rows near the single vectors of a query of several, in the scratch's `rejected`; answers how many. Scores of
    /// several vectors have hills of their own around each of them, between which no step of a walk leads upwards.
    private static func seedRows(
        _ graph: GraphView, _ scorer: Scorer, ef: Int, _ scratch: SearchScratch, _ outcome: inout Outcome
    ) -> Int {
        guard scorer.combination != .nearest, unsafe scorer.multi == nil else { return 0 }
        let count = min(scorer.count, mostSeeds, ef - 1)
        for vector in 0..<max(0, count) {
            let single = unsafe Scorer(
                kernels: scorer.kernels + vector, count: 1, positiveCount: 1, combination: .nearest, partial: nil)
            var nearest = Candidate(score: 0, row: graph.entryPoint)
            descend(graph, single, from: &nearest, scratch, &outcome)
            unsafe scratch.borrowedBuffers.rejected[vector] = nearest.row
        }
        guard scorer.combination == .discover, scorer.count > 1, count > 0 else { return max(0, count) }
        return count + zoneRows(graph, scorer, ef: ef, behind: count, scratch, &outcome)
    }

    /// Rows where the pairs of a discovery are won, written behind the first `used` of `rejected`; answers how many. Ranks
    /// are flat between the borders of their zones, so the way there is walked by how much each pair is lost.
    private static func zoneRows(
        _ graph: GraphView, _ scorer: Scorer, ef: Int, behind used: Int, _ scratch: SearchScratch,
        _ outcome: inout Outcome
    ) -> Int {
        let pairs = unsafe Scorer(
            kernels: scorer.kernels + 1, count: scorer.count - 1, positiveCount: 0, combination: .context,
            partial: scorer.partial)
        // The walk to the zones has seeds of its own in the same place.
        let kept = unsafe Array(UnsafeBufferPointer(start: scratch.borrowedBuffers.rejected, count: used))
        let walked = walk(graph, scorer: pairs, filter: unsafe RowFilter(), ef: ef, scratch: scratch)
        outcome.scoredCount &+= walked.scoredCount
        let found = unsafe scratch.candidates
        let count = min(found.count, mostZoneSeeds, max(0, ef - 1 - used))
        let rows = unsafe scratch.borrowedBuffers.rejected
        for index in 0..<used { unsafe rows[index] = kept[index] }
        for index in 0..<count { unsafe rows[used + index] = found[index].row }
        return count
    }

    private static let mostZoneSeeds = 64

    /// Fills the pool with the entry and the seeds, best first, and answers their number.
    @inline(__always)
    private static func begin(
        with entry: Candidate, seeds: Int, _ scorer: Scorer, ef: Int, _ buffers: WalkBuffers, _ outcome: inout Outcome
    ) -> Int {
        unsafe buffers.pool[0] = entry
        unsafe buffers.visited[Int(entry.row)] = buffers.epoch
        var count = 1
        if seeds == 0 { return count }
        var fresh = 0
        for index in 0..<seeds {
            let row = unsafe buffers.rejected[index]
            if unsafe buffers.visited[Int(row)] == buffers.epoch { continue }
            unsafe buffers.visited[Int(row)] = buffers.epoch
            unsafe buffers.ids[fresh] = row
            fresh &+= 1
        }
        unsafe scorer.score(buffers.ids, fresh, into: buffers.scores)
        outcome.scoredCount &+= fresh
        for index in 0..<fresh {
            _ = unsafe CandidatePool.insert(
                Candidate(score: buffers.scores[index], tag: buffers.ids[index]), into: buffers.pool, count: &count,
                limit: ef)
        }
        return count
    }

    /// Greedy steps from the top level down to level 1; `entry` gets its score in any case.
    private static func descend(
        _ graph: GraphView, _ scorer: Scorer, from entry: inout Candidate, _ scratch: SearchScratch,
        _ outcome: inout Outcome
    ) {
        guard graph.topLevel > 0 else {
            unsafe scorer.score(&entry.tag, 1, into: &entry.score)
            return
        }
        let buffers = unsafe scratch.walkBuffers(rowCount: graph.rowCount, poolCapacity: 1)
        unsafe buffers.visited[Int(entry.row)] = buffers.epoch
        var row = entry.row
        var score: Float = 0
        unsafe scorer.score(&row, 1, into: &score)
        entry.score = score
        var level = graph.topLevel
        while level > 0 {
            unsafe outcome.scoredCount += greedy(graph.lists(atLevel: level), scorer, from: &entry, buffers)
            level -= 1
        }
    }

    /// Moves to the best neighbour until none is better. Rows met before, here or on a level above, are not scored
    /// again: they were no better.
    static func greedy(
        _ lists: LevelLinks, _ scorer: Scorer, from entry: inout Candidate, _ buffers: WalkBuffers
    ) -> Int {
        var scored = 0
        while true {
            let n = unsafe lists.gatherUnvisited(entry.row, buffers.visited, buffers.epoch, into: buffers.ids)
            unsafe scorer.score(buffers.ids, n, into: buffers.scores)
            scored &+= n
            var best = entry
            for index in 0..<n where unsafe buffers.scores[index] > best.score {
                best = unsafe Candidate(score: buffers.scores[index], row: buffers.ids[index])
            }
            if best.tag == entry.tag { return scored }
            entry = best
        }
    }

    /// The unfiltered beam: leaves the best `ef` rows met in the pool and returns their number.
    ///
    /// It runs one expansion ahead of itself: the list of the next row is read and its codes are asked for before
    /// the rows of the list before are scored, so that the wait for memory falls into the time of the scoring. A row
    /// is so chosen without knowing the last list, which costs one or two expansions a walk.
    ///
    /// - Parameter count: rows in the pool to begin with, best first.
    static func beam(
        _ lists: LevelLinks, _ scorer: Scorer, ef: Int, end: WalkEnd, count: Int, _ buffers: WalkBuffers,
        _ deadline: ContinuousClock.Instant?, _ outcome: inout Outcome
    ) -> Int {
        let pool = unsafe buffers.pool
        let scores = unsafe buffers.scores
        var ids = unsafe buffers.ids
        var nextIds = unsafe buffers.rejected
        var count = count
        var at = 0
        var scored = 0
        var n = 0
        // Rows below it are not expanded and not kept: the pool is full of better ones, or the walk's end lies before.
        var worst = unsafe count == ef ? pool[count &- 1].score : -Float.infinity
        var untilClock = deadlineInterval
        while true {
            while at < count, unsafe pool[at].isExpanded { at &+= 1 }
            var next = 0
            if at < count, unsafe pool[at].score < worst { at = count }
            if at < count {
                untilClock &-= 1
                if untilClock == 0 {
                    untilClock = deadlineInterval
                    if isPast(deadline) {
                        outcome.timedOut = true
                        break
                    }
                }
                let row = unsafe pool[at].row
                unsafe pool[at].tag |= Candidate.expandedBit
                next = unsafe lists.gatherUnvisited(row, buffers.visited, buffers.epoch, into: nextIds)
                unsafe scorer.fetch(nextIds, next)
                if at &+ 1 < count { lists.prefetch(unsafe pool[at &+ 1].row) }
            } else if n == 0 {
                break
            }
            unsafe scorer.scoreFetched(ids, n, into: scores)
            scored &+= n
            for index in 0..<n {
                let score = unsafe scores[index]
                guard score > worst else { continue }
                let place = unsafe CandidatePool.insert(
                    Candidate(score: score, tag: ids[index]), into: pool, count: &count, limit: ef)
                if place <= at { lists.prefetch(unsafe ids[index]) }
                at = min(at, place)
                if place <= end.rank, count > end.rank { worst = end.bound(unsafe pool[end.rank].score) }
                if count == ef { worst = max(worst, unsafe pool[count &- 1].score) }
            }
            unsafe swap(&ids, &nextIds)
            n = next
        }
        for index in 0..<count { unsafe pool[index].tag &= ~Candidate.expandedBit }
        outcome.scoredCount += scored
        return count
    }

    /// The filtered beam. The pool is cut behind the `ef`-th accepted row; before there are so many, everything
    /// met stays in it, so the walk goes on until it has found enough. When `limit` (more than `ef`) are in it the
    /// worst of those only walked through makes room: a walk that finds fewer rows than asked for has seen the
    /// nearest `limit - ef` at least, and it is for the caller to scan.
    private static func filteredBeam(
        _ lists: LevelLinks, _ extra: LevelLinks?, _ scorer: Scorer, _ filter: RowFilter, ef: Int, limit: Int, end: WalkEnd,
        count: Int, _ buffers: WalkBuffers, _ deadline: ContinuousClock.Instant?, _ outcome: inout Outcome
    ) -> Int {
        let pool = unsafe buffers.pool
        let ids = unsafe buffers.ids
        let scores = unsafe buffers.scores
        let twoHops = filter.passFraction < twoHopFraction
        var filter = unsafe filter.raw
        var count = count
        var accepted = count
        for index in 0..<count where unsafe !qvk_accepts(&filter, pool[index].row) {
            unsafe pool[index].tag |= Candidate.rejectedBit
            accepted &-= 1
        }
        var at = 0
        var scored = 0
        var untilClock = deadlineInterval
        while at < count {
            let current = unsafe pool[at]
            if current.isExpanded {
                at &+= 1
                continue
            }
            if accepted > end.rank, let last = unsafe lastAccepted(pool, count, rank: end.rank) {
                if current.score < end.bound(last) { break }
            }
            unsafe pool[at].tag |= Candidate.expandedBit
            untilClock &-= 1
            if untilClock == 0 {
                untilClock = deadlineInterval
                if isPast(deadline) {
                    outcome.timedOut = true
                    break
                }
            }
            var found = 0
            var passed = 0
            if twoHops {
                unsafe gatherTwoHops(lists, extra, current.row, &filter, buffers, found: &found, passed: &passed)
            } else {
                found = unsafe lists.gatherUnvisited(current.row, buffers.visited, buffers.epoch, into: ids)
                passed = unsafe qvk_split_accepted(&filter, ids, found, buffers.rejected)
                let refused = found &- passed
                if let extra {
                    unsafe passed &+= extra.gatherAccepted(
                        current.row, buffers.visited, buffers.epoch, &filter, into: ids + passed,
                        limit: max(0, Scorer.batchLimit &- found))
                }
                unsafe (ids + passed).update(from: buffers.rejected, count: refused)
                found = passed &+ refused
            }
            unsafe scorer.score(ids, found, into: scores)
            scored &+= found
            var lowest = Int.max
            for index in 0..<found {
                let score = unsafe scores[index]
                if accepted == ef, unsafe score <= pool[count &- 1].score { continue }
                var candidate = unsafe Candidate(score: score, tag: ids[index])
                if index < passed { accepted &+= 1 } else { candidate.tag |= Candidate.rejectedBit }
                if count == limit {
                    let hole = unsafe makeRoom(for: candidate, in: pool, &count)
                    if hole < 0 { continue }
                    lowest = min(lowest, hole)
                }
                let place = unsafe CandidatePool.insert(candidate, into: pool, count: &count, limit: limit)
                lowest = min(lowest, place)
                while accepted > ef {
                    count &-= 1
                    if unsafe !pool[count].isRejected { accepted &-= 1 }
                }
                if accepted == ef {
                    while unsafe pool[count &- 1].isRejected { count &-= 1 }
                }
            }
            at = lowest <= at ? lowest : at &+ 1
        }
        outcome.scoredCount += scored
        var kept = 0
        for index in 0..<count where unsafe !pool[index].isRejected {
            unsafe pool[kept] = pool[index]
            unsafe pool[kept].tag &= ~Candidate.expandedBit
            kept &+= 1
        }
        return kept
    }

    /// The score of the accepted row of a rank; nil when too many others lie before it to look for it at every step.
    @inline(__always)
    private static func lastAccepted(_ pool: UnsafePointer<Candidate>, _ count: Int, rank: Int) -> Float? {
        var left = rank
        for index in 0..<min(count, 8 &* (rank &+ 4)) where unsafe !pool[index].isRejected {
            if left == 0 { return unsafe pool[index].score }
            left &-= 1
        }
        return nil
    }

    /// Removes the worst row that is only walked through and answers its place, or -1 when the newcomer is another
    /// such row and no better.
    private static func makeRoom(
        for candidate: Candidate, in pool: UnsafeMutablePointer<Candidate>, _ count: inout Int
    ) -> Int {
        var last = count &- 1
        while unsafe !pool[last].isRejected { last &-= 1 }
        if candidate.isRejected, unsafe candidate.score <= pool[last].score { return -1 }
        unsafe (pool + last).update(from: pool + last + 1, count: count &- last &- 1)
        count &-= 1
        return last
    }

    /// Accepted neighbours, and accepted neighbours of the neighbours that are not. When these are too few to go
    /// on with (a query far from every accepted row) the neighbours that are not accepted are walked too.
    @inline(__always)
    private static func gatherTwoHops(
        _ lists: LevelLinks, _ extra: LevelLinks?, _ row: UInt32, _ filter: inout qvk_row_filter, _ buffers: WalkBuffers,
        found: inout Int, passed: inout Int
    ) {
        let ids = unsafe buffers.ids
        let rejected = unsafe buffers.rejected
        let fresh = unsafe lists.gatherUnvisited(row, buffers.visited, buffers.epoch, into: ids)
        passed = unsafe qvk_split_accepted(&filter, ids, fresh, rejected)
        let refused = fresh &- passed
        if let extra {
            unsafe passed &+= extra.gatherAccepted(
                row, buffers.visited, buffers.epoch, &filter, into: ids + passed,
                limit: max(0, Scorer.batchLimit &- fresh))
        }
        let enough = twoHopLimit(capacity: lists.capacity)
        var index = 0
        while index < refused && passed < enough {
            if index &+ 1 < refused { lists.prefetch(unsafe rejected[index &+ 1]) }
            unsafe passed &+= lists.gatherAccepted(
                rejected[index], buffers.visited, buffers.epoch, &filter, into: ids + passed, limit: enough &- passed)
            index &+= 1
        }
        found = passed
        if passed < lists.capacity / 8 {
            unsafe (ids + passed).update(from: rejected, count: refused)
            found &+= refused
        }
    }

    @inline(__always) private static func twoHopLimit(capacity: Int) -> Int { min(capacity, Scorer.batchLimit / 2) }
}
