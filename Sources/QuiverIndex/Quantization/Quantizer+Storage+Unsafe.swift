import CVectorKernels

/// A quantizer as bytes, little endian:
///
/// | offset | bytes | what |
/// |---|---|---|
/// | 0 | 4 | "QVQZ" |
/// | 4 | 1 | version, 1 |
/// | 5 | 1 | family: 0 binary, 1 product, 2 turbo |
/// | 6 | 1 | binary and turbo: encoding; product: dimensions a code |
/// | 7 | 1 | metric |
/// | 8 | 4 | dimension |
/// | 12 | 4 | 1 when rows keep their length, else 0 |
/// | 16 | 8 | f32 slope, f32 intercept |
/// | 24 | 4 * dimension | f32 mean |
/// | | | product: 1024 * dimension bytes of f32 centroids, transposed; levels of Manhattan: 4 * dimension of f32 spread |
///
/// The rotation follows from the dimension.
extension Quantizer {
    private static let headerBytes = 24
    private static let magic: [UInt8] = [0x51, 0x56, 0x51, 0x5A]
    private static let version: UInt8 = 1

    package func encoded() -> [UInt8] {
        var bytes = Quantizer.magic + [Quantizer.version]
        switch form {
        case .binary(let encoding): bytes += [0, encoding.rawValue]
        case .product(let width): bytes += [1, UInt8(truncatingIfNeeded: width)]
        case .turbo(let bits): bytes += [2, bits.rawValue]
        }
        bytes.append(metric.rawValue)
        func append(_ word: UInt32) { for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(shift))) } }
        func append(_ floats: [Float]) { for value in floats { append(value.bitPattern) } }
        append(UInt32(truncatingIfNeeded: dimension))
        append(keepsLength ? 1 : 0 as UInt32)
        append([slope, intercept])
        append(mean)
        switch kind {
        case .rotated: break
        case .plain(_, let spread, _): append(spread)
        case .product(_, let centroids, _): append(centroids)
        }
        return bytes
    }

    /// Nil when the bytes are not those of a quantizer, down to the last one.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Quantizer.headerBytes, unsafe bytes.prefix(4).elementsEqual(Quantizer.magic),
            unsafe bytes[4] == Quantizer.version, let metric = unsafe Metric(rawValue: bytes[7])
        else { return nil }
        func word(_ at: Int) -> UInt32 { UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)) }
        let dimension = Int(word(8))
        guard dimension > 0, dimension <= CodeEncoder.maximumDimension, word(12) <= 1 else { return nil }
        let form: QuantizationForm
        switch unsafe bytes[5] {
        case 0:
            guard let encoding = unsafe BinaryEncoding(rawValue: bytes[6]) else { return nil }
            form = .binary(encoding)
        case 1:
            guard unsafe bytes[6] > 0 && bytes[6] <= 64 else { return nil }
            form = unsafe .product(dimensionsPerCode: Int(bytes[6]))
        case 2:
            guard let bits = unsafe TurboBits(rawValue: bytes[6]) else { return nil }
            form = .turbo(bits)
        default: return nil
        }
        let keepsLength = word(12) == 1
        var at = Quantizer.headerBytes
        func floats(_ count: Int) -> [Float]? {
            guard bytes.count - at >= 4 * count else { return nil }
            defer { at += 4 * count }
            let values = (0..<count).map { Float(bitPattern: word(at + 4 * $0)) }
            return values.allSatisfy(\.isFinite) ? values : nil
        }
        let slope = Float(bitPattern: word(16))
        let intercept = Float(bitPattern: word(20))
        guard slope.isFinite, slope > 0, intercept.isFinite, let mean = floats(dimension) else { return nil }
        let kind: Kind
        if let bits = Quantizer.bits(of: form) {
            if metric == .manhattan && !keepsLength {
                guard let spread = floats(dimension), spread.allSatisfy({ $0 >= 0 }) else { return nil }
                let (usable, inverse) = Quantizer.usable(spread: spread)
                kind = .plain(bits, spread: usable, inverse: inverse)
            } else {
                kind = .rotated(bits, signs: Quantizer.signs(dimension: dimension))
            }
        } else {
            guard !keepsLength, case .product(let width) = form, let centroids = floats(256 * dimension) else { return nil }
            kind = .product(
                width: width, centroids: centroids,
                bias: Quantizer.halfSquaredLengths(centroids, dimension: dimension, width: width))
        }
        guard at == bytes.count else { return nil }
        self.init(form: form, dimension: dimension, metric: metric, kind: kind, mean: mean, keepsLength: keepsLength)
        self.slope = slope
        self.intercept = intercept
    }

    private static func halfSquaredLengths(_ centroids: [Float], dimension: Int, width: Int) -> [Float] {
        var lengths = [Float](repeating: 0, count: 256 * partCount(dimension: dimension, width: width))
        for i in 0..<dimension {
            for c in 0..<256 { lengths[i / width * 256 + c] += centroids[i * 256 + c] * centroids[i * 256 + c] }
        }
        return lengths.map { $0 / 2 }
    }
}
