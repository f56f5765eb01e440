import ArgumentParser
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

    @Test(arguments: [
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
    }
}
