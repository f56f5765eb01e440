import CVectorKernels

/// The graph under construction, shared by all builder threads.
///
/// A list is written under the lock byte of its row and read without one: readers may meet a mix of two
/// generations of a list, which costs at most a little quality. Scores beside the links spare their computation
/// when a list is pruned; only lock holders touch them.
@safe final class GraphSpace: @unchecked Sendable {  // Guarded as described above.
    let source: BuildSource
    let parameters: HNSWParameters
    let graph: HNSWGraph
    let linkScores: UnsafeMutablePointer<Float>
    let upperScores: UnsafeMutablePointer<Float>
    let locks: UnsafeMutablePointer<UInt8>

    init(source: BuildSource, parameters: HNSWParameters, graph: HNSWGraph) {
        self.source = source
        self.parameters = parameters
        self.graph = graph
        unsafe linkScores = LargeMemory.allocate(Float.self, count: graph.linkWords)
        unsafe upperScores = .allocate(capacity: max(graph.upperLinkWords, 1))
        unsafe locks = .allocate(capacity: graph.rowCount)
        unsafe locks.initialize(repeating: 0, count: graph.rowCount)
    }

    deinit {
        unsafe linkScores.deallocate()
        unsafe upperScores.deallocate()
        unsafe locks.deallocate()
    }

    func level(of row: UInt32) -> Int {
        unsafe Int(graph.upperOffsets[Int(row) + 1] - graph.upperOffsets[Int(row)])
    }

    @inline(__always) func capacity(atLevel level: Int) -> Int { level == 0 ? 2 &* graph.m : graph.m }

    @inline(__always) func offset(of row: UInt32, atLevel level: Int) -> Int {
        if level == 0 { return Int(row) &* 2 &* graph.m }
        return unsafe (Int(graph.upperOffsets[Int(row)]) &+ level &- 1) &* graph.m
    }

    @inline(__always)
    func list(of row: UInt32, atLevel level: Int) -> (links: UnsafeMutablePointer<UInt32>, scores: UnsafeMutablePointer<Float>) {
        let offset = offset(of: row, atLevel: level)
        return unsafe level == 0
            ? (graph.links + offset, linkScores + offset) : (graph.upperLinks + offset, upperScores + offset)
    }

    func lists(atLevel level: Int) -> LevelLinks {
        level == 0
            ? unsafe LevelLinks(
                ground: UnsafeRawPointer(graph.links).assumingMemoryBound(to: UInt8.self), linkBytes: 4,
                capacity: capacity(atLevel: 0), rowCount: graph.rowCount)
            : unsafe LevelLinks(
                upper: graph.upperLinks, offsets: graph.upperOffsets, level: level, capacity: capacity(atLevel: level),
                rowCount: graph.rowCount)
    }

    /// Writes a whole list. The caller holds the lock, or the row is not reachable yet.
    func write(_ candidates: UnsafePointer<Candidate>, _ count: Int, to row: UInt32, atLevel level: Int) {
        let (links, scores) = unsafe list(of: row, atLevel: level)
        for index in 0..<count {
            unsafe qvk_store_relaxed(links + index, candidates[index].row)
            unsafe scores[index] = candidates[index].score
        }
        for index in count..<capacity(atLevel: level) { unsafe qvk_store_relaxed(links + index, noLink) }
    }
}

/// Inserts rows into a `GraphSpace`; one per builder thread.
@safe final class GraphInserter {
    let space: GraphSpace
    let scratch = SearchScratch()
    /// The row being inserted as a query, and a second scorer aimed at rows that others are compared with.
    private let aimed: RowAim
    private let pruning: RowAim
    /// What was chosen at each level before any of it is published: m per level.
    private let chosen: UnsafeMutablePointer<Candidate>
    private let chosenCounts: UnsafeMutablePointer<Int>
    /// A full list and one more, and what is chosen of it.
    let crowd: UnsafeMutablePointer<Candidate>
    let kept: UnsafeMutablePointer<Candidate>
    private let deferred: UnsafeMutablePointer<Candidate>
    /// The links of a healed row while they are answered.
    let answered: UnsafeMutablePointer<Candidate>

