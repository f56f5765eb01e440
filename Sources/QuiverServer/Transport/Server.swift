import Glibc
public import Logging
import NIOCore
import NIOPosix
public import Quiver
import UnixSignals

/// Qdrant's REST interface over a database.
public struct QuiverServer: Sendable {
    private let database: Database
    private let options: ServerOptions
    private let logger: Logger

    public init(database: Database, options: ServerOptions, logger: Logger) {
        self.database = database
        self.options = options
        self.logger = logger
    }

    /// Listens until the process is told to stop by SIGTERM or SIGINT, or the task is cancelled: then no new connection
    /// is taken, requests in flight are finished (at most for `drainTimeout`), and the call returns.
    ///
    /// The database stays open; closing it is the caller's part.
    /// - Parameter onListening: called with the address once connections are accepted.
    /// - Throws: `ServerFailure`: when the address cannot be listened on, or requests had to be given up.
    public func run(onListening: @escaping @Sendable (_ host: String, _ port: Int) -> Void = { _, _ in }) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        // The process's own group has a thread per core and lives as long as the process; only one that was made for
        // this server is shut down with it.
        let ownGroup =
            options.eventLoopThreads > 0
            ? MultiThreadedEventLoopGroup(numberOfThreads: options.eventLoopThreads) : nil
        let listener: Listener
        do {
            listener = try await start(group: ownGroup ?? MultiThreadedEventLoopGroup.singleton)
        } catch {
            try? await ownGroup?.shutdownGracefully()
            throw error
        }
        onListening(options.host, listener.port)
        for await _ in signals { break }
        let unfinished = await listener.stop(within: options.drainTimeout)
        try? await ownGroup?.shutdownGracefully()
        if unfinished > 0 { throw ServerFailure.unfinished(unfinished) }
    }

    func start(group: any EventLoopGroup) async throws -> Listener {
        let dispatcher = Dispatcher(
            handlers: Handlers(database: database, options: options), options: options, logger: logger)
        do {
            return try await Listener.start(dispatcher, group: group)
        } catch let error as IOError {
            throw ServerFailure.cannotListen(
                host: options.host, port: options.port, reason: String(cString: strerror(error.errnoCode)))
        }
    }
}

public enum ServerFailure: Error, CustomStringConvertible {
    case cannotListen(host: String, port: Int, reason: String)
    /// So many connections were closed before their requests were answered.
    case unfinished(Int)

    public var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason): "cannot listen on \(host):\(port): \(reason)"
        case .unfinished(let count): "\(count) requests could not be finished"
        }
    }
}
