import Foundation
import Quiver
import QuiverTestKit
import Testing

@testable import Quiver
@testable import QuiverLMDB
import QuiverPayload

/// `points.mdb` and `catalog.mdb` with flipped bits and cut off: opened, made anew, or refused, never crashed, never wrong.
struct RecordDamageTests {
    /// Everything that is answered.
    struct Answers: Equatable {
        var points: [String] = []
        var counts: [Int] = []
    }

    private static func answers(_ collection: Quiver.Collection) async throws -> Answers {
        var answers = Answers()
        let page = try await collection.scroll(ScrollRequest(limit: 100_000, withVectors: .all))
        let reader = try collection.core.reader()
        for record in page.records {
            let slot = try #require(try reader.slot(of: record.id))
            let version = try reader.point(slot).version
            answers.points.append("\(record.id) \(version) \(record.payload?.text ?? "") \(String(describing: record.vectors))")
        }
        for filter in try filters() { answers.counts.append(try await collection.count(filter: filter)) }
        return answers
    }

    private static func filters() throws -> [Filter] {
        let n = try #require(PayloadPath("n")), tag = try #require(PayloadPath("tag"))
        return [
            Filter(must: [.field(FieldCondition(key: n, .range(NumberRange(gte: 100, lt: 300))))]),
            Filter(must: [.field(FieldCondition(key: tag, .match(.string("t3"))))]),
            Filter(mustNot: [.field(FieldCondition(key: tag, .match(.string("t1"))))]),
        ]
    }

    private func sound() async throws -> (test: TestCollection, answers: Answers) {
        let test = try await TestCollection(TestCollection.config(indexed: false))
        for (name, type) in [("n", PayloadIndexType.integer), ("tag", .keyword)] {
            _ = try await test.collection.createIndex(#require(PayloadPath(name)), PayloadIndexParams(type: type))
        }
        for start in stride(from: 0, to: 500, by: 50) {
            let points = try (start..<start + 50).map { number in
                try TestCollection.point(
                    number,
                    payload: #"{"n":\#(number),"tag":"t\#(number % 7)","text":"\#(String(repeating: "x\(number) ", count: number % 40))"}"#)
            }
            _ = try await test.collection.update([.upsert(PointBatch(points))])
            if start == 200 { try await test.collection.seal() }
        }
        try await test.delete(stride(from: 0, to: 500, by: 11))
        try await test.collection.settle()
        let answers = try await Self.answers(test.collection)
        #expect(answers.points.count == 500 - 46)
        test.close()
        return (test, answers)
    }

    private func copy(_ test: TestCollection, _ number: Int) throws -> String {
        let path = test.directory.path + "/damaged\(number)"
        try FileManager.default.copyItem(atPath: test.path, toPath: path)
        return path
    }

    @Test func undamagedCopiesOpen() async throws {
        let (test, answers) = try await sound()
        // With a stamp that fits nothing is read; a copy is.
        let points = test.collectionPath + "/points.mdb"
        #expect(try EnvironmentStamp.judge(points) == .fits)
        #expect(try EnvironmentStamp.judge(test.path + "/catalog.mdb") == .fits)
        let path = try copy(test, 0)
        #expect(try EnvironmentStamp.judge(path + test.collectionPath.dropFirst(test.path.count) + "/points.mdb") != .fits)
        let database = try Quiver.Database.open(path, options: test.options)
        #expect(try await Self.answers(try database.collection("c")) == answers)
        database.close()
    }

    enum Target: String, CaseIterable {
        case points = "points.mdb", catalog = "catalog.mdb", stamp = "points.mdb.stamp", lock = "points.mdb-lock"
        case catalogStamp = "catalog.mdb.stamp"
    }

    @Test(arguments: Target.allCases) func flippedAndCut(_ target: Target) async throws {
        let seed = ProcessInfo.processInfo.environment["QUIVER_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
        print("\(target.rawValue): QUIVER_SEED=\(seed)")
        var random = SeededGenerator(seed: seed)
        let (test, answers) = try await sound()
        let below = String(test.collectionPath.dropFirst(test.path.count))
        var refused = 0
        var repaired = 0
        let rounds = target == .points ? 120 : target == .catalog ? 40 : 8
        for round in 0..<rounds {
            let path = try copy(test, round)
            defer { try? FileManager.default.removeItem(atPath: path) }
            let isOfCatalog = target == .catalog || target == .catalogStamp
            let file = (isOfCatalog ? path : path + below) + "/" + target.rawValue
            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            } else {
                for _ in 0..<Int.random(in: 1...2, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    let offset = Bool.random(using: &random) ? place : place & ~4095 | place & 127
                    bytes[min(offset, bytes.count - 1)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            try bytes.write(to: URL(fileURLWithPath: file))
            let database: Quiver.Database
            do throws(QuiverError) {
                database = try Quiver.Database.open(path, options: test.options)
            } catch {
                Issue.record("\(error)")
                continue
            }
            defer { database.close() }
            #expect(database.collectionNames == ["c"])
            let collection: Quiver.Collection
            do throws(QuiverError) {
                collection = try database.collection("c")
            } catch {
                #expect(target == .points && error.kind == .corrupted, "\(error)")
                #expect(error.message.contains("points.mdb"), "\(error)")
                #expect(database.unavailableCollections.map(\.name) == ["c"])
                refused += 1
                continue
            }
            if collection.core.view.load().indexes.indexes.contains(where: { !$0.isReady }) { repaired += 1 }
            #expect(try await Self.answers(collection) == answers)
            try await collection.settle()
            #expect(try await Self.answers(collection) == answers)
            #expect(!collection.core.view.load().hasUnbuiltIndexes)
            database.close()
            #expect(try RecordsVerification.points(path + below + "/points.mdb").findings == [])
        }
        print("\(target.rawValue): \(refused) of \(rounds) refused, \(repaired) repaired")
        #expect(refused == 0 || target == .points)
    }

    @Test func anUnavailableCollectionCanBeDeleted() async throws {
        let (test, _) = try await sound()
        let points = test.collectionPath + "/points.mdb"
        let directory = test.collectionPath
        try Data(repeating: 1, count: 100_000).write(to: URL(fileURLWithPath: points))
        let database = try Quiver.Database.open(test.path, options: test.options)
        defer { database.close() }
        #expect(database.collectionNames == ["c"] && database.collectionExists("c"))
        #expect(database.unavailableCollection("c")?.info.status == .red)
        #expect(await kind { try await database.createCollection("c", TestCollection.config()) } == .alreadyExists)
        try await database.createCollection("d", TestCollection.config())
        try await database.updateAliases([.create(alias: "a", collection: "c")])
        #expect(await kind { _ = try database.collection("a") } == .corrupted)
        #expect(try database.aliases(ofCollection: "c").map(\.alias) == ["a"])
        #expect(try await database.deleteCollection("c"))
        #expect(!FileManager.default.fileExists(atPath: directory))
        #expect(database.collectionNames == ["d"] && database.unavailableCollections.isEmpty)
        #expect(await kind { _ = try database.collection("c") } == .notFound)
    }
}
