import QuiverJSON

extension JSONValue {
    /// Of an object, in order; none for everything else.
    var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// A number that is not negative.
    var count: Int? {
        if case .int(let number) = self, number >= 0 { Int(number) } else { nil }
    }

    var number: Double? {
        switch self {
        case .int(let number): Double(number)
        case .uint(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    /// The value below all these keys.
    subscript(path keys: String...) -> JSONValue? {
        var value: JSONValue? = self
        for key in keys { value = value?[key] }
        return value
    }

    /// Without members that are null, at any depth.
    var withoutNulls: JSONValue {
        switch self {
        case .object(let members):
            .object(members.filter { $0.value != .null }.map { Member($0.key, $0.value.withoutNulls) })
        case .array(let elements): .array(elements.map(\.withoutNulls))
        default: self
        }
    }

    /// Equal as JSON: the order of members does not count, that of elements does; 1 and 1.0 are the same number.
    func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.object(let left), .object(let right)):
            let mine = Dictionary(left.map { ($0.key, $0.value) }) { $1 }
            let its = Dictionary(right.map { ($0.key, $0.value) }) { $1 }
            return mine.count == its.count && mine.allSatisfy { key, value in its[key].map(value.isSame) ?? false }
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.int(let left), .double(let right)), (.double(let right), .int(let left)): return Double(left) == right
        case (.uint(let left), .double(let right)), (.double(let right), .uint(let left)): return Double(left) == right
        default: return self == other
        }
    }

    var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// - Throws: `JSONError` when the bytes are not JSON.
    init(parsing bytes: [UInt8]) throws(JSONError) {
        self = try JSONParser().withParsed(bytes: bytes) { root throws(JSONError) in JSONValue(root) }
    }
}
