import CVectorKernels

/// A row of what a graph is built on as the query of a scorer; or a group of rows, each of which is a query then.
///
/// Groups are compared by the mean of what `MaxSim` sums up: sums over more rows would be larger, and the choice of
/// neighbours compares the scores of one group's rows with those of another's.
@safe struct RowAim {
    private let kernels: UnsafeMutablePointer<qvk_scorer>
    private let queries: UnsafeMutablePointer<Int8>
    private let queryBytes: Int
    private let groups: RowGroups?
    /// Of a group: the end of its rows among the kernels.
    private let rowEnd: UnsafeMutablePointer<UInt32>
    private let rowScores: UnsafeMutablePointer<Float>

    init(_ source: BuildSource) {
        queryBytes = source.queryBytes
        groups = source.groups
        unsafe kernels = .allocate(capacity: source.queryRows)
        unsafe kernels.initialize(repeating: source.kernel, count: source.queryRows)
        unsafe queries = UnsafeMutableRawPointer.allocate(byteCount: source.queryRows * queryBytes, alignment: 64)
            .bindMemory(to: Int8.self, capacity: source.queryRows * queryBytes)
        unsafe rowEnd = .allocate(capacity: 1)
        unsafe rowScores = .allocate(capacity: source.groups == nil ? 1 : Scorer.batchLimit)
    }

    func free() {
        unsafe kernels.deallocate()
        unsafe queries.deallocate()
        unsafe rowEnd.deallocate()
        unsafe rowScores.deallocate()
    }

    /// Valid until it aims at another row.
    @inline(__always)
    func aim(at row: UInt32) -> Scorer {
        if let groups { return aim(atGroup: row, groups) }
        unsafe qvk_aim_at_row(kernels, row, queries)
        return unsafe Scorer(kernels: kernels, count: 1, positiveCount: 1, combination: .nearest, partial: nil)
    }

    @inline(never)
    private func aim(atGroup group: UInt32, _ groups: RowGroups) -> Scorer {
        guard let offsets = unsafe groups.offsets else { preconditionFailure("groups to build on have offsets") }
        let first = unsafe offsets[Int(group)]
        let count = unsafe Int(offsets[Int(group) + 1] - first)
        for row in 0..<count {
            unsafe qvk_aim_at_row(
                kernels + row, first + UInt32(truncatingIfNeeded: row), queries + row * queryBytes)
        }
        unsafe rowEnd.pointee = UInt32(truncatingIfNeeded: count)
        var scorer = unsafe Scorer(
            kernels: kernels, count: 1, positiveCount: 1, combination: .nearest, partial: nil)
        unsafe scorer.multi = MultiScoring(
            groups: groups, rowEnds: rowEnd, rowScores: rowScores, factor: 1 / Float(max(1, count)))
        return scorer
    }
}
