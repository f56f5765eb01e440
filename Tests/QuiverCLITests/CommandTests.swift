import ArgumentParser
import Quiver
import QuiverModel
import Testing

@testable import QuiverCLI

struct CommandTests {
    @Test func serveFlags() throws {
        let command = try #require(
            try QuiverCommand.parseAsRoot(["serve", "--config-path", "a.yaml", "--port", "1"]) as? ServeCommand)
        #expect(command.config == "a.yaml" && command.port == "1" && command.storage == nil)
    }

    @Test func importFlags() throws {
        let arguments = [
            "import", "--vectors", "v.npy", "--collection", "c", "--url", "http://x", "--distance", "cosine", "--index",
            "price:float", "--index", "a.b[]:keyword", "--first-id", "5",
        ]
        let command = try #require(try QuiverCommand.parseAsRoot(arguments) as? ImportCommand)
        #expect(command.distance?.distance == .cosine && command.firstID == 5)
        #expect(command.indexes.map(\.field.text) == ["price", "a.b[]"])
        #expect(command.indexes.map(\.type) == [.float, .keyword])
    }

    @Test func migrateFlags() throws {
        let arguments = ["migrate", "--from", "http://a", "--collection", "x", "--collection", "y=z=1", "--parallel", "2"]
        let command = try #require(try QuiverCommand.parseAsRoot(arguments) as? MigrateCommand)
        #expect(command.collections.map(\.choice) == [.init(name: "x", newName: "x"), .init(name: "y", newName: "z=1")])
        #expect(command.from == "http://a" && command.to == nil && command.parallel == 2)
    }

    @Test func snapshotFlags() throws {
        let arguments = ["snapshot", "restore", "a.snapshot", "--storage", "s", "--as", "b", "--overwrite"]
        let command = try #require(try QuiverCommand.parseAsRoot(arguments) as? SnapshotRestoreCommand)
        #expect(command.options.isOffline && command.newName == "b" && command.restoring.overwrite)
        let shard = ["snapshot", "list", "--collection", "ä/b", "--shard", "0"]
        let list = try #require(try QuiverCommand.parseAsRoot(shard) as? SnapshotListCommand)
        #expect(list.options.scope == .shard("ä/b", 0))
        #expect(list.options.scope.path == "/collections/%C3%A4%2Fb/shards/0/snapshots")
    }

    @Test(arguments: [
        ["migrate"], ["migrate", "--from", "a", "--overwrite", "--skip-existing"],
        ["migrate", "--from", "a", "--parallel", "0"], ["migrate", "--from", "a", "--collection", "=b"],
        ["snapshot", "list", "--server", "a", "--storage", "b"], ["snapshot", "create", "--shard", "0"],
        ["snapshot", "upload", "f"], ["snapshot", "restore", "f"],
        ["snapshot", "restore", "f", "--collection", "c", "--checksum", "12"],
        ["snapshot", "restore", "f", "--collection", "c", "--priority", "mine"],
        ["snapshot", "download", "n", "-o", "-", "--json"],
        ["import", "--vectors", "v", "--collection", "c"],
        ["import", "--vectors", "v", "--collection", "c", "--url", "u", "--storage", "s"],
        ["import", "--vectors", "v", "--collection", "c", "--url", "u", "--index", "price"],
        ["import", "--vectors", "v", "--collection", "c", "--url", "u", "--distance", "far"],
        ["serve", "--prot", "1"],
        ["nothing"],
    ])
    func wrongUsage(arguments: [String]) {
        do {
            _ = try QuiverCommand.parseAsRoot(arguments)
            Issue.record("accepted")
        } catch {
            #expect(QuiverCommand.exitCode(for: error) == .usage)
        }
    }

    @Test func helpShowsExamples() {
        #expect(QuiverCommand.helpMessage().contains("Examples:"))
        #expect(QuiverCommand.helpMessage(for: ServeCommand.self).contains("quiver serve --storage"))
        #expect(QuiverCommand.helpMessage(for: ImportCommand.self).contains("--resume"))
        #expect(QuiverCommand.helpMessage(for: MigrateCommand.self).contains("quiver migrate --from http://qdrant:6333"))
        for command in SnapshotCommand.configuration.subcommands {
            #expect(QuiverCommand.helpMessage(for: command).contains("quiver snapshot "))
        }
    }
}
