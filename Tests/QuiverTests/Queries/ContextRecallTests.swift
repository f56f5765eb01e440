import Quiver
import QuiverTestKit
import Testing

/// Searches for several vectors on a segment with a graph find what a scan finds.
struct ContextRecallTests {
    static let dimension = 16

    private static func collection(_ distance: Distance) async throws -> (TemporaryDirectory, Database, Quiver.Collection) {
        let directory = try TemporaryDirectory()
        let database = try Database.open(directory.path)
        var config = CollectionConfig(size: dimension, distance: distance)
        config.optimizers.indexingThreshold = 1
        config.hnsw.fullScanThreshold = 1
        try await database.createCollection("c", config)
        let collection = try database.collection("c")
        var random = SeededGenerator(seed: 7)
        // Clusters, as embeddings have them.
        let centres = (0..<40).map { _ in random.vector(dimension) }
        let points = try (0..<4000).map { id in
            let centre = centres[random.below(40)]
            let noise = random.vector(dimension)
            return Point(
                id: .number(UInt64(id)), vector: zip(centre, noise).map { $0 + 0.6 * $1 },
                payload: try Payload(json: #"{"even":\#(id % 2 == 0)}"#))
        }
        try await collection.update([.upsert(PointBatch(points))])
        try collection.waitUntilOptimizedBlocking(timeout: .seconds(120))
        return (directory, database, collection)
    }

    @Test(arguments: [Distance.cosine, .euclid, .dot]) func walks(_ distance: Distance) async throws {
        let (directory, database, collection) = try await Self.collection(distance)
        defer { withExtendedLifetime(directory) { database.close() } }
        #expect(try await collection.info().indexedVectorsCount == 4000)
        var random = SeededGenerator(seed: 8)
        func pairs(_ count: Int) -> [ContextPair] {
            (0..<count).map { _ in
                ContextPair(positive: .id(.number(UInt64(random.below(4000)))), negative: .id(.number(UInt64(random.below(4000)))))
            }
        }
        var found: [String: Int] = [:]
        for _ in 0..<20 {
            let target = VectorInput.id(.number(UInt64(random.below(4000))))
            let kinds: [(String, Query)] = [
                ("discover 1", .discover(DiscoverInput(target: target, context: pairs(1)))),
                ("discover 4", .discover(DiscoverInput(target: target, context: pairs(4)))),
                ("context 1", .context(pairs(1))), ("context 3", .context(pairs(3))), ("context 8", .context(pairs(8))),
                ("best", .recommend(RecommendInput(
                    positive: pairs(2).map(\.positive), negative: pairs(2).map(\.negative), strategy: .bestScore))),
                ("sum", .recommend(RecommendInput(
                    positive: pairs(2).map(\.positive), negative: pairs(1).map(\.negative), strategy: .sumScores))),
                ("feedback", .relevanceFeedback(FeedbackInput(
                    target: target, feedback: pairs(2).map { .init(example: $0.positive, score: random.vector(1)[0]) },
                    strategy: .init(a: 1, b: 1, c: 0.5)))),
            ]
            for (name, query) in kinds {
                for filter in [nil, Filter(must: [.field(FieldCondition(key: try PayloadPath(parsing: "even"), .match(.bool(true))))])] {
                    let exact = try await collection.query(
                        QueryRequest(query: query, filter: filter, params: SearchParams(exact: true), limit: 10))
                    let walked = try await collection.query(QueryRequest(query: query, filter: filter, limit: 10))
                    #expect(walked.count == 10)
                    guard let last = exact.last?.score else { continue }
                    found[name + (filter == nil ? "" : " even"), default: 0] += walked.count { $0.score >= last - 1e-5 }
                }
            }
        }
        for (name, count) in found { #expect(count >= 190, "\(name): \(count) of 200") }
    }
}
