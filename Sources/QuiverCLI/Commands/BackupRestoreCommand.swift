import ArgumentParser
import Quiver
import QuiverBackup
import QuiverJSON
import QuiverModel

struct BackupRestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Bring collections back from a backup.",
        discussion: """
            With --storage into a storage directory that no server has open, which is made when there is none. Everything is
            checked before anything there changes; then all collections appear at once.

            With --server into a running server. Everything is restored and checked in a temporary directory of this machine
            first (--scratch, which needs room for it). Then the server gets one collection after the other, each of them
            whole or not at all, and then the aliases: not all at once, and what breaks off in between is not undone. Names
            that are there already are refused before anything is sent, unless --replace is given.

            --to takes a time (RFC 3339) or, with one --collection, a sequence number: the state is that after the last
            update acknowledged until then. Any moment between two backups will do.
            """)

    @OptionGroup var place: BackupPlace

    @OptionGroup var side: BackupSide

    @Option(
        help: ArgumentHelp(
            "With --server: where the temporary directory is made; $TMPDIR or /tmp unless given.", valueName: "dir"),
        completion: .directory)
    var scratch: String?

    @Option(help: "The id of a backup; the newest unless given.")
    var backup: String?

    @Option(help: ArgumentHelp("A moment.", valueName: "time|sequence"))
    var to: String?

    @Option(
        name: .customLong("collection"),
        help: ArgumentHelp("Only this collection, under this name; repeatable.", valueName: "name[=newname]"))
    var collections: [String] = []

    @Flag(help: "Replace collections, and at a server aliases, of the same names.")
    var replace = false

    func validate() throws {
        guard backup == nil || to == nil else { throw ValidationError("Give either --backup or --to.") }
        guard scratch == nil || side.server != nil else { throw ValidationError("--scratch is for --server.") }
        _ = try moment()
    }

    private func moment() throws -> BackupRestoration.Moment {
        if let backup { return .backup(backup) }
        guard let to else { return .latest }
        if let sequence = UInt64(to) { return .sequence(sequence) }
        guard let time = Timestamp(to), time.microsecondsSinceEpoch >= 0 else {
            throw ValidationError("`\(to)` is neither a time like 2026-11-21T17:25:00Z nor a sequence number.")
        }
        return .time(UInt64(time.microsecondsSinceEpoch))
    }

    private func options(_ progress: Progress) throws -> BackupRestoration.Options {
        var options = BackupRestoration.Options()
        options.moment = try moment()
        options.isReplacing = replace
        options.progress = progress.telling
        if !collections.isEmpty {
            options.collections = collections.map { text in
                guard let mark = text.firstIndex(of: "=") else { return (text, text) }
                return (String(text[..<mark]), String(text[text.index(after: mark)...]))
            }
        }
        return options
    }

    func run() throws {
        Interruption.listen()
        let progress = Progress(isJSON: place.json)
        let repository = try place.open()
        switch try side.choice() {
        case .storage(let storage): try restore(repository, into: storage, progress)
        case .server(let url, let apiKey): try restore(repository, at: url, apiKey, progress)
        }
    }

    private func restore(_ repository: BackupRepository, into storage: String, _ progress: Progress) throws {
        let options = try options(progress)
        let database = try StorageOpening.open(storage, options: StorageOpening.quietOptions)
        defer { database.close() }
        progress.begin("restoring", unit: .bytes)
        let restored = try BackupFailure.telling { () throws(BackupError) in
            try BackupRestoration.run(repository, into: database, options)
        }
        progress.end()
        for one in restored { tell(one, progress) }
    }

    private func restore(_ repository: BackupRepository, at url: String, _ apiKey: String?, _ progress: Progress) throws {
        var options = ServerRestoration.Options()
        options.restoration = try self.options(progress)
        options.sending = { progress.begin("sending \($0)", unit: .bytes) }
        options.restored = { one in
            progress.end()
            tell(one, progress)
        }
        // The server is silent while it opens what it got.
        let connection = try place.connection(url, apiKey: apiKey, silenceSeconds: 3600)
        let directory = try ScratchDirectory(nil, below: scratch, name: "quiver-restore")
        defer { withExtendedLifetime(directory) {} }
        let database = try StorageOpening.open(directory.path + "/storage", options: StorageOpening.quietOptions)
        defer { database.close() }
        progress.begin("restoring", unit: .bytes)
        try BackupFailure.telling { () throws(BackupError) in
            try ServerRestoration.run(repository, into: connection, by: database, options)
        }
    }

    private func tell(_ one: BackupRestoration.Restored, _ progress: Progress) {
        progress.event("restored") { writer in
            writer.member("collection", one.name)
            writer.member("as", one.newName)
            writer.member("sequence", Int(one.sequence))
            writer.member("replayed", one.replayedRecords)
            writer.member("backup", one.backup)
        }
        if place.json { return }
        let name = one.name == one.newName ? one.name : "\(one.name) as \(one.newName)"
        progress.tell("restored \(name) at sequence \(one.sequence) from backup \(one.backup)"
            + (one.replayedRecords > 0 ? ", \(one.replayedRecords) updates replayed" : ""))
    }
}
