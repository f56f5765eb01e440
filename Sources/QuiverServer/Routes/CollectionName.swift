import QuiverModel

/// What may stand where a path names a collection.
package enum CollectionName {
    /// Refused in the name of a new collection.
    static let forbiddenWhenCreating: [Unicode.Scalar] = [
        "<", ">", ":", "\"", "/", "\\", "|", "?", "*", "\0", "\u{1F}",
    ]
    /// Refused everywhere.
    static let forbidden: [Unicode.Scalar] = ["/", "\0"]

    package static func check(_ name: String, creating: Bool) throws(Rejection) {
        let length = name.utf8.count
        guard length >= 1, length <= Limits.collectionNameBytes else {
            throw .invalid(
                "path parameters", "name: value invalid, must be from 1 to \(Limits.collectionNameBytes) characters")
        }
        if !creating, !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) { return }
        // Scalars: a slash before a combining mark is no `Character` of its own.
        let refused = creating ? forbiddenWhenCreating : forbidden
        for character in refused where name.unicodeScalars.contains(character) {
            throw .invalid("path parameters", "name: collection name cannot contain \"\(character)\" char")
        }
    }
}
