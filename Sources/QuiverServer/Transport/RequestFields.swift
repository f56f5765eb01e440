import NIOHTTP1

/// The fields of a request's head that the connection cares for, found in one pass.
struct RequestFields {
    var contentLength: Int?
    var origin: String?
    var apiKey: String?
    var authorization: String?
    var acceptEncoding: String?
    var contentEncoding: String?
    /// `Expect: 100-continue`.
    var waitsForContinue = false
    var asksForUpgrade = false

    init() {}

    init(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            // By length first, which tells most fields from these.
            switch name.utf8.count {
            case 14 where Self.isEqual(name, "content-length"): contentLength = Int(value)
            case 6 where Self.isEqual(name, "origin"): origin = value
            case 6 where Self.isEqual(name, "expect"): waitsForContinue = Self.isEqual(value, "100-continue")
            case 7 where Self.isEqual(name, "upgrade"): asksForUpgrade = true
            case 7 where Self.isEqual(name, "api-key"): apiKey = value
            case 13 where Self.isEqual(name, "authorization"): authorization = value
            case 15 where Self.isEqual(name, "accept-encoding"): acceptEncoding = value
            case 16 where Self.isEqual(name, "content-encoding"): contentEncoding = value
            default: break
            }
        }
    }

    /// Whatever the case of ASCII letters; `small` is in small ones.
    private static func isEqual(_ text: String, _ small: StaticString) -> Bool {
        guard text.utf8.count == small.utf8CodeUnitCount else { return false }
        var index = 0
        for byte in text.utf8 {
            let lowered = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            if lowered != small.utf8Start[index] { return false }
            index += 1
        }
        return true
    }
}
