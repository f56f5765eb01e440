/// What the tokenizers ask about characters, as properties of Unicode scalars.
enum ScalarClasses {
    /// Alphabetic, or a number of any kind (`Nd`, `Nl`, `No`).
    static func isWordPart(_ value: UInt32) -> Bool {
        if value < 0x10000 {
            return basicWordParts[Int(value >> 6)] >> UInt64(value & 63) & 1 != 0
        }
        return Unicode.Scalar(value).map(lookUpIsWordPart) ?? false
    }

    static func isAlphabetic(_ value: UInt32) -> Bool {
        Unicode.Scalar(value)?.properties.isAlphabetic ?? false
    }

    /// `White_Space`; the property's scalars have not changed since Unicode 6.3.
    static func isWhitespace(_ value: UInt32) -> Bool {
        switch value {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    private static func lookUpIsWordPart(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        if properties.isAlphabetic { return true }
        switch properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }

    /// One bit a scalar of the basic plane, where looking a property up costs more than reading the text.
    private static let basicWordParts: [UInt64] = (0..<1024).map { block in
        (0..<64).reduce(into: 0) { word, bit in
            if let scalar = Unicode.Scalar(UInt32(block * 64 + bit)), lookUpIsWordPart(scalar) {
                word |= 1 << UInt64(bit)
            }
        }
    }
}
