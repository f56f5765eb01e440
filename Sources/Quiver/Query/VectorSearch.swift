import QuiverIndex
import QuiverModel
import QuiverPayload

/// One search over all segments of a vector.
///
/// Each sealed segment by its own `SearchPlan`; growing ones are scanned.
struct VectorSearch {
    let vector: VectorView
    let query: SearchVectors
    /// The slots that may be answered; nil: all.
    let accepted: MatchSet?
    var planner: SearchPlanner
    /// Skip what has no graph and more rows than this; nil: skip nothing.
    let mostUnindexedRows: Int?
    let codes: CodeUse
    let deadline: ContinuousClock.Instant?

    var limit: Int { planner.limit }
    var exact: Bool { planner.exact }
    /// Of a walk.
    var ef: Int { max(planner.ef, codes.candidates(limit: limit)) }
    /// More candidates of a scan on codes are rescored than asked for, because codes may swap near neighbours.
    private var scanKeep: Int { max(2 * limit + 12, codes.candidates(limit: limit)) }

    func plan(_ segment: SealedSegment) -> SearchPlan {
        let plan = planner.plan(rowCount: segment.pointCount, hasGraph: segment.graph != nil)
        switch plan {
        case .exact, .walk: return plan
        case .matching, .rows:
            // Scores of several vectors are too rough on codes to say which candidates deserve another look.
            return query.combination == .nearest || segment.rows.map(usesQuantized) ?? false ? plan : .exact
        }
    }

    /// Searches one part, and offers what it found.
    func search(_ part: Part, _ query: QueryVectors, _ scratch: SearchScratch, _ top: TopK) throws {
        try checkDeadline()
        switch part {
        case .sealed(let index, let range):
            try search(vector.sealed[index], range, number: UInt32(truncatingIfNeeded: index), query, scratch, top)
        case .growing(let index, let blocks): try search(vector.growing[index], blocks, query, scratch, top)
        }
    }

    func skips(rows: Int, isIndexed: Bool) -> Bool {
        guard let mostUnindexedRows else { return false }
        return !isIndexed && rows > mostUnindexedRows
    }

    // MARK: Sealed segments

    private func search(
        _ view: SealedView, _ range: Range<Int>, number: UInt32, _ query: QueryVectors, _ scratch: SearchScratch, _ top: TopK
    ) throws {
        let segment = view.segment
        guard let rows = segment.rows else { return }
        let deadChunks = unsafe view.dead.count == 0 ? nil : UnsafePointer(view.dead.pointers)
        // Rows that are slots need no table.
        let slotOf = unsafe segment.slots.isIdentity ? nil : segment.slots.slots
        let filter = unsafe RowFilter(slotOf: slotOf, deadChunks: deadChunks)
        let metric = segment.meta.metric
        let answer = Answer(
            rows: rows, isCold: segment.hasColdVectors, metric: metric, filter: filter, number: number, top: top)
        let plan = plan(segment)
        if plan == .exact {
            let scorer = rows.stored.scorer(query, metric: metric, groups: rows.groups, scratch)
            try scan(segment, range, scorer, filter, keep: limit, scratch)
            Search.collect(count: limit, filter: filter, segment: number, scratch: scratch, into: top)
            return
        }
        let scorer = approximateScorer(query, metric, rows, scratch)
        if case .walk(let twoHops) = plan, let graph = rows.graph {
            var passing = filter
            let bitmap = accepted?.bitmap
            if let bitmap {
                passing = unsafe RowFilter(
                    slotOf: slotOf, acceptedSlots: UnsafePointer(bitmap.words), acceptedBitCount: bitmap.bitCount,
                    passFraction: twoHops ? 0 : 1, deadChunks: deadChunks)
            }
            try check(Search.walk(
                graph, scorer: scorer, filter: passing, ef: ef, limit: limit, payloadLinks: rows.payloadLinks,
                deadline: deadline, scratch: scratch))
            if scratch.candidateCount >= limit
                || scratch.candidateCount >= SearchShortfall.liveMatches(view, bitmap, atMost: limit)
            {
                // Coarse codes order their candidates badly: all of them are worth a look.
                let count = isCoarse(rows) ? ef : Search.rescoreCount(limit: limit, ef: ef)
                rescore(count, query, answer, scratch)
                return
            }
        }
        let keep = isCoarse(rows) ? max(scanKeep, ef) : scanKeep
        try scan(segment, range, scorer, filter, keep: keep, scratch)
        rescore(keep, query, answer, scratch)
    }

