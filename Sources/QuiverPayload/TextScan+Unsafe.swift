// Reading stored payloads.
//
// A stored payload is valid, minified JSON (see `Payload`), so finding a value needs no parser: a value is skipped by
// counting brackets outside strings, eight bytes of a string at a time, and nothing is built on the way. All
// functions stay below `end` whatever the bytes are, so that a damaged file gives a wrong answer at worst.
//
// A position is an offset from `base`; a value is named by the position of its first byte.

typealias TextBase = UnsafePointer<UInt8>

enum TextScan {
    /// The position behind the closing quote of the string that opens at `open`.
    @inline(__always)
    static func endOfString(_ base: TextBase, _ open: Int, _ end: Int) -> Int {
        var at = open &+ 1
        while true {
            at = unsafe nextQuoteOrBackslash(base, at, end)
            if at >= end { return end }
            if unsafe base[at] == UInt8(ascii: "\"") { return at &+ 1 }
            at = min(at &+ 2, end)
        }
    }

    /// Mycroft's test for a zero byte, on eight bytes xored with the wanted one; the lowest hit is exact.
    @inline(__always)
    private static func nextQuoteOrBackslash(_ base: TextBase, _ from: Int, _ end: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var at = from
        while at &+ 8 <= end {
            let word = UInt64(littleEndian: unsafe UnsafeRawPointer(base + at).loadUnaligned(as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let hits = ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash) & (ones &* 0x80)
            if hits != 0 { return at &+ hits.trailingZeroBitCount &>> 3 }
            at &+= 8
        }
        while at < end {
            let byte = unsafe base[at]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return at }
            at &+= 1
        }
        return end
    }

    /// The position behind the value at `start`.
    @inline(__always)
    static func endOfValue(_ base: TextBase, _ start: Int, _ end: Int) -> Int {
        if start >= end { return end }
        switch unsafe base[start] {
        case UInt8(ascii: "\""): return unsafe endOfString(base, start, end)
        case UInt8(ascii: "{"), UInt8(ascii: "["): return unsafe endOfContainer(base, start, end)
        default: return unsafe endOfScalar(base, start, end)
        }
    }

    @inline(__always)
    static func endOfScalar(_ base: TextBase, _ start: Int, _ end: Int) -> Int {
        var at = start
        while at < end {
            switch unsafe base[at] {
            case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): return at
            default: at &+= 1
            }
        }
        return end
    }

    static func endOfContainer(_ base: TextBase, _ start: Int, _ end: Int) -> Int {
        var depth = 0
        var at = start
        while at < end {
            switch unsafe base[at] {
            case UInt8(ascii: "\""):
                at = unsafe endOfString(base, at, end)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth &+= 1
                at &+= 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth &-= 1
                at &+= 1
                if depth == 0 { return at }
            default:
                at &+= 1
            }
        }
        return end
    }

    /// The value of the member `key` of the object at `object`, or -1. `key` has no escapes.
    static func member(
        _ base: TextBase, _ object: Int, _ end: Int, _ key: TextBase, _ keyCount: Int
    ) -> Int {
        var at = object &+ 1
        while unsafe at < end && base[at] == UInt8(ascii: "\"") {
            let keyEnd = unsafe endOfString(base, at, end)
            if unsafe stringEquals(base, at, keyEnd, key, keyCount) {
                return keyEnd &+ 1 < end ? keyEnd &+ 1 : -1
            }
            at = unsafe endOfValue(base, keyEnd &+ 1, end)
            guard unsafe at < end && base[at] == UInt8(ascii: ",") else { return -1 }
            at &+= 1
        }
        return -1
    }

    /// The first element of the array at `array`, or -1.
    @inline(__always)
    static func firstElement(_ base: TextBase, _ array: Int, _ end: Int) -> Int {
        let at = array &+ 1
        return unsafe at < end && base[at] != UInt8(ascii: "]") ? at : -1
    }

    /// The element behind the one at `element`, or -1.
    @inline(__always)
    static func nextElement(_ base: TextBase, _ element: Int, _ end: Int) -> Int {
        let at = unsafe endOfValue(base, element, end)
        return unsafe at &+ 1 < end && base[at] == UInt8(ascii: ",") ? at &+ 1 : -1
    }

    static func elementCount(_ base: TextBase, _ array: Int, _ end: Int) -> Int {
        var count = 0
        var element = unsafe firstElement(base, array, end)
        while element >= 0 {
            count &+= 1
            element = unsafe nextElement(base, element, end)
        }
        return count
    }
}

// MARK: Strings

