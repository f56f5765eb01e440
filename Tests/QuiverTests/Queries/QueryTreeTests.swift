import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// Random trees of queries of all kinds, on dense vectors, multivectors and sparse ones, against the oracle.
struct QueryTreeTests {
    private struct Run {
        var random: SeededGenerator
        let directory: TemporaryDirectory
        let database: Database
        let collection: Quiver.Collection
        let oracle: QueryOracle
        let distances: [String: Distance]
        var vague = 0
        var compared = 0

        static let dimension = 6
        static let kinds = ["a", "b", "c"]

        init(seed: UInt64) async throws {
            random = SeededGenerator(seed: seed)
            directory = try TemporaryDirectory()
            database = try Database.open(directory.path)
            distances = ["d": random.pick(Distance.allCases), "m": random.pick(Distance.allCases)]
            var config = CollectionConfig(
                vectors: .named([
                    "d": VectorParams(size: Self.dimension, distance: distances["d"] ?? .dot),
                    "m": VectorParams(size: Self.dimension, distance: distances["m"] ?? .dot, multivector: MultivectorConfig()),
                ]))
            config.sparseVectors = [QueryOracle.sparseName: SparseVectorParams()]
            config.optimizers.indexingThreshold = 1
            try await database.createCollection("c", config)
            collection = try database.collection("c")
            oracle = QueryOracle(distances: distances, points: [])
            for key in ["n", "kind"] {
                try await collection.createIndex(
                    try PayloadPath(parsing: key), PayloadIndexParams(type: key == "n" ? .integer : .keyword))
            }
            try await grow(200)
            if random.chance(60) { try collection.waitUntilOptimizedBlocking(timeout: .seconds(60)) }
            if random.chance(60) { try await grow(60) }
        }

