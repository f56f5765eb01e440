/// A lossy form of rows for searching, in Qdrant's terms.
package enum QuantizationForm: Hashable, Sendable {
    case binary(BinaryEncoding)
    /// One byte for so many values: 1, 2, 4, 8 or 16.
    case product(dimensionsPerCode: Int)
    case turbo(TurboBits)
}

/// Bits a value of binary quantization.
package enum BinaryEncoding: UInt8, Hashable, Sendable, CaseIterable {
    case oneBit, oneAndHalfBits, twoBits
}

/// How the query of a binary search is coded. Rows of more than one bit are always searched with eight: it costs
/// them nothing.
package enum BinaryQueryEncoding: UInt8, Hashable, Sendable, CaseIterable {
    case `default`, binary, scalar4Bits, scalar8Bits
}

/// Bits a value of TurboQuant (Zandieh et al. 2025).
package enum TurboBits: UInt8, Hashable, Sendable, CaseIterable {
    case one, oneAndHalf, two, four
}