    /// Most candidates for one list when a graph is healed.
    static let crowdLimit = Scorer.batchLimit

    init(space: GraphSpace) {
        self.space = space
        let levels = HNSWParameters.levelLimit + 1
        let m0 = 2 * space.graph.m
        aimed = RowAim(space.source)
        pruning = RowAim(space.source)
        unsafe chosen = .allocate(capacity: levels * space.graph.m)
        unsafe chosenCounts = .allocate(capacity: levels)
        unsafe crowd = .allocate(capacity: GraphInserter.crowdLimit)
        unsafe kept = .allocate(capacity: m0)
        unsafe answered = .allocate(capacity: m0)
        unsafe deferred = .allocate(capacity: max(space.parameters.efConstruct, GraphInserter.crowdLimit))
    }

    deinit {
        aimed.free()
        pruning.free()
        unsafe chosen.deallocate()
        unsafe chosenCounts.deallocate()
        unsafe crowd.deallocate()
        unsafe kept.deallocate()
        unsafe deferred.deallocate()
        unsafe answered.deallocate()
    }

    /// Finds the row's neighbours at all its levels, then publishes the row: first its own lists, then the links
    /// back, so that nobody who meets the row finds it without links.
    func insert(_ row: UInt32) {
        let graph = space.graph
        let scorer = aim(at: row)
        var entry = Candidate(score: 0, row: graph.entryPoint)
        var entryRow = graph.entryPoint
        unsafe scorer.score(&entryRow, 1, into: &entry.score)

        let top = min(space.level(of: row), graph.topLevel)
        let ef = space.parameters.efConstruct
        var level = graph.topLevel
        let buffers = unsafe scratch.walkBuffers(rowCount: graph.rowCount, poolCapacity: ef + 1)
        unsafe buffers.visited[Int(entryRow)] = buffers.epoch
        while level > top {
            _ = unsafe Search.greedy(space.lists(atLevel: level), scorer, from: &entry, buffers)
            level -= 1
        }
        while level >= 0 {
            let buffers = unsafe scratch.walkBuffers(rowCount: graph.rowCount, poolCapacity: ef + 1)
            unsafe buffers.visited[Int(row)] = buffers.epoch  // A row being inserted again must not meet itself.
            var outcome = Search.Outcome()
            unsafe buffers.pool[0] = entry
            unsafe buffers.visited[Int(entry.row)] = buffers.epoch
            let found = unsafe Search.beam(
                space.lists(atLevel: level), scorer, ef: ef, end: .none, count: 1, buffers, nil, &outcome)
            entry = unsafe buffers.pool[0]
            unsafe chosenCounts[level] = choose(
                from: buffers.pool, found, atMost: graph.m, for: row, into: chosen + level * graph.m)
            level -= 1
        }
        publish(row, upTo: top)
    }

    private func publish(_ row: UInt32, upTo top: Int) {
        let m = space.graph.m
        let lock = unsafe space.locks + Int(row)
        unsafe qvk_lock(lock)
        for level in 0...top { unsafe space.write(chosen + level * m, chosenCounts[level], to: row, atLevel: level) }
        unsafe qvk_unlock(lock)
        for level in 0...top {
            let list = unsafe chosen + level * m
            for index in unsafe 0..<chosenCounts[level] {
                let neighbour = unsafe list[index]
                connect(neighbour.row, to: Candidate(score: neighbour.score, row: row), atLevel: level)
            }
        }
    }

    /// Adds a link, pruning the list when it is full.
    func connect(_ row: UInt32, to newcomer: Candidate, atLevel level: Int) {
        let lock = unsafe space.locks + Int(row)
        unsafe qvk_lock(lock)
        defer { unsafe qvk_unlock(lock) }
        let (links, scores) = unsafe space.list(of: row, atLevel: level)
        let capacity = space.capacity(atLevel: level)
        var count = 0
        while count < capacity {
            let link = unsafe links[count]
            if link == noLink { break }
            if link == newcomer.row { return }
            count &+= 1
        }
        if count < capacity {
            unsafe scores[count] = newcomer.score
            unsafe qvk_store_relaxed(links + count, newcomer.row)
            return
        }
        for index in 0..<count { unsafe crowd[index] = Candidate(score: scores[index], row: links[index]) }
        unsafe crowd[count] = newcomer
        unsafe GraphInserter.sort(crowd, count + 1)
        let survivors = unsafe choose(from: crowd, count + 1, atMost: capacity, for: row, into: kept)
        unsafe space.write(kept, survivors, to: row, atLevel: level)
    }