        /// Upserts some points; some of them are there already.
        mutating func grow(_ count: Int) async throws {
            var batch: [Quiver.Point] = []
            for id in Set((0..<count).map { _ in UInt64(random.below(400)) }) {
                var named: [String: VectorValue] = [:]
                var rows: [String: [[Float]]] = [:]
                for (name, distance) in distances.sorted(by: { $0.key < $1.key }) where random.chance(85) {
                    let own = (0..<(name == "m" ? 1 + random.below(3) : 1)).map { _ in random.vector(Self.dimension) }
                    named[name] = name == "m" ? .multi(own) : .dense(own[0])
                    rows[name] = distance == .cosine ? own.map(PlainMath.normalised) : own
                }
                var sparse: [UInt32: Float]?
                if random.chance(85) {
                    let vector = sparseVector()
                    named[QueryOracle.sparseName] = .sparse(vector)
                    sparse = Dictionary(uniqueKeysWithValues: zip(vector.indices, vector.values))
                }
                let point = QueryOracle.Point(
                    id: id, rows: rows, sparse: sparse, n: random.chance(80) ? Int64(random.below(100_000)) : nil,
                    kind: random.pick(Self.kinds))
                let n = point.n.map { #""n":\#($0),"# } ?? ""
                batch.append(
                    Point(id: .number(id), vectors: .named(named), payload: try Payload(json: #"{\#(n)"kind":"\#(point.kind)"}"#)))
                oracle.points.removeAll { $0.id == id }
                oracle.points.append(point)
            }
            try await collection.update([.upsert(PointBatch(batch))])
        }

        mutating func sparseVector() -> SparseVector {
            let indices = Set((0..<1 + random.below(6)).map { _ in UInt32(random.below(20)) }).sorted()
            return SparseVector(indices: indices, values: indices.map { _ in random.vector(1)[0] + 0.3 })
        }

        // MARK: Requests

        mutating func input(_ name: String) -> VectorInput {
            if random.chance(40) {
                let known = oracle.points.filter { name == QueryOracle.sparseName ? $0.sparse != nil : $0.rows[name] != nil }
                return .id(.number(random.pick(known).id))
            }
            switch name {
            case "d": return .dense(random.vector(Self.dimension))
            case "m": return .multi((0..<1 + random.below(3)).map { _ in random.vector(Self.dimension) })
            default: return .sparse(sparseVector())
            }
        }

        mutating func inputs(_ name: String, atLeast least: Int) -> [VectorInput] {
            (0..<least + random.below(3)).map { _ in input(name) }
        }

        mutating func pairs(_ name: String) -> [ContextPair] {
            (0..<1 + random.below(3)).map { _ in ContextPair(positive: input(name), negative: input(name)) }
        }

        mutating func query(_ name: String, hasPrefetch: Bool) throws -> Query? {
            switch random.below(hasPrefetch ? 13 : 10) {
            case 0: return hasPrefetch ? .nearest(input(name)) : nil
            case 1:
                let direction = random.pick([OrderBy.Direction.ascending, .descending])
                return .orderBy(OrderBy(key: try PayloadPath(parsing: "n"), direction: direction))
            case 2, 3: return .nearest(input(name))
            case 4, 5:
                let strategy = random.pick([RecommendStrategy.averageVector, .bestScore, .sumScores])
                return .recommend(
                    RecommendInput(
                        positive: inputs(name, atLeast: 1), negative: inputs(name, atLeast: 0), strategy: strategy))
            case 6: return .discover(DiscoverInput(target: input(name), context: pairs(name)))
            case 7: return .context(pairs(name))
            case 8:
                let items = inputs(name, atLeast: 1).map { FeedbackInput.Item(example: $0, score: random.vector(1)[0]) }
                return .relevanceFeedback(
                    FeedbackInput(
                        target: input(name), feedback: items,
                        strategy: .init(a: 0.7, b: random.pick([1, 2]), c: 0.5)))
            case 9:
                return .diverse(
                    input(name),
                    MMRParams(
                        diversity: random.chance(50) ? abs(random.vector(1)[0]) : nil,
                        candidatesLimit: random.chance(50) ? 1 + random.below(40) : nil))
            case 10:
                let scores = ScoreExpression.product([.constant(2), .variable(.score(prefetch: 0))])
                let n = ScoreVariable.payload(try PayloadPath(parsing: "n"))
                return .formula(
                    ScoreFormula(
                        .sum([scores, .quotient(.variable(n), by: .constant(10), byZeroDefault: nil)]), defaults: [n: .number(7)]))
            case 11: return .fusion(.dbsf)
            default: return .fusion(.rrf(k: random.chance(50) ? 1 + random.below(60) : nil, weights: nil))
            }
        }

        mutating func filter() throws -> Filter? {
            switch random.below(5) {
            case 0: Filter(must: [.field(FieldCondition(key: try PayloadPath(parsing: "kind"), .match(.string(random.pick(Self.kinds)))))])
            case 1: Filter(mustNot: [.field(FieldCondition(key: try PayloadPath(parsing: "kind"), .match(.string(random.pick(Self.kinds)))))])
            case 2: Filter(must: [.field(FieldCondition(key: try PayloadPath(parsing: "n"), .range(NumberRange(gt: Double(random.below(80_000))))))])
            default: nil
            }
        }

        mutating func prefetch(depth: Int) throws -> Prefetch {
            let name = random.pick(["d", "m", QueryOracle.sparseName])
            let children = try prefetches(depth: depth - 1)
            let query = try query(name, hasPrefetch: !children.isEmpty)
            return Prefetch(
                prefetch: children, query: query, using: using(name, query), filter: try filter(), params: params,
                scoreThreshold: threshold(query), limit: 1 + random.below(50))
        }

        mutating func prefetches(depth: Int) throws -> [Prefetch] {
            guard depth > 0, random.chance(60) else { return [] }
            var children: [Prefetch] = []
            for _ in 0..<1 + random.below(3) { children.append(try prefetch(depth: depth)) }
            return children
        }

        private func using(_ name: String, _ query: Query?) -> String { if case .fusion? = query { "" } else { name } }

        private mutating func threshold(_ query: Query?) -> Float? {
            switch query {
            case nil, .orderBy?: nil
            default: random.chance(15) ? random.vector(1)[0] : nil
            }
        }

        // Walks may miss a point.
        private let params = SearchParams(exact: true)

        mutating func request() throws -> QueryRequest {
            let root = try prefetch(depth: 4)
            return QueryRequest(
                prefetch: root.prefetch, query: root.query, using: root.using, filter: root.filter, params: params,
                scoreThreshold: root.scoreThreshold, limit: root.limit, offset: isDiverse(root) ? 0 : random.below(4))
        }

        private func isDiverse(_ stage: Prefetch) -> Bool { if case .diverse? = stage.query { true } else { false } }

        // MARK: Comparing

        mutating func step() async throws {
            let request = try request()
            let expected = oracle.answer(request)
            if oracle.isVague {
                vague += 1
                return
            }
            compared += 1
            let hits = try await collection.query(request)
            let scores = Dictionary(expected.map { ($0.id, $0.score) }) { first, _ in first }
            func isNear(_ one: Double, _ other: Double) -> Bool { abs(one - other) <= 2e-4 * max(1, abs(other)) }
            let same = hits.count == expected.count
                && zip(hits, expected).allSatisfy { isNear(Double($0.score), $1.score) && isOrdered($0, $1, request) }
                && hits.allSatisfy { hit in
                    if case .number(let id) = hit.id, let score = scores[id] { isNear(Double(hit.score), score) } else { false }
                }
            if same { return }
            throw Mismatch(
                description: "\(request)\n  \(hits.map { "\($0.id): \($0.score)" })\n  "
                    + "\(expected.map { "\($0.id): \($0.score)" }) expected")
        }

        private func isOrdered(_ hit: ScoredPoint, _ expected: QueryOracle.Hit, _ request: QueryRequest) -> Bool {
            guard case .orderBy? = request.query else { return true }
            return hit.orderValue == expected.order.map { .integer($0) }
        }
    }

    struct Mismatch: Error, CustomStringConvertible { let description: String }

    @Test func treesAgainstTheOracle() async throws {
        let seed = runSeed("treesAgainstTheOracle")
        for round in 0..<4 {
            var run = try await Run(seed: seed &+ UInt64(round))
            for _ in 0..<50 { try await run.step() }
            #expect(run.compared > 15, "\(run.vague) of 50 trees were vague")
            run.database.close()
        }
    }
}
