import Logging
import Quiver
import QuiverBackup
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

        private static let section = "storage.snapshots_config.s3_config"

        func storage() throws(ConfigurationError) -> S3SnapshotStorage {
            guard let bucket else {
                throw ConfigurationError(place: Self.section, message: "a bucket has to be given for snapshots in S3")
            }
            do throws(ObjectStoreError) {
                let credentials: S3Credentials?
                if let accessKey, let secretKey {
                    credentials = S3Credentials(accessKeyID: accessKey, secretAccessKey: secretKey)
                } else {
                    credentials = try S3Credentials.find()
                }
                let location = try S3Location(bucket: bucket, region: region ?? "us-east-1", endpoint: endpointURL)
                return S3SnapshotStorage(S3ObjectStore(location, credentials: credentials))
            } catch {
                throw ConfigurationError(place: Self.section, message: "\(error)")
            }
        }
    }

    var storagePath = "./storage"
    /// Nil: in the storage directory.
    var snapshotsPath: String?
    var snapshotsAreInS3 = false
    var s3 = S3()
    /// MiB of log that are kept of a collection for its next backup.
    var keptLogMegabytes = Limits.keptLogBytes >> 20
    /// Between two readings of all segment files; 0: never.
    var scrubIntervalHours = 24
    /// MiB that they read in a second.
    var scrubMegabytesPerSecond = 32
    var server = ServerOptions()
    /// Threads that answer queries; 0: one per core.
    var searchThreads = 0
    /// Cores for sealing, indexing and merging; 0: chosen by the engine, negative: so many less than there are.
    var optimizerCPUBudget = 0
    var logLevel = Logger.Level.info
    var logFormat = LogFormat.text

    /// - Throws: `ConfigurationError` when the bucket of snapshots cannot be one, or there are no keys for it.
    func databaseOptions(cores: Int, logger: Logger) throws(ConfigurationError) -> Database.Options {
        var options = Database.Options()
        options.workerThreads = searchThreads
        options.indexingThreads = optimizerCPUBudget >= 0 ? optimizerCPUBudget : max(1, cores + optimizerCPUBudget)
        options.logger = logger
        options.snapshotsPath = snapshotsPath
        if snapshotsAreInS3 { options.snapshotStorage = try s3.storage() }
        options.keptLogBytes = keptLogMegabytes << 20
        options.survivesUnreadablePages = true
        options.scrubInterval = .seconds(scrubIntervalHours * 3600)
        options.scrubBytesPerSecond = scrubMegabytesPerSecond << 20
        return options
    }
}
