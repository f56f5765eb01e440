import Glibc
import NIOCore
import NIOHTTP1

/// Writes answers as HTTP/1.1 (RFC 9112): head and body in one buffer, so that an answer is one system call.
///
/// Belongs to one event loop.
struct AnswerWriter {
    private var dateField: [UInt8] = []
    private var dateSecond = -1

    enum Persistence {
        case keepAlive
        /// Said to HTTP/1.0 clients that asked for it; they take nothing for granted.
        case keepAliveSaid
        case close
    }

    /// - Parameter withBody: false for HEAD, whose answer has the length of the body and no body.
    mutating func write(
        _ answer: Answer, withBody: Bool, _ persistence: Persistence, allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 256 + (withBody ? answer.body.count : 0))
        if answer.status == 200 {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
        } else {
            let status = HTTPResponseStatus(statusCode: answer.status)
            buffer.writeString("HTTP/1.1 \(answer.status) \(status.reasonPhrase)\r\n")
        }
        if let type = answer.contentType {
            buffer.writeStaticString("Content-Type: ")
            buffer.writeStaticString(type.name)
            buffer.writeStaticString("\r\n")
        }
        for (name, value) in answer.fields where Self.isFieldValue(value) {
            buffer.writeStaticString(name)
            buffer.writeStaticString(": ")
            buffer.writeString(value)
            buffer.writeStaticString("\r\n")
        }
        switch persistence {
        case .keepAlive: break
        case .keepAliveSaid: buffer.writeStaticString("Connection: keep-alive\r\n")
        case .close: buffer.writeStaticString("Connection: close\r\n")
        }
        writeDate(&buffer)
        buffer.writeStaticString("Content-Length: ")
        buffer.writeString(String(answer.body.count))
        buffer.writeStaticString("\r\n\r\n")
        if withBody { buffer.writeBytes(answer.body) }
        return buffer
    }

    /// Values may come from the request; none may end its line.
    private static func isFieldValue(_ value: String) -> Bool {
        !value.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 }
    }

    /// `Date`, which changes once a second.
    private mutating func writeDate(_ buffer: inout ByteBuffer) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &now)
        if now.tv_sec != dateSecond {
            dateSecond = now.tv_sec
            dateField = Array("Date: \(HTTPDate.text(now.tv_sec))\r\n".utf8)
        }
        buffer.writeBytes(dateField)
    }
}

/// IMF-fixdate (RFC 9110, section 5.6.7).
enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func text(_ seconds: Int) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days[Int(parts.tm_wday) % 7]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon) % 12])"
            + " \(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}
