/// As much of an answer's head (RFC 9112) as a load generator needs, read without building anything.
struct ResponseHead {
    /// 0: no HTTP/1 answer.
    var status = 0
    /// Of the head, its empty line included.
    var byteCount = 0
    var contentLength: Int?
    var isChunked = false
    /// The server closes the connection behind this answer.
    var closes = false

    /// Nil while the empty line is missing. The first `searched` bytes are known not to hold its end.
    static func read(_ bytes: UnsafeRawBufferPointer, searched: Int) -> ResponseHead? {
        var end = max(3, searched)
        while end < bytes.count {
            if bytes[end] == 0x0A, bytes[end - 1] == 0x0D, bytes[end - 2] == 0x0A, bytes[end - 3] == 0x0D {
                return ResponseHead(bytes, byteCount: end + 1)
            }
            end += 1
        }
        return nil
    }

    init() {}

    private init(_ bytes: UnsafeRawBufferPointer, byteCount: Int) {
        self.byteCount = byteCount
        // "HTTP/1.1 200"
        guard byteCount >= 12, Self.isEqual(bytes, 0, "http/1.") else { return }
        closes = bytes[7] == UInt8(ascii: "0")
        status = bytes[9..<12].reduce(0) { $0 * 10 + Int($1 &- UInt8(ascii: "0")) }
        var line = 12
        while line < byteCount {
            if bytes[line] == 0x0A { readField(bytes, line + 1) }
            line += 1
        }
    }

    private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ start: Int) {
        if Self.isEqual(bytes, start, "content-length:") {
            contentLength = Self.number(bytes, start + 15)
        } else if Self.isEqual(bytes, start, "transfer-encoding: chunked") {
            isChunked = true
        } else if Self.isEqual(bytes, start, "connection: close") {
            closes = true
        } else if Self.isEqual(bytes, start, "connection: keep-alive") {
            closes = false
        }
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        var index = start
        while index < bytes.count, bytes[index] == 0x20 { index += 1 }
        var value = 0
        let first = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]) {
            value = value &* 10 &+ Int(bytes[index] &- 0x30)
            index += 1
        }
        return index > first && value >= 0 ? value : nil
    }

    /// `text` is in small letters.
    private static func isEqual(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard start + count <= bytes.count else { return false }
        for index in 0..<count {
            let byte = bytes[start + index]
            let small = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            if small != text.utf8Start[index] { return false }
        }
        return true
    }
}