extension TextScan {
    /// Is the string between the quotes at `open` and before `stringEnd` equal to `text`, which has no escapes?
    ///
    /// Escapes only make text longer, so lengths decide most cases: a shorter source cannot be equal, one of the same
    /// length is equal only byte by byte without escapes, a longer one only with escapes.
    @inline(__always)
    static func stringEquals(
        _ base: TextBase, _ open: Int, _ stringEnd: Int, _ text: TextBase, _ textCount: Int
    ) -> Bool {
        let count = stringEnd &- open &- 2
        if count < textCount { return false }
        if count == textCount {
            guard unsafe equalBytes(base + (open &+ 1), text, count) else { return false }
            return unsafe !hasBackslash(text, textCount)
        }
        guard unsafe hasBackslash(base + (open &+ 1), count) else { return false }
        return unsafe withUnescaped(base, open, stringEnd) { unescaped in
            unsafe unescaped.count == textCount
                && (textCount == 0 || equalBytes(unescaped.baseAddress.unsafelyUnwrapped, text, textCount))
        }
    }

    @inline(__always)
    static func equalBytes(_ left: TextBase, _ right: TextBase, _ count: Int) -> Bool {
        var at = 0
        while at &+ 8 <= count {
            let a = unsafe UnsafeRawPointer(left + at).loadUnaligned(as: UInt64.self)
            let b = unsafe UnsafeRawPointer(right + at).loadUnaligned(as: UInt64.self)
            if a != b { return false }
            at &+= 8
        }
        while at < count {
            if unsafe left[at] != right[at] { return false }
            at &+= 1
        }
        return true
    }

    @inline(__always)
    static func hasBackslash(_ text: TextBase, _ count: Int) -> Bool {
        var at = 0
        while at < count {
            if unsafe text[at] == UInt8(ascii: "\\") { return true }
            at &+= 1
        }
        return false
    }

    /// Calls `body` with the content of a string: where it stands, or unescaped on the stack.
    @inline(__always)
    static func withString<Answer>(
        _ base: TextBase, _ open: Int, _ stringEnd: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Answer
    ) -> Answer {
        let count = max(0, stringEnd &- open &- 2)
        let content = unsafe UnsafeBufferPointer(start: base + (open &+ 1), count: count)
        if unsafe hasBackslash(base + (open &+ 1), count) {
            return unsafe withUnescaped(base, open, stringEnd, body)
        }
        return unsafe body(content)
    }

    @inline(never)
    private static func withUnescaped<Answer>(
        _ base: TextBase, _ open: Int, _ stringEnd: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Answer
    ) -> Answer {
        let count = max(1, stringEnd &- open &- 2)
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { out in
            let written = unsafe unescape(base, open &+ 1, stringEnd &- 1, out)
            return unsafe body(UnsafeBufferPointer(rebasing: out[..<written]))
        }
    }

    /// Writes what the source between two positions means; never longer than the source.
    private static func unescape(
        _ base: TextBase, _ start: Int, _ end: Int, _ out: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var at = start
        var written = 0
        while at < end {
            let byte = unsafe base[at]
            at &+= 1
            guard byte == UInt8(ascii: "\\"), at < end else {
                unsafe out[written] = byte
                written &+= 1
                continue
            }
            let escape = unsafe base[at]
            at &+= 1
            if escape == UInt8(ascii: "u") {
                var scalar = unsafe hexQuad(base, at, end)
                at = min(at &+ 4, end)
                if scalar & 0xFC00 == 0xD800, at &+ 6 <= end {
                    let low = unsafe hexQuad(base, at &+ 2, end)
                    scalar = 0x10000 &+ (scalar & 0x3FF) &<< 10 &+ (low & 0x3FF)
                    at &+= 6
                }
                written = unsafe writeUTF8(scalar, out, written)
            } else {
                unsafe out[written] = meaning(ofEscape: escape)
                written &+= 1
            }
        }
        return written
    }

    private static func meaning(ofEscape byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        default: byte
        }
    }

    private static func hexQuad(_ base: TextBase, _ start: Int, _ end: Int) -> UInt32 {
        var value: UInt32 = 0
        for at in start..<min(start &+ 4, max(start, end)) {
            let byte = unsafe base[at]
            let digit = byte <= UInt8(ascii: "9") ? byte & 15 : (byte & 15) &+ 9
            value = value &<< 4 | UInt32(digit & 15)
        }
        return value
    }

    private static func writeUTF8(_ scalar: UInt32, _ out: UnsafeMutableBufferPointer<UInt8>, _ start: Int) -> Int {
        var written = start
        func put(_ byte: UInt32) {
            if written < out.count { unsafe out[written] = UInt8(truncatingIfNeeded: byte) }
            written &+= 1
        }
        switch scalar {
        case ..<0x80:
            put(scalar)
        case ..<0x800:
            put(0xC0 | scalar &>> 6)
            put(0x80 | scalar & 0x3F)
        case ..<0x10000:
            put(0xE0 | scalar &>> 12)
            put(0x80 | scalar &>> 6 & 0x3F)
            put(0x80 | scalar & 0x3F)
        default:
            put(0xF0 | scalar &>> 18)
            put(0x80 | scalar &>> 12 & 0x3F)
            put(0x80 | scalar &>> 6 & 0x3F)
            put(0x80 | scalar & 0x3F)
        }
        return min(written, out.count)
    }
}
