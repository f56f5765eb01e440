import Foundation
import Quiver
import QuiverTestKit
import Testing

@testable import Quiver
@testable import QuiverLMDB

/// A catalogue that is damaged or lost is made anew of the records beside it, and those of it.
@Suite struct CatalogHealingTests {
    private static func seed(_ what: String) -> UInt64 {
        let seed = ProcessInfo.processInfo.environment["QUIVER_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
        print("\(what): QUIVER_SEED=\(seed)")
        return seed
    }

    private static func open(_ path: String) throws -> Quiver.Database {
        try Quiver.Database.open(path, options: .quiet)
    }

    /// What is answered, now and after another opening, and after changes; and nothing is left that should not be.
    private static func expectServes(_ path: String, _ sample: CatalogSample, _ what: String) async throws {
        let database = try open(path)
        #expect(try CatalogSample.contents(database) == sample.expected, "\(what)")
        try await database.createCollection("new", CollectionConfig(size: 2, distance: .dot))
        let name = try #require(sample.expected.collections.keys.first)
        #expect(try await database.deleteCollection(name))
        try await database.updateAliases([.create(alias: "fresh", collection: "new")])
        var after = sample.expected
        after.collections[name] = nil
        after.aliases = after.aliases.filter { $0.value != name }
        after.collections["new"] = ["2", "0", ""]
        after.aliases["fresh"] = "new"
        #expect(try CatalogSample.contents(database) == after, "\(what)")
        database.close()
        #expect(try CatalogSample.verify(path) == [], "\(what)")
        let again = try open(path)
        #expect(try CatalogSample.contents(again) == after, "\(what)")
        again.close()
    }

    @Test func damagedCatalogue() async throws {
        let sample = try await CatalogSample(seed: Self.seed("damagedCatalogue"), requests: 40)
        var remade = 0
        for round in 0..<20 {
            let path = try sample.copy()
            defer { try? FileManager.default.removeItem(atPath: path) }
            try sample.damage(path + "/catalog.mdb")
            let stamp = path + "/catalog.mdb.stamp"
            switch Int.random(in: 0..<3, using: &sample.random) {
            case 0: if Files.exists(stamp) { try sample.damage(stamp) }
            case 1: Files.remove(stamp)
            default: break
            }
            let findings = try CatalogSample.verify(path)
            #expect(findings.allSatisfy { $0.severity == .derived }, "round \(round): \(findings)")
            try await Self.expectServes(path, sample, "round \(round): \(findings)")
            let isRemade = Files.exists(path + "/quarantine") || !findings.isEmpty
            remade += isRemade ? 1 : 0
            #expect(!Files.exists(path + "/nameless"))
        }
        #expect(remade > 3)
    }

    @Test func damagedRecords() async throws {
        let sample = try await CatalogSample(seed: Self.seed("damagedRecords"), requests: 40)
        for round in 0..<12 {
            let path = try sample.copy()
            defer { try? FileManager.default.removeItem(atPath: path) }
            let records = try CatalogSample.directories(path).map(\.recordPath) + [CatalogRecord.path(path)]
            for record in records where Bool.random(using: &sample.random) { try sample.damage(record) }
            #expect(try CatalogSample.verify(path).allSatisfy { $0.severity == .derived })
            let database = try Self.open(path)
            #expect(try CatalogSample.contents(database) == sample.expected, "round \(round)")
            database.close()
            #expect(try CatalogSample.verify(path) == [])
            Files.remove(path + "/catalog.mdb")
            try await Self.expectServes(path, sample, "round \(round)")
        }
    }

    /// What is lost with both is told and kept, all else serves; and it comes back with its record.
    @Test func damagedCatalogueAndRecords() async throws {
        let sample = try await CatalogSample(seed: Self.seed("damagedCatalogueAndRecords"), requests: 40)
        for round in 0..<12 {
            let path = try sample.copy()
            defer { try? FileManager.default.removeItem(atPath: path) }
            let directories = try CatalogSample.directories(path)
            let lost = directories.filter { _ in Int.random(in: 0..<3, using: &sample.random) == 0 }
            let sound = try lost.map { ($0.identity, try Data(contentsOf: URL(fileURLWithPath: $0.recordPath))) }
            let names = Set(lost.compactMap(\.record?.name))
            for directory in lost { try sample.damage(directory.recordPath) }
            // A file without a byte that counts may be as it was.
            let isLost = Dictionary(uniqueKeysWithValues: try lost.map { ($0.identity, try !$0.hasSoundRecord()) })
            try Data(repeating: 7, count: 8192).write(to: URL(fileURLWithPath: path + "/catalog.mdb"))
            #expect(try CatalogSample.verify(path).contains { $0.severity == .primary } == !lost.isEmpty)
            let database = try Self.open(path)
            var expected = sample.expected
            expected.collections = expected.collections.filter { !names.contains($0.key) }
            expected.aliases = expected.aliases.filter { !names.contains($0.value) }
            #expect(try CatalogSample.contents(database) == expected, "round \(round)")
            #expect(Set(database.namelessCollections) == Set(isLost.keys))
            database.close()
            for (identity, record) in sound {
                let directory = CollectionDirectory(path: path + "/nameless/" + identity)
                #expect(Files.byteCount(directory.path + "/points.mdb") > 0)
                try record.write(to: URL(fileURLWithPath: directory.recordPath))
            }
            let again = try Self.open(path)
            expected.collections = sample.expected.collections
            #expect(try CatalogSample.contents(again) == expected, "round \(round)")
            #expect(again.namelessCollections.isEmpty)
            again.close()
            #expect(try CatalogSample.verify(path) == [])
        }
    }

    /// Without any record there is nothing to make a catalogue of, and nothing is touched.
    @Test func storageFromBeforeTheRecords() async throws {
        let sample = try await CatalogSample(seed: 1, requests: 40)
        let path = try sample.copy()
        for directory in try CatalogSample.directories(path) { Files.remove(directory.recordPath) }
        Files.remove(CatalogRecord.path(path))
        #expect(try CatalogSample.verify(path) == [])
        let file = URL(fileURLWithPath: path + "/catalog.mdb")
        let sound = try Data(contentsOf: file)
        for damaged in [Data(), Data(repeating: 1, count: 9000)] {
            try damaged.write(to: file)
            #expect(throws: QuiverError.self) { try Self.open(path) }
            #expect(try Data(contentsOf: file) == damaged)
            #expect(try CatalogSample.verify(path).contains { $0.severity == .primary })
            #expect(try CatalogSample.directories(path).count == sample.expected.collections.count)
        }
        try sound.write(to: file)
        try Self.open(path).close()
        #expect(try CatalogSample.directories(path).allSatisfy { $0.record != nil })
        Files.remove(file.path)
        try await Self.expectServes(path, sample, "records were written by an opening")
    }

    @Test func recordsOfAnotherVersion() async throws {
        let sample = try await CatalogSample(seed: 2, requests: 20)
        let path = try sample.copy()
        let directory = try #require(CatalogSample.directories(path).first)
        var record = try #require(directory.record)
        record.format = 9
        try directory.restore(record)
        Files.remove(path + "/catalog.mdb")
        let refusal = #expect(throws: QuiverError.self) { try Self.open(path) }
        #expect(refusal?.message.contains("collection.json has format 9; this version reads format 1") == true)
        #expect(!Files.exists(path + "/catalog.mdb") && !Files.exists(path + "/nameless"))
    }

    // MARK: Changes that were cut off

    /// Of two directories of one name that of the later change counts, where it is whole.
    @Test func aReplacementCutOff() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<10)
        let former = test.collectionPath
        let aside = test.directory.path + "/former"
        try copyTree(former, aside)
        try await test.delete(0..<5)
        let archive = try test.database.archive(.collection("c"))
        try test.database.snapshots.recover(from: source(archive), into: "c", of: test.database)
        test.close()
        // As if the process had ended between the catalogue's transaction and what follows it.
        try copyTree(aside, former)
        Files.remove(test.path + "/catalog.mdb")
        try test.open()
        #expect(try await test.hasExactly(5..<10))
        #expect(!Files.exists(former))
        test.close()
    }

    /// Collections that come together, with aliases, come as a whole or not at all.
    @Test(arguments: [false, true]) func aRestoreCutOff(isWhole: Bool) async throws {
        let sample = try await CatalogSample(seed: 3, requests: 40)
        let path = try sample.copy()
        var database = try Self.open(path)
        let archive = try database.archive(.storage)
        let formerRecord = try Data(contentsOf: URL(fileURLWithPath: CatalogRecord.path(path)))
        let aside = sample.directory.path + "/former"
        try copyTree(path + "/collections", aside)
        for name in database.collectionNames {
            _ = try database.collection(name).updateBlocking([.deletePoints(.filter(Filter()))])
        }
        try database.snapshots.recoverStorage(from: source(archive), of: database, replacing: true)
        for name in database.collectionNames {
            _ = try database.collection(name).updateBlocking([.deletePoints(.filter(Filter()))])
        }
        database.close()
        try copyTree(aside, path + "/collections")
        // Before the record that says that all of them are there.
        if !isWhole { try formerRecord.write(to: URL(fileURLWithPath: CatalogRecord.path(path))) }
        try Data(repeating: 7, count: 8192).write(to: URL(fileURLWithPath: path + "/catalog.mdb"))
        database = try Self.open(path)
        var expected = sample.expected
        if isWhole { for name in expected.collections.keys { expected.collections[name]?[1] = "0" } }
        #expect(try CatalogSample.contents(database) == expected)
        database.close()
        #expect(try CatalogSample.verify(path) == [])
    }

    /// Directories that were being made, or deleted, are no collections, whatever is in them.
    @Test func leftOvers() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<10)
        let directory = CollectionDirectory(path: test.collectionPath)
        test.close()
        for name in ["collection.new", "collection.old"] {
            let copy = CollectionDirectory(path: test.path + "/collections/" + name.replacing(".", with: "-"))
            try copyTree(directory.path, copy.path)
            try Files.rename(copy.recordPath, to: copy.path + "/" + name)
        }
        // Of nobody, and no directory.
        let stray = URL(fileURLWithPath: test.path + "/collections/.note")
        try Data().write(to: stray)
        Files.remove(test.path + "/catalog.mdb")
        try test.open()
        try FileManager.default.removeItem(at: stray)
        #expect(try await test.hasExactly(0..<10))
        #expect(try test.database.collectionDirectories == [directory.identity])
        #expect(test.database.namelessCollections.isEmpty)
        test.close()
    }

    /// What a journal that was lost told of is a gap in it.
    @Test func journalHasAGap() async throws {
        let test = try await TestCollection()
        try test.database.keepLogs(true)
        try await test.database.updateAliases([.create(alias: "x", collection: "c")])
        let before = try test.database.cut(of: nil).journalNumber
        #expect(before == 1)
        test.close()
        Files.remove(test.path + "/catalog.mdb")
        try test.open()
        #expect(try test.database.keepsLogs)
        let cut = try test.database.cut(of: nil)
        #expect(try cut.journalNumber > before + 1_000_000 && cut.journalEntries(after: before).isEmpty)
        try await test.database.updateAliases([.create(alias: "y", collection: "c")])
        let entries = try test.database.cut(of: nil).journalEntries(after: cut.journalNumber)
        #expect(entries.map(\.number) == [cut.journalNumber + 1])
        test.close()
    }
}
