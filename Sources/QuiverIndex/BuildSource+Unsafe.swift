import CVectorKernels

/// What a graph is built on: codes, or floats where codes cannot tell the distance (Manhattan) or are not wanted.
@safe package struct BuildSource: @unchecked Sendable {  // Immutable memory, read only.
    /// A kernel without a query; builders aim copies of it at rows.
    let kernel: qvk_scorer
    /// Of what the graph leads to: rows, or groups of them.
    package private(set) var rowCount: Int
    /// Bytes a row needs to become a query.
    let queryBytes: Int
    /// Multivectors: the graph leads to groups of rows.
    private(set) var groups: RowGroups?
    /// By dot products a few long vectors are the nearest of all, next to which the selection of neighbours keeps
    /// nothing: groups of them take what was left out, too.
    var fillsLists: Bool { groups != nil && isInnerProduct }
    private let isInnerProduct: Bool
    /// Rows of a query at most.
    private(set) var queryRows = 1

    package init(codes: CodesView, metric: Metric) {
        precondition(metric.usesCodes)
        isInnerProduct = metric == .dot
        unsafe kernel = Kernel.onCodes(codes, metric: metric)
        rowCount = codes.count
        queryBytes = CodeEncoder.strideBytes(dimension: codes.dimension)
    }

    package init(rows: RowsView, metric: Metric) {
        unsafe kernel = Kernel.onRows(rows, metric: metric)
        isInnerProduct = metric == .dot
        rowCount = rows.count
        queryBytes = rows.element == .float32 ? 64 : rows.dimension * MemoryLayout<Float>.stride
    }

    /// The same rows in `count` groups, none of them empty, which `groups` names by offsets.
    package func grouped(_ groups: RowGroups, count: Int) -> BuildSource {
        guard let offsets = unsafe groups.offsets else { preconditionFailure("only groups with offsets are built on") }
        precondition(unsafe count > 0 && Int(offsets[count]) == rowCount)
        var source = self
        source.groups = groups
        source.rowCount = count
        for group in 0..<count { unsafe source.queryRows = max(source.queryRows, Int(offsets[group + 1] - offsets[group])) }
        return source
    }
}
