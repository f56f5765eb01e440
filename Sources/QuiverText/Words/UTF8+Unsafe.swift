/// Reading the UTF-8 of Swift's strings, which is always valid.
enum UTF8Text {
    /// The scalar that begins at `bytes` and how many bytes it has.
    @inline(__always)
    static func scalar(at bytes: UnsafePointer<UInt8>) -> (value: UInt32, byteCount: Int) {
        let first = unsafe UInt32(bytes[0])
        if first < 0x80 { return (first, 1) }
        let second = unsafe UInt32(bytes[1] & 0x3F)
        if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
        let third = unsafe UInt32(bytes[2] & 0x3F)
        if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
        let fourth = unsafe UInt32(bytes[3] & 0x3F)
        return ((first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
    }

    /// The scalar that ends before `end`, not reading before `start`; `start < end`.
    static func scalar(before end: UnsafePointer<UInt8>, from start: UnsafePointer<UInt8>) -> (value: UInt32, byteCount: Int) {
        var begin = unsafe end - 1
        while unsafe begin > start && begin[0] & 0xC0 == 0x80 { unsafe begin -= 1 }
        return unsafe scalar(at: begin)
    }

    static func scalarCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var count = 0
        for unsafe byte in unsafe bytes where byte & 0xC0 != 0x80 { count += 1 }
        return count
    }

    /// How many bytes the first `scalarCount` scalars have; nil if there are not more scalars than that.
    static func byteCount(ofFirst scalarCount: Int, of bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var seen = 0
        for index in bytes.indices where unsafe bytes[index] & 0xC0 != 0x80 {
            if seen == scalarCount { return index }
            seen += 1
        }
        return nil
    }

    static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var all: UInt8 = 0
        for unsafe byte in unsafe bytes { all |= byte }
        return all < 0x80
    }
}
