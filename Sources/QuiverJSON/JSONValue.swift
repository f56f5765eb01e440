/// A JSON value of its own, for small things that are kept or built (metadata, configuration). Documents are read as
/// `JSONNode` and written with `JSONWriter`.
package indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    /// Above `Int64.max`.
    case uint(UInt64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    /// In the order of the text, duplicate keys included.
    case object([Member])

    package struct Member: Equatable, Sendable {
        package var key: String
        package var value: JSONValue

        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// As deep as the parser let the document be.
    package init(_ node: JSONNode) {
        switch node.kind {
        case .null: self = .null
        case .false: self = .bool(false)
        case .true: self = .bool(true)
        case .int64: self = node.int64.map(JSONValue.int) ?? .null
        case .uint64: self = node.uint64.map(JSONValue.uint) ?? .null
        case .double: self = node.double.map(JSONValue.double) ?? .null
        case .string: self = node.string.map(JSONValue.string) ?? .null
        case .array: self = .array(node.elements.map { JSONValue($0) })
        case .object: self = .object(node.members.map { Member($0.key, JSONValue($0)) })
        }
    }

    /// The member of that name, the last one if there are several.
    package subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }
}

extension JSONWriter {
    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let bool): self.value(bool)
        case .int(let number): self.value(number)
        case .uint(let number): self.value(number)
        case .double(let number): self.value(number)
        case .string(let string): self.value(string)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for member in members {
                key(named: member.key)
                self.value(member.value)
            }
            endObject()
        }
    }
}
