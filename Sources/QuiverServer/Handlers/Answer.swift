import HTTPTypes
import Hummingbird
import NIOCore

/// What a handler gives back: status, body, and what has to stand in the head.
struct Answer: Sendable {
    enum ContentType: String, Sendable {
        case json = "application/json"
        case text = "text/plain; charset=utf-8"
    }

    var status: Int
    var body: ByteBuffer
    var contentType: ContentType?
    var headers: HTTPFields = [:]

    static func json(_ bytes: [UInt8], status: Int = 200) -> Answer {
        Answer(status: status, body: ByteBuffer(bytes: bytes), contentType: .json)
    }

    static func text(_ text: String, status: Int = 200) -> Answer {
        Answer(status: status, body: ByteBuffer(string: text), contentType: .text)
    }

    static func empty(status: Int) -> Answer {
        Answer(status: status, body: ByteBuffer(), contentType: nil)
    }

    /// With an exact `Content-Length`, which the body's size gives.
    func response(method: HTTPRequest.Method) -> Response {
        var headers = headers
        if let contentType { headers[.contentType] = contentType.rawValue }
        headers[.contentLength] = String(body.readableBytes)
        return Response(
            status: HTTPResponse.Status(code: status), headers: headers,
            body: method == .head ? ResponseBody() : ResponseBody(byteBuffer: body))
    }
}
