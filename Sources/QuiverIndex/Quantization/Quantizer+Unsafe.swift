import CVectorKernels

/// What turns rows into codes of a form and queries into what scores them: the mean of the rows, a rotation, or the
/// centroids of products. Immutable, and the same for the same rows.
///
/// Every row begins with two floats that make its scores estimates of the true similarity:
/// `score = sum over codes * factor + offset` and a constant of the query (`qvk_quantized_table`).
///
/// With y = x - mean and q' = q - mean, dot products are ⟨y, q'⟩ + ⟨y, mean⟩ + ⟨mean, q⟩ and squared distances
/// |y|² + |q'|² - 2⟨y, q'⟩. Only ⟨y, q'⟩ is estimated, as ⟨ŷ, q'⟩ * |y|² / ⟨ŷ, y⟩ (the estimator of RaBitQ, Gao & Long
/// 2024): right in the mean, and for q = x exactly right.
///
/// Binary and turbo rows are *levels*: y is rotated by random signs and Walsh-Hadamard transforms, after which its
/// values look normally distributed, and each becomes the nearest Lloyd-Max point of 1, 2 or 4 bits (1.5 bits: half of
/// the values have 2 bits, the others 1). The two differ in what may be asked for, not in what is stored.
///
/// Sums of absolute differences do not survive a rotation. For Manhattan, levels are those of (x - mean) / spread for
/// each dimension as it is, and a line fitted to sample pairs turns the distance between levels into an estimate.
package struct Quantizer: Sendable {
    package let form: QuantizationForm
    package let dimension: Int
    package let metric: Metric
    let kind: Kind
    /// Of each dimension; zeros in storage quantizers.
    let mean: [Float]
    /// What makes rows as long as they were, instead of dot products unbiased: for rows that are stored, not searched.
    let keepsLength: Bool
    /// Manhattan: score = slope * distance of codes + intercept.
    var slope: Float = 1
    var intercept: Float = 0

    enum Kind: Sendable {
        /// Signs of the rotation, four bits a dimension.
        case rotated(qvk_bits, signs: [UInt64])
        /// The spread of each dimension and its inverse; both 0 where all rows are equal.
        case plain(qvk_bits, spread: [Float], inverse: [Float])
        /// 256 centroids a part, transposed: for each dimension its value in all of them. `bias` is half their squared
        /// length.
        case product(width: Int, centroids: [Float], bias: [Float])
    }

    /// Rows of a product: how many bytes.
    static func partCount(dimension: Int, width: Int) -> Int { (dimension + width - 1) / width }

    /// Bytes of a row: terms and codes, up to a multiple of 8. Short rows are widened to whole cache lines where that
    /// costs less than a sixth: a row that begins in the middle of a line costs one line more.
    package var strideBytes: Int {
        let bytes = MemoryLayout<qvk_row_terms>.stride + codeBytes
        let lines = (bytes + 63) / 64 * 64
        return lines <= 192 && (lines - bytes) * 6 <= bytes ? lines : (bytes + 7) / 8 * 8
    }

    private var codeBytes: Int {
        switch kind {
        case .rotated(let bits, _), .plain(let bits, _, _): qvk_levels_bytes(bits, dimension)
        case .product(let width, _, _): Quantizer.partCount(dimension: dimension, width: width)
        }
    }

    /// The kernels' name of a form's bits; nil for products.
    static func bits(of form: QuantizationForm) -> qvk_bits? {
        switch form {
        case .binary(.oneBit), .turbo(.one): QVK_BITS_1
        case .binary(.oneAndHalfBits), .turbo(.oneAndHalf): QVK_BITS_1_5
        case .binary(.twoBits), .turbo(.two): QVK_BITS_2
        case .turbo(.four): QVK_BITS_4
        case .product: nil
        }
    }

    /// 4 * dimension bits that depend on nothing else.
    static func signs(dimension: Int) -> [UInt64] {
        var generator = SplitMix(state: 0x7175_6976_6572)
        return (0..<(4 * dimension + 63) / 64).map { _ in generator.next() }
    }

    /// A quantizer that has seen no rows: for vectors that are stored as codes one by one, as in the datatype `turbo4`.
    /// What `decode` gives back is as long as the row was; its similarities are what rows score, up to the query's
    /// eight bits.
    package static func storage(_ bits: TurboBits, dimension: Int, metric: Metric) -> Quantizer {
        precondition(dimension > 0 && dimension <= CodeEncoder.maximumDimension)
        let form = QuantizationForm.turbo(bits)
        let code = Quantizer.bits(of: form) ?? QVK_BITS_4
        return Quantizer(
            form: form, dimension: dimension, metric: metric,
            kind: .rotated(code, signs: signs(dimension: dimension)),
            mean: [Float](repeating: 0, count: dimension), keepsLength: true)
    }

    // MARK: Rows

    /// Encodes a row into `strideBytes` bytes. Its values must be finite.
    package func encode(_ row: UnsafePointer<Float>, into output: UnsafeMutableRawPointer) {
        let stride = strideBytes
        let bytes = unsafe output.assumingMemoryBound(to: UInt8.self)
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { values in
            guard let y = unsafe values.baseAddress else { return }
            for i in 0..<dimension { unsafe y[i] = row[i] - mean[i] }
            switch kind {
            case .rotated(let bits, let signs):
                let offset = offset(of: y)
                unsafe qvk_rotate(y, dimension, signs)
                unsafe qvk_encode_levels(
                    bits, keepsLength ? QVK_FACTOR_NORM : QVK_FACTOR_UNBIASED, y, dimension, offset, bytes, stride)
            case .plain(let bits, _, let inverse):
                for i in 0..<dimension { unsafe y[i] *= inverse[i] }
                unsafe qvk_encode_levels_l1(bits, y, dimension, bytes, stride)
            case .product(let width, let centroids, let bias):
                unsafe encodeProduct(y, width, centroids, bias, bytes)
            }
        }
    }

    /// What a centred row adds to all of its scores.
    private func offset(of y: UnsafePointer<Float>) -> Float {
        var sum: Float = 0
        switch metric {
        case .dot, .cosine: for i in 0..<dimension { unsafe sum += y[i] * mean[i] }
        case .euclid: for i in 0..<dimension { unsafe sum -= y[i] * y[i] }
        case .manhattan: break
        }
        return sum
    }

    private func encodeProduct(
        _ y: UnsafePointer<Float>, _ width: Int, _ centroids: [Float], _ bias: [Float],
        _ output: UnsafeMutablePointer<UInt8>
    ) {
        let kernels = unsafe qvk_quantized_active().pointee
        let header = MemoryLayout<qvk_row_terms>.stride
        unsafe output.update(repeating: 0, count: strideBytes)
        var dot = 0.0
        var norm = 0.0
        unsafe centroids.withUnsafeBufferPointer { centroids in
            unsafe bias.withUnsafeBufferPointer { bias in
                guard let centroids = centroids.baseAddress, let bias = bias.baseAddress else { return }
                for part in 0..<Quantizer.partCount(dimension: dimension, width: width) {
                    let first = part * width
                    let count = min(width, dimension - first)
                    let code = unsafe output + header + part
                    unsafe kernels.assign(
                        y + first, count, 1, count, centroids + first * 256, bias + part * 256, code, 1)
                    for i in first..<first + count {
                        unsafe dot += Double(y[i] * centroids[i * 256 + Int(code.pointee)])
                        unsafe norm += Double(y[i] * y[i])
                    }
                }
            }
        }
        var terms = qvk_row_terms(factor: 1, offset: 0)
        if metric != .manhattan {
            terms = unsafe qvk_row_terms(factor: Quantizer.factor(norm, dot), offset: offset(of: y))
        }
        unsafe UnsafeMutableRawPointer(output).storeBytes(of: terms, as: qvk_row_terms.self)
    }

    /// |y|² / ⟨ŷ, y⟩, kept within what a row that its code describes badly can bear.
    private static func factor(_ norm: Double, _ dot: Double) -> Float {
        guard norm > 0 else { return 0 }
        return dot > norm / 8 ? Float(norm / dot) : 8
    }

    /// What a row of levels stands for: `dimension` floats. Not for products.
    package func decode(_ row: UnsafeRawPointer, into output: UnsafeMutablePointer<Float>) {
        let bytes = unsafe row.assumingMemoryBound(to: UInt8.self)
        switch kind {
        case .rotated(let bits, let signs):
            unsafe qvk_decode_levels(bits, bytes, dimension, output)
            unsafe qvk_rotate_back(output, dimension, signs)
            for i in 0..<dimension { unsafe output[i] += mean[i] }
        case .plain, .product:
            preconditionFailure("only rotated levels are decoded")
        }
    }
}

/// SplitMix64 (Steele et al. 2014): the same numbers everywhere.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Below `bound`, which is small: the bias is of no account.
    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