    /// Scores the matching rows of a range, which are listed first, or all. `filter` knows of dead rows alone.
    private func scan(
        _ segment: SealedSegment, _ range: Range<Int>, _ scorer: Scorer, _ filter: RowFilter, keep: Int,
        _ scratch: SearchScratch
    ) throws {
        guard let accepted else {
            try check(Search.scan(
                range, scorer: scorer, filter: filter, keep: keep, deadline: deadline, scratch: scratch))
            return
        }
        let rows = segment.slots.rows(in: accepted, range)
        unsafe try rows.withUnsafeBufferPointer { rows in
            try check(unsafe Search.scan(
                rows, scorer: scorer, filter: filter, keep: keep, deadline: deadline, scratch: scratch))
        }
    }

    /// Where the candidates of one segment go.
    private struct Answer {
        let rows: SealedRows
        let isCold: Bool
        let metric: Metric
        let filter: RowFilter
        let number: UInt32
        let top: TopK
    }

    private func approximateScorer(
        _ query: QueryVectors, _ metric: Metric, _ rows: SealedRows, _ scratch: SearchScratch
    ) -> Scorer {
        if let quantized = rows.quantized, usesQuantized(rows) {
            return scratch.prepare(query, on: quantized, queryEncoding: codes.queryEncoding, groups: rows.groups)
        }
        if let codes = rows.codes, usesCodes(rows) {
            return scratch.prepare(query, on: codes, metric: metric, groups: rows.groups)
        }
        return rows.stored.scorer(query, metric: metric, groups: rows.groups, scratch)
    }

    /// Whether candidates of these rows are found on codes of a configured form.
    private func usesQuantized(_ rows: SealedRows) -> Bool {
        rows.quantized != nil && codes.usesQuantized && query.combination.isSmooth
    }

    /// Whether the plain codes are searched, when no others are: not those of a configured quantile that is ignored.
    private func usesCodes(_ rows: SealedRows) -> Bool {
        rows.codes != nil && (!rows.codesAreClipped || codes.usesQuantized) && query.combination.isSmooth
    }

    /// Whether candidates come in an order that is far from that of the stored vectors.
    private func isCoarse(_ rows: SealedRows) -> Bool { usesQuantized(rows) || rows.codesAreClipped && usesCodes(rows) }

    private func rescore(_ count: Int, _ query: QueryVectors, _ answer: Answer, _ scratch: SearchScratch) {
        let isExact = !usesQuantized(answer.rows) && !usesCodes(answer.rows)
        if isExact || !codes.rescores {
            Search.collect(
                count: count, filter: answer.filter, segment: answer.number, scratch: scratch, into: answer.top)
            return
        }
        if answer.isCold { unsafe answer.rows.fetch(scratch.candidates.prefix(count)) }
        let exactScorer = answer.rows.stored.scorer(
            query, metric: answer.metric, groups: answer.rows.groups, scratch)
        Search.rescore(
            count: count, exact: exactScorer, filter: answer.filter, segment: answer.number, scratch: scratch,
            into: answer.top)
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
        _ view: GrowingView, _ blocks: Range<Int>, _ query: QueryVectors, _ scratch: SearchScratch, _ top: TopK
    ) throws {
        let metric = vector.field.metric
        let accepted = self.accepted?.bitmap
        for index in blocks {
            let count = min(view.rowsPerBlock, view.count - index * view.rowsPerBlock)
            // A block never crosses a chunk of the bitmap, so its dead rows are one run of words.
            var dead = unsafe view.deadWords(ofBlock: index)
            try unsafe withUnsafePointer(to: &dead) { dead in
                let filter = unsafe RowFilter(
                    slotOf: UnsafePointer(view.slots(ofBlock: index)),
                    acceptedSlots: accepted.map { unsafe UnsafePointer($0.words) },
                    acceptedBitCount: accepted?.bitCount ?? 0,
                    deadChunks: dead.pointee == nil ? nil : dead)
                if vector.field.kind == .multi {
                    let (rows, groups) = view.raggedBlocks[index].groups(vector.field)
                    let scorer = scratch.prepare(query, on: rows, metric: metric, groups: groups)
                    try scanExactly(count, scorer, filter, scratch, top)
                    return
                }
                let block = view.blocks[index]
                let rows = block.rowsView(count: count)
                if !exact, self.query.combination == .nearest, let codes = block.codesView(count: count) {
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
