import ArgumentParser
import Logging
import Quiver
import QuiverModel
import QuiverTestKit
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@testable import QuiverCLI

/// `quiver verify` by its parts; whole, it is driven by `Tests/Crash/test_verify.py`.
struct VerifyTests {
    private func storage() async throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        var options = Database.Options()
        options.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let database = try Database.open(directory.path, options: options)
        defer { database.close() }
        try await database.createCollection("c", CollectionConfig(size: 2, distance: .dot))
        return directory
    }

    private func code(_ body: () throws -> Void) -> ExitCode? {
        do {
            try body()
            return nil
        } catch {
            return (error as? CommandFailure)?.code ?? error as? ExitCode
        }
    }

    @Test func flags() throws {
        let arguments = ["verify", "s", "--collection", "a", "--collection", "b", "--json"]
        let command = try #require(try QuiverCommand.parseAsRoot(arguments) as? VerifyCommand)
        #expect(command.path == "s" && command.collections == ["a", "b"] && command.json)
        #expect(throws: (any Error).self) { try QuiverCommand.parseAsRoot(["verify"]) }
    }

    /// Wherever it is asked to end, it ends there, and nothing of it stays.
    @Test func endsWhenAsked() async throws {
        let directory = try await storage()
        var calls = 0
        _ = try StorageVerifier(path: directory.path).run(note: { _ in }, progress: { _, _ in calls += 1; return true })
        #expect(calls > 0)
        for last in 0..<calls {
            var left = last
            #expect(throws: VerificationCancelled.self) {
                try StorageVerifier(path: directory.path).run(
                    note: { _ in },
                    progress: { _, _ in
                        left -= 1
                        return left >= 0
                    })
            }
        }
        #expect(code { try VerifyCommand.parse([directory.path]).run() } == nil)
    }

    @Test func exitCodes() async throws {
        let directory = try await storage()
        #expect(code { try VerifyCommand.parse([directory.path + "/none"]).run() } == .noInput)
        #expect(code { try VerifyCommand.parse([directory.path + "/collections"]).run() } == .noInput)
        #expect(code { try VerifyCommand.parse([directory.path, "--collection", "d"]).run() } == .noInput)
        // No snapshot at all.
        #expect(code { try VerifyCommand.parse([directory.path + "/catalog.mdb"]).run() } == .differs)
        unlink(directory.path + "/catalog.mdb")
        #expect(code { try VerifyCommand.parse([directory.path]).run() } == .differs)
        let open = try TemporaryDirectory()
        let database = try Database.open(open.path)
        defer { database.close() }
        #expect(code { try VerifyCommand.parse([open.path]).run() } == .temporaryFailure)
    }

    @Test func scrubbing() throws {
        let environment = [
            "QUIVER__STORAGE__SCRUB_INTERVAL_HOURS": "2", "QUIVER__STORAGE__SCRUB_MB_PER_SECOND": "5",
        ]
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let settings = try Configuration.load(file: nil, environment: environment, flags: []).settings()
        let options = try settings.databaseOptions(cores: 1, logger: logger)
        #expect(options.scrubInterval == .seconds(7200) && options.scrubBytesPerSecond == 5 << 20)
        let stock = try Settings().databaseOptions(cores: 1, logger: logger)
        #expect(stock.scrubInterval == Database.Options().scrubInterval)
        #expect(stock.scrubBytesPerSecond == Database.Options().scrubBytesPerSecond)
    }
}
