import Quiver
import Testing

/// Trees of queries, with the answers Qdrant gives.
struct PrefetchTests {
    private func near(_ limit: Int = 4, filter: Filter? = nil, threshold: Float? = nil) -> Prefetch {
        Prefetch(query: TwelvePoints.near, filter: filter, scoreThreshold: threshold, limit: limit)
    }

    private func high(_ limit: Int = 4) -> Prefetch { Prefetch(query: TwelvePoints.high, limit: limit) }

    private func order(_ key: String, _ direction: OrderBy.Direction = .ascending) throws -> Query {
        .orderBy(OrderBy(key: try PayloadPath(parsing: key), direction: direction))
    }

    @Test func reciprocalRanks() async throws {
        let points = try await TwelvePoints()
        func rrf(_ k: Int? = nil, _ weights: [Float]? = nil, threshold: Float? = nil) async throws -> [TwelvePoints.Hit] {
            try await points.ask(.fusion(.rrf(k: k, weights: weights)), [near(), high()], threshold: threshold)
        }
        let third: Float = 1 / 3
        expectSame(
            try await rrf(), [(9, 0.7), (6, 0.5), (7, third), (4, third), (12, 0.25), (10, 0.25), (2, 0.2)])
        expectSame(try await rrf(threshold: third), [(9, 0.7), (6, 0.5), (7, third), (4, third)], "equal passes")
        expectSame(
            try await rrf(60),
            [(9, 0.03254), (6, 0.01667), (7, 0.01639), (4, 0.01639), (10, 0.01613), (12, 0.01613), (2, 0.01587)]
                .map { ($0.0, $0.1) })
        expectSame(
            try await rrf(2, [3, 1]), [(9, 0.92857), (6, 0.75), (7, 0.6), (12, 0.5), (4, third), (10, 0.25), (2, 0.2)])
        for weight in [0, -1] as [Float] {
            expectSame(
                try await rrf(2, [3, weight]), [(6, 0.75), (7, 0.6), (12, 0.5), (9, 0.42857), (4, 0), (10, 0), (2, 0)])
        }
        let page = try await points.ask(.fusion(.rrf(k: nil, weights: nil)), [near(), high()], limit: 2, offset: 1)
        #expect(page.map(\.score) == [0.5, third])
    }

    @Test func distributions() async throws {
        let points = try await TwelvePoints()
        expectSame(
            try await points.ask(.fusion(.dbsf), [near(), high()]),
            [(9, 0.98681), (6, 0.72734), (4, 0.60197), (7, 0.5049), (10, 0.46835), (12, 0.43215), (2, 0.27848)])
        expectSame(
            try await points.ask(.fusion(.dbsf), [near(), high()], threshold: 0.5),
            [(9, 0.98681), (6, 0.72734), (4, 0.60197), (7, 0.5049)])
        expectSame(try await points.ask(.fusion(.dbsf), [near(1)]), [(6, 0.5)])
        expectSame(
            try await points.ask(.fusion(.dbsf), [Prefetch(filter: TwelvePoints.ids(1, 2), limit: 4)]), [(1, 0.5), (2, 0.5)])
        // Distances go in as they are shown.
        expectSame(
            try await TwelvePoints(.euclid).ask(.fusion(.dbsf), [near(), high()]),
            [(12, 1.15875), (9, 1.05333), (2, 0.59526), (7, 0.43892), (10, 0.40726), (6, 0.34649)])
    }

    @Test func rankingsWithoutVectors() async throws {
        let points = try await TwelvePoints()
        let fused = try await points.collection.query(
            QueryRequest(
                prefetch: [Prefetch(limit: 4), Prefetch(query: try order("k", .descending), limit: 4)],
                query: .fusion(.rrf(k: 2, weights: nil))))
        #expect(Set(fused.map(\.id)) == Set([1, 2, 3, 4, 9, 10, 11, 12].map(PointID.number)))
        #expect(fused.filter { $0.orderValue == nil }.count == 4)
        // A point with two values takes two places, here the second and the tenth at most.
        let twice = try await points.ask(.fusion(.rrf(k: 2, weights: nil)), [Prefetch(query: try order("n"), limit: 10)])
        #expect(twice.count == 9)
        let total = (0..<10).reduce(Float(0)) { $0 + 1 / Float($1 + 2) }
        #expect(abs(twice.reduce(0) { $0 + $1.score } - total) < 1e-5)
    }

