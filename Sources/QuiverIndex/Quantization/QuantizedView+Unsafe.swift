/// Quantized rows, `quantizer.strideBytes` each, in memory that outlives the view.
@safe package struct QuantizedView: @unchecked Sendable {  // Immutable memory, read only.
    package let quantizer: Quantizer
    package let base: UnsafeRawPointer
    package let count: Int

    package init(quantizer: Quantizer, base: UnsafeRawPointer, count: Int) {
        precondition(count >= 0 && count <= Candidate.maximumRowCount)
        self.quantizer = quantizer
        unsafe self.base = base
        self.count = count
    }
}
