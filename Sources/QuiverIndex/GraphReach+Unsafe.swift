import CVectorKernels

/// Sees to it that a walk of level 0 can come from every row to every other, wherever the levels above let it begin.
///
/// A list that is pruned, or healed, drops rows without knowing whether another list leads to them. So the links of a
/// graph that is otherwise complete are followed from its entry point, and each row that is not come to gets a link from
/// the nearest row that is. The links by which rows were come to first are a tree and stay; of a full list the worst link
/// that is not of the tree makes room. Such a list there always is: the row come to last is a leaf. Then, and with the
/// same care, rows from which no links lead back to the entry point get one to the nearest row from which they do.
///
/// For one thread, when no other writes the graph. It takes nine bytes a row.
@safe struct GraphReach {
    private let space: GraphSpace
    private let inserter: GraphInserter
    /// From which row each was come to; of the entry point itself. `noLink` of those not come to yet.
    private let parents: UnsafeMutablePointer<UInt32>
    /// The rows come to, in their order; later those of them that do not lead back yet.
    private let come: UnsafeMutablePointer<UInt32>
    private var comeCount = 0
    /// Rows that lead back to the entry point.
    private let leadsBack: UnsafeMutablePointer<Bool>
    private let capacity: Int

    /// Connects those of `rows` that are out of reach, in their order, and then what does not lead back.
    static func connect(_ rows: some Sequence<UInt32>, in space: GraphSpace, by inserter: GraphInserter) {
        var reach = GraphReach(space: space, inserter: inserter)
        defer { reach.free() }
        reach.spread(from: space.graph.entryPoint, parent: space.graph.entryPoint)
        if reach.comeCount < space.graph.rowCount {
            for row in rows where unsafe reach.parents[Int(row)] == noLink { reach.connect(row) }
        }
        reach.connectBack()
    }

    private init(space: GraphSpace, inserter: GraphInserter) {
        self.space = space
        self.inserter = inserter
        capacity = space.capacity(atLevel: 0)
        unsafe parents = .allocate(capacity: space.graph.rowCount)
        unsafe parents.initialize(repeating: noLink, count: space.graph.rowCount)
        unsafe come = .allocate(capacity: space.graph.rowCount)
        unsafe leadsBack = .allocate(capacity: space.graph.rowCount)
        unsafe leadsBack.initialize(repeating: false, count: space.graph.rowCount)
    }

    private func free() {
        unsafe parents.deallocate()
        unsafe come.deallocate()
        unsafe leadsBack.deallocate()
    }

    /// Follows all links from a row that has just been come to.
    private mutating func spread(from row: UInt32, parent: UInt32) {
        let links = unsafe space.graph.links
        var at = comeCount
        var count = comeCount + 1
        unsafe parents[Int(row)] = parent
        unsafe come[at] = row
        while at < count {
            let row = unsafe come[at]
            let ahead = unsafe links + Int(come[min(at &+ 8, count &- 1)]) &* capacity
            unsafe qvk_prefetch(ahead)
            let list = unsafe links + Int(row) &* capacity
            for index in 0..<capacity {
                let link = unsafe list[index]
                if link == noLink { break }
                guard unsafe parents[Int(link)] == noLink else { continue }
                unsafe parents[Int(link)] = row
                unsafe come[count] = link
                count &+= 1
            }
            at &+= 1
        }
        comeCount = count
    }

    private mutating func connect(_ row: UInt32) {
        var count = inserter.gatherLinks(of: row)
        var place = unsafe bestPlace(inserter.crowd, count)
        if place == nil {
            count = inserter.gatherNearest(to: row)
            place = unsafe bestPlace(inserter.crowd, count)
        }
        if place == nil {
            // Nothing near has room; its score is not known, and as the worst of all it is the first to make room.
            unsafe inserter.crowd[0] = Candidate(score: -.infinity, row: come[comeCount - 1])
            place = unsafe bestPlace(inserter.crowd, 1)
        }
        guard let (host, index) = place else { preconditionFailure("the row come to last leads to none") }
        write(Candidate(score: host.score, row: row), at: index, of: host.row)
        spread(from: row, parent: host.row)
    }

    private func write(_ link: Candidate, at index: Int, of row: UInt32) {
        let (links, scores) = unsafe space.list(of: row, atLevel: 0)
        unsafe links[index] = link.row
        unsafe scores[index] = link.score
    }

    // MARK: The way back

