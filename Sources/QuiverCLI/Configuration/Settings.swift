import Logging
import Quiver
import QuiverModel
import QuiverServer

/// Everything that can be configured, with its defaults. `SettingKeys` says how each part is named and read.
struct Settings: Sendable {
    enum LogFormat: String, CaseIterable, Sendable {
        case text, json
    }

    var storagePath = "./storage"
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
        return options
    }
}
