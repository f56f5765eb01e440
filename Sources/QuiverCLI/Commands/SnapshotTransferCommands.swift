import ArgumentParser
import Quiver

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct SnapshotDownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download", abstract: "Bring a snapshot into a file, and check its SHA-256.",
        discussion: """
            The file has the suffix .part until it is whole. A download that was broken off goes on where it was.

            Examples:
              quiver snapshot download products-1-2026-11-21-17-00-00.snapshot --collection products
              quiver snapshot download full-snapshot-2026-11-21-17-00-00.snapshot --output - | ssh vault 'cat > it'
            """)

    @Argument(help: "Its name.")
    var name: String

    @Option(name: [.short, .long], help: ArgumentHelp("The file; -: standard output. Unless given, as it is called.", valueName: "file"))
    var output: String?

    @Flag(help: "Replace a file that is there.")
    var overwrite = false

    @OptionGroup var options: SnapshotOptions

    func validate() throws {
        guard output != "-" || !options.json else { throw ValidationError("--json and --output - both need standard output.") }
        guard !name.contains("/") else { throw ValidationError("A snapshot's name has no slash.") }
    }

    func run() async throws {
        Interruption.listen()
        let progress = Progress(isJSON: options.json)
        let place = try options.place()
        let description = try await options.find(name, place)
        let download = SnapshotDownload(place: place, scope: options.scope, description: description, progress: progress)
        if output == "-" {
            try await download.runToStandardOutput()
            return
        }
        let path = output ?? name
        try await download.run(to: path, overwriting: overwrite)
        progress.event("downloaded") { writer in
            writer.member("name", name)
            writer.member("file", path)
            writer.member("size", Int(description.size))
        }
        if !options.json { print("\(path): \(ByteCount.text(Int(description.size)))\(description.checksum == nil ? "" : ", as its SHA-256 says")") }
    }
}

struct SnapshotUploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload", abstract: "Send a file to a server, which restores a collection from it.",
        discussion: """
            The collection is made, or replaced once the whole file has arrived and was found sound.

            Example:
              quiver snapshot upload products.snapshot --server http://other:6333 --collection products --overwrite
            """)

    @Argument(help: "The file.", completion: .file(extensions: ["snapshot"]))
    var file: String

    @OptionGroup var options: SnapshotOptions
    @OptionGroup var restoring: RestoreOptions

    func validate() throws {
        guard !options.isOffline else { throw ValidationError("upload is for servers; restore works on directories.") }
        guard options.collection != nil else { throw ValidationError("Give --collection: the name that it will have.") }
    }

    func run() async throws {
        Interruption.listen()
        try await SnapshotRestoreCommand.upload(file, options, restoring, Progress(isJSON: options.json))
    }
}

struct RestoreOptions: ParsableArguments {
    @Option(help: "SHA-256 that the snapshot must have, in hexadecimal digits.")
    var checksum: String?

    @Option(help: ArgumentHelp("no_sync, snapshot or replica: for clusters.", valueName: "which"))
    var priority: String?

    @Flag(help: "Replace collections that are there.")
    var overwrite = false

    func validate() throws {
        guard priority.map({ name in SnapshotPriority.allCases.contains { $0.rawValue == name } }) ?? true else {
            throw ValidationError("--priority: no_sync, snapshot or replica.")
        }
        let isDigest = checksum.map { $0.utf8.count == 64 && $0.allSatisfy(\.isHexDigit) } ?? true
        guard isDigest else { throw ValidationError("--checksum: 64 hexadecimal digits.") }
    }
}

