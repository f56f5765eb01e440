/// A new object text from an old one with members replaced, added and removed. Members that are not touched keep their
/// place, their number forms and their escapes; a replaced member keeps its place, a new one goes to the end. Of duplicate
/// keys the last one counts and is kept, so that the result has none.
///
/// The nodes of the old object and of the new values stay valid as long as the editor is used.
package struct JSONObjectEditor {
    private struct Entry {
        let key: JSONNode?
        let newKey: String?
        var text: Text?
    }

    private enum Text {
        case node(JSONNode)
        case raw([UInt8])
    }

    private var entries: [Entry] = []
    /// Where a key stands in `entries`; the entry has no text once it is removed.
    private var places: [String: Int] = [:]

    /// Starts from the members of `object`, or from none.
    package init(_ object: JSONNode? = nil) {
        guard let object else { return }
        entries.reserveCapacity(object.count)
        places.reserveCapacity(object.count)
        for member in object.members { set(member) }
    }

    package var isEmpty: Bool { !entries.contains { $0.text != nil } }

    /// Puts another object's member in, under its key.
    package mutating func set(_ member: JSONNode) {
        set(key: member.key, keyNode: member, text: .node(member))
    }

    package mutating func set(key: String, to value: JSONNode) {
        set(key: key, keyNode: nil, text: .node(value))
    }

    package mutating func set(key: String, toRaw text: [UInt8]) {
        set(key: key, keyNode: nil, text: .raw(text))
    }

    /// Puts all members of another object in.
    package mutating func merge(_ object: JSONNode) {
        for member in object.members { set(member) }
    }

    package mutating func remove(key: String) {
        guard let place = places.removeValue(forKey: key) else { return }
        entries[place].text = nil
    }

    private mutating func set(key: String, keyNode: JSONNode?, text: Text) {
        if let place = places[key] {
            entries[place].text = text
            return
        }
        places[key] = entries.count
        entries.append(Entry(key: keyNode, newKey: keyNode == nil ? key : nil, text: text))
    }

    /// Writes the object; values that come from nodes are minified.
    package func write(to writer: inout JSONWriter) {
        writer.beginObject()
        for entry in entries {
            guard let text = entry.text else { continue }
            if let key = entry.key {
                writer.key(rawOf: key)
            } else if let key = entry.newKey {
                writer.key(named: key)
            }
            switch text {
            case .node(let node): writer.value(minified: node)
            case .raw(let bytes): writer.value(raw: bytes)
            }
        }
        writer.endObject()
    }
}
