import Foundation
import Logging
import QuiverTestKit

@testable import Quiver

/// A storage with a collection of every kind of vector and field index, and one of another kind that nothing happens to.
struct DamageSample {
    let directory: TemporaryDirectory
    let path: String
    /// What the collection "all" answers.
    let answers: [String]
    let otherAnswers: [String]
    var options: Database.Options

    static let points = 240

    static func make(seed: UInt64) async throws -> DamageSample {
        var random = SeededGenerator(seed: seed)
        let directory = try TemporaryDirectory()
        let path = directory.path + "/0"
        var options = Database.Options()
        options.workerThreads = 1
        options.indexingThreads = 1
        options.logger.logLevel = .critical
        options.scrubInterval = .zero
        let database = try Database.open(path, options: options)
        defer { database.close() }
        try await database.createCollection("all", config())
        try await database.createCollection("other", CollectionConfig(size: 4, distance: .dot))
        let all = try database.collection("all")
        for (field, type) in fields { _ = try await all.createIndex(PayloadPath(field)!, PayloadIndexParams(type: type)) }
        // Two segments of most vectors, one with dead rows, and a rest in the log.
        for part in 0..<3 {
            let range = part * points / 3..<(part + 1) * points / 3
            _ = try await all.update([.upsert(PointBatch(try range.map { try point($0, &random) }))])
            if part < 2 { try await all.seal() }
        }
        _ = try await all.update([.deletePoints(.ids((0..<points).filter { $0 % 7 == 0 }.map { .number(UInt64($0)) }))])
        let other = try database.collection("other")
        _ = try await other.update([
            .upsert(PointBatch((0..<20).map { Point(id: .number($0), vector: [Float($0), 1, 2, 3]) }))
        ])
        try await other.seal()
        return DamageSample(
            directory: directory, path: path, answers: try await Self.answers(all),
            otherAnswers: try await Self.otherAnswers(other), options: options)
    }

    static let fields: [(String, PayloadIndexType)] = [
        ("color", .keyword), ("n", .integer), ("price", .float), ("even", .bool), ("day", .datetime), ("u", .uuid),
        ("place", .geo), ("text", .text),
    ]

    private static func config() -> CollectionConfig {
        func dense(
            _ distance: Distance, _ datatype: VectorDatatype? = nil, _ quantization: QuantizationConfig? = nil
        ) -> VectorParams {
            var params = VectorParams(size: 16, distance: distance)
            params.datatype = datatype
            params.quantization = quantization
            return params
        }
        var multi = dense(.cosine)
        multi.multivector = MultivectorConfig(comparator: .maxSim)
        var config = CollectionConfig(
            vectors: .named([
                "plain": dense(.cosine), "manhattan": dense(.manhattan), "half": dense(.euclid, .float16),
                "bytes": dense(.dot, .uint8), "turbo4": dense(.cosine, .turbo4), "multi": multi,
                "scalar": dense(.cosine, nil, .scalar(ScalarQuantization(quantile: 0.95))),
                "product": dense(.euclid, nil, .product(ProductQuantization(compression: .x4))),
                "binary": dense(.dot, nil, .binary(BinaryQuantization(encoding: .oneBit, queryEncoding: .default))),
                "turbo": dense(.cosine, nil, .turbo(TurboQuantization(bits: .bits4))),
            ]))
        config.sparseVectors = ["sparse": SparseVectorParams()]
        config.optimizers.indexingThreshold = 1
        config.hnsw.m = 4
        config.hnsw.efConstruct = 16
        config.hnsw.payloadM = 4
        return config
    }

