import CVectorKernels

/// In how many rows each index of a query occurs, summed up over segments: what `idf` weights are made of.
@safe package struct SparseStatistics {
    /// Ascending.
    package let indices: [UInt32]
    /// Rows that have the index at the same place of `indices`.
    package private(set) var counts: [Int]
    package private(set) var rowCount = 0

    /// - Parameter indices: distinct, ascending.
    package init(indices: [UInt32]) {
        self.indices = indices
        counts = [Int](repeating: 0, count: indices.count)
    }

    /// All rows of an index, dead ones too: they count until their segment is rewritten.
    ///
    /// - Parameter emptyRows: how many of them have no index at all; those do not count.
    package mutating func add(_ index: SparseIndexView, emptyRows: Int) {
        rowCount += max(0, index.rowCount - emptyRows)
        for place in indices.indices { counts[place] += index.rowCount(of: indices[place]) }
    }

    /// The accepted rows.
    package mutating func add(_ rows: SparseRowsView, _ filter: RowFilter) {
        unsafe add(rows.count, filter) { row in unsafe rows.raw(row) }
    }

    /// The accepted rows. The filter is about places in the block.
    package mutating func add(_ block: SparseBlockView, _ filter: RowFilter) {
        unsafe add(block.count, filter) { row in unsafe block.raw(row) }
    }

    @inline(__always)
    private mutating func add(_ count: Int, _ filter: RowFilter, _ row: (Int) -> qvk_sparse_row) {
        for index in 0..<count where filter.accepts(UInt32(truncatingIfNeeded: index)) {
            let raw = unsafe row(index)
            if unsafe raw.count == 0 { continue }
            rowCount += 1
            var entry = 0
            var place = 0
            while unsafe entry < raw.count && place < indices.count {
                let id = unsafe raw.indices[entry]
                if id == indices[place] {
                    counts[place] += 1
                    entry += 1
                    place += 1
                } else if id < indices[place] {
                    entry += 1
                } else {
                    place += 1
                }
            }
        }
    }
}
