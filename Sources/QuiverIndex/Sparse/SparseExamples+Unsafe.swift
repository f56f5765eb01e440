import CVectorKernels

/// The vectors of a query that is answered row by row: every row with a vector has a score, 0 for nothing shared, but for
/// `Combination.nearest`, which only answers rows that share an index.
package struct SparseExamples: Sendable {
    package let queries: [SparseQuery]
    /// For `bestScore` and `sumScores`: the first so many are positive, the rest negative.
    package let positiveCount: Int
    package let combination: Combination
    /// For `weightedSum`: one for each vector; else none.
    package let weights: [Float]

    package init(queries: [SparseQuery], positiveCount: Int, combination: Combination, weights: [Float] = []) {
        precondition(!queries.isEmpty && positiveCount >= 0 && positiveCount <= queries.count)
        precondition(combination != .nearest || queries.count == 1)
        precondition(weights.count == (combination == .weightedSum ? queries.count : 0))
        self.queries = queries
        self.positiveCount = positiveCount
        self.combination = combination
        self.weights = weights
    }
}

extension SparseSearch {
    /// Scores every accepted row exactly, sealed ones.
    package static func scan(
        _ examples: SparseExamples, rows: SparseRowsView, filter: RowFilter, segment: UInt32, into top: TopK,
        scratch: SparseScratch, deadline: ContinuousClock.Instant? = nil
    ) -> Search.Outcome {
        if examples.combination == .nearest {
            return scan(
                examples.queries[0], rows: rows, filter: filter, segment: segment, into: top, scratch: scratch,
                deadline: deadline)
        }
        return unsafe scan(
            examples, count: rows.count, datatype: rows.datatype, filter, segment, top, scratch, deadline
        ) { row in unsafe rows.raw(row) }
    }

    /// Scores every accepted row exactly, growing ones. The filter is about places in the block.
    package static func scan(
        _ examples: SparseExamples, block: SparseBlockView, filter: RowFilter, segment: UInt32, into top: TopK,
        scratch: SparseScratch, deadline: ContinuousClock.Instant? = nil
    ) -> Search.Outcome {
        unsafe scan(examples, count: block.count, datatype: .float32, filter, segment, top, scratch, deadline) { row in
            unsafe block.raw(row)
        }
    }

    @inline(__always)
    private static func scan(
        _ examples: SparseExamples, count: Int, datatype: SparseDatatype, _ filter: RowFilter, _ segment: UInt32,
        _ top: TopK, _ scratch: SparseScratch, _ deadline: ContinuousClock.Instant?, row: (Int) -> qvk_sparse_row
    ) -> Search.Outcome {
        var outcome = Search.Outcome()
        guard top.limit > 0 else { return outcome }
        let kernels = unsafe qvk_sparse_active().pointee
        let tables = unsafe examples.queries.map { unsafe $0.table }
        let isNearest = examples.combination == .nearest
        var rowFilter = unsafe filter.raw
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: tables.count) { similarities in
            guard let column = similarities.baseAddress else { return }
            unsafe examples.weights.withUnsafeBufferPointer { weights in
                unsafe tables.withUnsafeBufferPointer { tables in
                    var first = 0
                    while first < count {
                        let n = min(1024, count &- first)
                        let kept = unsafe qvk_collect_accepted(
                            &rowFilter, UInt32(truncatingIfNeeded: first), n, scratch.rows)
                        for position in 0..<kept {
                            let place = unsafe scratch.rows[position]
                            var raw = unsafe row(Int(place))
                            var matches: UInt32 = 0
                            for index in 0..<tables.count {
                                var table = unsafe tables[index]
                                unsafe column[index] = kernels.score(&table, &raw, datatype.raw, &matches)
                            }
                            if isNearest && matches == 0 { continue }
                            let score = unsafe examples.combination.score(
                                column, width: 1, count: tables.count, positiveCount: examples.positiveCount,
                                weights: weights.baseAddress)
                            guard score >= top.bound else { continue }
                            top.offer(ScoredSlot(
                                score: score, slot: filter.slot(of: place), segment: segment, row: place))
                        }
                        outcome.scoredCount &+= kept
                        first &+= n
                        if Search.isPast(deadline) {
                            outcome.timedOut = true
                            return
                        }
                    }
                }
            }
        }
        return outcome
    }
}