    private static func point(_ number: Int, _ random: inout SeededGenerator) throws -> Point {
        func row() -> [Float] { random.vector(16) }
        let payload = """
            {"color":"\(["red", "green", "blue"][number % 3])","n":\(number),"price":\(Double(number) / 4),\
            "even":\(number % 2 == 0),"day":"2024-01-\(10 + number % 20)T00:00:00Z",\
            "u":"550e8400-e29b-41d4-a716-4466554400\(10 + number % 90)",\
            "place":{"lon":\(Double(number % 90)),"lat":\(Double(number % 45))},"text":"some words number\(number % 11)"}
            """
        var vectors: [String: VectorValue] = [:]
        for name in ["plain", "manhattan", "half", "turbo4", "scalar", "product", "binary", "turbo"] {
            vectors[name] = .dense(row())
        }
        vectors["bytes"] = .dense(row().map { (120 + $0 * 100).rounded(.down) })
        vectors["multi"] = .multi((0..<1 + number % 3).map { _ in row() })
        let indices = Set((0..<6).map { _ in UInt32(random.below(60)) }).sorted()
        vectors["sparse"] = .sparse(SparseVector(indices: indices, values: indices.map { Float($0 % 5) + 0.5 }))
        return Point(id: .number(UInt64(number)), vectors: .named(vectors), payload: try Payload(json: payload))
    }

    // MARK: Questions

    private static func filters() -> [Filter] {
        let conditions: [(String, FieldCondition.Predicate)] = [
            ("color", .match(.string("red"))), ("n", .range(NumberRange(gte: 20, lt: 90))),
            ("price", .range(NumberRange(gt: 10))), ("even", .match(.bool(true))),
            ("u", .match(.string("550e8400-e29b-41d4-a716-446655440030"))), ("text", .matchText("number3")),
            ("place", .geoRadius(GeoRadius(center: GeoPoint(lon: 20, lat: 20), radius: 900_000))),
        ]
        return conditions.map { Filter(must: [.field(FieldCondition(key: PayloadPath($0.0)!, $0.1))]) }
    }

    /// Everything in which a storage that lost something would differ: all points, counts, and exact searches.
    /// Rows that are sealed meanwhile may be scored otherwise in the last digit.
    private static func score(_ score: Float) -> Float { (score * 1000).rounded() / 1000 }

    static func answers(_ collection: Quiver.Collection) async throws -> [String] {
        var random = SeededGenerator(seed: 1)
        var answers: [String] = []
        let page = try await collection.scroll(ScrollRequest(limit: 1000, withPayload: .all, withVectors: .all))
        for record in page.records {
            answers.append("\(record.id) \(record.payload.map { "\($0)" } ?? "-")")
            guard case .named(let named)? = record.vectors else { continue }
            for name in named.keys.sorted() { answers.append("\(record.id) \(name) \(String(describing: named[name]))") }
        }
        for filter in filters() { answers.append("count \(try await collection.count(filter: filter))") }
        answers.append("facet \(try collection.facetBlocking(FacetRequest(key: PayloadPath("color")!, exact: true)))")
        var params = SearchParams()
        params.exact = true
        for name in ["plain", "manhattan", "half", "bytes", "turbo4", "multi", "scalar", "product", "binary", "turbo"] {
            for filter in [nil, filters()[0]] {
                let query = random.vector(16).map { name == "bytes" ? 120 + $0 * 100 : $0 }
                let hits = try await collection.query(
                    QueryRequest(
                        query: .nearest(name == "multi" ? .multi([query]) : .dense(query)), using: name, filter: filter,
                        params: params, limit: 10))
                answers.append("\(name) \(hits.map { "\($0.id) \(score($0.score))" })")
            }
        }
        let hits = try await collection.query(
            QueryRequest(
                query: .nearest(.sparse(SparseVector(indices: [3, 17, 40], values: [1, 2, 0.5]))), using: "sparse", limit: 10))
        return answers + ["sparse \(hits.map { "\($0.id) \(score($0.score))" })"]
    }

    static func otherAnswers(_ collection: Quiver.Collection) async throws -> [String] {
        try await collection.scroll(ScrollRequest(limit: 100, withVectors: .all)).records.map { "\($0)" }
    }

    // MARK: Trials

    /// A copy of the storage to damage. Files keep no stamp that fits: copies are other files.
    func copy(_ number: Int) throws -> String {
        let target = directory.path + "/copy-\(number)"
        try copyTree(path, target)
        return target
    }

    /// All files below a directory, sorted.
    static func files(_ path: String) throws -> [String] {
        try Files.names(in: path).sorted().flatMap { name -> [String] in
            let inner = path + "/" + name
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: inner, isDirectory: &isDirectory)
            return isDirectory.boolValue ? try files(inner) : [inner]
        }
    }
}
