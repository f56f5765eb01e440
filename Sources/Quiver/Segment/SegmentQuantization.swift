import QuiverIndex
import QuiverModel

/// What a configured quantization means for the codes of a segment.
struct SegmentQuantization {
    /// Codes of their own; nil where the plain ones are meant.
    let form: QuantizationForm?
    /// Share of the values that the plain codes have to hold; nil: all.
    let quantile: Float?

    init(_ config: QuantizationConfig, _ field: VectorField) {
        switch config {
        case .scalar(let scalar):
            form = nil
            quantile = scalar.quantile
        case .product(let product):
            form = .product(dimensionsPerCode: product.compression.dimensionsPerCode)
            quantile = nil
        case .binary(let binary):
            quantile = nil
            switch binary.encoding {
            case nil, .oneBit?: form = .binary(.oneBit)
            case .oneAndHalfBits?: form = .binary(.oneAndHalfBits)
            case .twoBits?: form = .binary(.twoBits)
            }
        case .turbo(let turbo):
            quantile = nil
            switch turbo.bits {
            case .bits1?: form = .turbo(.one)
            case .bits1And5?: form = .turbo(.oneAndHalf)
            case .bits2?: form = .turbo(.two)
            case nil, .bits4?: form = .turbo(.four)
            }
        }
    }
}

extension QuantizationConfig {
    /// Whether the plain codes cut off large values.
    var clips: Bool {
        guard case .scalar(let scalar) = self, let quantile = scalar.quantile else { return false }
        return quantile < 1
    }

    /// How queries of binary codes are encoded.
    var queryEncoding: BinaryQueryEncoding {
        guard case .binary(let binary) = self else { return .default }
        switch binary.queryEncoding {
        case nil, .default?: return .default
        case .binary?: return .binary
        case .scalar4Bits?: return .scalar4Bits
        case .scalar8Bits?: return .scalar8Bits
        }
    }
}
