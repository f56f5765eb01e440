/// What can be wrong with an archive. What a sink or source throws is passed on as it is.
package enum ArchiveError: Error, Equatable, Sendable {
    /// It ends before its end.
    case truncated
    /// Something is not as the writer writes it.
    case damaged(String)
    /// A name that leads out of the archive's own tree, or that no archive has.
    case nameRefused(String)
    /// A link, a directory, or anything else but a regular file.
    case entryRefused(name: String, type: UInt8)
    /// More than one piece of this kind may hold.
    case tooLarge(name: String, bytes: UInt64)
    case outOfMemory
}

extension ArchiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "the archive is cut off"
        case .damaged(let what): "the archive is damaged: \(what)"
        case .nameRefused(let name): "the archive has a file \"\(name)\" that it may not have"
        case .entryRefused(let name, let type):
            "the archive has an entry \"\(name)\" of type \(type), which is no regular file"
        case .tooLarge(let name, let bytes): "\"\(name)\" in the archive has \(bytes) bytes, more than it may have"
        case .outOfMemory: "no memory is left"
        }
    }
}
