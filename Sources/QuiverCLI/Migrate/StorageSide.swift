import Logging
import Quiver
import QuiverServer

/// A storage directory that no server has open, as one side of a migration: a server of its own, which only this process
/// can ask.
final class StorageSide: Sendable {
    let directory: String
    let address: ServerAddress
    let apiKey: String
    private let database: Database
    private let server: ServerListening

    /// - Throws: `CommandFailure` with 73 when another process has it, 74 when it is damaged.
    init(_ directory: String) async throws {
        self.directory = directory
        let logger = Logger(label: "quiver") { LineLogHandler(label: $0, level: .critical, format: .text) }
        var options = Database.Options()
        options.logger = logger
        let database = try StorageOpening.open(directory, options: options)
        apiKey = (0..<4).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 16) }.joined()
        var serving = ServerOptions()
        serving.host = "127.0.0.1"
        serving.port = 0
        serving.security.apiKey = apiKey
        do {
            server = try await QuiverServer(database: database, options: serving, logger: logger).listen()
        } catch {
            database.close()
            throw CommandFailure(code: .unavailable, message: "\(error)")
        }
        self.database = database
        address = try ServerAddress("http://127.0.0.1:\(server.port)")
    }

    func close() async {
        await server.stop()
        database.close()
    }
}
