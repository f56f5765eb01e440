/// Compact codes that are searched instead of the stored vectors, which rescore what is found. Names and defaults as
/// in Qdrant; in a stored configuration and on the wire an object with the one key `scalar`, `product`, `binary` or
/// `turbo`.
public enum QuantizationConfig: Codable, Hashable, Sendable {
    case scalar(ScalarQuantization)
    case product(ProductQuantization)
    case binary(BinaryQuantization)
    case turbo(TurboQuantization)

    private enum CodingKeys: String, CodingKey {
        case scalar, product, binary, turbo
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let value = try container.decodeIfPresent(ScalarQuantization.self, forKey: .scalar) {
            self = .scalar(value)
        } else if let value = try container.decodeIfPresent(ProductQuantization.self, forKey: .product) {
            self = .product(value)
        } else if let value = try container.decodeIfPresent(BinaryQuantization.self, forKey: .binary) {
            self = .binary(value)
        } else {
            self = .turbo(try container.decode(TurboQuantization.self, forKey: .turbo))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .scalar(let value): try container.encode(value, forKey: .scalar)
        case .product(let value): try container.encode(value, forKey: .product)
        case .binary(let value): try container.encode(value, forKey: .binary)
        case .turbo(let value): try container.encode(value, forKey: .turbo)
        }
    }
}

/// One signed byte a component.
public struct ScalarQuantization: Codable, Hashable, Sendable {
    /// Share of the component values that the range of codes has to hold, 0.5...1; nil: all.
    public var quantile: Float?
    public var alwaysRAM: Bool?
    public var memory: MemoryPlacement?

    public init(quantile: Float? = nil, alwaysRAM: Bool? = nil, memory: MemoryPlacement? = nil) {
        self.quantile = quantile
        self.alwaysRAM = alwaysRAM
        self.memory = memory
    }

    enum CodingKeys: String, CodingKey {
        case quantile, memory
        case alwaysRAM = "always_ram"
    }
}

/// One byte for several components: the nearest of 256 centroids.
public struct ProductQuantization: Codable, Hashable, Sendable {
    /// Against float32.
    public enum Compression: String, Codable, Sendable, CaseIterable {
        case x4, x8, x16, x32, x64

        /// Components that share a byte.
        public var dimensionsPerCode: Int {
            switch self {
            case .x4: 1
            case .x8: 2
            case .x16: 4
            case .x32: 8
            case .x64: 16
            }
        }
    }

    public var compression: Compression
    public var alwaysRAM: Bool?
    public var memory: MemoryPlacement?

    public init(compression: Compression, alwaysRAM: Bool? = nil, memory: MemoryPlacement? = nil) {
        self.compression = compression
        self.alwaysRAM = alwaysRAM
        self.memory = memory
    }

    enum CodingKeys: String, CodingKey {
        case compression, memory
        case alwaysRAM = "always_ram"
    }
}

/// One to two bits a component.
public struct BinaryQuantization: Codable, Hashable, Sendable {
    public enum Encoding: String, Codable, Sendable, CaseIterable {
        case oneBit = "one_bit"
        case twoBits = "two_bits"
        case oneAndHalfBits = "one_and_half_bits"
    }

    /// How the query is encoded.
    public enum QueryEncoding: String, Codable, Sendable, CaseIterable {
        /// As the stored vectors.
        case `default`, binary
        case scalar4Bits = "scalar4bits"
        case scalar8Bits = "scalar8bits"
    }

    public var encoding: Encoding?
    public var queryEncoding: QueryEncoding?
    public var alwaysRAM: Bool?
    public var memory: MemoryPlacement?

    public init(
        encoding: Encoding? = nil, queryEncoding: QueryEncoding? = nil, alwaysRAM: Bool? = nil,
        memory: MemoryPlacement? = nil
    ) {
        self.encoding = encoding
        self.queryEncoding = queryEncoding
        self.alwaysRAM = alwaysRAM
        self.memory = memory
    }

    enum CodingKeys: String, CodingKey {
        case encoding, memory
        case queryEncoding = "query_encoding"
        case alwaysRAM = "always_ram"
    }
}

/// TurboQuant (Zandieh et al. 2025): one to four bits a component of the rotated vector.
public struct TurboQuantization: Codable, Hashable, Sendable {
    public enum Bits: String, Codable, Sendable, CaseIterable {
        case bits1, bits2, bits4
        case bits1And5 = "bits1_5"
    }

    /// Nil: four.
    public var bits: Bits?
    public var alwaysRAM: Bool?
    public var memory: MemoryPlacement?

    public init(bits: Bits? = nil, alwaysRAM: Bool? = nil, memory: MemoryPlacement? = nil) {
        self.bits = bits
        self.alwaysRAM = alwaysRAM
        self.memory = memory
    }

    enum CodingKeys: String, CodingKey {
        case bits, memory
        case alwaysRAM = "always_ram"
    }
}

extension QuantizationConfig {
    public var alwaysRAM: Bool? {
        switch self {
        case .scalar(let value): value.alwaysRAM
        case .product(let value): value.alwaysRAM
        case .binary(let value): value.alwaysRAM
        case .turbo(let value): value.alwaysRAM
        }
    }

    public var memory: MemoryPlacement? {
        switch self {
        case .scalar(let value): value.memory
        case .product(let value): value.memory
        case .binary(let value): value.memory
        case .turbo(let value): value.memory
        }
    }

    /// Whether answers are scored anew with the stored vectors when the request does not say.
    public var rescoresByDefault: Bool {
        switch self {
        case .scalar, .product: false
        case .binary: true
        case .turbo(let turbo): (turbo.bits ?? .bits4) != .bits4
        }
    }
}

/// A change of the quantization.
public enum QuantizationPatch: Hashable, Sendable {
    case disabled
    case replaced(QuantizationConfig)

    /// The quantization after the change; nil: none.
    public var config: QuantizationConfig? {
        switch self {
        case .disabled: nil
        case .replaced(let config): config
        }
    }
}

/// How one search uses the codes.
public struct QuantizationSearchParams: Hashable, Sendable {
    /// Search as if nothing were quantized.
    public var ignore: Bool
    /// Score what was found with the stored vectors; nil: as is best for the codes.
    public var rescore: Bool?
    /// So many times the limit is found on codes before it is scored anew; at least 1.
    public var oversampling: Double?

    public init(ignore: Bool = false, rescore: Bool? = nil, oversampling: Double? = nil) {
        self.ignore = ignore
        self.rescore = rescore
        self.oversampling = oversampling
    }
}
