import CVectorKernels

/// One unsigned byte a value with a scale per row: `value ≈ scale * (code - 128)`, codes 1...255, the largest
/// magnitude of the row being code 1 or 255. (The symmetric form of locally adaptive quantization, Aguerrebere
/// et al. 2023, without its mean.)
///
/// | memory | per row |
/// |---|---|
/// | codes | `dimension` bytes, then 128 up to `strideBytes`, a multiple of 64 |
/// | terms | f32 scale, f32 squared norm of the *original* row; little endian |
///
/// With these, dot, cosine and Euclidean similarity need one integer dot product.
package enum CodeEncoder {
    package static let termsBytes = MemoryLayout<qvk_code_terms>.stride

    /// Squared distances below this share of the squared norm are within what rounding to codes changes.
    static let resolution: Float = 1 / 256

    /// Largest dimension whose integer dot product cannot overflow: 65,536 * 255 * 127 < 2³¹.
    package static let maximumDimension = 65_536

    package static func strideBytes(dimension: Int) -> Int { (dimension + 63) / 64 * 64 }

    /// Encodes one row into `codes` (`strideBytes(dimension:)` bytes) and `terms` (`termsBytes`, aligned to 4).
    /// The values must be finite; magnitudes beyond `limit` are coded as it.
    package static func encode(
        _ row: UnsafePointer<Float>, dimension: Int, codes: UnsafeMutablePointer<UInt8>,
        terms: UnsafeMutableRawPointer, limit: Float = .infinity
    ) {
        let typed = unsafe terms.assumingMemoryBound(to: qvk_code_terms.self)
        unsafe qvk_encode_row_clipped(row, dimension, limit, codes, strideBytes(dimension: dimension), typed)
    }

    /// Brings a vector to length 1 and returns the length it had; zero and already normalised vectors stay as
    /// they are, so that normalising twice changes no bit. `row` and `output` may be the same.
    @discardableResult
    package static func normalise(
        _ row: UnsafePointer<Float>, dimension: Int, into output: UnsafeMutablePointer<Float>
    ) -> Float {
        unsafe qvk_normalise(row, dimension, output)
    }

    /// The kernels in use: "scalar", "avx2" or "avx512".
    package static var kernelName: String {
        guard let name = unsafe qvk_active()?.pointee.name else { return "" }
        return unsafe String(cString: name)
    }
}
