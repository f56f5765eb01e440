#if Server
package import NIOCore

/// A request over HTTP/1.1. `host`, `content-length` and `transfer-encoding` are added when it is sent.
package struct WebRequest: Sendable {
    package enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// Asked for one chunk after the other as the connection takes them, until nil. Without `byteCount` the body
        /// goes out in chunks of HTTP.
        case stream(byteCount: Int?, next: @Sendable () async throws -> ByteBuffer?)
    }

    package var method: String
    /// Percent-encoded, as it shall stand in the request line.
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: Body

    package init(
        _ method: String = "GET", _ url: String, headers: [(name: String, value: String)] = [], body: Body = .none
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}
#endif
