import ArgumentParser
import Logging
import Quiver
import QuiverIndex
import QuiverModel
import QuiverServer

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        discussion: """
            Settings come from, later ones winning: built-in defaults, config/config.yaml, the file of --config,
            environment variables (QDRANT__SERVICE__HTTP_PORT or QUIVER__SERVICE__HTTP_PORT), and flags.
            An unknown key is an error. SIGTERM and SIGINT finish the requests in flight and end with code 0.

            Exit codes: 64 usage, 69 the port is taken, 73 the storage is in use by another process or cannot be
            created, 74 the storage is damaged, 78 configuration. For --snapshot and --storage-snapshot: 65 the archive
            is damaged or does not fit, 66 there is no such file, 73 the collection exists already.

            Examples:
              quiver serve
              quiver serve --storage /var/lib/quiver --port 7333
              QUIVER__LOG_LEVEL=debug quiver serve --config quiver.yaml
              quiver serve --print-config
            """)

    @Option(
        name: [.customLong("config"), .customLong("config-path")],
        help: ArgumentHelp("A YAML file in Qdrant's layout.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        help: ArgumentHelp("The directory of all data (storage.storage_path).", valueName: "dir"),
        completion: .directory)
    var storage: String?

    @Option(help: "The address to listen on (service.host).")
    var host: String?

    @Option(help: "The port to listen on (service.http_port).")
    var port: String?

    @Option(
        name: .customLong("snapshot"),
        help: ArgumentHelp(
            "Before serving, recover a collection from a snapshot; may be given several times.",
            valueName: "file:collection"))
    var snapshots: [String] = []

    @Option(
        help: ArgumentHelp("Before serving, recover all collections of a snapshot of the storage.", valueName: "file"),
        completion: .file())
    var storageSnapshot: String?

    @Flag(help: "Let --snapshot and --storage-snapshot replace collections that are there.")
    var forceSnapshot = false

    @Flag(help: "List every key with its value and where that comes from, then end.")
    var printConfig = false

    func run() async throws {
        let layers: ConfigurationLayers
        let settings: Settings
        do {
            layers = try Configuration.load(
                file: config, environment: ProcessEnvironment.all, flags: flags)
            settings = try layers.settings()
        } catch let error as ConfigurationError {
            throw CommandFailure(code: .configuration, message: error.description)
        }
        if printConfig {
            print(layers.listing)
            return
        }
        FileDescriptors.raiseLimit()
        Allocator.keepLargeBlocks()
        try await serve(settings, layers)
    }

    private var flags: [ConfigurationLayers.Entry] {
        [
            ("storage.storage_path", storage, "--storage"), ("service.host", host, "--host"),
            ("service.http_port", port, "--port"),
        ]
        .compactMap { path, value, place in
            value.map { ConfigurationLayers.Entry(path: path, text: $0, place: place) }
        }
    }

    private func serve(_ settings: Settings, _ layers: ConfigurationLayers) async throws {
        LogThreshold.level = settings.logLevel
        LoggingSystem.bootstrap { LineLogHandler(label: $0, level: nil, format: settings.logFormat) }
        let logger = Logger(label: "quiver")
        for notice in layers.notices { logger.notice("\(notice)") }
        for warning in layers.warnings { logger.warning("\(warning)") }
        let databaseOptions: Database.Options
        do throws(ConfigurationError) {
            databaseOptions = try settings.databaseOptions(cores: ProcessEnvironment.cores, logger: logger)
        } catch {
            throw CommandFailure(code: .configuration, message: error.description)
        }
        let database = try StorageOpening.open(settings.storagePath, options: databaseOptions)
        do throws(CommandFailure) {
            try StartSnapshots(collections: snapshots, storage: storageSnapshot, replaces: forceSnapshot)
                .recover(into: database, logger)
        } catch {
            database.close()
            throw error
        }
        var options = settings.server
        options.allocatorUse = Allocator.use
        options.logLevel = LogThreshold.change
        let server = QuiverServer(database: database, options: options, logger: logger)
        do {
            try await server.run { host, port in
                logger.info(
                    "Quiver \(ServerVersion.quiver) listens on http://\(host):\(port)",
                    metadata: [
                        "interface": "qdrant \(ServerVersion.interface)", "storage": "\(settings.storagePath)",
                        "collections": "\(database.collectionNames.count)",
                        "kernels": "\(CodeEncoder.kernelName)",
                    ])
            }
        } catch let failure as ServerFailure {
            switch failure {
            case .cannotListen:
                database.close()
                throw CommandFailure(code: .unavailable, message: failure.description)
            case .unreadable:
                database.close()
                throw CommandFailure(code: .inputOutput, message: failure.description)
            case .unfinished: break
            }
            // What was acknowledged is durable all the same.
            logger.warning("\(failure)")
        } catch {
            // A drain that took too long ends with a cancellation; what was acknowledged is durable all the same.
            logger.warning("not every request could be finished", metadata: ["cause": "\(error)"])
        }
        database.close()
        logger.info("stopped")
    }
}

/// Opening a storage directory from the command line, with the exit code that tells what failed.
enum StorageOpening {
    /// For commands that are no server: the engine tells of errors alone.
    static var quietOptions: Database.Options {
        var options = Database.Options()
        options.logger = Logger(label: "quiver") { LineLogHandler(label: $0, level: .error, format: .text) }
        return options
    }

    static func open(_ path: String, options: Database.Options) throws -> Database {
        do throws(QuiverError) {
            return try Database.open(path, options: options)
        } catch {
            let code: ExitCode =
                switch error.kind {
                case .locked: .cannotCreate
                case .corrupted, .insufficientStorage, .readOnly: .inputOutput
                case .badInput, .badRequest, .forbidden: .cannotCreate
                default: .inputOutput
                }
            let advice =
                error.kind == .corrupted
                ? "; nothing was changed. `quiver verify \(path)` tells all that is wrong; what is damaged, restore from a "
                    + "backup or a snapshot into a new directory (`quiver backup restore`, `quiver snapshot restore`)" : ""
            throw CommandFailure(code: code, message: "cannot open the storage \(path): \(error.message)\(advice)")
        }
    }
}

enum ProcessEnvironment {
    static var all: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let equals = line.firstIndex(of: "=") {
                result[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            entry += 1
        }
        return result
    }

    static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
