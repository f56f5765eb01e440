import Logging
import NIOPosix
import Quiver

@testable import QuiverServer

/// A server over a database in a directory of its own.
struct RunningServer: Sendable {
    let database: Database
    let listener: Listener

    var port: Int { listener.port }

    func connect() async throws -> WireClient { try await .connect(port) }

    static func serving(
        options: ServerOptions = ServerOptions(), storage: Database.Options = Database.Options(),
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let directory = TemporaryDirectory()
        defer { directory.remove() }
        let database = try Database.open(directory.path, options: storage)
        defer { database.close() }
        var options = options
        options.host = "127.0.0.1"
        options.port = 0
        let server = QuiverServer(
            database: database, options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let listener = try await server.start(group: MultiThreadedEventLoopGroup.singleton)
        do {
            try await body(RunningServer(database: database, listener: listener))
        } catch {
            _ = await listener.stop(within: .zero)
            throw error
        }
        _ = await listener.stop(within: .zero)
    }

    /// Without an end: the caller stops the listeners.
    static func start(_ database: Database, _ options: ServerOptions) async throws -> [Listener] {
        var options = options
        options.host = "127.0.0.1"
        options.port = 0
        let server = QuiverServer(
            database: database, options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await server.startAll(group: MultiThreadedEventLoopGroup.singleton)
    }

    /// The same with one client.
    static func serving(
        options: ServerOptions = ServerOptions(), _ body: @Sendable (WireClient) async throws -> Void
    ) async throws {
        try await serving(options: options) { (server: RunningServer) async throws in
            let client = try await server.connect()
            try await body(client)
            await client.close()
        }
    }
}
