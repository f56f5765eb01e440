import Logging

@testable import Quiver

extension Quiver.Database.Options {
    /// Of a storage that is opened many times: as few threads as will do, and no word of what is expected to fail.
    static var quiet: Self {
        var options = Self()
        options.workerThreads = 1
        options.indexingThreads = 1
        options.logger.logLevel = .critical
        options.scrubInterval = .zero
        return options
    }
}