    /// Makes a row the query of the first scorer.
    func aim(at row: UInt32) -> Scorer { aimed.aim(at: row) }

    /// Insertion sort, best first: lists are nearly sorted.
    static func sort(_ candidates: UnsafeMutablePointer<Candidate>, _ count: Int) {
        var index = 1
        while index < count {
            let candidate = unsafe candidates[index]
            var hole = index
            while hole > 0, unsafe Candidate.isWorse(candidates[hole &- 1], candidate) {
                unsafe candidates[hole] = candidates[hole &- 1]
                hole &-= 1
            }
            unsafe candidates[hole] = candidate
            index &+= 1
        }
    }

    /// The selection heuristic of Malkov & Yashunin (2018), algorithm 4: of candidates sorted best first, keep
    /// those that are nearer to the owner of the list than to any kept before. Each kept row is compared with all
    /// that are left at once. Copies of the owner would fill the list and cut it off from everything else: all but
    /// one of them are put off until the others are chosen, and then taken in an order that differs from owner to
    /// owner, so that a crowd of copies is linked like a random graph and each of them is found.
    /// Uses up `candidates`; answers the number written.
    func choose(
        from candidates: UnsafeMutablePointer<Candidate>, _ count: Int, atMost most: Int, for owner: UInt32,
        into out: UnsafeMutablePointer<Candidate>
    ) -> Int {
        let buffers = unsafe scratch.borrowedBuffers
        let ids = unsafe buffers.ids
        let scores = unsafe buffers.scores
        var left = count
        var taken = 0
        var deferredCount = 0
        let fillsLists = space.source.fillsLists
        while left > 0 {
            let best = unsafe candidates[0]
            unsafe out[taken] = best
            taken &+= 1
            if taken == most { return taken }
            let scorer = pruning.aim(at: best.row)
            var remaining = 0
            var done = 1
            while done < left {
                let n = min(Scorer.batchLimit, left &- done)
                for index in 0..<n { unsafe ids[index] = candidates[done &+ index].row }
                unsafe scorer.score(ids, n, into: scores)
                for index in 0..<n {
                    let candidate = unsafe candidates[done &+ index]
                    let score = unsafe scores[index]
                    if score > candidate.score {
                        if fillsLists {
                            unsafe deferred[deferredCount] = candidate
                            deferredCount &+= 1
                        }
                        continue
                    }
                    if score == candidate.score && score == best.score {
                        unsafe deferred[deferredCount] = candidate
                        deferredCount &+= 1
                        continue
                    }
                    unsafe candidates[remaining] = candidate
                    remaining &+= 1
                }
                done &+= n
            }
            left = remaining
        }
        return unsafe fill(out, taken, atMost: most, withDeferred: deferredCount, for: owner)
    }

    private func fill(
        _ out: UnsafeMutablePointer<Candidate>, _ taken: Int, atMost most: Int, withDeferred count: Int,
        for owner: UInt32
    ) -> Int {
        func rank(_ candidate: Candidate) -> UInt32 {
            var mixed = (candidate.row ^ (owner &* 0x9E37_79B1)) &* 0x85EB_CA6B
            mixed ^= mixed >> 15
            return mixed &* 0xC2B2_AE35
        }
        let total = min(most, taken + count)
        var left = count
        for place in taken..<total {
            var first = 0
            for index in 1..<max(left, 1) where unsafe rank(deferred[index]) < rank(deferred[first]) { first = index }
            unsafe out[place] = deferred[first]
            left -= 1
            unsafe deferred[first] = deferred[left]
        }
        return total
    }
}
