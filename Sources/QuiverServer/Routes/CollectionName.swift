import QuiverModel

/// What may stand where a path names a collection.
package enum CollectionName {
    /// Refused in the name of a new collection.
    static let forbiddenWhenCreating: [Character] = [
        "<", ">", ":", "\"", "/", "\\", "|", "?", "*", "\0", "\u{1F}",
    ]
    /// Refused everywhere.
    static let forbidden: [Character] = ["/", "\0"]

    package static func check(_ name: String, creating: Bool) throws(Rejection) {
        let length = name.unicodeScalars.count
        guard length >= 1, length <= Limits.collectionNameBytes else {
            throw .invalid(
                "path parameters", "name: value invalid, must be from 1 to \(Limits.collectionNameBytes) characters")
        }
        for character in creating ? forbiddenWhenCreating : forbidden where name.contains(character) {
            throw .invalid("path parameters", "name: collection name cannot contain \"\(character)\" char")
        }
    }
}
