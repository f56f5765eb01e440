/// The scripts that a text is cut at, by blocks of Unicode. Everything in no such block, such as digits, signs and
/// Armenian letters, goes with what stands before it.
enum Script: UInt8 {
    case other, latin, cyrillic, arabic
    /// Chinese characters, Hiragana, Katakana.
    case han, hiragana, katakana
    case devanagari, hebrew, ethiopic, georgian, bengali, hangul, greek, kannada, tamil, thai, gujarati, gurmukhi, telugu,
        malayalam, oriya, myanmar, sinhala, khmer

    init(of value: UInt32) {
        self =
            switch value {
            case 0x41...0x5A, 0x61...0x7A, 0x80...0x2AF: .latin
            case 0x370...0x3FF: .greek
            case 0x400...0x484, 0x487...0x52F: .cyrillic
            case 0x590...0x5FF: .hebrew
            case 0x600...0x6FF, 0x750...0x7FF, 0x8A0...0x8FF: .arabic
            case 0x900...0x97F: .devanagari
            case 0x980...0x9FF: .bengali
            case 0xA00...0xA7F: .gurmukhi
            case 0xA80...0xAFF: .gujarati
            case 0xB00...0xB7F: .oriya
            case 0xB80...0xBFF: .tamil
            case 0xC00...0xC7F: .telugu
            case 0xC80...0xCFF: .kannada
            case 0xD00...0xD7F: .malayalam
            case 0xD80...0xDFF: .sinhala
            case 0xE00...0xE7F: .thai
            case 0x1000...0x109F: .myanmar
            case 0x10A0...0x10FF: .georgian
            case 0x1100...0x11FF: .hangul
            case 0x1200...0x139F: .ethiopic
            case 0x1780...0x17FF, 0x19E0...0x19FF: .khmer
            case 0x1CD0...0x1CFF: .devanagari
            case 0x1D2B, 0x1D78: .cyrillic
            case 0x1D00...0x1DBF, 0x1E00...0x1EFF, 0x2100...0x214F, 0x2C60...0x2C7F: .latin
            case 0x2D80...0x2DDF: .ethiopic
            case 0x2DE0...0x2DFF: .cyrillic
            case 0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005, 0x3007, 0x3021...0x3029, 0x3038...0x303B: .han
            case 0x3040...0x309F: .hiragana
            case 0x30A0...0x30FF: .katakana
            case 0x3130...0x318F, 0x3200...0x32FF: .hangul
            case 0x3400...0x4DB5, 0x4E00...0x9FCC: .han
            case 0xA640...0xA69D, 0xA69F: .cyrillic
            case 0xA720...0xA7FF: .latin
            case 0xA8E0...0xA8FF: .devanagari
            case 0xA960...0xA97F: .hangul
            case 0xAB00...0xAB2F: .ethiopic
            case 0xAB30...0xAB6F: .latin
            case 0xAC00...0xD7FF: .hangul
            case 0xF900...0xFA6D, 0xFA70...0xFAD9: .han
            case 0xFB50...0xFDFF, 0xFE70...0xFEFF: .arabic
            case 0xFF00...0xFFEF: .hangul
            case 0x10E60...0x10E7F, 0x1EE00...0x1EEFF: .arabic
            default: .other
            }
    }

    /// Where the scripts of Chinese and Japanese count as one.
    var group: Script {
        switch self {
        case .hiragana, .katakana: .han
        default: self
        }
    }

    /// Letters of these become small ones, each by itself.
    var hasCase: Bool {
        switch self {
        case .latin, .cyrillic, .greek, .georgian: true
        default: false
        }
    }

    /// Marks above and below letters are taken off.
    var losesMarks: Bool {
        switch self {
        case .latin, .greek, .hebrew, .arabic, .thai: true
        default: false
        }
    }

    /// Words are told by a dictionary, or by the rules for word boundaries.
    var isSegmented: Bool {
        switch self {
        case .han, .thai, .arabic: true
        default: false
        }
    }
}

extension Script {
    /// True for a text whose characters are mostly Chinese or Japanese ones with some kana among them.
    static func isJapanese(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = text.baseAddress else { return false }
        var counts = [Int](repeating: 0, count: Int(Script.khmer.rawValue) + 1), index = 0
        while index < text.count {
            let (value, byteCount) = unsafe UTF8Text.scalar(at: start + index)
            index += byteCount
            let script = Script(of: value)
            if script != .other { counts[Int(script.rawValue)] += 1 }
        }
        let kana = counts[Int(Script.hiragana.rawValue)] + counts[Int(Script.katakana.rawValue)]
        guard kana > 0, let most = counts.max(), let first = counts.firstIndex(of: most) else { return false }
        switch Script(rawValue: UInt8(first)) {
        case .hiragana, .katakana: return true
        case .han: return kana * 20 > kana + most
        default: return false
        }
    }
}
