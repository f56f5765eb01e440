import Quiver
import QuiverTestKit
import Testing

/// Groups over every kind of query: the same groups as the ranking itself has.
struct GroupTests {
    let directory: TemporaryDirectory
    let database: Database
    let collection: Quiver.Collection
    private let by: PayloadPath

    /// 240 points of which a fifth has no group; numbers as ids of groups, some points in two.
    init() async throws {
        directory = try TemporaryDirectory()
        database = try Database.open(directory.path)
        try await database.createCollection("c", CollectionConfig(size: 4, distance: .dot))
        collection = try database.collection("c")
        by = try PayloadPath(parsing: "doc")
        var random = SeededGenerator(seed: 31)
        let points = try (0..<240).map { id in
            let doc = id % 10 == 0 ? "[\(id % 7),\(id % 11)]" : "\(random.below(12))"
            let member = id % 5 == 4 ? "" : #","doc":\#(doc)"#
            return Point(
                id: .number(UInt64(id)), vector: random.vector(4), payload: try Payload(json: #"{"n":\#(id / 3)\#(member)}"#))
        }
        try await collection.update([.upsert(PointBatch(points))])
        try await collection.createIndex(try PayloadPath(parsing: "n"), PayloadIndexParams(type: .integer))
    }

    /// Groups of a ranking of everything.
    private func grouped(_ ranking: [ScoredPoint], size: Int, limit: Int) -> [(id: Int64, hits: [PointID])] {
        var groups: [(id: Int64, hits: [PointID])] = []
        for point in ranking {
            guard let text = point.payload.map({ String(decoding: $0.utf8, as: UTF8.self) }),
                let doc = text.split(separator: #""doc":"#, maxSplits: 1).dropFirst().first
            else { continue }
            let keys = doc.split { !$0.isNumber }.compactMap { Int64($0) }
            for key in distinct(keys) {
                if let place = groups.firstIndex(where: { $0.id == key }) {
                    if groups[place].hits.count < size { groups[place].hits.append(point.id) }
                } else if groups.count < limit {
                    groups.append((key, [point.id]))
                }
            }
        }
        return groups
    }

    private func distinct(_ keys: [Int64]) -> [Int64] {
        keys.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private var kinds: [(String, Query)] {
        let pair = ContextPair(positive: .dense([1, 0, 0, 0]), negative: .dense([0, 1, 0, 0]))
        let input = VectorInput.dense([0.5, 0.1, -0.3, 0.2])
        return [
            ("nearest", .nearest(input)),
            ("recommend", .recommend(RecommendInput(positive: [input], negative: [.id(.number(3))], strategy: .sumScores))),
            ("discover", .discover(DiscoverInput(target: input, context: [pair]))),
            ("feedback", .relevanceFeedback(
                FeedbackInput(target: input, feedback: [.init(example: .id(.number(9)), score: 1)], strategy: .init(a: 1, b: 1, c: 1)))),
        ]
    }

    @Test func everyKind() async throws {
        for (name, query) in kinds {
            let ranking = try await collection.query(QueryRequest(query: query, limit: 240, withPayload: .all))
            for (size, limit) in [(1, 3), (3, 5), (4, 40), (60, 2)] {
                let groups = try await collection.queryGroups(
                    GroupsRequest(query: QueryRequest(query: query), groupBy: by, groupSize: size, limit: limit))
                let expected = grouped(ranking, size: size, limit: limit)
                #expect(
                    groups.map(\.id) == expected.map { .integer($0.id) } && groups.map { $0.hits.map(\.id) } == expected.map(\.hits),
                    "\(name), \(limit) groups of \(size)")
            }
        }
    }

    @Test func overPrefetches() async throws {
        let prefetch = [Prefetch(query: kinds[0].1, limit: 4), Prefetch(query: kinds[2].1, limit: 4)]
        for query in [Query.fusion(.rrf(k: nil, weights: nil)), .fusion(.dbsf), kinds[1].1, .sample(.random)] {
            let groups = try await collection.queryGroups(
                GroupsRequest(
                    query: QueryRequest(prefetch: prefetch, query: query, withPayload: .all), groupBy: by, groupSize: 2, limit: 5))
            #expect(groups.count == 5 && groups.allSatisfy { (1...2).contains($0.hits.count) })
            #expect(groups.allSatisfy { $0.hits.allSatisfy { $0.payload != nil } })
        }
        let formula = ScoreFormula(.variable(.payload(try PayloadPath(parsing: "n"))))
        let groups = try await collection.queryGroups(
            GroupsRequest(
                query: QueryRequest(prefetch: [Prefetch(limit: 500)], query: .formula(formula)), groupBy: by, groupSize: 3, limit: 4))
        #expect(groups.count == 4 && groups.allSatisfy { $0.hits.count == 3 && $0.hits[0].score >= $0.hits[2].score })
    }

    @Test func withoutVectors() async throws {
        for query in [nil, Query.orderBy(OrderBy(key: try PayloadPath(parsing: "n"))), .sample(.random)] {
            let groups = try await collection.queryGroups(
                GroupsRequest(query: QueryRequest(query: query), groupBy: by, groupSize: 2, limit: 6))
            #expect(groups.count == 6 && groups.allSatisfy { $0.hits.count == 2 && $0.hits[0].score == 1 })
        }
        let diverse = try await collection.queryGroups(
            GroupsRequest(
                query: QueryRequest(query: .diverse(.dense([1, 0, 0, 0]), MMRParams())), groupBy: by, groupSize: 2, limit: 4))
        #expect(diverse.count == 4)
    }

    @Test func lookups() async throws {
        try await database.createCollection("docs", CollectionConfig(size: 2, distance: .dot))
        let docs = try database.collection("docs")
        try await docs.update([
            .upsert(PointBatch(try (0..<6).map {
                Point(id: .number($0), vector: [Float($0), 1], payload: try Payload(json: #"{"title":"t\#($0)"}"#))
            }))
        ])
        let lookup = GroupLookup(collection: "docs", withVectors: .all)
        let groups = try await collection.queryGroups(
            GroupsRequest(query: QueryRequest(query: kinds[2].1), groupBy: by, groupSize: 1, limit: 12, withLookup: lookup))
        for group in groups {
            guard case .integer(let id) = group.id else { continue }
            #expect((group.lookup != nil) == (id < 6))
            #expect(group.lookup.map { $0.id == .number(UInt64(id)) && $0.vectors != nil && $0.payload != nil } ?? true)
        }
        await expectError(.notFound, "Collection none not found") {
            try await collection.queryGroups(
                GroupsRequest(query: QueryRequest(), groupBy: by, withLookup: GroupLookup(collection: "none")))
        }
    }
}
