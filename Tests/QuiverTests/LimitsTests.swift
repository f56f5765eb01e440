import Quiver
import QuiverLMDB
import QuiverPayload
import QuiverTestKit
import Testing

@testable import Quiver

struct LimitsTests {
    // MARK: Refused requests

    /// What is refused, and leaves everything as it was.
    private static let refused: [(name: String, kind: QuiverError.Kind, operations: @Sendable () throws -> [UpdateOperation])] = [
        ("no operation", .badRequest, { [] }),
        ("too short a vector", .badInput, { [.upsert(PointBatch([Point(id: 1, vector: [1, 2])]))] }),
        ("too long a vector", .badInput, { [.updateVectors(PointBatch([Point(id: 1, vector: Array(repeating: 1, count: 9))]))] }),
        ("an empty vector", .badInput, { [.upsert(PointBatch([Point(id: 1, vector: [])]))] }),
        ("an unknown name", .badInput, { [.upsert(PointBatch([Point(id: 1, vectors: .named(["other": .dense(TestCollection.vector(1))]))]))] }),
        ("an unknown name to delete", .badInput, { [.deleteVectors(.ids([1]), names: ["other"])] }),
        ("NaN", .badInput, { [.upsert(PointBatch([Point(id: 1, vector: [.nan] + TestCollection.vector(1).dropFirst())]))] }),
        ("infinity", .badInput, {
            [.updateVectors(PointBatch([Point(id: 1, vector: [.infinity, -.infinity] + TestCollection.vector(1).dropFirst(2))]))]
        }),
        ("vectors for a missing point", .notFound, { [.updateVectors(PointBatch([try TestCollection.point(99)]))] }),
        ("missing point among others", .notFound, {
            [.updateVectors(PointBatch([Point(id: 1, vector: TestCollection.vector(7)), try TestCollection.point(99)]))]
        }),
        ("deleting vectors of a missing point", .notFound, { [.deleteVectors(.ids([1, 99]), names: [""])] }),
        ("payload for a missing point", .notFound, { [.setPayload(try Payload(json: #"{"n":5}"#), .ids([1, 99]), path: nil)] }),
        ("overwriting for a missing point", .notFound, { [.overwritePayload(.empty, .ids([99]))] }),
        ("keys of a missing point", .notFound, { [.deletePayload(keys: [try PayloadPath(parsing: "n")], .ids([2, 99]))] }),
        ("clearing a missing point", .notFound, { [.clearPayload(.ids([2, 99]))] }),
        ("good, then a wrong dimension", .badInput, {
            [.deletePoints(.ids([1])), .upsert(PointBatch([Point(id: 1, vector: [1, 2])]))]
        }),
        ("good, then a missing point", .notFound, {
            [.deletePoints(.ids([1])), .upsert(PointBatch([try TestCollection.point(50)])), .clearPayload(.ids([1]))]
        }),
    ]

    @Test(arguments: refused.indices)
    func refusedRequestsChangeNothing(_ index: Int) async throws {
        let (name, expected, operations) = LimitsTests.refused[index]
        let test = try await TestCollection()
        try await test.upsert(0..<10)
        try await test.collection.createIndex(try PayloadPath(parsing: "n"), PayloadIndexParams(type: .integer))
        let sequence = test.collection.core.view.load().sequence
        #expect(await kind { try await test.collection.update(try operations()) } == expected, "\(name)")
        #expect(test.collection.core.view.load().sequence == sequence)
        #expect(try await test.hasExactly(0..<10))
        #expect(try await test.collection.info().payloadSchema["n"]?.points == 10)
        try test.reopen()
        #expect(try await test.hasExactly(0..<10))
    }

    /// Large components whose sum is not finite are fine as long as each of them is.
    @Test func largeComponentsAreTaken() async throws {
        let test = try await TestCollection(TestCollection.config(.dot))
        let vector = [Float](repeating: .greatestFiniteMagnitude, count: TestCollection.dimension)
        try await test.collection.update([.upsert(PointBatch([Point(id: 1, vector: vector)]))])
        #expect(try await test.collection.retrieve([1], withVectors: .all).first?.vectors == .unnamed(.dense(vector)))
    }

    @Test func refusedReads() async throws {
        let test = try await TestCollection()
        let collection = test.collection
        try await test.upsert(0..<10)
        try await collection.update([.deleteVectors(.ids([4]), names: [""])])
        func query(_ query: Query, using name: String = "") -> QueryRequest { QueryRequest(query: query, using: name) }
        #expect(await kind { _ = try await collection.query(query(.nearest(.dense([1, 2])))) } == .badInput)
        #expect(
            await kind { _ = try await collection.query(query(.nearest(.dense(TestCollection.vector(1))), using: "x")) } == .badInput)
        #expect(await kind { _ = try await collection.query(query(.nearest(.id(99)))) } == .notFound)
        #expect(await kind { _ = try await collection.query(query(.nearest(.id(4)))) } == .notFound)
        for strategy in [RecommendStrategy.averageVector, .bestScore, .sumScores] {
            let nothing = Query.recommend(RecommendInput(positive: [], strategy: strategy))
            #expect(await kind { _ = try await collection.query(query(nothing)) } == .badInput)
        }
        let order = OrderBy(key: try PayloadPath(parsing: "n"))
        #expect(await kind { _ = try await collection.scroll(ScrollRequest(orderBy: order)) } == .badInput)
        #expect(await kind { _ = try await collection.retrieve([1], withVectors: .names(["x"])) } == .badInput)
        var lookup = query(.nearest(.id(1)))
        lookup.lookupFrom = LookupLocation(collection: "nowhere")
        #expect(await kind { _ = try await collection.query(lookup) } == .notFound)
        // The name is wrong, whether an id needs it or not.
        lookup.query = .nearest(.dense(TestCollection.vector(1)))
        #expect(await kind { _ = try await collection.query(lookup) } == .notFound)
    }

    /// What a small body could make the engine hold.
    @Test func whatAQueryHoldsIsBounded() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<10)
        let many = [VectorInput](repeating: .id(1), count: Limits.queryExamples + 1)
        for query in [
            Query.recommend(RecommendInput(positive: many, strategy: .sumScores)),
            .context([ContextPair](repeating: ContextPair(positive: .id(1), negative: .id(2)), count: Limits.queryExamples)),
        ] {
            #expect(await kind { _ = try await test.collection.query(QueryRequest(query: query)) } == .badRequest)
        }
        let wide = [Prefetch](repeating: Prefetch(limit: 1), count: Limits.prefetches + 1)
        let fusion = Query.fusion(.rrf(k: nil, weights: nil))
        #expect(await kind { _ = try await test.collection.query(QueryRequest(prefetch: wide, query: fusion)) } == .badRequest)
        let most = Array(wide.dropLast())
        #expect(try await test.collection.query(QueryRequest(prefetch: most, query: fusion)).count == 1)
        let nested = Prefetch(prefetch: most, query: fusion)
        #expect(
            await kind { _ = try await test.collection.query(QueryRequest(prefetch: [nested], query: fusion)) } == .badRequest)
    }

    @Test func payloadsAndPathsSayWhatIsWrong() {
        for text in ["", "[1]", "1", "{", "{\"a\":}", "{\"a\":1}x", "{\"a\":NaN}"] {
            #expect(throws: QuiverError.self) { try Payload(json: text) }
        }
        #expect((try? Payload(json: " { \"b\" : 1.50, \"a\" : [ 1 , 2 ] } "))?.text == #"{"b":1.50,"a":[1,2]}"#)
        #expect(throws: QuiverError.self) { try PayloadPath(parsing: "a..b") }
    }

    // MARK: Collections and aliases

    @Test func collectionsAndAliases() async throws {
        let test = try await TestCollection()
        let database = test.database
        try await database.createCollection("d", CollectionConfig(size: 3, distance: .dot))
        #expect(await kind { try await database.createCollection("c", CollectionConfig(size: 3, distance: .dot)) } == .alreadyExists)
        #expect(await kind { _ = try database.collection("e") } == .notFound)

        try await database.updateAliases([.create(alias: "now", collection: "c"), .create(alias: "old", collection: "d")])
        #expect(try database.collection("now").name == "c")
        #expect(await kind { try await database.createCollection("now", CollectionConfig(size: 3, distance: .dot)) } == .badRequest)
        #expect(await kind { try await database.updateAliases([.create(alias: "d", collection: "c")]) } == .alreadyExists)
        #expect(await kind { try await database.updateAliases([.create(alias: "x", collection: "nowhere")]) } == .notFound)
        #expect(await kind { try await database.updateAliases([.rename(old: "x", new: "y")]) } == .notFound)
        // The two change places.
        try await database.updateAliases([
            .rename(old: "now", new: "spare"), .rename(old: "old", new: "now"), .rename(old: "spare", new: "old"),
        ])
        try test.reopen()
        #expect(try test.database.aliases().map(\.alias) == ["now", "old"])
        #expect(try test.database.collection("now").name == "d" && test.database.collection("old").name == "c")
        #expect(try await test.database.deleteCollection("d"))
        #expect(try await !test.database.deleteCollection("d"))
        #expect(!test.database.collectionExists("now") && test.database.collectionExists("old"))
        try test.reopen()
        #expect(test.database.collectionNames == ["c"])
        #expect(try test.database.aliases(ofCollection: "c").map(\.alias) == ["old"])
    }

    /// Names that look alike, of other bytes: "ü" in one scalar and in two.
    private static let alike = ["\u{FC}", "u\u{308}"]

    @Test func namesAreBytes() async throws {
        let test = try await TestCollection()
        let (one, two) = (LimitsTests.alike[0], LimitsTests.alike[1])
        for name in [one, two] { try await test.database.createCollection(name, TestCollection.config()) }
        try await test.database.updateAliases([
            .create(alias: "x" + one, collection: one), .create(alias: "x" + two, collection: two),
        ])
        #expect(try await test.database.deleteCollection(two))
        try await test.database.updateAliases([.delete(alias: "x" + two)])
        for _ in 0..<2 {
            #expect(test.database.collectionNames.map { Array($0.utf8) } == [Array("c".utf8), Array(one.utf8)])
            #expect(test.database.collectionExists("x" + one) && !test.database.collectionExists("x" + two))
            try test.reopen()
        }
    }

    @Test func indexedPathsAreBytes() async throws {
        let test = try await TestCollection()
        let paths = try LimitsTests.alike.map { try PayloadPath(parsing: $0) }
        func point(_ id: UInt64, _ json: String) throws -> Point {
            Point(id: .number(id), vector: TestCollection.vector(Int(id)), payload: try Payload(json: json))
        }
        for path in paths { try await test.collection.createIndex(path, PayloadIndexParams(type: .keyword)) }
        let (one, two) = (LimitsTests.alike[0], LimitsTests.alike[1])
        try await test.collection.update([
            .upsert(PointBatch([
                try point(1, #"{"\#(one)":"x"}"#), try point(2, #"{"\#(two)":"x"}"#),
                try point(3, #"{"\#(one)":"x","\#(two)":"y"}"#),
            ]))
        ])
        func counts() async throws -> [Int] {
            var counts: [Int] = []
            for path in paths {
                let filter = Filter(must: [.field(FieldCondition(key: path, .match(.string("x"))))])
                counts.append(try await test.collection.count(filter: filter))
            }
            return counts
        }
        #expect(try await counts() == [2, 1])
        try await test.collection.dropIndex(paths[1])
        #expect(try await counts() == [2, 1])
        try test.reopen()
        #expect(try await counts() == [2, 1])
        #expect(test.collection.core.view.load().indexes.indexes.map(\.field.steps) == [paths[0].steps])
    }

    @Test func patchesSurvive() async throws {
        let test = try await TestCollection()
        var patch = CollectionPatch()
        patch.hnsw = HNSWConfigPatch()
        patch.hnsw?.efConstruct = 77
        patch.optimizers = OptimizersConfigPatch()
        patch.optimizers?.maxOptimizationThreads = .count(0)
        patch.metadata = #"{"a":1,"b":2}"#
        try await test.database.updateCollection("c", patch)
        patch = CollectionPatch()
        patch.metadata = #"{"a":null,"c":3}"#
        try await test.database.updateCollection("c", patch)
        var wrong = CollectionPatch()
        wrong.vectors["x"] = VectorParamsPatch()
        let refused = wrong
        #expect(await kind { try await test.database.updateCollection("c", refused) } == .badInput)
        try test.reopen()
        let config = test.collection.config
        #expect(config.hnsw.efConstruct == 77 && config.hnsw.m == 8 && config.optimizers.maxOptimizationThreads == 0)
        #expect(config.metadata == #"{"b":2,"c":3}"#)
    }

    @Test func collectionWithoutVectors() async throws {
        let directory = try TemporaryDirectory()
        for round in 0..<2 {
            let database = try Database.open(directory.path + "/db")
            defer { database.close() }
            if round == 0 {
                try await database.createCollection("c", CollectionConfig())
                let points = try (0..<20).map { Point(id: .number(UInt64($0)), vectors: .none, payload: try Payload(json: #"{"n":\#($0)}"#)) }
                try await database.collection("c").update([.upsert(PointBatch(points))])
            }
            let collection = try database.collection("c")
            let filter = Filter(must: [.field(FieldCondition(key: try PayloadPath(parsing: "n"), .range(NumberRange(lt: 5))))])
            #expect(try await collection.count(filter: filter) == 5)
            #expect(try await collection.query(QueryRequest(limit: 3)).map(\.id) == [0, 1, 2])
            #expect(await kind { _ = try await collection.query(QueryRequest(query: .nearest(.dense([1])))) } == .badInput)
        }
    }

    @Test func mostFieldIndexes() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<3)
        for number in 0..<Limits.payloadIndexes {
            try await test.collection.createIndex(try PayloadPath(parsing: "f\(number)"), PayloadIndexParams(type: .integer))
        }
        let path = try PayloadPath(parsing: "n")
        #expect(await kind { try await test.collection.createIndex(path, PayloadIndexParams(type: .integer)) } == .badRequest)
        try await test.collection.dropIndex(try PayloadPath(parsing: "f0"))
        try await test.collection.createIndex(path, PayloadIndexParams(type: .integer))
        try test.reopen()
        #expect(try await test.hasExactly(0..<3))
        #expect(try await test.collection.info().payloadSchema.count == Limits.payloadIndexes)
    }

    // MARK: Room

    /// A map that is too small grows under the writer, whatever fills it.
    @Test(arguments: ["payload", "index", "one large request", "several operations"])
    func smallMapGrows(_ filling: String) async throws {
        var options = Database.Options()
        options.collectionMapBytes = 1 << 20
        let test = try await TestCollection(options: options)
        let text = String(repeating: "x", count: 2000)
        var expected = 0
        switch filling {
        case "one large request":
            try await test.upsert(0..<3000, payload: #"{"t":"\#(text)"}"#)
            expected = 3000
        case "several operations":
            for start in stride(from: 0, to: 3000, by: 300) {
                let points = try (start..<start + 300).map { try TestCollection.point($0, payload: #"{"t":"\#(text)"}"#) }
                try await test.collection.update([.deletePoints(.ids([77_777])), .upsert(PointBatch(points))])
            }
            expected = 3000
        default:
            if filling == "index" {
                for field in ["n", "even", "t"] {
                    try await test.collection.createIndex(
                        try PayloadPath(parsing: field), PayloadIndexParams(type: field == "n" ? .integer : .keyword))
                }
            }
            for start in stride(from: 0, to: 6000, by: 300) {
                let points = try (start..<start + 300).map {
                    try TestCollection.point($0, payload: #"{"n":\#($0),"t":"\#($0)\#(text.prefix(400))"}"#)
                }
                try await test.collection.update([.upsert(PointBatch(points))])
            }
            expected = 6000
        }
        #expect(try await test.collection.count() == expected)
        #expect(try test.collection.core.store.environment.info().mapSizeBytes > 1 << 20)
        // What the file needs counts at the next opening, not what was asked for.
        try test.reopen()
        #expect(try await test.collection.count() == expected)
        try await test.upsert([99_999])
        #expect(try await test.collection.count() == expected + 1)
    }

    /// After its storage has failed a collection tells why, goes on being read, and works again when opened anew.
    @Test func readOnlyAfterAFailedCommit() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<10)
        let failure = await kind { try await test.collection.onWriter { _ in throw LMDBError.ioFailed(code: 5) } }
        #expect(failure == .service)
        #expect(await kind { try await test.upsert([11]) } == .readOnly)
        #expect(await kind { try await test.collection.createIndex(try PayloadPath(parsing: "n"), PayloadIndexParams(type: .integer)) } == .readOnly)
        #expect(try await test.hasExactly(0..<10))
        let info = try await test.collection.info()
        #expect(info.status == .red && info.optimizerError != nil)
        try test.reopen()
        try await test.upsert([10])
        #expect(try await test.hasExactly(0..<11))
    }

    /// For want of room nothing is written, and writing goes on when there is some.
    @Test func noRoomIsNoFailure() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<10)
        let failure = await kind { try await test.collection.onWriter { _ in throw LMDBError.diskFull(code: 28) } }
        #expect(failure == .insufficientStorage)
        try await test.upsert([10])
        #expect(try await test.hasExactly(0..<11))
    }

    /// Updates of payload alone fill the log as well: it must not grow without end, nor be read again at every opening.
    @Test(arguments: [true, false])
    func logOfPayloadUpdatesIsTrimmed(withVectors: Bool) async throws {
        var options = Database.Options()
        options.growingBytes = 20_000
        var config = TestCollection.config(indexed: false)
        if !withVectors { config.vectors = nil }
        let test = try await TestCollection(config, options: options)
        let collection = test.collection
        try await collection.update([.upsert(PointBatch([Point(id: 1, vectors: .none)]))])
        for round in 0..<200 {
            let payload = try Payload(json: #"{"n":\#(round),"t":"\#(String(repeating: "x", count: 1000))"}"#)
            try await collection.update([.setPayload(payload, .ids([1]), path: nil)])
        }
        try await collection.settle()
        #expect(try test.logRecords() < 60)
        try test.reopen()
        let payload = try await test.collection.retrieve([1]).first?.payload?.text ?? ""
        #expect(payload.hasPrefix(#"{"n":199,"#))
    }
}
