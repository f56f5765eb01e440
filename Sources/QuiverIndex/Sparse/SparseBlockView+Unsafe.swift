import CVectorKernels

/// Sparse rows that lie here and there in memory that outlives the view: of each the indices, ascending, and right behind
/// them as many floats.
@safe package struct SparseBlockView: @unchecked Sendable {  // Rows are written before anyone has a view of them.
    package let count: Int
    private let starts: UnsafePointer<UnsafeRawPointer?>
    private let counts: UnsafePointer<UInt32>

    /// - Parameters:
    ///   - starts: where each row's indices begin.
    ///   - counts: entries of each row.
    package init(starts: UnsafePointer<UnsafeRawPointer?>, counts: UnsafePointer<UInt32>, count: Int) {
        unsafe self.starts = starts
        unsafe self.counts = counts
        self.count = count
    }

    @inline(__always) func raw(_ row: Int) -> qvk_sparse_row {
        guard let start = unsafe starts[row] else { return unsafe qvk_sparse_row() }
        let count = unsafe Int(counts[row])
        return unsafe qvk_sparse_row(
            indices: start.assumingMemoryBound(to: UInt32.self), values: start + 4 &* count, count: count, minimum: 0, step: 0)
    }
}
