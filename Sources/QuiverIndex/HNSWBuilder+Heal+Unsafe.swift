import CVectorKernels
import Synchronization

extension HNSWBuilder {
    private static let chunkRows = 256

    /// Carries the lists of an older graph over to the rows that survive. Rows left without links at level 0 are
    /// returned: they have to be inserted again. First every list is written from the old graph alone; then the new
    /// links of healed lists are answered by links back, as after an insertion: rows that lost who led to them are
    /// found again.
    static func heal(
        _ survivors: [UInt32], of old: GraphView, mapping: UnsafeBufferPointer<UInt32>, origin: [UInt32],
        in space: GraphSpace, threads: Int, control: BuildControl
    ) throws(IndexError) -> [UInt32] {
        guard let mappingBase = mapping.baseAddress else { return [] }
        let table = unsafe RowMapping(rows: mappingBase)
        let next = SharedCounter(0)
        let nextAnswered = SharedCounter(0)
        let lost = Mutex<[UInt32]>([])
        ThreadTeam.run(count: threads) { _ in
            let inserter = GraphInserter(space: space)
            var own: [UInt32] = []
            while !control.isCancelled {
                let begin = next.take(chunkRows)
                guard begin < survivors.count else { break }
                let end = min(begin + chunkRows, survivors.count)
                for index in begin..<end {
                    let row = survivors[index]
                    for level in 0...space.level(of: row) {
                        let links = inserter.heal(row, from: origin[Int(row)], of: old, table, atLevel: level)
                        if level == 0 && links == 0 && survivors.count > 1 { own.append(row) }
                    }
                }
                control.advance(by: end - begin)
            }
            let found = own
            lost.withLock { $0.append(contentsOf: found) }
        }
        ThreadTeam.run(count: threads) { _ in
            let inserter = GraphInserter(space: space)
            while !control.isCancelled {
                let begin = nextAnswered.take(chunkRows)
                guard begin < survivors.count else { break }
                for row in survivors[begin..<min(begin + chunkRows, survivors.count)] {
                    inserter.answerLinks(of: row, healedFrom: origin[Int(row)], of: old, table)
                }
            }
        }
        if control.isCancelled { throw .cancelled }
        return lost.withLock { $0 }.sorted()
    }
}

/// Old row → new row, or `noLink`.
@safe struct RowMapping: @unchecked Sendable {  // Immutable memory, read only.
    let rows: UnsafePointer<UInt32>

    @inline(__always) subscript(oldRow: UInt32) -> UInt32 { unsafe rows[Int(oldRow)] }
}

extension GraphInserter {
    /// Writes the list of `row` from that of `oldRow`; answers its number of links. No lock is needed: nobody
    /// else writes this list now, and nobody reads the graph.
    func heal(_ row: UInt32, from oldRow: UInt32, of old: GraphView, _ mapping: RowMapping, atLevel level: Int) -> Int {
        let lists = old.lists(atLevel: level)
        let limit = GraphInserter.crowdLimit
        var count = 0
        var gone = 0
        for index in 0..<lists.capacity {
            let link = lists.link(index, of: oldRow)
            if link == noLink { break }
            if mapping[link] == noLink { gone += 1 } else { add(mapping[link], &count) }
        }
        if gone > 0 {
            for index in 0..<lists.capacity where count < limit {
                let link = lists.link(index, of: oldRow)
                if link == noLink { break }
                guard mapping[link] == noLink else { continue }
                for step in 0..<lists.capacity where count < limit {
                    let second = lists.link(step, of: link)
                    if second == noLink { break }
                    if mapping[second] != noLink && mapping[second] != row { add(mapping[second], &count) }
                }
            }
        }
        guard count > 0 else { return 0 }
        scoreCrowd(count, against: row)
        unsafe GraphInserter.sort(crowd, count)
        let capacity = space.capacity(atLevel: level)
        var written = count
        if gone > 0 {
            var unique = 1
            for index in 1..<max(count, 1) where unsafe crowd[index].row != crowd[unique - 1].row {
                unsafe crowd[unique] = crowd[index]
                unique += 1
            }
            written = unsafe choose(from: crowd, unique, atMost: capacity, for: row, into: kept)
            unsafe space.write(kept, written, to: row, atLevel: level)
        } else {
            unsafe space.write(crowd, written, to: row, atLevel: level)
        }
        return written
    }

    /// Links back to a row whose level-0 list was healed, from the rows it leads to.
    func answerLinks(of row: UInt32, healedFrom oldRow: UInt32, of old: GraphView, _ mapping: RowMapping) {
        let lists = old.lists(atLevel: 0)
        var gone = 0
        for index in 0..<lists.capacity {
            let link = lists.link(index, of: oldRow)
            if link == noLink { break }
            if mapping[link] == noLink { gone += 1 }
        }
        guard gone > 0 else { return }
        // Other threads may prune the list meanwhile: a copy of what it leads to now is good enough.
        let (links, scores) = unsafe space.list(of: row, atLevel: 0)
        let lock = unsafe space.locks + Int(row)
        unsafe qvk_lock(lock)
        var count = 0
        while count < lists.capacity, unsafe links[count] != noLink {
            unsafe answered[count] = Candidate(score: scores[count], row: links[count])
            count += 1
        }
        unsafe qvk_unlock(lock)
        for index in 0..<count {
            let target = unsafe answered[index]
            connect(target.row, to: Candidate(score: target.score, row: row), atLevel: 0)
        }
    }

    private func add(_ row: UInt32, _ count: inout Int) {
        unsafe crowd[count] = Candidate(score: 0, row: row)
        count += 1
    }

    private func scoreCrowd(_ count: Int, against row: UInt32) {
        let scorer = aim(at: row)
        let buffers = unsafe scratch.borrowedBuffers
        for index in 0..<count { unsafe buffers.ids[index] = crowd[index].row }
        unsafe scorer.score(buffers.ids, count, into: buffers.scores)
        for index in 0..<count { unsafe crowd[index].score = buffers.scores[index] }
    }
}
