import Foundation
import Quiver
@testable import Quiver
import QuiverModel
import QuiverTestKit
import Testing

/// Sparse vectors through the public face, against a dictionary and plain arithmetic: growing, sealed, merged, reopened.
@Suite struct SparseTests {
    /// What a collection is to hold.
    private struct Model {
        var points: [UInt64: [UInt32: Float]] = [:]
        var random: SeededGenerator

        mutating func vector(_ count: Int) -> [UInt32: Float] {
            var vector: [UInt32: Float] = [:]
            for _ in 0..<count {
                let value = Float(1 + random.below(1 << 20)) / Float(1 << 18)
                vector[UInt32(random.below(random.below(60) + 1)) * 1_000_003] = random.chance(15) ? -value : value
            }
            return vector
        }

        /// Scores of all points that share an index with the query, or of all.
        func scores(
            _ query: [UInt32: Float], idf: Bool = false, sharing: Bool = true, where isWanted: (UInt64) -> Bool = { _ in true }
        ) -> [UInt64: Double] {
            var scores: [UInt64: Double] = [:]
            // A vector without entries is no document.
            let total = Double(points.values.count { !$0.isEmpty })
            let weights = query.reduce(into: [UInt32: Double]()) { weights, entry in
                let rows = Double(points.values.count { $0[entry.key] != nil })
                weights[entry.key] = Double(entry.value) * (idf ? log((total - rows + 0.5) / (rows + 0.5) + 1) : 1)
            }
            for (id, vector) in points where isWanted(id) {
                let shared = vector.filter { query[$0.key] != nil }
                if sharing && shared.isEmpty { continue }
                scores[id] = shared.reduce(0) { $0 + Double($1.value) * (weights[$1.key] ?? 0) }
            }
            return scores
        }
    }

    private static func sparse(_ vector: [UInt32: Float]) -> SparseVector {
        let entries = vector.shuffled()
        return SparseVector(indices: entries.map(\.key), values: entries.map(\.value))
    }

    private static func config(_ modifier: SparseModifier? = nil) -> CollectionConfig {
        var config = TestCollection.config()
        config.sparseVectors = ["s": SparseVectorParams(modifier: modifier), "other": SparseVectorParams()]
        return config
    }

    /// The hits are the best of `scores`, as far as rounding allows to tell.
    private func check(_ hits: [ScoredPoint], _ scores: [UInt64: Double], limit: Int, _ what: String) {
        let best = scores.values.sorted(by: >).prefix(limit)
        #expect(hits.count == best.count, "\(what)")
        #expect(Set(hits.map(\.id)).count == hits.count, "\(what)")
        for (hit, expected) in zip(hits, best) {
            guard case .number(let id) = hit.id, let score = scores[id] else {
                Issue.record("\(what): \(hit.id) must not be answered")
                continue
            }
            #expect(abs(Double(hit.score) - score) < 1e-4, "\(what)")
            #expect(abs(score - expected) < 1e-4, "\(what)")
        }
    }

