/// A JSON value as a test builds it, with members in order.
public indirect enum PlainJSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// As it is written.
    case number(String)
    /// ASCII without quotes and backslashes.
    case string(String)
    case array([PlainJSON])
    case object([Member])

    public struct Member: Equatable, Sendable {
        public var key: String
        public var value: PlainJSON

        public init(_ key: String, _ value: PlainJSON) {
            self.key = key
            self.value = value
        }
    }

    /// Minified.
    public var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let text): text
        case .string(let text): "\"" + text + "\""
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\"" + $0.key + "\":" + $0.value.text }.joined(separator: ",") + "}"
        }
    }

    public var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    public subscript(key: String) -> PlainJSON? {
        members.first { $0.key == key }?.value
    }

    public var asNumber: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let text): Double(text)
        default: nil
        }
    }
}
