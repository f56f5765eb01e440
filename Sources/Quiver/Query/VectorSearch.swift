import QuiverIndex
import QuiverModel
import QuiverPayload

/// One search over all segments of a vector.
///
/// The plan of each segment:
/// - `exact`: every live, matching row on the stored vectors;
/// - a filter that leaves few points (`fullScanRows`): exactly their rows, on codes, the best rescored;
/// - a graph: a walk with the filter, the best rescored; when that finds fewer than there are, a scan;
/// - otherwise a scan on codes, the best rescored.
struct VectorSearch {
    let vector: VectorView
    let query: SearchVectors
    /// The slots that may be answered; nil: all.
    let accepted: SlotBitmap?
    /// How many `accepted` has.
    let acceptedCount: Int
    let limit: Int
    let ef: Int
    let exact: Bool
    /// Skip what has no graph and more rows than this; nil: skip nothing.
    let mostUnindexedRows: Int?
    /// Matching points up to this number are scanned rather than walked to.
    let fullScanRows: Int
    let deadline: ContinuousClock.Instant?

    /// More candidates of a scan on codes are rescored than asked for, because codes may swap near neighbours.
    private var scanKeep: Int { 2 * limit + 32 }

    /// The best `limit` points, best first, with internal scores.
    func run(_ scratch: SearchScratch) throws -> [ScoredSlot] {
        if accepted != nil, acceptedCount == 0 { return [] }
        let top = TopK(limit: limit)
        try query.withQuery { query in
            for (index, segment) in vector.sealed.enumerated() where segment.liveCount > 0 {
                if skips(rows: segment.segment.pointCount, isIndexed: segment.segment.isIndexed) { continue }
                try checkDeadline()
                try search(segment, number: UInt32(truncatingIfNeeded: index), query, scratch, top)
            }
            for segment in vector.growing where segment.liveCount > 0 {
                if skips(rows: segment.count, isIndexed: false) { continue }
                try checkDeadline()
                try search(segment, query, scratch, top)
            }
        }
        return unsafe Array(top.takeSorted())
    }

    private func skips(rows: Int, isIndexed: Bool) -> Bool {
        guard let mostUnindexedRows else { return false }
        return !isIndexed && rows > mostUnindexedRows
    }

    // MARK: Sealed segments

    private func search(
        _ view: SealedView, number: UInt32, _ query: QueryVectors, _ scratch: SearchScratch, _ top: TopK
    ) throws {
        let segment = view.segment
        guard let rows = segment.rows else { return }
        let filter = unsafe RowFilter(
            slotOf: segment.slots.slots, acceptedSlots: accepted.map { unsafe UnsafePointer($0.words) },
            acceptedBitCount: accepted?.bitCount ?? 0, passFraction: passFraction,
            deadChunks: view.dead.count == 0 ? nil : UnsafePointer(view.dead.pointers))
        if exact {
            let scorer = scratch.prepare(query, on: rows.stored, metric: segment.meta.metric, groups: rows.groups)
            try check(Search.scan(
                0..<segment.pointCount, scorer: scorer, filter: filter, keep: limit, deadline: deadline,
                scratch: scratch))
            Search.collect(count: limit, filter: filter, segment: number, scratch: scratch, into: top)
            return
        }
        let scorer = approximateScorer(query, segment.meta.metric, rows, scratch)
        let answer = Answer(rows: rows, metric: segment.meta.metric, filter: filter, number: number, top: top)
        if accepted != nil, acceptedCount <= fullScanRows {
            try scanMatching(segment, filter: filter, scorer: scorer, scratch)
            rescore(scanKeep, query, answer, scratch)
            return
        }
        if let graph = rows.graph {
            try check(Search.walk(
                graph, scorer: scorer, filter: filter, ef: max(ef, limit), deadline: deadline, scratch: scratch))
            if scratch.candidateCount >= limit
                || scratch.candidateCount >= SearchShortfall.liveMatches(view, accepted, atMost: limit)
            {
                rescore(Search.rescoreCount(limit: limit, ef: ef), query, answer, scratch)
                return
            }
        }
        try check(Search.scan(
            0..<segment.pointCount, scorer: scorer, filter: filter, keep: scanKeep, deadline: deadline,
            scratch: scratch))
        rescore(scanKeep, query, answer, scratch)
    }

    /// Where the candidates of one segment go.
    private struct Answer {
        let rows: SealedRows
        let metric: Metric
        let filter: RowFilter
        let number: UInt32
        let top: TopK
    }

