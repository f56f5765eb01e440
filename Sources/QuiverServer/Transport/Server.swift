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
        let handlers: Handlers
        let listeners: [Listener]
        do {
            handlers = try Handlers(database: database, options: options, logger: logger)
            listeners = try await startAll(handlers, group: ownGroup ?? MultiThreadedEventLoopGroup.singleton)
        } catch {
            try? await ownGroup?.shutdownGracefully()
            throw error
        }
        onListening(options.host, listeners.first?.port ?? 0)
        for await _ in signals { break }
        let patience = ContinuousClock.now + options.drainTimeout
        var unfinished = 0
        for listener in listeners { unfinished += await listener.stop(within: options.drainTimeout) }
        handlers.backupSessions.closeAll()
        // What nobody waits for, such as a snapshot that was asked for with `wait=false`, ends as well where it can.
        if await !isIdle(handlers.longWork, until: patience) {
            logger.warning("a snapshot or a recovery was not finished")
        }
        try? await ownGroup?.shutdownGracefully()
        if unfinished > 0 { throw ServerFailure.unfinished(unfinished) }
    }

    /// The interface alone.
    func start(group: any EventLoopGroup) async throws -> Listener {
        try await start(try Handlers(database: database, options: options, logger: logger), group: group)
    }

    /// The interface, and the port for metrics where there is one. When one of them cannot be listened on, neither is.
    func startAll(group: any EventLoopGroup) async throws -> [Listener] {
        try await startAll(try Handlers(database: database, options: options, logger: logger), group: group)
    }

    private func isIdle(_ work: LongWork, until end: ContinuousClock.Instant) async -> Bool {
        let seconds = max(1, (end - .now).seconds)
        return await withCheckedContinuation { continuation in
            OSThread.detach { continuation.resume(returning: work.waitUntilIdle(atMostSeconds: seconds)) }
        }
    }

    private func startAll(_ handlers: Handlers, group: any EventLoopGroup) async throws -> [Listener] {
        let first = try await start(handlers, group: group)
        guard options.metricsPort > 0 else { return [first] }
        do {
            return [first, try await startMetrics(handlers, group: group)]
        } catch {
            _ = await first.stop(within: .zero)
            throw error
        }
    }

    private func start(_ handlers: Handlers, group: any EventLoopGroup) async throws -> Listener {
        try await listen(
            Dispatcher(
                handlers: handlers, options: options, logger: logger, authentication: Authentication(options.security)),
            group: group)
    }

    /// For whoever watches over the server and has no key.
    private func startMetrics(_ handlers: Handlers, group: any EventLoopGroup) async throws -> Listener {
        var options = options
        options.port = options.metricsPort
        let routes = RouteTable.routes.filter { [.metrics, .health, .ready].contains($0.operation) }
        return try await listen(
            Dispatcher(handlers: handlers, options: options, logger: logger, routes: routes, authentication: nil),
            group: group)
    }

    private func listen(_ dispatcher: Dispatcher, group: any EventLoopGroup) async throws -> Listener {
        do {
            return try await Listener.start(dispatcher, group: group)
        } catch let error as IOError {
            throw ServerFailure.cannotListen(
                host: dispatcher.options.host, port: dispatcher.options.port,
                reason: String(cString: strerror(error.errnoCode)))
        }
    }
}

public enum ServerFailure: Error, CustomStringConvertible {
    case cannotListen(host: String, port: Int, reason: String)
    /// What was set by an earlier run cannot be read.
    case unreadable(path: String, reason: String)
    /// So many connections were closed before their requests were answered.
    case unfinished(Int)

    public var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason): "cannot listen on \(host):\(port): \(reason)"
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .unfinished(let count): "\(count) requests could not be finished"
        }
    }
}