    @Test func ranksTheUnionAnew() async throws {
        let points = try await TwelvePoints()
        expectSame(
            try await points.ask(TwelvePoints.high, [near()]), [(9, 0.74), (12, 0.18), (7, -0.05), (6, -0.06)])
        expectSame(
            try await points.ask(
                QueryRequest(prefetch: [near()], query: TwelvePoints.high, filter: TwelvePoints.ids(6, 7, 9, 1))),
            [(9, 0.74), (1, 0.09), (7, -0.05), (6, -0.06)], "the root's filter holds below")
        let inner = Prefetch(
            prefetch: [near(2)], query: TwelvePoints.near, filter: TwelvePoints.ids(1, 2, 3, 4, 5), limit: 4)
        expectSame(try await points.ask(TwelvePoints.high, [inner]), [(2, 0.21), (3, -0.87)], "filters go down")
        let nested = Prefetch(prefetch: [near(), high()], query: .fusion(.rrf(k: 2, weights: nil)), limit: 4)
        #expect(try await points.ask(TwelvePoints.near, [nested]).map(\.id).prefix(3) == [6, 7, 9])
        let picky = Prefetch(
            prefetch: [near(), high()], query: .fusion(.rrf(k: 2, weights: nil)), scoreThreshold: 0.34, limit: 4)
        expectSame(
            try await points.ask(.fusion(.rrf(k: 2, weights: nil)), [picky, near()]),
            [(6, 1 / 3 + 0.5), (9, 0.7), (7, 1 / 3), (12, 0.25)])
        #expect(try await points.ask(try order("k", .descending), [near(), high()]).map(\.id) == [12, 10, 9, 7, 6, 4, 2])
        let sample = try await points.ask(.sample(.random), [near()])
        #expect(Set(sample.map(\.id)) == [6, 7, 9, 12])
        expectSame(try await points.ask(.fusion(.rrf(k: 2, weights: nil)), [near(0), near()]).prefix(1).map { $0 }, [(6, 0.5)])
    }

    /// Clauses of both filters become one list each, as in Qdrant.
    @Test func filtersAreMergedClauseByClause() async throws {
        let points = try await TwelvePoints()
        func found(_ outer: Filter, _ inner: Filter) async throws -> Set<UInt64> {
            Set(try await points.ask(
                QueryRequest(prefetch: [near(filter: inner)], query: .fusion(.rrf(k: 2, weights: nil)), filter: outer)).map(\.id))
        }
        func should(_ id: UInt64) -> Filter { Filter(should: [.hasID([.number(id)])]) }
        func least(_ count: Int, _ ids: UInt64...) -> Filter {
            Filter(minShould: .init(conditions: ids.map { .hasID([.number($0)]) }, minCount: count))
        }
        #expect(try await found(should(1), should(2)) == [1, 2])
        #expect(try await found(TwelvePoints.ids(1), should(2)).isEmpty)
        #expect(try await found(least(1, 1), least(1, 2)) == [1, 2])
        #expect(try await found(least(1, 1, 2), least(0, 2, 3)) == [1, 2, 3])
    }

    // MARK: Operands

