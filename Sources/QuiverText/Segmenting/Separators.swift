/// The characters that the tokenizer `multilingual` parts words at, whatever their script.
enum Separators {
    static func contains(_ value: UInt32) -> Bool {
        if value < 0x80 {
            return ascii[Int(value)]
        }
        switch value {
        case 0xB1, 0xD7, 0xF7, 0x1680, 0x2002...0x200A, 0x2029, 0x3000: return true
        // Mathematical operators, but for the two that are none of them.
        case 0x2226, 0x228E: return false
        case 0x2212...0x22FF: return true
        // Punctuation that is younger than the list, or was forgotten.
        case 0xF0C, 0x1B7D, 0x1B7E, 0x2011, 0x2329, 0x232A, 0x2E53...0x2E5D: return false
        case 0x10F86...0x10F89, 0x116B9, 0x12FF1, 0x12FF2: return false
        default: break
        }
        switch Unicode.Scalar(value)?.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return true
        default: return false
        }
    }

    /// White space and punctuation, with + and `; of the signs $ < = > ^ | ~ none.
    private static let ascii: InlineArray<128, Bool> = {
        var ascii = InlineArray<128, Bool>(repeating: false)
        for scalar in "\t\n\r !\"#%&'()*+,-./:;?@[\\]_`{}".unicodeScalars { ascii[Int(scalar.value)] = true }
        return ascii
    }()
}
