import Foundation
import Quiver
import QuiverLMDB
import QuiverTestKit
import Testing

@testable import Quiver

/// Files that earlier versions wrote are opened, say what they said, and are written on.
@Suite struct FormatTests {
    /// `QUIVER_FREEZE_FORMATS=1` makes the sample of `FormatScript.version`; one that is there is never made anew.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["QUIVER_FREEZE_FORMATS"] != nil))
    func freeze() async throws {
        try await FormatSample.make(FormatSample.directory + "/\(FormatScript.version)")
    }

    private static func check(_ database: Quiver.Database, _ expected: FormatExpectation) throws {
        for (name, wanted) in expected.collections {
            let collection = try database.collection(name)
            #expect(collection.lastSequence == wanted.sequence, "\(name)")
            expectNone(try collection.differences(wanted), "\(name)")
        }
        let aliases = try database.aliases().map { ($0.alias, $0.collection) }
        #expect(Dictionary(uniqueKeysWithValues: aliases) == expected.aliases)
        #expect(database.collectionNames == (expected.collections.keys + [FormatScript.empty]).sorted())
    }

    private static func verify(_ path: String) throws {
        var findings: [String] = []
        _ = try StorageVerifier(path: path).run { findings.append("\($0)") }
        #expect(findings == [])
    }

    @Test(arguments: FormatSample.versions)
    func storageIsOpenedAndWrittenOn(_ version: String) async throws {
        let scratch = try TemporaryDirectory()
        let path = try FormatSample.unpackStorage(version, below: scratch.path)
        let expected = try FormatSample.expectation(version)
        try Self.verify(path)
        var database = try Quiver.Database.open(path, options: .quiet)
        try Self.check(database, expected)
        #expect(try database.keepsLogs)
        for name in database.collectionNames { try await database.collection(name).settle() }
        database.close()
        // Writing it on gives what the story gives when it is told without an end.
        database = try Quiver.Database.open(path, options: .quiet)
        try Self.check(database, expected)
        var models: [String: FormatModel] = [:]
        for story in FormatScript.stories {
            for step in story.later { try await FormatSample.run(step, story.name, database) }
            models[story.name] = FormatScript.model(story, story.steps + story.later)
        }
        let later = FormatExpectation(
            collections: models.mapValues { $0.expectation(FormatQuestion.all) }, aliases: FormatScript.aliases)
        try Self.check(database, later)
        for name in database.collectionNames { try await database.collection(name).seal() }
        try Self.check(database, later)
        database.close()
        try Self.verify(path)
        database = try Quiver.Database.open(path, options: .quiet)
        try Self.check(database, later)
        database.close()
    }

    @Test(arguments: FormatSample.versions)
    func storageHasEveryKindOfThing(_ version: String) async throws {
        let scratch = try TemporaryDirectory()
        let path = try FormatSample.unpackStorage(version, below: scratch.path)
        let database = try Quiver.Database.open(path, options: .quiet)
        defer { database.close() }
        var chunks: Set<String> = []
        var quantizations: Set<String> = []
        var kinds: Set<UInt8> = []
        var dead = 0
        for name in database.collectionNames {
            let collection = try database.collection(name)
            let store = collection.core.store
            let transaction = try store.environment.beginRead()
            for segment in try store.listedSegments(transaction.handle) {
                let entry = segment.entry
                chunks.formUnion(entry.chunks.map(\.name))
                let meta = try #require(entry.meta.withUnsafeBytes { SegmentMeta($0) })
                if let indexing = SegmentIndexing(text: meta.indexing) {
                    quantizations.insert("\(String(describing: indexing.quantization))")
                }
            }
            dead += Int(try transaction.entryCount(store.dead))
            try WriteAheadLog.forEach(after: 0, store, transaction.handle) { _, bytes in
                kinds.insert(bytes[LogRecord.countOffset + 4])
            }
        }
        #expect(chunks == Set(SegmentChunk.allCases.map(\.rawValue)))
        #expect(quantizations.count == 10)
        #expect(kinds == Set(1...13))
        #expect(dead > 0)
        let changes = try database.catalog.journal.read(after: 0, through: .max).map(\.change)
        #expect(Set(changes) == [.made, .deleted, .replaced, .aliases])
    }

    @Test(arguments: FormatSample.versions)
    func snapshotsAreRestored(_ version: String) async throws {
        let expected = try FormatSample.expectation(version)
        let scratch = try TemporaryDirectory()
        let database = try Quiver.Database.open(scratch.path + "/all", options: .quiet)
        try await database.restoreStorageSnapshot(fromFile: FormatSample.path(version, FormatSample.storageSnapshot))
        try Self.check(database, expected)
        try await database.restoreSnapshot(
            fromFile: FormatSample.path(version, FormatSample.collectionSnapshot), into: "another")
        let another = try database.collection("another")
        expectNone(try another.differences(try #require(expected.collections["plain"])), "another")
        _ = try another.updateBlocking([.deletePoints(.filter(Filter()))])
        #expect(try another.countBlocking() == 0)
        database.close()
        try Self.verify(scratch.path + "/all")
    }
}

private func expectNone(_ differences: [String], _ what: String) {
    #expect(differences.isEmpty, "\(what): \(differences.prefix(5).joined(separator: "\n  "))")
}
