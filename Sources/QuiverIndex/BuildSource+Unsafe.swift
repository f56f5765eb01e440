import CVectorKernels

/// What a graph is built on: codes, or floats where codes cannot tell the distance (Manhattan) or are not wanted.
@safe package struct BuildSource: @unchecked Sendable {  // Immutable memory, read only.
    /// A kernel without a query; builders aim copies of it at rows.
    let kernel: qvk_scorer
    package let rowCount: Int
    /// Bytes a row needs to become a query.
    let queryBytes: Int

    package init(codes: CodesView, metric: Metric) {
        precondition(metric.usesCodes)
        unsafe kernel = Kernel.onCodes(codes, metric: metric)
        rowCount = codes.count
        queryBytes = CodeEncoder.strideBytes(dimension: codes.dimension)
    }

    package init(rows: RowsView, metric: Metric) {
        unsafe kernel = Kernel.onRows(rows, metric: metric)
        rowCount = rows.count
        queryBytes = rows.element == .float32 ? 64 : rows.dimension * MemoryLayout<Float>.stride
    }
}
