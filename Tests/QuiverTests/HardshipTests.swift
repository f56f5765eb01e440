import Foundation
import Quiver
import QuiverLMDB
import QuiverPayload
import QuiverTestKit
import Testing

@testable import Quiver

/// What a client may send or a disk may do, and a collection has to survive.
struct HardshipTests {
    private static let keyword = PayloadIndexParams(type: .keyword)

    private func found(_ test: TestCollection, _ path: String, _ value: String) async throws -> [PointID] {
        let filter = Filter(must: [.field(FieldCondition(key: try PayloadPath(parsing: path), .match(.string(value))))])
        return try await test.collection.scroll(ScrollRequest(filter: filter, limit: 100)).records.map(\.id)
    }

    // MARK: Names of indexed fields

    /// No name of a field makes a collection read-only.
    @Test(arguments: [String(repeating: "x", count: 600), "\"a\u{0}b\""])
    func impossibleIndexNames(_ name: String) async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<3)
        let field = try PayloadPath(parsing: name)
        #expect(await kind { try await test.collection.createIndex(field, Self.keyword) } == .badRequest)
        try await test.upsert([3])
        try test.reopen()
        #expect(try await test.hasExactly(0..<4))
    }

    /// Names that Swift takes for the same string are two fields.
    @Test func composedAndDecomposedNames() async throws {
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        let test = try await TestCollection()
        try await test.upsert([1], payload: #"{"\#(composed)":"x"}"#)
        try await test.upsert([2], payload: #"{"\#(decomposed)":"x"}"#)
        try await test.collection.createIndex(try PayloadPath(parsing: composed), Self.keyword)
        try await test.collection.createIndex(try PayloadPath(parsing: decomposed), Self.keyword)
        #expect(try await found(test, composed, "x") == [1])
        #expect(try await found(test, decomposed, "x") == [2])
        try test.reopen()
        #expect(try await found(test, composed, "x") == [1])
        #expect(try await found(test, decomposed, "x") == [2])
    }

    /// `tag` and `"tag"` are one path, so one index, whichever way it is written.
    @Test(arguments: [true, false])
    func oneFieldWrittenInTwoWays(drops: Bool) async throws {
        let test = try await TestCollection()
        try await test.upsert([1], payload: #"{"tag":"x"}"#)
        try await test.collection.createIndex(try PayloadPath(parsing: "tag"), Self.keyword)
        let quoted = try PayloadPath(parsing: "\"tag\"")
        if drops {
            try await test.collection.dropIndex(quoted)
        } else {
            try await test.collection.createIndex(quoted, PayloadIndexParams(type: .uuid))
            try await test.collection.createIndex(quoted, Self.keyword)
        }
        try await test.upsert([2], payload: #"{"tag":"x"}"#)
        try test.reopen()
        #expect(try await test.collection.info().payloadSchema.count == (drops ? 0 : 1))
        try await test.upsert([3], payload: #"{"tag":"x"}"#)
        #expect(try await found(test, "tag", "x") == [1, 2, 3])
    }

    /// Whoever asks for an index that is being built waits for it as well, and a build that stopped goes on.
    @Test(arguments: [true, false])
    func buildThatStopped(asksAgain: Bool) async throws {
        let test = try await TestCollection()
        try await test.upsert([1, 2], payload: #"{"tag":"x"}"#)
        let field = try PayloadPath(parsing: "tag")
        // As after a step for which the disk had no room.
        try await test.collection.onWriter { context in
            let index = try FieldIndex.create(field, Self.keyword, isReady: false, in: &context.transaction)
            try context.transaction.put(context.state.store.indexes, field.text, try StoredConfig.encode(Self.keyword))
            context.indexes = context.indexes.with(index)
        }
        if asksAgain {
            try await test.collection.createIndex(field, Self.keyword)
        } else {
            try await test.upsert([3], payload: #"{"tag":"x"}"#)
            try await test.collection.settle()
        }
        #expect(test.collection.core.view.load().indexes[field]?.isReady == true)
    }

    // MARK: Batches

    /// A batch is made of public parts that may contradict each other.
    @Test func impossibleBatches() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<3)
        let sound = PointBatch([try TestCollection.point(1)])
        var batches = Array(repeating: sound, count: 5)
        batches[0].appendVector(.dense(TestCollection.vector(2)), name: "")
        batches[0].entries[0].vectors = 0..<2
        batches[1].vectors[0].offset = 1
        batches[2].vectors[0].offset = -1
        batches[3].vectors[0].name = 1
        batches[4].entries[0].vectors = 0..<2
        for batch in batches {
            #expect(await kind { try await test.collection.update([.upsert(batch)]) } == .badInput)
            #expect(await kind { try await test.collection.update([.updateVectors(batch)]) } == .badInput)
        }
        try await test.collection.update([.upsert(sound)])
        #expect(try await test.hasExactly(0..<3))
    }

    // MARK: The log

    /// More keys than the log can count would make it unreadable.
    @Test func manyKeysInOneOperation() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<3)
        let keys = try (0..<65_540).map { try PayloadPath(parsing: "k\($0)") }
        let point = PointBatch([try TestCollection.point(3)])
        let refusal = await kind { try await test.collection.update([.deletePayload(keys: keys, .ids([1])), .upsert(point)]) }
        #expect(refusal == .badRequest)
        try await test.collection.update([.deletePayload(keys: Array(keys.prefix(65_535)), .ids([1]))])
        try test.reopen()
        #expect(try await test.hasExactly(0..<3))
    }

    // MARK: Failures

    /// Updates that wait for sealing are answered when the storage fails.
    @Test(.timeLimit(.minutes(1))) func heldUpdatesAreAnsweredAfterAFailure() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<10)
        let writer = test.collection.core.writer
        let canGoOn = LockedCondition(false)
        writer.submit(
            .init(
                apply: { context in
                    canGoOn.wait { $0 ? () : nil }
                    for _ in 0...Limits.frozenSegments {
                        context.state.logBytes = 1
                        context.state.freeze()
                    }
                }, completion: { _ in }))
        writer.submit(.init(apply: { _ in throw LMDBError.ioFailed(code: 5) }, completion: { _ in }))
        let pending = try test.collection.submitBlocking([.deletePoints(.ids([1]))])
        canGoOn.change { $0 = true }
        #expect(await kind { _ = try await pending.answer.value(within: .seconds(10))?.get() } == .readOnly)
    }

    /// A lost file is an error, and no reason to begin anew and to remove what belonged to it.
    @Test(arguments: [true, false])
    func lostEnvironment(isEmpty: Bool) async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<200)
        try await test.collection.seal()
        let path = test.collectionPath + "/points.mdb"
        let segments = test.segmentsPath
        test.close()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try FileManager.default.removeItem(atPath: path)
        if isEmpty { try Data().write(to: URL(fileURLWithPath: path)) }
        #expect(test.refusal()?.kind == .corrupted)
        #expect(try !Files.names(in: segments).isEmpty)
        // With the file in its place all is there again.
        try bytes.write(to: URL(fileURLWithPath: path))
        try test.open()
        #expect(try await test.hasExactly(0..<200))
    }

    // MARK: Requests beyond all bounds

    @Test(arguments: [(-1, 0), (1, -1), (Int.max, 1), (Int.max, Int.max), (10_000_001, 0)])
    func windowsOutOfBounds(_ limit: Int, _ offset: Int) async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<3)
        let collection = test.collection
        for query in [nil, Query.nearest(.dense(TestCollection.vector(1)))] {
            let request = QueryRequest(query: query, limit: limit, offset: offset)
            #expect(await kind { _ = try await collection.query(request) } == .validation)
        }
        if offset == 0 {
            #expect(await kind { _ = try await collection.scroll(ScrollRequest(limit: limit)) } == .validation)
            let groups = GroupsRequest(
                query: QueryRequest(query: nil), groupBy: try PayloadPath(parsing: "n"), groupSize: 3, limit: limit)
            #expect(await kind { _ = try await collection.queryGroups(groups) } == .validation)
        }
    }
}
