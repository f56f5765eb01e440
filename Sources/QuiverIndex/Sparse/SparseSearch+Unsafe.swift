import CVectorKernels

/// Exact searches by dot product over sparse rows that share an index with the query.
///
/// The index is read term by term within windows of 16,384 rows: each posting adds an upper bound of its contribution to
/// a 16-bit sum, and as the codes of weights are nearly exact, a sum also tells nearly how much a row has at least. Rows
/// whose sum can reach the worst answer so far wait, and are scored exactly in the end, the best first. Terms are ordered
/// so that those which add much for little work come first; what remains is left out once it cannot make answers of rows
/// that are not good already, and the few that are good are cheaper to score (the idea of MaxScore: Turtle, Flood 1995).
package enum SparseSearch {
    /// Offers every matching, accepted row that can be an answer.
    /// - Parameters:
    ///   - rows: the rows `index` was built from.
    ///   - segment: told in the answers.
    ///   - top: may hold answers of other segments; its worst is the score to beat.
    package static func top(
        _ query: SparseQuery, index: SparseIndexView, rows: SparseRowsView, filter: RowFilter, segment: UInt32,
        into top: TopK, scratch: SparseScratch, deadline: ContinuousClock.Instant? = nil
    ) -> Search.Outcome {
        guard query.count > 0, top.limit > 0, rows.count > 0 else { return Search.Outcome() }
        var work = SparseWork(
            query: query, index: index, rows: rows, filter: filter, segment: segment, top: top, scratch: scratch)
        guard work.prepare() else {
            return scan(query, rows: rows, filter: filter, segment: segment, into: top, scratch: scratch, deadline: deadline)
        }
        return work.run(deadline)
    }

    /// Scores every accepted row: for rows without an index, and for filters that leave few.
    /// - Parameter firstRow: the number of `rows`' first row in the segment, for rows that lie in several pieces.
    package static func scan(
        _ query: SparseQuery, rows: SparseRowsView, filter: RowFilter, segment: UInt32, firstRow: UInt32 = 0,
        into top: TopK, scratch: SparseScratch, deadline: ContinuousClock.Instant? = nil
    ) -> Search.Outcome {
        var outcome = Search.Outcome()
        guard query.count > 0, top.limit > 0 else { return outcome }
        var rowFilter = unsafe filter.raw
        var first = 0
        while first < rows.count {
            let n = min(1024, rows.count &- first)
            let count = unsafe qvk_collect_accepted(
                &rowFilter, firstRow &+ UInt32(truncatingIfNeeded: first), n, scratch.rows)
            unsafe score(
                scratch.rows, count, query, rows, filter, segment, firstRow: firstRow, top, &outcome.scoredCount)
            first &+= n
            if Search.isPast(deadline) {
                outcome.timedOut = true
                break
            }
        }
        return outcome
    }

    /// Scores the listed rows exactly and offers those that share an index with the query.
    static func score(
        _ list: UnsafePointer<UInt32>, _ count: Int, _ query: SparseQuery, _ rows: SparseRowsView, _ filter: RowFilter,
        _ segment: UInt32, firstRow: UInt32, _ top: TopK, _ scored: inout Int
    ) {
        let kernels = unsafe qvk_sparse_active().pointee
        var table = unsafe query.table
        let datatype = rows.datatype.raw
        var bound = top.bound
        for position in 0..<min(count, 6) { unsafe prefetch(rows, Int(list[position] &- firstRow)) }
        for position in 0..<count {
            if position &+ 6 < count { unsafe prefetch(rows, Int(list[position &+ 6] &- firstRow)) }
            let row = unsafe list[position]
            var raw = unsafe rows.raw(Int(row &- firstRow))
            var matches: UInt32 = 0
            let value = unsafe kernels.score(&table, &raw, datatype, &matches)
            guard matches > 0, value >= bound else { continue }
            top.offer(ScoredSlot(score: value, slot: filter.slot(of: row), segment: segment, row: row))
            bound = top.bound
        }
        scored &+= count
    }

    @inline(__always) private static func prefetch(_ rows: SparseRowsView, _ row: Int) {
        let raw = unsafe rows.raw(row)
        let bytes = unsafe raw.count &* rows.datatype.valueBytes
        var offset = 0
        while unsafe offset < 4 &* raw.count {
            unsafe qvk_prefetch(UnsafeRawPointer(raw.indices) + offset)
            offset &+= 64
        }
        offset = 0
        while offset < bytes {
            unsafe qvk_prefetch(raw.values + offset)
            offset &+= 64
        }
    }
}
