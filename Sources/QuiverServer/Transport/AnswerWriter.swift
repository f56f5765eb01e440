import Glibc
import NIOCore
import NIOHTTP1

/// Writes answers as HTTP/1.1 (RFC 9112): head and body in one buffer, so that an answer is one system call.
///
/// Belongs to one event loop.
struct AnswerWriter {
    private var dateField: [UInt8] = []
    private var dateSecond = -1

    /// How the end of a body is told.
    enum Framing {
        case length(Int)
        case chunks
        /// By closing the connection, to clients that know no chunks.
        case closing
    }

    enum Persistence {
        case keepAlive
        /// Said to HTTP/1.0 clients that asked for it; they take nothing for granted.
        case keepAliveSaid
        case close
    }

    /// - Parameter withBody: false for HEAD, whose answer has the length of the body and no body.
    mutating func write(
        _ answer: Answer, withBody: Bool, _ persistence: Persistence, allocator: ByteBufferAllocator,
        framing: Framing? = nil
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
        switch framing ?? .length(answer.body.count) {
        case .length(let count):
            // There is never one of these (RFC 9110, section 8.6).
            if answer.status != 204, answer.status != 304 {
                buffer.writeStaticString("Content-Length: ")
                buffer.writeString(String(count))
                buffer.writeStaticString("\r\n")
            }
        case .chunks: buffer.writeStaticString("Transfer-Encoding: chunked\r\n")
        case .closing: break
        }
        buffer.writeStaticString("\r\n")
        if withBody, framing == nil { buffer.writeBytes(answer.body) }
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

    /// Nil for what is not in this form; the older forms, which no client sends any more, are not read.
    static func seconds(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 29, text.hasSuffix(" GMT") else { return nil }
        func number(_ range: Range<Int>) -> Int? { Int(String(decoding: bytes[range], as: UTF8.self)) }
        guard let day = number(5..<7), let year = number(12..<16), let hour = number(17..<19),
            let minute = number(20..<22), let second = number(23..<25),
            let month = months.firstIndex(of: String(decoding: bytes[8..<11], as: UTF8.self))
        else { return nil }
        var parts = tm()
        parts.tm_mday = Int32(day)
        parts.tm_mon = Int32(month)
        parts.tm_year = Int32(year - 1900)
        parts.tm_hour = Int32(hour)
        parts.tm_min = Int32(minute)
        parts.tm_sec = Int32(second)
        let seconds = timegm(&parts)
        return self.text(seconds) == text ? seconds : nil
    }

    static func text(_ seconds: Int) -> String {
        var seconds = seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days[Int(parts.tm_wday) % 7]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon) % 12])"
            + " \(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}
