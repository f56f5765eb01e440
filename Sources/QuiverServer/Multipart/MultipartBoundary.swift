/// What a `Content-Type` says of a body of several parts.
enum MultipartBoundary {
    /// - Parameter field: the value of `Content-Type`.
    /// - Returns: the boundary, without the dashes before it.
    static func read(_ field: String?) throws(MultipartError) -> String {
        guard let field else { throw .noContentType }
        guard let value = HeaderValue(field) else { throw .malformedContentType }
        guard value.main.hasPrefix("multipart/") else { throw .notMultipart }
        guard let boundary = value["boundary"], isBoundary(boundary) else { throw .noBoundary }
        return boundary
    }

    /// RFC 2046, section 5.1.1: 1 to 70 characters of some. Others are taken, too, but for those that break lines.
    private static func isBoundary(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= 70 && bytes.last != 0x20 && bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }
}

/// A field value with parameters: `main; name=value; name="value"` (RFC 9110, section 5.6.6).
struct HeaderValue {
    /// In small letters.
    var main: String
    /// Names in small letters.
    private var parameters: [(name: String, value: String)] = []

    /// The first parameter of this name.
    subscript(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

    /// Nil for what is not of this form.
    init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        let main = Self.token(&rest, until: [UInt8(ascii: ";")])
        guard !main.isEmpty else { return nil }
        self.main = main.lowercased()
        while rest.first == UInt8(ascii: ";") {
            rest = rest.dropFirst()
            let name = Self.token(&rest, until: [UInt8(ascii: "="), UInt8(ascii: ";")]).lowercased()
            guard rest.first == UInt8(ascii: "=") else {
                if name.isEmpty { continue }
                return nil
            }
            rest = rest.dropFirst()
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            if rest.first == UInt8(ascii: "\"") {
                guard let value = Self.quoted(&rest) else { return nil }
                parameters.append((name, value))
            } else {
                parameters.append((name, Self.token(&rest, until: [UInt8(ascii: ";")])))
            }
        }
        if !rest.isEmpty { return nil }
    }

    private static func token(_ rest: inout ArraySlice<UInt8>, until ends: [UInt8]) -> String {
        let end = rest.firstIndex { ends.contains($0) } ?? rest.endIndex
        var token = rest[..<end].drop { $0 == 0x20 || $0 == 0x09 }
        while let last = token.last, last == 0x20 || last == 0x09 { token = token.dropLast() }
        rest = rest[end...]
        return String(decoding: token, as: UTF8.self)
    }

    /// Up to the closing quote and the blanks behind it; nil when there is none.
    private static func quoted(_ rest: inout ArraySlice<UInt8>) -> String? {
        rest = rest.dropFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else { return nil }
                // Browsers of old send paths of their system with bare backslashes.
                if next != UInt8(ascii: "\""), next != UInt8(ascii: "\\") { value.append(byte) }
                value.append(next)
            case UInt8(ascii: "\""):
                rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
                guard rest.isEmpty || rest.first == UInt8(ascii: ";") else { return nil }
                return String(decoding: value, as: UTF8.self)
            default: value.append(byte)
            }
        }
        return nil
    }
}

/// Why a body is not `multipart/form-data`. The texts are those of Qdrant's web framework.
enum MultipartError: Error, Hashable {
    case noContentType, malformedContentType, notMultipart, noBoundary
    /// A delimiter that is not followed by the end of its line.
    case malformedBoundary
    case incomplete
    case headTooLarge, malformedHead
    case noContentDisposition, noName
    case missing(field: String)
    /// The body could not be received.
    case unread(BodySource.Failure)

    var text: String {
        switch self {
        case .noContentType: "Could not find Content-Type header"
        case .malformedContentType: "Could not parse Content-Type header"
        case .notMultipart: "Parsed Content-Type did not have 'multipart' top-level media type"
        case .noBoundary, .malformedBoundary: "Multipart boundary is not found"
        case .incomplete: "Multipart stream is incomplete"
        case .headTooLarge: "Message head is too large"
        case .malformedHead: "Invalid Header provided"
        case .noContentDisposition: "Content-Disposition header was not found when parsing a \"form-data\" field"
        case .noName: "Content-Disposition header had no name when parsing a \"form-data\" field"
        case .missing(let field): "Field with name `\(field)` is required"
        case .unread(let failure): "\(failure)"
        }
    }

    var rejection: Rejection {
        if case .unread(.stalled) = self { return Rejection(status: 408, text: text) }
        return Rejection(status: 400, text: text)
    }
}