    private func upsert(_ ids: [UInt64], _ model: inout Model, _ test: TestCollection) async throws {
        var points: [Point] = []
        for id in ids {
            let vector = model.vector(model.random.chance(5) ? 0 : 6)
            model.points[id] = vector
            points.append(Point(
                id: .number(id), vectors: .named(["s": .sparse(Self.sparse(vector))]),
                payload: try Payload(json: #"{"even":\#(id % 2 == 0)}"#)))
        }
        try await test.collection.update([.upsert(PointBatch(points))])
    }

    private func checkAll(_ model: inout Model, _ test: TestCollection, idf: Bool, _ what: String) async throws {
        for round in 0..<12 {
            let vector = model.vector([1, 3, 8, 40][round % 4])
            let query = QuiverModel.Query.nearest(.sparse(Self.sparse(vector)))
            let limit = [1, 10, 1000][round % 3]
            var request = QueryRequest(query: query, using: "s", limit: limit)
            let everything = model.scores(vector, idf: idf)
            check(try await test.collection.query(request), everything, limit: limit, "\(what), round \(round)")
            request.params.exact = true
            check(try await test.collection.query(request), everything, limit: limit, "\(what), exact, round \(round)")
            request.params.exact = false
            request.filter = Filter(must: [.field(FieldCondition(key: try #require(PayloadPath("even")), .match(.bool(true))))])
            check(
                try await test.collection.query(request), model.scores(vector, idf: idf) { $0 % 2 == 0 }, limit: limit,
                "\(what), filtered, round \(round)")
        }
        let page = try await test.collection.scroll(ScrollRequest(limit: 10_000, withVectors: .all))
        #expect(page.records.count == model.points.count)
        for record in page.records {
            guard case .number(let id) = record.id, case .named(let vectors) = record.vectors,
                case .sparse(let vector)? = vectors["s"]
            else {
                Issue.record("\(what): \(record)")
                continue
            }
            #expect(vector.indices == vector.indices.sorted())
            #expect(Dictionary(uniqueKeysWithValues: zip(vector.indices, vector.values)) == model.points[id], "\(what)")
        }
    }

    @Test(arguments: [false, true]) func throughTheirWholeLife(idf: Bool) async throws {
        let seed = runSeed("throughTheirWholeLife")
        var model = Model(random: SeededGenerator(seed: seed))
        let test = try await TestCollection(Self.config(idf ? .idf : nil))
        try await upsert(Array(0..<300), &model, test)
        try await checkAll(&model, test, idf: idf, "growing, seed \(seed)")
        try await test.collection.seal()
        try await checkAll(&model, test, idf: idf, "sealed, seed \(seed)")
        // A change of the modifier counts at once.
        for changed in [!idf, idf] {
            var patch = CollectionPatch()
            patch.sparseVectors = ["s": SparseVectorParams(modifier: changed ? SparseModifier.idf : SparseModifier.none)]
            try await test.database.updateCollection("c", patch)
            try await checkAll(&model, test, idf: changed, "modifier changed, seed \(seed)")
        }
        // From here on the statistics of idf also count what is gone.
        try await upsert((250..<700).filter { $0 % 3 != 0 }, &model, test)
        try await test.collection.update([.deletePoints(.ids((0..<40).map { .number($0) }))])
        for id in 0..<40 { model.points[UInt64(id)] = nil }
        if !idf { try await checkAll(&model, test, idf: false, "mixed, seed \(seed)") }
        for _ in 0..<10 {
            let last = UInt64(model.random.below(1000))
            try await upsert([last, last + 1, 2000 + last], &model, test)
            try await test.collection.seal()
        }
        #expect(test.collection.core.view.load().vectors.allSatisfy { $0.sealed.count < 10 })
        for vector in test.collection.core.view.load().vectors {
            for sealed in vector.sealed { try sealed.segment.verify() }
        }
        if !idf { try await checkAll(&model, test, idf: false, "merged, seed \(seed)") }
        try await test.crash()
        if !idf { try await checkAll(&model, test, idf: false, "opened again, seed \(seed)") }
    }

    @Test(arguments: [false, true]) func recommending(sealed: Bool) async throws {
        let seed = runSeed("recommending")
        var model = Model(random: SeededGenerator(seed: seed))
        let test = try await TestCollection(Self.config())
        try await upsert(Array(0..<200), &model, test)
        if sealed { try await test.collection.seal() }
        let positive: [UInt64] = [3, 5], given = model.vector(5), negative = model.vector(4)
        let liked = positive.compactMap { model.points[$0] } + [given]
        func request(_ strategy: RecommendStrategy) -> QueryRequest {
            QueryRequest(
                query: .recommend(RecommendInput(
                    positive: positive.map { .id(.number($0)) } + [.sparse(Self.sparse(given))],
                    negative: [.sparse(Self.sparse(negative))], strategy: strategy)),
                using: "s", limit: 20)
        }
        let others = { (id: UInt64) in !positive.contains(id) }
        let likes = liked.map { model.scores($0, sharing: false, where: others) }
        let dislikes = model.scores(negative, sharing: false, where: others)
        func sigma(_ x: Double) -> Double { 0.5 * (x / (1 + abs(x)) + 1) }
        var sums: [UInt64: Double] = [:], bests: [UInt64: Double] = [:]
        for (id, dislike) in dislikes {
            let scores = likes.map { $0[id] ?? 0 }
            sums[id] = scores.reduce(0, +) - dislike
            let best = scores.max() ?? 0
            bests[id] = best > dislike ? sigma(best) : -sigma(dislike)
        }
        check(try await test.collection.query(request(.sumScores)), sums, limit: 20, "sum, seed \(seed)")
        check(try await test.collection.query(request(.bestScore)), bests, limit: 20, "best, seed \(seed)")

        var average: [UInt32: Float] = [:]
        for vector in liked { for (index, value) in vector { average[index, default: 0] += 2 * value / Float(liked.count) } }
        for (index, value) in negative { average[index, default: 0] -= value }
        check(
            try await test.collection.query(request(.averageVector)), model.scores(average, where: others), limit: 20,
            "average, seed \(seed)")
    }

    @Test func weightsOfACorpus() async throws {
        let seed = runSeed("weightsOfACorpus")
        var model = Model(random: SeededGenerator(seed: seed))
        let test = try await TestCollection(Self.config(.idf))
        try await upsert(Array(0..<300), &model, test)
        try await test.collection.seal()
        try await upsert(Array(300..<400), &model, test)
        let query = model.vector(6)
        let even = Filter(must: [.field(FieldCondition(key: try #require(PayloadPath("even")), .match(.bool(true))))])
        var corpus = model
        corpus.points = model.points.filter { $0.key % 2 == 0 }
        var request = QueryRequest(query: .nearest(.sparse(Self.sparse(query))), using: "s", limit: 30)
        request.filter = even
        request.params.idf = .corpus(even)
        check(try await test.collection.query(request), corpus.scores(query, idf: true), limit: 30, "seed \(seed)")
        request.params.idf = .global
        check(
            try await test.collection.query(request), model.scores(query, idf: true) { $0 % 2 == 0 }, limit: 30,
            "seed \(seed)")
    }

    @Test func whatIsRefused() async throws {
        let test = try await TestCollection(Self.config())
        func search(_ input: VectorInput, using: String = "s") async -> QuiverError.Kind? {
            await kind { _ = try await test.collection.query(QueryRequest(query: .nearest(input), using: using, limit: 3)) }
        }
        #expect(await search(.sparse(SparseVector(indices: [1, 1], values: [1, 2]))) != nil)
        #expect(await search(.sparse(SparseVector(indices: [1], values: []))) != nil)
        #expect(await search(.sparse(SparseVector(indices: [1], values: [.nan]))) != nil)
        #expect(await search(.dense([1, 2])) != nil)
        #expect(await search(.sparse(SparseVector(indices: [1], values: [1])), using: "") != nil)
        #expect(await search(.sparse(SparseVector(indices: [], values: []))) == nil)
        #expect(await kind {
            try await test.collection.update([.upsert(PointBatch([
                Point(id: .number(1), vectors: .named(["s": .sparse(SparseVector(indices: [2, 2], values: [1, 2]))]))
            ]))])
        } != nil)
    }
}
