/// What a handler gives back: status, body, and what has to stand in the head.
struct Answer: Sendable {
    enum ContentType: Sendable {
        case json, text
        /// Bytes of no kind that is told.
        case binary

        var name: StaticString {
            switch self {
            case .json: "application/json"
            case .text: "text/plain; charset=utf-8"
            case .binary: "application/octet-stream"
            }
        }
    }

    var status: Int
    var body: [UInt8]
    var contentType: ContentType?
    /// Beside type and length.
    var fields: [(name: StaticString, value: String)] = []
    /// In place of `body`.
    var stream: StreamedBody?

    static func json(_ bytes: [UInt8], status: Int = 200) -> Answer {
        Answer(status: status, body: bytes, contentType: .json)
    }

    static func text(_ text: String, status: Int = 200) -> Answer {
        Answer(status: status, body: Array(text.utf8), contentType: .text)
    }

    static func empty(status: Int) -> Answer {
        Answer(status: status, body: [], contentType: nil)
    }
}