struct SnapshotRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a collection, or a whole storage, from a snapshot.",
        discussion: """
            The snapshot is a file here, an http(s) or file address that the server can reach, or the name of one that
            the server, or the directory of --snapshots, has. It is checked to its end before anything is replaced. With
            --storage the directory may be new; a snapshot of a whole storage brings its aliases, and can only be
            restored that way (or when a server starts).

            Examples:
              quiver snapshot restore products.snapshot --collection products --as products_restored
              quiver snapshot restore http://other:6333/collections/a/snapshots/a.snapshot --collection a --overwrite
              quiver snapshot restore full-snapshot-2026-11-21-17-00-00.snapshot --storage ./restored
            """)

    @Argument(help: "A file, an address, or the name of a snapshot.", completion: .file(extensions: ["snapshot"]))
    var source: String

    @Option(name: .customLong("as"), help: ArgumentHelp("What the collection will be called.", valueName: "name"))
    var newName: String?

    @OptionGroup var options: SnapshotOptions
    @OptionGroup var restoring: RestoreOptions

    func validate() throws {
        guard options.snapshots == nil || options.storage != nil else { throw ValidationError("restore needs --storage.") }
        guard options.isOffline || options.collection != nil || newName != nil else {
            throw ValidationError("Give --collection or --as: servers restore collections.")
        }
    }

    func run() async throws {
        Interruption.listen()
        let progress = Progress(isJSON: options.json)
        if options.isOffline {
            try await restoreOffline(progress)
        } else {
            try await restoreAtServer(progress)
        }
    }

    // MARK: At a server

    private func restoreAtServer(_ progress: Progress) async throws {
        var target = options
        target.collection = newName ?? options.collection
        if access(source, F_OK) == 0 {
            try await Self.upload(source, target, restoring, progress)
            return
        }
        let server = try options.remote()
        var location = source
        var checksum = restoring.checksum
        var key: String?
        if !["http://", "https://", "file://"].contains(where: source.hasPrefix) {
            // The server fetches it from itself.
            let description = try await options.find(source, server)
            location = server.location(options.scope, source)
            checksum = checksum ?? description.checksum
            key = server.apiKey
        }
        try await Self.refuseExisting(target, restoring, server)
        try await server.recover(
            from: location, target.scope, priority: restoring.priority, checksum: checksum, apiKey: key, progress)
        Self.tell(target.collection.map { [$0] } ?? [], options.json, progress)
    }

    static func upload(
        _ path: String, _ options: SnapshotOptions, _ restoring: RestoreOptions, _ progress: Progress
    ) async throws {
        let server = try options.remote()
        let file = try InputFile(path)
        try await refuseExisting(options, restoring, server)
        try await server.upload(
            file, options.scope, priority: restoring.priority, checksum: restoring.checksum, progress)
        tell(options.collection.map { [$0] } ?? [], options.json, progress)
    }

    private static func refuseExisting(
        _ options: SnapshotOptions, _ restoring: RestoreOptions, _ server: ServerSnapshots
    ) async throws {
        guard !restoring.overwrite, let name = options.collection, try await server.collectionExists(name) else { return }
        throw CommandFailure(
            code: .cannotCreate, message: "\(server.name) has a collection \(name) already; --overwrite replaces it")
    }

    // MARK: In a directory

    private func restoreOffline(_ progress: Progress) async throws {
        let place = try options.offline(isNew: true)
        let content = try content(place)
        let kind = content.kind
        if kind == .storage, newName != nil || options.collection != nil {
            throw CommandFailure(
                code: .usage, message: "\(source) is of a whole storage, which has no other name; leave out --collection and --as")
        }
        let database = try place.open()
        defer { database.close() }
        progress.begin("restoring \(source)", total: content.byteCount, unit: .bytes)
        var offset = 0
        let read: ArchiveSource = { buffer in
            try Interruption.check()
            let count = try content.read(offset, buffer)
            offset += count
            progress.advance(count)
            return count
        }
        let name = newName ?? options.collection ?? content.collection ?? ""
        do throws(QuiverError) {
            switch kind {
            case .storage:
                try database.snapshots.recoverStorage(
                    from: read, of: database, replacing: restoring.overwrite, checksum: restoring.checksum)
            case .collection:
                guard restoring.overwrite || !database.collectionExists(name) else {
                    throw QuiverError(.alreadyExists, "there is a collection \(name) already; --overwrite replaces it")
                }
                try database.snapshots.recover(from: read, into: name, of: database, checksum: restoring.checksum)
            }
        } catch {
            progress.clear()
            throw Interruption.isAsked ? Interruption.failure : CommandFailure(error, source)
        }
        progress.end()
        Self.tell(kind == .storage ? database.collectionNames : [name], options.json, progress)
    }

    /// A file, or one of the snapshots in the directory.
    private func content(_ place: OfflineSnapshots) throws -> SnapshotFile {
        if access(source, F_OK) == 0 { return try SnapshotFile(InputFile(source)) }
        return try place.content(options.scope, source)
    }

    private static func tell(_ collections: [String], _ isJSON: Bool, _ progress: Progress) {
        for name in collections {
            progress.event("restored") { $0.member("collection", name) }
            if !isJSON { print("restored \(name)") }
        }
    }
}
