/// Rows of floats somewhere in memory (heap or mapped file) that outlives the view.
@safe package struct RowsView: @unchecked Sendable {  // Immutable memory, read only.
    package let floats: UnsafePointer<Float>
    package let dimension: Int
    /// From row to row, in floats.
    package let strideFloats: Int
    package let count: Int

    package init(floats: UnsafePointer<Float>, dimension: Int, strideFloats: Int, count: Int) {
        precondition(dimension > 0 && strideFloats >= dimension && count >= 0 && count <= Candidate.maximumRowCount)
        unsafe self.floats = floats
        self.dimension = dimension
        self.strideFloats = strideFloats
        self.count = count
    }
}

/// Rows of codes and their terms (`CodeEncoder` describes both) in memory that outlives the view.
@safe package struct CodesView: @unchecked Sendable {  // Immutable memory, read only.
    package let codes: UnsafePointer<UInt8>
    package let strideBytes: Int
    /// `CodeEncoder.termsBytes` per row, aligned to 4.
    package let terms: UnsafeRawPointer
    package let dimension: Int
    package let count: Int

    package init(
        codes: UnsafePointer<UInt8>, strideBytes: Int, terms: UnsafeRawPointer, dimension: Int, count: Int
    ) {
        precondition(
            dimension > 0 && strideBytes >= CodeEncoder.strideBytes(dimension: dimension) && strideBytes % 64 == 0
                && count >= 0 && count <= Candidate.maximumRowCount)
        unsafe self.codes = codes
        self.strideBytes = strideBytes
        unsafe self.terms = terms
        self.dimension = dimension
        self.count = count
    }
}
