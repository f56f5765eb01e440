// Looking into values: parts of strings, places on the map.

extension TextScan {
    /// Does `text` have the bytes of `part` somewhere?
    static func contains(_ text: UnsafeBufferPointer<UInt8>, _ part: TextBase, _ partCount: Int) -> Bool {
        if partCount == 0 { return true }
        guard text.count >= partCount else { return false }
        let base = unsafe text.textBase
        let first = unsafe part[0]
        let last = unsafe part[partCount &- 1]
        for at in 0...(text.count &- partCount) {
            guard unsafe base[at] == first, unsafe base[at &+ partCount &- 1] == last else { continue }
            if unsafe equalBytes(base + at, part, partCount) { return true }
        }
        return false
    }

    /// The place that an object with the numbers `lon` and `lat` names, on the map or not.
    static func place(_ base: TextBase, _ at: Int, _ end: Int) -> (lon: Double, lat: Double)? {
        guard unsafe base[at] == UInt8(ascii: "{"), let lon = unsafe coordinate(base, at, end, 0x6E_6F6C),
            let lat = unsafe coordinate(base, at, end, 0x74_616C)
        else { return nil }
        return (lon, lat)
    }

    /// - Parameter key: three letters, the first in the lowest byte.
    private static func coordinate(_ base: TextBase, _ object: Int, _ end: Int, _ key: UInt32) -> Double? {
        let value = unsafe withUnsafeBytes(of: key.littleEndian) { unsafe member(base, object, end, $0.textBase, 3) }
        guard value >= 0, unsafe isNumber(base[value]) else { return nil }
        return unsafe number(base, value, end).asDouble
    }

    /// Calls `body` with the value at `at` if it is a string, or with the strings of the array there.
    static func forEachString(
        _ base: TextBase, _ at: Int, _ end: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard unsafe base[at] == UInt8(ascii: "[") else {
            unsafe showString(base, at, end, body)
            return
        }
        var element = unsafe firstElement(base, at, end)
        while element >= 0 {
            unsafe showString(base, element, end, body)
            element = unsafe nextElement(base, element, end)
        }
    }

    private static func showString(
        _ base: TextBase, _ at: Int, _ end: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard unsafe base[at] == UInt8(ascii: "\"") else { return }
        unsafe withString(base, at, endOfString(base, at, end)) { unsafe body($0) }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// An empty buffer gives a pointer that nobody follows.
    @inline(__always)
    var textBase: TextBase { unsafe UnsafeRawBufferPointer(self).textBase }
}
