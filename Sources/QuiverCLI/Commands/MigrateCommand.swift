import ArgumentParser
import QuiverJSON

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Copy collections between two servers that speak Qdrant's interface.",
        discussion: """
            Copies configuration, field indexes, points with all their vectors and payloads, and aliases, by the public
            interface alone; then compares both sides: counts, a sample of points, what exact searches find, indexes,
            aliases, configuration. The side that is not given is the local server. Strict mode is set when all points
            are there, aliases appear then too. What is written to the source meanwhile may be missing from the copy.

            How far it is stands in a file (--state). After Ctrl-C, a crash or a lost server the same command goes on
            where it was. The file is removed when everything was found equal.

            Keys: --from-api-key and --to-api-key, or better QUIVER_FROM_API_KEY and QUIVER_TO_API_KEY, which other
            users of the machine cannot see.

            Exit codes: 0 copied and equal; 1 copied, but something differs; 64 usage; 65 the source cannot be copied
            or the target refuses; 66 no such collection; 69 no answer; 73 a collection is at the target already, or
            the migration is running elsewhere; 74 no room; 77 a key is missing or wrong; 130 interrupted.

            Examples:
              quiver migrate --from http://qdrant:6333
              quiver migrate --from https://qdrant.example:6333 --collection products --collection docs=docs_2026
              quiver migrate --from http://qdrant:6333 --dry-run
              quiver migrate --to http://qdrant:6333 --overwrite --json
              quiver migrate --from http://qdrant:6333 --to-storage ./storage
            """)

    static let local = "http://127.0.0.1:6333"

    @Option(help: ArgumentHelp("The server to copy from; \(local) unless given.", valueName: "url"))
    var from: String?

    @Option(help: ArgumentHelp("The server to copy to; \(local) unless given.", valueName: "url"))
    var to: String?

    @Option(
        help: ArgumentHelp("Copy from a storage directory that no server has open.", valueName: "dir"),
        completion: .directory)
    var fromStorage: String?

    @Option(
        help: ArgumentHelp("Copy into a storage directory that no server has open; made when it is new.", valueName: "dir"),
        completion: .directory)
    var toStorage: String?

    @Option(help: ArgumentHelp("The key of the source.", valueName: "key"))
    var fromApiKey: String?

    @Option(help: ArgumentHelp("The key of the target.", valueName: "key"))
    var toApiKey: String?

    @Option(
        name: .customLong("collection"),
        help: ArgumentHelp("Only this one, maybe under another name; repeatable.", valueName: "name[=newname]"))
    var collections: [CollectionChoiceArgument] = []

    @Flag(help: "Delete collections of these names at the target first.")
    var overwrite = false

    @Flag(help: "Leave out collections that are at the target already.")
    var skipExisting = false

    @Flag(help: "Tell what would be copied and what the target refuses, found out with an empty trial collection.")
    var dryRun = false

    @Option(help: ArgumentHelp("Where it is noted how far the copy is.", valueName: "file"), completion: .file())
    var state: String?

    @Option(help: "Requests at once.")
    var parallel = 4

    @Option(help: "The most points of a request; fewer are sent where they are large.")
    var batch = 1000

    @Option(help: "Seconds for which a request is tried again while a server gives no answer.")
    var patience = 300

    @Option(help: "Points that are compared at the end.")
    var sample = 1000

    @Option(help: "Exact searches that are compared at the end, for each vector name.")
    var queries = 20

    @Flag(help: "Do not compare.")
    var noVerify = false

    @Flag(help: "Tell everything as JSON lines on standard output.")
    var json = false

    func validate() throws {
        guard from != nil || to != nil || fromStorage != nil || toStorage != nil else {
            throw ValidationError("Give --from or --to, or --from-storage or --to-storage.")
        }
        guard from == nil || fromStorage == nil, to == nil || toStorage == nil else {
            throw ValidationError("Each side is a server or a storage directory.")
        }
        guard !(overwrite && skipExisting) else { throw ValidationError("Give --overwrite or --skip-existing, not both.") }
        for (name, value, least) in [
            ("--parallel", parallel, 1), ("--batch", batch, 1), ("--patience", patience, 0), ("--sample", sample, 0),
            ("--queries", queries, 0),
        ] where value < least {
            throw ValidationError("\(name) is at least \(least).")
        }
        guard parallel <= 64 else { throw ValidationError("--parallel is at most 64.") }
    }

    func run() async throws {
        Interruption.listen()
        let progress = Progress(isJSON: json)
        let environment = ProcessEnvironment.all
        if let fromStorage { try InputDirectory.check(fromStorage) }
        let fromSide = try await side(fromStorage)
        let toSide: StorageSide?
        do {
            toSide = try await side(toStorage)
        } catch {
            await fromSide?.close()
            throw error
        }
        do {
            let source = try client("--from", from, fromSide, fromApiKey ?? environment["QUIVER_FROM_API_KEY"], progress)
            let target = try client("--to", to, toSide, toApiKey ?? environment["QUIVER_TO_API_KEY"], progress)
            try await run(source, target, progress, environment)
        } catch {
            await fromSide?.close()
            await toSide?.close()
            throw error
        }
        await fromSide?.close()
        await toSide?.close()
    }

    private func side(_ directory: String?) async throws -> StorageSide? {
        guard let directory else { return nil }
        return try await StorageSide(directory)
    }

    private func run(
        _ source: RESTClient, _ target: RESTClient, _ progress: Progress, _ environment: [String: String]
    ) async throws {
        var options = Migration.Options()
        if !collections.isEmpty { options.choices = collections.map(\.choice) }
        options.existing = overwrite ? .overwrite : skipExisting ? .skip : .refuse
        options.copier.workers = parallel
        options.copier.maximumPoints = batch
        options.verifier.points = sample
        options.verifier.queries = queries
        options.verifies = !noVerify
        options.isOneServer = source.url == target.url
        let migration = Migration(source: source, target: target, options: options, progress: progress)
        if dryRun {
            try await rehearse(migration, progress)
        } else {
            try await copy(migration, progress, environment)
        }
    }

    private func client(
        _ option: String, _ text: String?, _ side: StorageSide?, _ key: String?, _ progress: Progress
    ) throws -> RESTClient {
        let address: ServerAddress
        do throws(ServerAddress.Fault) {
            address = if let side { side.address } else { try ServerAddress(text ?? Self.local) }
        } catch {
            throw CommandFailure(code: .usage, message: "\(option): \(error.message)")
        }
        let key = side?.apiKey ?? key.flatMap { $0.isEmpty ? nil : $0 }
        return RESTClient(
            url: side.map { "storage \($0.directory)" } ?? address.url,
            transport: WebTransport(address, apiKey: key, connections: 2 * parallel + 2),
            patience: .seconds(patience), onWait: { progress.note($0) })
    }

    // MARK: Copying

    private func copy(_ migration: Migration, _ progress: Progress, _ environment: [String: String]) async throws {
        let fresh = MigrationState(from: migration.source.url, to: migration.target.url)
        let identity = ([fresh.from, fresh.to] + collections.map { $0.choice.name + "=" + $0.choice.newName }).joined(separator: "\n")
        let path = state ?? MigrationStateFile.defaultPath(identity: identity, environment: environment)
        let file = try MigrationStateFile(path, fresh: fresh)
        if file.wasThere { progress.note("going on where \(path) says") }
        let summary: Migration.Summary
        do {
            let items = try await migration.plan(state: file.current)
            summary = try await migration.run(items, file: file)
        } catch {
            // What was never begun needs no file.
            if file.current.collections.isEmpty { file.remove() } else { progress.note("the same command goes on from here (\(path))") }
            throw error
        }
        tell(summary, progress)
        guard summary.differences == 0 else {
            throw CommandFailure(code: .differs, message: "the copy differs in \(summary.differences) ways")
        }
        file.remove()
    }

    private func tell(_ summary: Migration.Summary, _ progress: Progress) {
        progress.event("result") { writer in
            writer.member("collections", summary.collections)
            writer.member("copied", summary.copied)
            writer.key("seconds")
            writer.value(summary.seconds)
            writer.member("differences", summary.differences)
            writer.key("skipped")
            writer.beginArray()
            for name in summary.skipped { writer.value(name) }
            writer.endArray()
            writer.key("compared")
            writer.beginArray()
            for (name, outcome) in summary.outcomes {
                writer.beginObject()
                writer.member("collection", name)
                writer.member("points", outcome.points)
                writer.member("compared_points", outcome.comparedPoints)
                writer.member("compared_searches", outcome.comparedQueries)
                writer.member("differences", outcome.differences.count)
                writer.endObject()
            }
            writer.endArray()
        }
        guard !json else { return }
        for (name, outcome) in summary.outcomes where outcome.differences.isEmpty {
            print(
                "\(name): \(outcome.points) points; \(outcome.comparedPoints) of them and \(outcome.comparedQueries) searches "
                    + "compared, all equal")
        }
        let rate = summary.seconds > 0 ? Int(Double(summary.copied) / summary.seconds) : 0
        let tenths = Int(summary.seconds * 10)
        print("copied \(summary.copied) points in \(tenths / 10).\(tenths % 10) s (\(rate)/s), \(summary.collections) collections")
    }

    // MARK: Rehearsing

    private func rehearse(_ migration: Migration, _ progress: Progress) async throws {
        let items = try await migration.plan(state: nil)
        var refused = 0
        for item in items {
            let isLeftOut = item.isForeign && migration.options.existing == .skip
            let obstacles = isLeftOut ? [] : try await migration.obstacles(item)
            refused += obstacles.isEmpty ? 0 : 1
            progress.event("plan") { Self.write(item, isLeftOut: isLeftOut, obstacles: obstacles, &$0) }
            guard !json else { continue }
            let vectors = item.blueprint.vectors.map { ($0.name.isEmpty ? "" : $0.name + " ") + "\($0.kind.size) × \($0.kind.datatype)" }
            print(
                "\(item.name)\(item.name == item.newName ? "" : " as \(item.newName)"): \(item.points) points, "
                    + (vectors + item.blueprint.sparseVectors.map { $0 + " sparse" }).joined(separator: ", ")
                    + "; \(item.blueprint.indexes.count) indexes, \(item.aliases.count) aliases"
                    + (isLeftOut ? "; left out" : item.isForeign ? "; the one at the target is deleted first" : ""))
            for member in item.blueprint.unknown { print("  \(member) is not known here and is passed on as it is") }
            for obstacle in obstacles { print("  cannot be copied: \(obstacle)") }
        }
        guard refused == 0 else {
            throw CommandFailure(code: .dataError, message: "\(refused) of \(items.count) collections cannot be copied")
        }
    }

    private static func write(_ item: Migration.Item, isLeftOut: Bool, obstacles: [String], _ writer: inout JSONWriter) {
        writer.member("collection", item.name)
        writer.member("as", item.newName)
        writer.member("points", item.points)
        writer.member("left_out", isLeftOut)
        writer.member("overwrites", item.isForeign && !isLeftOut)
        func list(_ key: StaticString, _ texts: [String], _ writer: inout JSONWriter) {
            writer.key(key)
            writer.beginArray()
            for text in texts { writer.value(text) }
            writer.endArray()
        }
        list("vectors", item.blueprint.vectors.map(\.name), &writer)
        list("sparse_vectors", item.blueprint.sparseVectors, &writer)
        list("indexes", item.blueprint.indexes.map(\.field), &writer)
        list("aliases", item.aliases, &writer)
        list("unknown", item.blueprint.unknown, &writer)
        list("obstacles", obstacles, &writer)
    }
}

/// `name`, or `name=newname`.
struct CollectionChoiceArgument: ExpressibleByArgument {
    var choice: Migration.Choice

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, let newName = parts.last, !name.isEmpty, !newName.isEmpty else { return nil }
        choice = Migration.Choice(name: name, newName: newName)
    }
}
