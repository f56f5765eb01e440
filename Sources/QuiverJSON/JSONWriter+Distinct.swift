// JSON allows a key twice in one object and leaves open what that means. What is stored has each key once, with the
// last value, as serde_json reads it.
extension JSONWriter {
    /// The value without white space. Of members with the same key, at any depth, only the last one's value is written,
    /// in the place of the first.
    package mutating func value(distinct node: JSONNode) {
        if node.hasRepeatedKeys { value(rebuilt: node) } else { value(minified: node) }
    }

    /// The same without a look ahead: every object is put together anew.
    mutating func value(rebuilt node: JSONNode) {
        if node.isObject {
            JSONObjectEditor(node).write(to: &self)
        } else if node.isArray, !node.isPacked {
            beginArray()
            for element in node.elements { value(rebuilt: element) }
            endArray()
        } else {
            value(minified: node)
        }
    }
}

extension JSONNode {
    /// Up to so many keys are compared pair by pair, which costs less than hashing them.
    private static var fewMembers: Int { 24 }

    /// Whether an object in this value, at any depth, may have a key twice. Never false when one has; true without one
    /// takes two keys of the same 64-bit hash.
    package var hasRepeatedKeys: Bool {
        if isObject {
            if membersRepeatKeys { return true }
            for member in members where member.hasRepeatedKeys { return true }
        } else if isArray, !isPacked {
            for element in elements where element.hasRepeatedKeys { return true }
        }
        return false
    }

    private var membersRepeatKeys: Bool {
        if count <= JSONNode.fewMembers {
            var rest = members.makeIterator()
            while let member = rest.next() {
                var later = rest
                while let other = later.next() {
                    if unsafe other.isKey(utf8: member.keyBytes) { return true }
                }
            }
            return false
        }
        var hashes: [Int] = []
        hashes.reserveCapacity(count)
        for member in members {
            var hasher = Hasher()
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer(member.keyBytes))
            hashes.append(hasher.finalize())
        }
        hashes.sort()
        for place in hashes.indices.dropFirst() where hashes[place] == hashes[place - 1] { return true }
        return false
    }
}
