import ArgumentParser
import QuiverServer

@main
struct QuiverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quiver",
        abstract: "A vector database that speaks Qdrant's REST interface.",
        discussion: """
            Examples:
              quiver serve --storage ./storage
              quiver import --url http://localhost:6333 --collection products \\
                  --vectors products.npy --payloads products.jsonl
            """,
        version: "quiver \(ServerVersion.quiver) (interface of Qdrant \(ServerVersion.interface))",
        subcommands: [
            ServeCommand.self, ImportCommand.self, MigrateCommand.self, SnapshotCommand.self, BackupCommand.self,
            VerifyCommand.self, BenchCommand.self,
        ])

    /// Like the default, with our failures as one sentence and their own exit codes.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            StandardError.writeLine("quiver: " + failure.message)
            exit(withError: failure.code)
        } catch {
            exit(withError: error)
        }
    }
}
