/// A new object text from an old one with members replaced, added and removed. Members that are not touched keep their
/// place, their number forms and their escapes; a replaced member keeps its place, a new one goes to the end. Of duplicate
/// keys the last one counts and is kept, so that the result has none, at any depth.
///
/// The nodes of the old object and of the new values stay valid as long as the editor is used.
package struct JSONObjectEditor {
    private struct Entry {
        /// The key's UTF-8: `String` would take canonically equivalent keys for one.
        let key: [UInt8]
        /// The member whose key text is taken over.
        let keyNode: JSONNode?
        /// Nil once the member is removed.
        var text: Text?
    }

    private enum Text {
        case node(JSONNode)
        case raw([UInt8])
    }

    private var entries: [Entry] = []
    /// Where the members that are not removed stand in `entries`.
    private var places: [[UInt8]: Int] = [:]

    /// Starts from the members of `object`, or from none.
    package init(_ object: JSONNode? = nil) {
        guard let object else { return }
        entries.reserveCapacity(object.count)
        places.reserveCapacity(object.count)
        for member in object.members { set(member) }
    }

    package var isEmpty: Bool { places.isEmpty }

    /// Puts another object's member in, under its key.
    package mutating func set(_ member: JSONNode) {
        set(key: unsafe [UInt8](member.keyBytes), keyNode: member, text: .node(member))
    }

    package mutating func set(key: String, to value: JSONNode) {
        set(key: [UInt8](key.utf8), keyNode: nil, text: .node(value))
    }

    package mutating func set(key: String, toRaw text: [UInt8]) {
        set(key: [UInt8](key.utf8), keyNode: nil, text: .raw(text))
    }

    /// Puts all members of another object in.
    package mutating func merge(_ object: JSONNode) {
        for member in object.members { set(member) }
    }

    package mutating func remove(key: String) {
        guard let place = places.removeValue(forKey: [UInt8](key.utf8)) else { return }
        entries[place].text = nil
    }

    private mutating func set(key: [UInt8], keyNode: JSONNode?, text: Text) {
        if let place = places[key] {
            entries[place].text = text
            return
        }
        places[key] = entries.count
        entries.append(Entry(key: key, keyNode: keyNode, text: text))
    }

    /// Writes the object; values that come from nodes are minified.
    package func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for entry in entries {
            guard let text = entry.text else { continue }
            if let keyNode = entry.keyNode {
                writer.key(rawOf: keyNode)
            } else {
                unsafe entry.key.withUnsafeBufferPointer { unsafe writer.key(utf8: $0) }
            }
            switch text {
            case .node(let node): writer.value(rebuilt: node)
            case .raw(let bytes): writer.value(raw: bytes)
            }
        }
        writer.endObject()
    }
}
