import Logging
import Quiver
import QuiverModel
import QuiverServer

/// Everything that can be configured, with its defaults. `SettingKeys` says how each part is named and read.
struct Settings: Sendable {
    enum LogFormat: String, CaseIterable, Sendable {
        case text, json
    }

    /// The bucket that snapshots are kept in.
    struct S3: Sendable {
        var bucket: String?
        var region: String?
        var endpointURL: String?
        var accessKey: String?
        var secretKey: String?
    }

    var storagePath = "./storage"
    /// Nil: in the storage directory.
    var snapshotsPath: String?
    var snapshotsAreInS3 = false
    var s3 = S3()
    /// MiB of log that are kept of a collection for its next backup.
    var keptLogMegabytes = Limits.keptLogBytes >> 20
    var server = ServerOptions()
    /// Threads that answer queries; 0: one per core.
    var searchThreads = 0
    /// Cores for sealing, indexing and merging; 0: chosen by the engine, negative: so many less than there are.
    var optimizerCPUBudget = 0
    var logLevel = Logger.Level.info
    var logFormat = LogFormat.text

    func databaseOptions(cores: Int, logger: Logger) -> Database.Options {
        var options = Database.Options()
        options.workerThreads = searchThreads
        options.indexingThreads = optimizerCPUBudget >= 0 ? optimizerCPUBudget : max(1, cores + optimizerCPUBudget)
        options.logger = logger
        options.snapshotsPath = snapshotsPath
        options.keptLogBytes = keptLogMegabytes << 20
        return options
    }
}