    private func approximateScorer(
        _ query: QueryVectors, _ metric: Metric, _ rows: SealedRows, _ scratch: SearchScratch
    ) -> Scorer {
        if let codes = rows.codes { return scratch.prepare(query, on: codes, metric: metric, groups: rows.groups) }
        return scratch.prepare(query, on: rows.stored, metric: metric, groups: rows.groups)
    }

    private func rescore(_ count: Int, _ query: QueryVectors, _ answer: Answer, _ scratch: SearchScratch) {
        if answer.rows.codes == nil {
            Search.collect(
                count: count, filter: answer.filter, segment: answer.number, scratch: scratch, into: answer.top)
            return
        }
        let exactScorer = scratch.prepare(
            query, on: answer.rows.stored, metric: answer.metric, groups: answer.rows.groups)
        Search.rescore(
            count: count, exact: exactScorer, filter: answer.filter, segment: answer.number, scratch: scratch,
            into: answer.top)
    }

    /// Scans the rows of the matching slots, which are few, found through the slot table.
    private func scanMatching(
        _ segment: SealedSegment, filter: RowFilter, scorer: Scorer, _ scratch: SearchScratch
    ) throws {
        guard let accepted else { return }
        let rows = accepted.rows(in: segment.slots)
        unsafe try rows.withUnsafeBufferPointer { rows in
            try check(unsafe Search.scan(
                rows, scorer: scorer, filter: filter, keep: scanKeep, deadline: deadline, scratch: scratch))
        }
    }

    private var passFraction: Float {
        guard accepted != nil else { return 1 }
        return Float(acceptedCount) / Float(max(1, vector.liveCount))
    }

    /// Scans of small segments end before they look at the clock; many of them, or a long wait for a worker, add up.
    private func checkDeadline() throws {
        if let deadline, .now >= deadline { throw PayloadError.timeout }
    }

    private func check(_ outcome: Search.Outcome) throws {
        if outcome.timedOut { throw PayloadError.timeout }
    }

    // MARK: Growing segments

    /// Growing rows are told from sealed ones by this segment number.
    static let growingNumber = UInt32.max

    private func search(
        _ view: GrowingView, _ query: QueryVectors, _ scratch: SearchScratch, _ top: TopK
    ) throws {
        let metric = vector.field.metric
        var index = 0
        while index * view.rowsPerBlock < view.count {
            let count = min(view.rowsPerBlock, view.count - index * view.rowsPerBlock)
            // A block never crosses a chunk of the bitmap, so its dead rows are one run of words.
            var dead = unsafe view.deadWords(ofBlock: index)
            try unsafe withUnsafePointer(to: &dead) { dead in
                let filter = unsafe RowFilter(
                    slotOf: UnsafePointer(view.slots(ofBlock: index)),
                    acceptedSlots: accepted.map { unsafe UnsafePointer($0.words) },
                    acceptedBitCount: accepted?.bitCount ?? 0, passFraction: passFraction,
                    deadChunks: dead.pointee == nil ? nil : dead)
                if vector.field.kind == .multi {
                    let (rows, groups) = view.raggedBlocks[index].groups(dimension: vector.field.dimension)
                    let scorer = scratch.prepare(query, on: rows, metric: metric, groups: groups)
                    try scanExactly(count, scorer, filter, scratch, top)
                    return
                }
                let block = view.blocks[index]
                let rows = block.rowsView(count: count)
                if !exact, let codes = block.codesView(count: count) {
                    let scorer = scratch.prepare(query, on: codes, metric: metric)
                    try check(Search.scan(
                        0..<count, scorer: scorer, filter: filter, keep: scanKeep, deadline: deadline, scratch: scratch))
                    let exactScorer = scratch.prepare(query, on: rows, metric: metric)
                    Search.rescore(
                        count: scanKeep, exact: exactScorer, filter: filter, segment: VectorSearch.growingNumber,
                        scratch: scratch, into: top)
                } else {
                    try scanExactly(count, scratch.prepare(query, on: rows, metric: metric), filter, scratch, top)
                }
            }
            index += 1
        }
    }

    private func scanExactly(
        _ count: Int, _ scorer: Scorer, _ filter: RowFilter, _ scratch: SearchScratch, _ top: TopK
    ) throws {
        try check(Search.scan(
            0..<count, scorer: scorer, filter: filter, keep: limit, deadline: deadline, scratch: scratch))
        Search.collect(
            count: limit, filter: filter, segment: VectorSearch.growingNumber, scratch: scratch, into: top)
    }
}
