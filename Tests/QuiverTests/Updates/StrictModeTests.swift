import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// Limits of an operator, with the texts that Qdrant's clients know.
struct StrictModeTests {
    private let city: PayloadPath
    private let price: PayloadPath

    init() throws {
        city = try PayloadPath(parsing: "city")
        price = try PayloadPath(parsing: "price")
    }

    private func collection(points: Int = 10, _ change: (inout StrictModeConfig) -> Void) async throws -> TestCollection {
        let test = try await TestCollection()
        try await test.upsert(0..<points)
        try await limit(test, change)
        return test
    }

    private func limit(_ test: TestCollection, _ change: (inout StrictModeConfig) -> Void) async throws {
        var patch = CollectionPatch()
        var limits = StrictModeConfig()
        limits.enabled = true
        change(&limits)
        patch.strictMode = limits
        try await test.database.updateCollection("c", patch)
    }

    private func refusal(_ body: () async throws -> Void) async -> QuiverError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? QuiverError
        }
    }

    private func search(
        _ test: TestCollection, limit: Int = 4, filter: Filter? = nil, params: SearchParams = SearchParams(),
        prefetch: [Prefetch] = [], timeout: Duration? = nil
    ) async -> QuiverError? {
        await refusal {
            _ = try await test.collection.query(
                QueryRequest(
                    prefetch: prefetch, query: .nearest(.dense(TestCollection.vector(1))), filter: filter, params: params,
                    limit: limit), timeout: timeout)
        }
    }

    private func values(_ count: Int) -> Filter {
        Filter(must: (0..<count).map { .field(FieldCondition(key: price, .match(.integer(Int64($0))))) })
    }

    @Test func patchMergesKeys() async throws {
        let test = try await TestCollection()
        #expect(test.collection.config.strictMode?.enabled == false)
        try await limit(test) { $0.maxQueryLimit = 10 }
        try await limit(test) {
            $0.enabled = nil
            $0.searchMaxOversampling = 1.5
        }
        try test.reopen()
        let found = try #require(test.collection.config.strictMode)
        #expect(found.enabled == true && found.maxQueryLimit == 10 && found.searchMaxOversampling == 1.5)
        #expect(found.maxTimeout == nil)
        #expect(await search(test, limit: 11)?.kind == .badRequest)
    }

    @Test func offUnlessEnabled() async throws {
        let test = try await collection {
            $0.enabled = false
            $0.maxQueryLimit = 1
            $0.readRateLimit = 1
            $0.writeRateLimit = 1
            $0.maxPointsCount = 1
        }
        for _ in 0..<5 {
            #expect(await search(test) == nil)
            try await test.upsert([3])
        }
    }

    @Test func queryLimits() async throws {
        let test = try await collection { $0.maxQueryLimit = 15 }
        let text = #"Limit exceeded 16 > 15 for "limit". Help: Reduce the "limit" parameter to or below 15."#
        #expect(await search(test, limit: 15) == nil)
        #expect(await search(test, limit: 16) == QuiverError(.badRequest, text))
        let prefetch = Prefetch(query: .nearest(.dense(TestCollection.vector(1))), limit: 16)
        #expect(await search(test, prefetch: [prefetch])?.message == text)
        #expect(await search(test, prefetch: [Prefetch(prefetch: [prefetch], query: prefetch.query, limit: 3)])?.message == text)
        let scroll = await refusal { _ = try await test.collection.scroll(ScrollRequest(limit: 16)) }
        #expect(scroll?.message == text)
        let query = QueryRequest(query: .nearest(.dense(TestCollection.vector(1))))
        let groups = await refusal {
            _ = try await test.collection.queryGroups(GroupsRequest(query: query, groupBy: city, groupSize: 3, limit: 10))
        }
        #expect(groups?.message.hasPrefix(#"Limit exceeded 30 > 15 for "limit""#) == true)
        let matrix = await refusal { _ = try test.collection.matrixBlocking(MatrixRequest(sample: 10, limit: 2)) }
        #expect(matrix?.message.hasPrefix(#"Limit exceeded 20 > 15 for "limit""#) == true)
        let facet = await refusal { _ = try test.collection.facetBlocking(FacetRequest(key: city, limit: 16)) }
        #expect(facet?.message == text)
        let batch = await refusal { _ = try await test.collection.queryBatch([query, QueryRequest(limit: 16)]) }
        #expect(batch?.message == text)
    }

    @Test func batchesAndTimeouts() async throws {
        let test = try await collection {
            $0.searchMaxBatchSize = 2
            $0.upsertMaxBatchSize = 3
            $0.maxTimeout = 2
        }
        let query = QueryRequest(query: .nearest(.dense(TestCollection.vector(1))))
        #expect(await refusal { _ = try await test.collection.queryBatch([query, query]) } == nil)
        let batch = await refusal { _ = try await test.collection.queryBatch([query, query, query]) }
        #expect(batch?.message.hasPrefix(#"Limit exceeded 3 > 2 for "search batch size". Help: "#) == true)
        #expect(await search(test, timeout: .seconds(2)) == nil)
        #expect(await search(test, timeout: .seconds(3))?.message.contains(#"3 > 2 for "timeout""#) == true)
        try await test.upsert(0..<3)
        let upsert = await refusal { try await test.upsert(0..<4) }
        #expect(upsert?.message.hasPrefix(#"Limit exceeded 4 > 3 for "upsert limit""#) == true)
        let points = PointBatch((0..<4).map { Point(id: .number(UInt64($0)), vector: TestCollection.vector($0)) })
        let update = await refusal { _ = try await test.collection.update([.updateVectors(points)]) }
        #expect(update?.message.hasPrefix(#"Limit exceeded 4 > 3 for "update limit""#) == true)
    }

    @Test func searchParameters() async throws {
        let test = try await collection {
            $0.searchMaxHNSWEf = 5
            $0.searchAllowExact = false
            $0.searchMaxOversampling = 1.9
        }
        #expect(await search(test, params: SearchParams(hnswEf: 5)) == nil)
        #expect(await search(test, params: SearchParams(hnswEf: 6))?.message.contains(#"6 > 5 for "hnsw_ef""#) == true)
        #expect(await search(test, params: SearchParams(exact: true))?.message == "Exact search disabled!. Help: Set exact=false.")
        let quantization = QuantizationSearchParams(oversampling: 2)
        #expect(
            await search(test, params: SearchParams(quantization: quantization))?.message
                .hasPrefix(#"Limit exceeded 2 > 1.9 for "oversampling""#) == true)
        #expect(await refusal { _ = try await test.collection.count(exact: true) }?.kind == .badRequest)
        #expect(await refusal { _ = try await test.collection.count(exact: false) } == nil)
        // Without a graph every search is exact.
        var patch = CollectionPatch()
        patch.hnsw = HNSWConfigPatch()
        patch.hnsw?.m = 0
        try await test.database.updateCollection("c", patch)
        #expect(
            await search(test)?.message.hasPrefix(
                "Request is forbidden because global vector indexing is disabled (hnsw_config.m = 0). Help: ") == true)
    }

    @Test func unindexedFilters() async throws {
        let test = try await collection {
            $0.unindexedFilteringRetrieve = false
            $0.unindexedFilteringUpdate = false
        }
        let filter = Filter(must: [.field(FieldCondition(key: city, .match(.string("Berlin"))))])
        let text = #"Index required but not found for "city" of one of the following types: [keyword]. "#
            + "Help: Create an index for this key or use a different filter."
        #expect(await search(test, filter: filter) == QuiverError(.badRequest, text))
        let delete = { @Sendable in _ = try await test.collection.update([.deletePoints(.filter(filter))]) }
        #expect(await refusal { try await delete() }?.message == text)
        let prefetch = Prefetch(query: .nearest(.dense(TestCollection.vector(1))), filter: filter)
        #expect(await search(test, prefetch: [prefetch])?.message == text)
        let formula = ScoreFormula(.sum([.variable(.payload(price)), .variable(.score(prefetch: 0))]))
        let query = QueryRequest(prefetch: [Prefetch(query: prefetch.query)], query: .formula(formula))
        #expect(
            await refusal { _ = try await test.collection.query(query) }?.message
                == #"Index required but not found for "price" of one of the following types: [float, integer]. "#
                + "Help: Create an index for this key or use a different formula expression.")
        let groups = GroupsRequest(query: QueryRequest(query: prefetch.query), groupBy: city)
        #expect(
            await refusal { _ = try await test.collection.queryGroups(groups) }?.message
                == #"Index required but not found for "city". Help: Create an index supporting `match` for this key."#)
        try await test.collection.createIndex(city, PayloadIndexParams(type: .keyword))
        #expect(await search(test, filter: filter) == nil)
        #expect(await refusal { _ = try await test.collection.queryGroups(groups) } == nil)
        try await delete()
        try await limit(test) { $0.unindexedFilteringRetrieve = true }
        #expect(await search(test, filter: values(1)) == nil)
    }

    @Test func sizesOfFilters() async throws {
        let test = try await collection { $0.filterMaxConditions = 5 }
        #expect(await search(test, filter: values(5)) == nil)
        #expect(
            await search(test, filter: values(6))?.message
                == "Filter condition limit reached (6 > 5). Help: Reduce the amount of conditions of your filter.")
        let nested = Filter(must: [.nested(city, values(2))])
        #expect(await search(test, filter: Filter(must: [.filter(nested), .filter(values(3))])) == nil)
        #expect(await search(test, filter: Filter(must: [.filter(nested), .filter(values(4))]))?.kind == .badRequest)
        try await limit(test) {
            $0.conditionMaxSize = 2
            $0.filterMaxConditions = 100
        }
        let list = { (count: Int) in
            Filter(must: [.nested(
                self.city,
                Filter(must: [.field(FieldCondition(key: self.price, .matchAny(.integers((0..<count).map(Int64.init)))))]))])
        }
        #expect(await search(test, filter: list(2)) == nil)
        #expect(
            await search(test, filter: list(3))?.message
                == "Condition size limit reached (3 > 2). Help: Reduce the size of your condition.")
    }

    @Test func sizesOfCollections() async throws {
        let test = try await collection { $0.maxPointsCount = 12 }
        // Points that are there already count once, and so does one that comes twice.
        #expect(await refusal { try await test.upsert(5..<13) } == .badRequest("Max points count limit of 12 reached!"))
        try await test.upsert(Array(0..<11) + [10, 10])
        try await test.delete([10])
        try await test.upsert(10..<12)
        #expect(await refusal { try await test.upsert([1]) } == .badRequest("Max points count limit of 12 reached!"))
        try await test.delete([11])
        try await limit(test) { $0.maxCollectionVectorSizeBytes = 12 * TestCollection.dimension * 4 }
        try await test.upsert(11..<12)
        try await limit(test) { $0.maxPointsCount = 100 }
        #expect(
            await refusal { try await test.upsert([1]) }
                == .badRequest("Max vector storage size limit of 0.00036621094MB reached!"))
        try await limit(test) {
            $0.maxCollectionVectorSizeBytes = 1 << 30
            $0.maxCollectionPayloadSizeBytes = 1
        }
        let set = UpdateOperation.setPayload(try Payload(json: "{}"), .ids([1]), path: nil)
        for operation in [set, .upsert(PointBatch([try TestCollection.point(1)]))] {
            #expect(
                await refusal { _ = try await test.collection.update([operation]) }?.message
                    .hasPrefix("Max payload storage size limit of ") == true)
        }
        // What makes room goes on.
        try await test.delete([3])
    }

    @Test func sizesOfVectors() async throws {
        let config = CollectionConfig(
            vectors: .named(["m": VectorParams(size: 2, distance: .dot, multivector: MultivectorConfig())]))
        var withSparse = config
        withSparse.sparseVectors = ["s": SparseVectorParams()]
        let test = try await TestCollection(withSparse)
        try await limit(test) {
            $0.multivector = ["m": .init(maxVectors: 2)]
            $0.sparse = ["s": .init(maxLength: 3)]
        }
        func upsert(_ name: String, _ vector: VectorValue) async -> QuiverError? {
            await refusal {
                try await test.collection.update([.upsert(PointBatch([Point(id: 1, vectors: .named([name: vector]))]))])
            }
        }
        #expect(await upsert("m", .multi([[1, 2], [3, 4]])) == nil)
        #expect(
            await upsert("m", .multi([[1, 2], [3, 4], [5, 6]]))
                == .badRequest("Multivector 'm' has a limit of 2 vectors, but 3 were provided!"))
        #expect(await upsert("s", .sparse(SparseVector(indices: [1, 2, 3], values: [1, 2, 3]))) == nil)
        #expect(
            await upsert("s", .sparse(SparseVector(indices: [1, 2, 3, 4], values: [1, 2, 3, 4])))
                == .badRequest("Sparse vector 's' has a limit of 3 indices, but 4 were provided!"))
    }

    @Test func indexCount() async throws {
        let test = try await collection { $0.maxPayloadIndexCount = 1 }
        try await test.collection.createIndex(city, PayloadIndexParams(type: .keyword))
        let refused = await refusal { try await test.collection.createIndex(price, PayloadIndexParams(type: .integer)) }
        #expect(
            refused?.message == "Collection already has the maximum number of payload indices (1). "
                + "Help: Please delete an existing index before creating a new one.")
    }

    @Test func residentMemory() async throws {
        let test = try await collection { $0.maxResidentMemoryPercent = 100 }
        try await test.upsert([1])
        #expect((0...100).contains(try #require(MachineMemory.residentPercent)))
    }

    // MARK: Rates

    private static let tooLarge =
        "rate limit exceeded, request larger than rate limiter capacity, please try to split your request"

    @Test func reads() async throws {
        let test = try await collection { $0.readRateLimit = 10 }
        let scroll = { @Sendable (count: Int) in
            await refusal { _ = try await test.collection.scroll(ScrollRequest(filter: self.values(count))) }
        }
        #expect(await scroll(10) == QuiverError(.rateLimited(retryAfterSeconds: nil), "Read " + Self.tooLarge))
        #expect(await scroll(6) == nil)
        let refused = try #require(await scroll(6))
        #expect(refused.message.hasPrefix("Read rate limit exceeded: Operation requires 7 tokens but only "))
        guard case .rateLimited(let seconds?) = refused.kind else {
            Issue.record("no time to wait in \(refused.kind)")
            return
        }
        #expect((1...24).contains(seconds))
        // Off and on again: full.
        try await limit(test) { $0.enabled = false }
        #expect(await scroll(10) == nil)
        try await limit(test) { $0.readRateLimit = 4 }
        let ids = (1...5).map { PointID.number($0) }
        #expect(await refusal { _ = try await test.collection.retrieve(ids) }?.message == "Read " + Self.tooLarge)
        let recommend = QueryRequest(
            query: .recommend(RecommendInput(positive: ids.map { .id($0) }, strategy: .bestScore)))
        #expect(await refusal { _ = try await test.collection.query(recommend) }?.message == "Read " + Self.tooLarge)
        #expect(await refusal { _ = try await test.collection.retrieve(Array(ids.prefix(4))) } == nil)
        #expect(
            await refusal { _ = try await test.collection.retrieve(Array(ids.prefix(4))) }?.message
                .hasPrefix("Read rate limit exceeded: Operation requires 4 tokens but only ") == true)
        // Information is free, and so are writes.
        _ = try await test.collection.info()
        try await test.upsert([1])
    }

    @Test func writes() async throws {
        let test = try await collection { $0.writeRateLimit = 10 }
        #expect(await refusal { try await test.upsert(0..<11) }?.message == "Write " + Self.tooLarge)
        #expect(await refusal { try await test.upsert(0..<10) } == nil)
        #expect(
            await refusal { try await test.upsert(0..<10) }?.message
                .hasPrefix("Write rate limit exceeded: Operation requires 10 tokens but only ") == true)
        #expect(await search(test) == nil)
        try await limit(test) { $0.writeRateLimit = 7 }
        try await test.collection.createIndex(city, PayloadIndexParams(type: .keyword))
        let filter = Filter(must: [.field(FieldCondition(key: price, .match(.integer(3))))])
        let set = { @Sendable in
            _ = try await test.collection.update([.setPayload(try Payload(json: "{}"), .filter(filter), path: nil)])
        }
        // Half of the points may match what no index knows.
        #expect(await refusal { try await set() } == nil)
        #expect(
            await refusal { try await set() }?.message
                .hasPrefix("Write rate limit exceeded: Operation requires 5 tokens but only ") == true)
    }

    @Test func tokensComeBack() throws {
        let start = ContinuousClock.now
        var bucket = TokenBucket(perMinute: 60, now: start)
        try bucket.take(60, now: start)
        #expect(throws: TokenBucket.Refusal.notYet(available: 0, seconds: 1)) { try bucket.take(1, now: start) }
        try bucket.take(2, now: start + .seconds(2))
        #expect(throws: TokenBucket.Refusal.neverEnough) { try bucket.take(61, now: start + .seconds(999)) }
        // No more than a minute's worth is kept.
        try bucket.take(60, now: start + .seconds(9999))
        #expect(throws: TokenBucket.Refusal.notYet(available: 0, seconds: 60)) {
            try bucket.take(60, now: start + .seconds(9999))
        }
    }
}
