/// Says whether a text is JSON as we take it: RFC 8259, valid UTF-8, no lone surrogates, finite numbers, bounded depth.
/// Written for clarity and apart from the parser under test.
struct StrictReader {
    private let bytes: [UInt8]
    private var at = 0
    private let maximumDepth: Int

    static func accepts(_ bytes: [UInt8], maximumDepth: Int = 127) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var reader = StrictReader(bytes: bytes, maximumDepth: maximumDepth)
        guard reader.value(depth: 0) else { return false }
        return reader.at == bytes.count
    }

    private init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take(_ character: Character) -> Bool {
        guard current == character.asciiValue else { return false }
        at += 1
        return true
    }

    private mutating func space() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func value(depth: Int) -> Bool {
        space()
        defer { space() }
        if take("[") { return depth < maximumDepth && list(end: "]") { $0.value(depth: depth + 1) } }
        if take("{") {
            return depth < maximumDepth
                && list(end: "}") {
                    $0.space()
                    guard $0.string() else { return false }
                    $0.space()
                    return $0.take(":") && $0.value(depth: depth + 1)
                }
        }
        if current == Character("\"").asciiValue { return string() }
        for word in ["null", "true", "false"] where bytes[at...].starts(with: word.utf8) {
            at += word.utf8.count
            return true
        }
        return number()
    }

    private mutating func list(end: Character, item: (inout StrictReader) -> Bool) -> Bool {
        space()
        if take(end) { return true }
        repeat {
            guard item(&self) else { return false }
            space()
        } while take(",")
        return take(end)
    }

    private mutating func digits() -> Int {
        let start = at
        while let byte = current, byte >= 0x30, byte <= 0x39 { at += 1 }
        return at - start
    }

    private mutating func number() -> Bool {
        let start = at
        _ = take("-")
        if take("0") {} else if digits() == 0 { return false }
        if take("."), digits() == 0 { return false }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            if digits() == 0 { return false }
        }
        return Double(String(decoding: bytes[start..<at], as: UTF8.self))?.isFinite ?? false
    }

    private mutating func hexadecimal() -> UInt16? {
        guard at + 4 <= bytes.count else { return nil }
        let digits = bytes[at..<at + 4]
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        at += 4
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let byte = current {
            at += 1
            if byte == 0x22 { return true }
            if byte < 0x20 { return false }
            guard byte == 0x5C else { continue }
            guard let letter = current else { return false }
            at += 1
            if letter == 0x75 {
                guard let unit = hexadecimal() else { return false }
                if UTF16.isTrailSurrogate(unit) { return false }
                if UTF16.isLeadSurrogate(unit) {
                    guard take("\\"), take("u"), let next = hexadecimal(), UTF16.isTrailSurrogate(next) else { return false }
                }
            } else if !#""\/bfnrt"#.utf8.contains(letter) {
                return false
            }
        }
        return false
    }
}
