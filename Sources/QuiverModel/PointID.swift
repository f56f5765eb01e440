/// The identity of a point: an unsigned number or a UUID, as in Qdrant.
///
/// All numbers sort before all UUIDs; UUIDs sort by their bytes. Scrolling follows this order.
public enum PointID: Hashable, Sendable {
    case number(UInt64)
    case uuid(PointUUID)
}

extension PointID: Comparable {
    public static func < (left: PointID, right: PointID) -> Bool {
        switch (left, right) {
        case (.number(let a), .number(let b)): a < b
        case (.number, .uuid): true
        case (.uuid, .number): false
        case (.uuid(let a), .uuid(let b)): a < b
        }
    }
}

extension PointID: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) {
        self = .number(value)
    }
}

extension PointID: CustomStringConvertible {
    /// The decimal number, or the UUID in lower-case hyphenated form.
    public var description: String {
        switch self {
        case .number(let value): String(value)
        case .uuid(let value): value.description
        }
    }

    /// Reads a decimal number or a UUID, the way a path component names a point.
    public init?(pathComponent text: String) {
        if let number = UInt64(text), text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) {
            self = .number(number)
        } else if let uuid = PointUUID(text) {
            self = .uuid(uuid)
        } else {
            return nil
        }
    }
}

extension PointID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(UInt64.self) {
            self = .number(number)
            return
        }
        let text = try container.decode(String.self)
        guard let uuid = PointUUID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not a point id")
        }
        self = .uuid(uuid)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let value): try container.encode(value)
        case .uuid(let value): try container.encode(value.description)
        }
    }
}