    @Test func operandsAreNowhereInTheAnswer() async throws {
        let points = try await TwelvePoints()
        let byID = Prefetch(query: .nearest(.id(.number(6))), limit: 12)
        let all = try await points.ask(.fusion(.rrf(k: nil, weights: nil)), [byID, Prefetch(limit: 12), high(12)])
        #expect(all.count == 11 && !all.map(\.id).contains(6))
        let below = Prefetch(prefetch: [byID], query: .nearest(.id(.number(9))), limit: 12)
        for query in [TwelvePoints.near, try order("k"), .sample(.random)] {
            let rest = try await points.ask(query, [below, Prefetch(limit: 12)])
            #expect(Set(rest.map(\.id)) == Set(1...12).subtracting([6, 9]))
        }
        let recommended = try await points.ask(
            .recommend(RecommendInput(positive: [.id(.number(6))], negative: [.id(.number(4))], strategy: .bestScore)))
        #expect(recommended.count == 10)
        let pair = ContextPair(positive: .id(.number(1)), negative: .id(.number(2)))
        #expect(try await points.ask(.discover(DiscoverInput(target: .id(.number(3)), context: [pair]))).count == 9)
        #expect(try await points.ask(.context([pair])).count == 10)
        #expect(
            try await points.ask(
                .relevanceFeedback(
                    FeedbackInput(
                        target: .id(.number(1)), feedback: [.init(example: .id(.number(5)), score: 1)],
                        strategy: .init(a: 1, b: 1, c: 1)))).count == 10)
        #expect(try await points.ask(.diverse(.id(.number(1)), MMRParams())).count == 11)
    }

    @Test func operandsOfAnotherCollection() async throws {
        let points = try await TwelvePoints()
        try await points.database.createCollection(
            "other", CollectionConfig(vectors: .named(["v": VectorParams(size: 2, distance: .dot), "w": VectorParams(size: 2, distance: .dot)])))
        let other = try points.database.collection("other")
        try await other.update([
            .upsert(
                PointBatch([
                    Point(id: .number(6), vectors: .named(["v": .dense([0, 1])])),
                    Point(id: .number(99), vectors: .named(["w": .dense([1, 0])])),
                ]))
        ])
        func lookup(_ query: Query, _ location: LookupLocation) -> Prefetch {
            Prefetch(query: query, limit: 12, lookupFrom: location)
        }
        let v = LookupLocation(collection: "other", vector: "v")
        // Point 6 of the other collection is not excluded here.
        let hits = try await points.ask(.fusion(.rrf(k: 2, weights: nil)), [lookup(.nearest(.id(.number(6))), v)])
        #expect(hits.count == 12 && hits[0].id == 9)
        for query in [
            Query.recommend(RecommendInput(positive: [.id(.number(6))])), .context([.init(positive: .id(.number(6)), negative: .dense([1, 0]))]),
            .discover(.init(target: .id(.number(6)), context: [])), .diverse(.id(.number(6)), MMRParams()),
            .relevanceFeedback(.init(target: .id(.number(6)), feedback: [], strategy: .init(a: 1, b: 1, c: 1))),
        ] {
            #expect(try await points.ask(QueryRequest(query: query, limit: 12, lookupFrom: v)).count == 12)
        }
        await expectError(.notFound, "No point with id 7 found") {
            try await points.ask(QueryRequest(query: .nearest(.id(.number(7))), lookupFrom: v))
        }
        await expectError(.notFound, "Vector with name \"v\" for point not found") {
            try await points.ask(QueryRequest(query: .nearest(.id(.number(99))), lookupFrom: v))
        }
        await expectError(.notFound, "Collection none not found") {
            try await points.ask(
                QueryRequest(query: .nearest(.id(.number(7))), lookupFrom: LookupLocation(collection: "none")))
        }
        // Recommendations pass over examples without the vector.
        let one = try await points.ask(
            QueryRequest(query: .recommend(RecommendInput(positive: [.id(.number(6)), .id(.number(99))])), limit: 1, lookupFrom: v))
        #expect(one.map(\.id) == [9])
    }

    // MARK: Refusals

    @Test func rules() async throws {
        let points = try await TwelvePoints()
        await expectError(
            .badRequest, "A query is needed to merge the prefetches. Can't have prefetches without defining a query."
        ) { try await points.ask(QueryRequest(prefetch: [near()])) }
        await expectError(
            .badRequest, "A query is needed to merge the prefetches. Can't have prefetches without defining a query."
        ) { try await points.ask(TwelvePoints.near, [Prefetch(prefetch: [near()])]) }
        await expectError(
            .badRequest,
            "A query is needed to use the score_threshold. Can't have score_threshold without defining a query."
        ) { try await points.ask(QueryRequest(scoreThreshold: 1)) }
        await expectError(.badRequest, "Can't use score_threshold with an order_by query.") {
            try await points.ask(TwelvePoints.near, [Prefetch(query: try order("k"), scoreThreshold: 1)])
        }
        await expectError(.badRequest, "Fusion queries cannot be combined with the 'using' field.") {
            try await points.ask(QueryRequest(prefetch: [near()], query: .fusion(.dbsf), using: "x"))
        }
        await expectError(.badInput, "Validation failed: cannot apply Fusion without prefetches") {
            try await points.ask(TwelvePoints.near, [Prefetch(query: .fusion(.dbsf))])
        }
        await expectError(.badInput, "Validation failed: cannot apply Formula without prefetches") {
            try await points.ask(.formula(ScoreFormula(.constant(1))))
        }
        await expectError(.badInput, "Validation failed: RRF weights length (1) does not match number of prefetches (2)") {
            try await points.ask(.fusion(.rrf(k: 2, weights: [3])), [near(), high()])
        }
        await expectError(.notFound, "No point with id 77 found") {
            try await points.ask(TwelvePoints.near, [Prefetch(query: .nearest(.id(.number(77))))])
        }
        await expectError(.badInput, "Not existing vector name error: x") {
            try await points.ask(TwelvePoints.near, [Prefetch(query: TwelvePoints.near, using: "x")])
        }
        await expectError(.badInput, "Vector dimension error: expected dim: 2, got 1") {
            try await points.ask(.context([RankedKindsTests.pair([1], [0, 1])]))
        }
    }

    @Test func depth() async throws {
        let points = try await TwelvePoints()
        func tree(_ levels: Int) -> Prefetch {
            (1..<levels).reduce(near(10)) { inner, _ in Prefetch(prefetch: [inner], query: TwelvePoints.near, limit: 10) }
        }
        #expect(try await points.ask(TwelvePoints.near, [tree(64)]).count == 10)
        await expectError(.badInput, "Validation failed: prefetches depth 65 exceeds max depth 64") {
            try await points.ask(TwelvePoints.near, [tree(65)])
        }
    }
}

/// The operation fails with this kind and this message.
func expectError(
    _ kind: QuiverError.Kind, _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ operation: () async throws -> some Any
) async {
    do {
        _ = try await operation()
        Issue.record("no error, \(message) expected", sourceLocation: sourceLocation)
    } catch let error as QuiverError {
        #expect(error == QuiverError(kind, message), sourceLocation: sourceLocation)
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
