/// 128 bits of a UUID in network byte order: `high` holds the first eight bytes.
public struct PointUUID: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

extension PointUUID: Comparable {
    public static func < (left: PointUUID, right: PointUUID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

extension PointUUID: CustomStringConvertible {
    /// Lower-case hyphenated, `8-4-4-4-12`.
    public var description: String {
        unsafe String(unsafeUninitializedCapacity: 36) { buffer in
            var place = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    unsafe buffer[place] = UInt8(ascii: "-")
                    place += 1
                }
                let word = nibble < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> (60 - 4 * UInt64(nibble & 15))) & 15
                unsafe buffer[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                place += 1
            }
            return place
        }
    }
}

extension PointUUID {
    /// Reads every form Qdrant reads: hyphenated, 32 hex digits, in braces, or with `urn:uuid:`; any case.
    public init?(_ text: String) {
        var text = text
        let parsed = text.withUTF8 { unsafe PointUUID(utf8: $0) }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The same for UTF-8 bytes.
    public init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        var first = 0
        var end = bytes.count
        let urn: StaticString = "urn:uuid:"
        if end == 45 && (0..<9).allSatisfy({ unsafe bytes[$0] == urn.utf8Start[$0] }) {
            first = 9
        } else if unsafe end == 38 && bytes[0] == UInt8(ascii: "{") && bytes[37] == UInt8(ascii: "}") {
            first = 1
            end = 37
        }
        let hyphenated = end - first == 36
        guard hyphenated || (end - first == 32 && first == 0) else { return nil }

        var words: (UInt64, UInt64) = (0, 0)
        var nibbles = 0
        for place in first..<end {
            let byte = unsafe bytes[place]
            let offset = place - first
            if hyphenated && (offset == 8 || offset == 13 || offset == 18 || offset == 23) {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = PointUUID.hexDigit(byte) else { return nil }
            if nibbles < 16 {
                words.0 = words.0 << 4 | digit
            } else {
                words.1 = words.1 << 4 | digit
            }
            nibbles += 1
        }
        self.init(high: words.0, low: words.1)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
