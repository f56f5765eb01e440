import ArgumentParser
import Logging
import Quiver

/// Snapshots that a server begins with, as Qdrant's flags of the same names have it.
struct StartSnapshots {
    /// `file:collection`.
    var collections: [String]
    var storage: String?
    var replaces: Bool

    func recover(into database: Database, _ logger: Logger) throws(CommandFailure) {
        // What cannot be read is told before anything is done.
        let pairs = try collections.map { text throws(CommandFailure) in try Self.pair(text) }
        if let storage {
            let file = try InputFile(storage)
            try attempt(storage) { () throws(QuiverError) in
                try database.snapshots.recoverStorage(
                    from: Self.source(file), of: database, replacing: replaces)
            }
            logger.notice("recovered the storage from \(storage)")
        }
        for (file, name) in pairs {
            if database.collectionExists(name), !replaces { throw Self.exists(name) }
            try attempt(file.path) { () throws(QuiverError) in
                try database.snapshots.recover(from: Self.source(file), into: name, of: database)
            }
            logger.notice("recovered collection \(name) from \(file.path)")
        }
    }

    /// The name stands behind the last colon: names have none, paths may.
    private static func pair(_ text: String) throws(CommandFailure) -> (file: InputFile, collection: String) {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex, text.index(after: colon) != text.endIndex
        else {
            throw CommandFailure(code: .usage, message: "--snapshot \(text): it has to be a file, a colon and a collection")
        }
        return (try InputFile(String(text[..<colon])), String(text[text.index(after: colon)...]))
    }

    private static func source(_ file: InputFile) -> ArchiveSource {
        var offset = 0
        return { target in
            let count = try file.read(at: offset, into: target)
            offset += count
            return count
        }
    }

    private func attempt(_ path: String, _ body: () throws(QuiverError) -> Void) throws(CommandFailure) {
        do throws(QuiverError) {
            try body()
        } catch {
            if error.kind == .alreadyExists {
                throw CommandFailure(
                    code: .cannotCreate, message: "\(error.message) Use --force-snapshot to overwrite it.")
            }
            let code: ExitCode =
                switch error.kind {
                case .badInput, .badRequest, .validation, .corrupted: .dataError
                default: .inputOutput
                }
            throw CommandFailure(code: code, message: "cannot recover from \(path): \(error.message)")
        }
    }

    private static func exists(_ name: String) -> CommandFailure {
        CommandFailure(
            code: .cannotCreate, message: "Collection \(name) already exists. Use --force-snapshot to overwrite it.")
    }
}
