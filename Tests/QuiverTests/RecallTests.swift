import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// What a search with a graph finds of the exact answer, on real embeddings.
struct RecallTests {
    /// The floor of recall@10 at `ef` 128, in every state of the collection and with every filter.
    static let floor = 0.98
    static let queryCount = 40

    /// The expected answers, by brute force over rows as they are now.
    private struct Truth {
        var vectors: [[Float]]
        var isLive: [Bool]
        /// Per row, a number below 1,000: what filters look at.
        let buckets: [Int]
        let queries: [[Float]]
        private var scores: [[Float]]

        init(_ vectors: [[Float]], buckets: [Int], queries: [[Float]]) {
            self.vectors = vectors
            self.buckets = buckets
            self.queries = queries
            isLive = vectors.map { _ in true }
            scores = queries.map { query in vectors.map { Truth.dot(query, $0) } }
        }

        private static func dot(_ left: [Float], _ right: [Float]) -> Float {
            left.withUnsafeBufferPointer { left in
                right.withUnsafeBufferPointer { right in
                    var sum: Float = 0
                    var index = 0
                    while index < left.count {
                        sum += left[index] * right[index]
                        index += 1
                    }
                    return sum
                }
            }
        }

        mutating func replace(_ row: Int, _ vector: [Float]) {
            vectors[row] = vector
            for query in queries.indices { scores[query][row] = Truth.dot(queries[query], vector) }
        }

        /// The ten best live rows whose bucket is below `bound`.
        func best(_ query: Int, below bound: Int, except row: Int? = nil) -> [Float] {
            let matching = vectors.indices.filter { isLive[$0] && buckets[$0] < bound && $0 != row }
            return Array(matching.map { scores[query][$0] }.sorted(by: >).prefix(10))
        }
    }

    private func filter(below bound: Int) throws -> Filter? {
        if bound >= 1000 { return nil }
        let path = try PayloadPath(parsing: "bucket")
        return Filter(must: [.field(FieldCondition(key: path, .range(NumberRange(lt: Double(bound)))))])
    }

    /// Share of the expected scores that a search reaches. Equal scores are equally good.
    private func recall(_ products: Quiver.Collection, _ truth: Truth, below bound: Int) async throws -> Double {
        var found = 0, wanted = 0
        let filter = try filter(below: bound)
        for query in truth.queries.indices {
            let expected = truth.best(query, below: bound)
            var request = QueryRequest(query: .nearest(.dense(truth.queries[query])), filter: filter, limit: 10)
            request.params.hnswEf = 128
            let hits = try await products.query(request)
            #expect(hits.count == expected.count, "fewer than there are with filter \(bound)")
            for hit in hits {
                guard case .number(let row) = hit.id else { continue }
                #expect(truth.isLive[Int(row)] && truth.buckets[Int(row)] < bound, "\(row) does not match")
            }
            wanted += expected.count
            if let last = expected.last { found += hits.count { $0.score >= last - 1e-5 } }
        }
        return wanted == 0 ? 1 : Double(found) / Double(wanted)
    }

    private func check(_ products: Quiver.Collection, _ truth: Truth, _ moment: String) async throws {
        var told: [String] = []
        for bound in [1000, 500, 100, 10, 1] {
            let recall = try await recall(products, truth, below: bound)
            told.append("\(Double(bound) / 10) %: \(recall)")
            #expect(recall >= RecallTests.floor, "\(moment), filter of \(Double(bound) / 10) %")
        }
        print("recall, \(moment): \(told.joined(separator: ", "))")
    }

    /// - Parameter fullScanThreshold: 10,000 kB, the default, scans all filters here; 10 kB walks all but the narrowest.
    @Test(arguments: [10_000, 10])
    func staysAboveFloor(fullScanThreshold: Int) async throws {
        var random = SeededGenerator(seed: runSeed("recall"))
        let sample = try SampleData()
        let directory = try TemporaryDirectory()
        var options = Database.Options()
        options.growingBytes = 1000 * SampleData.dimension * 4
        let database = try Database.open(directory.path + "/db", options: options)
        defer { database.close() }
        var config = CollectionConfig(size: SampleData.dimension, distance: .cosine)
        config.optimizers.indexingThreshold = 1000
        config.hnsw.fullScanThreshold = fullScanThreshold
        try await database.createCollection("products", config)
        let products = try database.collection("products")
        try await products.createIndex(try PayloadPath(parsing: "bucket"), PayloadIndexParams(type: .integer))

        let buckets = sample.vectors.indices.map { _ in random.below(1000) }
        func point(_ row: Int, _ vector: [Float]) throws -> Point {
            Point(id: .number(UInt64(row)), vector: vector, payload: try Payload(json: #"{"bucket": \#(buckets[row])}"#))
        }
        // Between two products, so that a query is near to real ones and equal to none.
        func between() -> [Float] {
            PlainMath.normalised(zip(random.pick(sample.vectors), random.pick(sample.vectors)).map { $0 + $1 / 2 })
        }
        let queries = (0..<RecallTests.queryCount).map { _ in between() }
        var truth = Truth(sample.vectors.map(PlainMath.normalised), buckets: buckets, queries: queries)

        for start in stride(from: 0, to: sample.vectors.count, by: 500) {
            let rows = start..<min(start + 500, sample.vectors.count)
            try await products.update([.upsert(PointBatch(try rows.map { try point($0, sample.vectors[$0]) }))])
        }
        try await check(products, truth, "while it is being indexed")
        try await products.seal()
        let info = try await products.info()
        #expect(info.indexedVectorsCount == sample.vectors.count && info.pointsCount == sample.vectors.count)
        try await check(products, truth, "sealed and indexed")

        let gone = truth.vectors.indices.filter { _ in random.chance(30) }
        for row in gone { truth.isLive[row] = false }
        try await products.update([.deletePoints(.ids(gone.map { .number(UInt64($0)) }))])
        try await check(products, truth, "30 % deleted")
        try await products.settle()
        try await check(products, truth, "30 % deleted and healed")

        let changed = truth.vectors.indices.filter { truth.isLive[$0] && random.chance(15) }
        for row in changed { truth.replace(row, between()) }
        try await products.update([
            .updateVectors(PointBatch(changed.map { Point(id: .number(UInt64($0)), vector: truth.vectors[$0]) }))
        ])
        try await check(products, truth, "15 % updated")
        try await products.seal()
        try await check(products, truth, "15 % updated and merged")

        // The deleted come back.
        for row in gone { truth.isLive[row] = true }
        try await products.update([.upsert(PointBatch(try gone.map { try point($0, truth.vectors[$0]) }))])
        try await products.seal()
        try await check(products, truth, "all back and merged")
        try await neverItself(products, truth)
    }

    private func neverItself(_ products: Quiver.Collection, _ truth: Truth) async throws {
        for row in stride(from: 0, to: truth.vectors.count, by: 97) {
            for bound in [1000, 100] {
                var request = QueryRequest(query: .nearest(.id(.number(UInt64(row)))), filter: try filter(below: bound))
                request.params.hnswEf = 128
                let hits = try await products.query(request)
                #expect(hits.count == 10 && !hits.contains { $0.id == .number(UInt64(row)) })
            }
        }
    }
}
