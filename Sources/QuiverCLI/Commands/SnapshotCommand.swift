import ArgumentParser
import Quiver

struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Make, move, check and restore snapshots, of a running server or of a storage directory.",
        discussion: """
            A snapshot is one file with everything of a collection, of its one shard, or of the whole storage, at one
            moment. Without --collection it is of the whole storage. Where: a server (--server, else the local one), or
            with --storage a directory that no server has open; snapshots of that lie in --snapshots, or in its folder
            snapshots.

            Exit codes: 0 done; 1 the snapshot is damaged (verify, inspect); 64 usage; 65 refused, or not what its
            checksum says; 66 no such file, snapshot or collection; 69 no answer; 73 something is there already or is
            in use; 74 the storage or the file system fails; 77 the key is missing or wrong; 130 interrupted.

            Examples:
              quiver snapshot create --collection products
              quiver snapshot download products-1-2026-11-21-17-00-00.snapshot --collection products
              quiver snapshot restore products.snapshot --collection products --as products_restored
              quiver snapshot verify products.snapshot
            """,
        subcommands: [
            SnapshotCreateCommand.self, SnapshotListCommand.self, SnapshotDownloadCommand.self,
            SnapshotUploadCommand.self, SnapshotDeleteCommand.self, SnapshotRestoreCommand.self,
            SnapshotVerifyCommand.self, SnapshotInspectCommand.self,
        ])
}

/// Where snapshots are, and of what.
struct SnapshotOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A running server; http://127.0.0.1:6333 unless given.", valueName: "url"))
    var server: String?

    @Option(help: ArgumentHelp("The key of the server; $QUIVER_API_KEY unless given.", valueName: "key"))
    var apiKey: String?

    @Option(
        help: ArgumentHelp("A storage directory that no server has open.", valueName: "dir"), completion: .directory)
    var storage: String?

    @Option(
        help: ArgumentHelp("The directory of snapshots; that of --storage unless given.", valueName: "dir"),
        completion: .directory)
    var snapshots: String?

    @Option(help: "Of this collection; of the whole storage unless given.")
    var collection: String?

    @Option(help: "Of this shard of the collection: 0.")
    var shard: UInt32?

    @Flag(help: "Tell everything as JSON lines on standard output.")
    var json = false

    func validate() throws {
        guard server == nil || (storage == nil && snapshots == nil) else {
            throw ValidationError("Give --server, or --storage and --snapshots.")
        }
        guard shard == nil || collection != nil else { throw ValidationError("--shard needs --collection.") }
    }

    var isOffline: Bool { storage != nil || snapshots != nil }

    var scope: SnapshotScope { scope(of: collection) }

    func scope(of collection: String?) -> SnapshotScope {
        guard let collection else { return .storage }
        return shard.map { .shard(collection, $0) } ?? .collection(collection)
    }

    func place() throws -> any SnapshotPlace {
        isOffline ? try offline() : try remote()
    }

    func offline(isNew: Bool = false) throws -> OfflineSnapshots {
        try OfflineSnapshots(storage: storage, snapshots: snapshots, isNew: isNew)
    }

    func remote() throws -> ServerSnapshots {
        let key = apiKey ?? ProcessEnvironment.all["QUIVER_API_KEY"]
        return try ServerSnapshots(server ?? MigrateCommand.local, apiKey: key.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// - Throws: `CommandFailure` with 66.
    func find(_ name: String, _ place: any SnapshotPlace) async throws -> SnapshotDescription {
        guard let found = try await place.list(scope).first(where: { $0.name == name }) else {
            throw ServerSnapshots.missing(scope, name)
        }
        return found
    }
}

struct SnapshotCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a snapshot, and say what it is called.",
        discussion: """
            Example:
              quiver snapshot create --collection products
            """)

    @OptionGroup var options: SnapshotOptions

    func run() async throws {
        Interruption.listen()
        let progress = Progress(isJSON: options.json)
        let made = try await options.place().create(options.scope, progress)
        SnapshotListCommand.tell([made], progress, isJSON: options.json)
    }
}

struct SnapshotListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List snapshots with size, time (UTC) and SHA-256.",
        discussion: """
            Example:
              quiver snapshot list --collection products --json
            """)

    @OptionGroup var options: SnapshotOptions

    func run() async throws {
        let found = try await options.place().list(options.scope)
        Self.tell(found, Progress(isJSON: options.json), isJSON: options.json)
    }

    static func tell(_ snapshots: [SnapshotDescription], _ progress: Progress, isJSON: Bool) {
        for snapshot in snapshots {
            progress.event("snapshot") { writer in
                writer.member("name", snapshot.name)
                writer.member("size", Int(snapshot.size))
                if let time = snapshot.creationTime { writer.member("creation_time", time) }
                if let checksum = snapshot.checksum { writer.member("checksum", checksum) }
            }
        }
        guard !isJSON else { return }
        let rows = snapshots.map { [$0.name, ByteCount.text(Int($0.size)), $0.creationTime ?? "", $0.checksum ?? ""] }
        for line in TextColumns.aligned(rows) { print(line) }
    }
}

struct SnapshotDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a snapshot.",
        discussion: """
            Example:
              quiver snapshot delete products-1-2026-11-21-17-00-00.snapshot --collection products
            """)

    @Argument(help: "Its name.")
    var name: String

    @OptionGroup var options: SnapshotOptions

    func run() async throws {
        try await options.place().delete(options.scope, name)
        Progress(isJSON: options.json).event("deleted") { $0.member("name", name) }
    }
}
