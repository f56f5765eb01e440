import NIOHTTP1

/// The fields of a request's head that streamed bodies care for.
struct TransferFields: Sendable {
    var contentType: String?
    var range: String?
    var ifRange: String?
    var ifMatch: String?
    var ifNoneMatch: String?
    var ifModifiedSince: String?
    var ifUnmodifiedSince: String?

    init() {}

    init(_ head: HTTPRequestHead) {
        contentType = head.headers.first(name: "content-type")
        range = head.headers.first(name: "range")
        ifRange = head.headers.first(name: "if-range")
        ifMatch = Self.list(head, "if-match")
        ifNoneMatch = Self.list(head, "if-none-match")
        ifModifiedSince = head.headers.first(name: "if-modified-since")
        ifUnmodifiedSince = head.headers.first(name: "if-unmodified-since")
    }

    private static func list(_ head: HTTPRequestHead, _ name: String) -> String? {
        let values = head.headers[name]
        return values.isEmpty ? nil : values.joined(separator: ",")
    }
}
