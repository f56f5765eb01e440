import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import Quiver
import ServiceLifecycle
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

    /// Listens until the process is told to stop by SIGTERM or SIGINT: then no new connection is taken,
    /// requests in flight are finished (at most for `drainTimeout`), and the call returns.
    ///
    /// The database stays open; closing it is the caller's part.
    /// - Parameter onListening: called with the address once connections are accepted.
    /// - Throws: `ServerFailure` when the address cannot be listened on.
    public func run(onListening: @escaping @Sendable (_ host: String, _ port: Int) -> Void = { _, _ in }) async throws {
        // The process's own group has a thread per core and lives as long as the process; only one that was made for
        // this server is shut down with it.
        let ownGroup =
            options.eventLoopThreads > 0
            ? MultiThreadedEventLoopGroup(numberOfThreads: options.eventLoopThreads) : nil
        let group = ownGroup ?? MultiThreadedEventLoopGroup.singleton
        let application = self.application(group: group, onListening: onListening)
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: application)], gracefulShutdownSignals: [.sigterm, .sigint], logger: quietLogger)
        configuration.maximumGracefulShutdownDuration = options.drainTimeout
        configuration.maximumCancellationDuration = .seconds(5)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            try? await ownGroup?.shutdownGracefully()
            throw ServerFailure.cannotListen(
                host: options.host, port: options.port, reason: String(cString: strerror(error.errnoCode)))
        }
        try? await ownGroup?.shutdownGracefully()
    }

    func application(
        group: any EventLoopGroup, onListening: @escaping @Sendable (String, Int) -> Void
    ) -> Application<ServerResponder> {
        let responder = ServerResponder(
            handlers: Handlers(database: database, options: options), options: options, logger: logger)
        let host = options.host
        let channelConfiguration = HTTP1Channel.Configuration(idleTimeout: options.idleTimeout.map { TimeAmount($0) })
        return Application(
            responder: responder,
            server: HTTPServerBuilder { responder in
                EventLoopChannel(HTTP1Channel(responder: responder, configuration: channelConfiguration))
            },
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port), backlog: 1024),
            onServerRunning: { channel in onListening(host, channel.localAddress?.port ?? 0) },
            eventLoopGroupProvider: .shared(group),
            logger: quietLogger)
    }

    /// Hummingbird's and the life cycle's own lines are of interest only when looking for a fault in them.
    private var quietLogger: Logger {
        var quiet = logger
        if quiet.logLevel >= .debug { quiet.logLevel = max(quiet.logLevel, .warning) }
        return quiet
    }
}

public enum ServerFailure: Error, CustomStringConvertible {
    case cannotListen(host: String, port: Int, reason: String)

    public var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason): "cannot listen on \(host):\(port): \(reason)"
        }
    }
}