    private mutating func connectBack() {
        var left = comeCount
        unsafe leadsBack[Int(space.graph.entryPoint)] = true
        var isForward = true
        var mostConnected = 0
        while left > 0 {
            sweep(left, isForward: isForward, connecting: mostConnected)
            var kept = 0
            for index in 0..<left where unsafe !leadsBack[Int(come[index])] {
                unsafe come[kept] = come[index]
                kept &+= 1
            }
            // Whoever is left when sweeps bring nearly nothing gets links, a few at a time: each leads others back, too.
            // If nobody led to a row that leads back, a leaf among them has room, so that there always is an end.
            mostConnected = left - kept > left / 64 ? 0 : 1 + kept / 16
            isForward.toggle()
            left = kept
        }
    }

    /// Looks through the first rows of `come` for those that lead to one that leads back.
    private func sweep(_ count: Int, isForward: Bool, connecting most: Int) {
        var connected = 0
        for step in 0..<count {
            let row = unsafe come[isForward ? step : count &- 1 &- step]
            if unsafe leadsBack[Int(row)] { continue }
            let list = unsafe space.graph.links + Int(row) &* capacity
            for index in 0..<capacity {
                let link = unsafe list[index]
                if link == noLink { break }
                if unsafe leadsBack[Int(link)] {
                    unsafe leadsBack[Int(row)] = true
                    break
                }
            }
            if connected < most, unsafe !leadsBack[Int(row)], connectBack(row) { connected += 1 }
        }
    }

    /// Answers whether the list of the row could make room.
    private func connectBack(_ row: UInt32) -> Bool {
        unsafe inserter.crowd[0] = Candidate(score: 0, row: row)
        guard let (_, place) = unsafe bestPlace(inserter.crowd, 1) else { return false }
        var target = Candidate(score: -.infinity, row: space.graph.entryPoint)
        let found = inserter.gatherNearest(to: row)
        for index in 0..<found {
            let candidate = unsafe inserter.crowd[index]
            guard unsafe leadsBack[Int(candidate.row)] else { continue }
            target = candidate
            break
        }
        write(target, at: place, of: row)
        unsafe leadsBack[Int(row)] = true
        return true
    }

    // MARK: Room

    /// Of candidates sorted best first, one that was come to and whose list has room, else one whose list can make
    /// room; and the place in the list.
    private func bestPlace(_ candidates: UnsafePointer<Candidate>, _ count: Int) -> (Candidate, Int)? {
        var replaced: (Candidate, Int)?
        for index in 0..<count {
            let candidate = unsafe candidates[index]
            guard unsafe parents[Int(candidate.row)] != noLink else { continue }
            let (links, scores) = unsafe space.list(of: candidate.row, atLevel: 0)
            if let room = (0..<capacity).first(where: { unsafe links[$0] == noLink }) { return (candidate, room) }
            guard replaced == nil else { continue }
            var worst: Int?
            for place in 0..<capacity where unsafe parents[Int(links[place])] != candidate.row {
                if let known = worst, unsafe scores[known] <= scores[place] { continue }
                worst = place
            }
            if let worst { replaced = (candidate, worst) }
        }
        return replaced
    }
}

extension GraphInserter {
    /// The links of level 0 of a row, best first, in `crowd`; answers their number.
    func gatherLinks(of row: UInt32) -> Int {
        let (links, scores) = unsafe space.list(of: row, atLevel: 0)
        var count = 0
        while count < space.capacity(atLevel: 0), unsafe links[count] != noLink {
            unsafe crowd[count] = Candidate(score: scores[count], row: links[count])
            count += 1
        }
        unsafe GraphInserter.sort(crowd, count)
        return count
    }

    /// The nearest rows that a walk of level 0 from the entry point finds, best first, in `crowd`; answers their number.
    func gatherNearest(to row: UInt32) -> Int {
        let graph = space.graph
        let scorer = aim(at: row)
        let ef = space.parameters.efConstruct
        let buffers = unsafe scratch.walkBuffers(rowCount: graph.rowCount, poolCapacity: ef + 1)
        var entry = Candidate(score: 0, row: graph.entryPoint)
        var entryRow = graph.entryPoint
        unsafe scorer.score(&entryRow, 1, into: &entry.score)
        unsafe buffers.visited[Int(row)] = buffers.epoch
        unsafe buffers.visited[Int(entryRow)] = buffers.epoch
        unsafe buffers.pool[0] = entry
        var outcome = Search.Outcome()
        let found = unsafe Search.beam(
            space.lists(atLevel: 0), scorer, ef: ef, end: .none, count: 1, buffers, nil, &outcome)
        let count = min(found, GraphInserter.crowdLimit)
        unsafe crowd.update(from: buffers.pool, count: count)
        return count
    }
}
