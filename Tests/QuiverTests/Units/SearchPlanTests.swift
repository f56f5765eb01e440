import Quiver
import QuiverIndex
import QuiverModel
import QuiverPayload
import QuiverTestKit
import Testing

@testable import Quiver

/// How searches with filters are planned, and that no plan answers anything else.
struct SearchPlanTests {
    private func planner(
        matches: Int?, of live: Int = 1_000_000, fullScan: Int = 1000, ef: Int = 64, exact: Bool = false,
        acorn: ACORNParams? = nil
    ) -> SearchPlanner {
        SearchPlanner(
            matchCount: matches, liveCount: live, fullScanCount: fullScan, limit: 10, ef: ef, exact: exact,
            acorn: acorn, pointBytes: 384)
    }

    @Test func followsThresholdAndCost() {
        #expect(planner(matches: nil).plan(rowCount: 1_000_000, hasGraph: true) == .walk(twoHops: false))
        #expect(planner(matches: nil).plan(rowCount: 1_000_000, hasGraph: false) == .rows)
        #expect(planner(matches: 500_000).plan(rowCount: 1_000_000, hasGraph: false) == .matching)
        #expect(planner(matches: 500_000).plan(rowCount: 1_000_000, hasGraph: true) == .walk(twoHops: false))
        #expect(planner(matches: 1000).plan(rowCount: 1_000_000, hasGraph: true) == .matching)
        // Above the threshold: a hundredth of a million costs less to scan than to walk to, a tenth of it does not.
        #expect(planner(matches: 10_000).plan(rowCount: 1_000_000, hasGraph: true) == .matching)
        #expect(planner(matches: 100_000).plan(rowCount: 1_000_000, hasGraph: true) == .walk(twoHops: false))
        // The threshold decides also where a walk would be cheaper.
        #expect(planner(matches: 100_000, fullScan: 100_000).plan(rowCount: 1_000_000, hasGraph: true) == .matching)
        #expect(planner(matches: 100_000, exact: true).plan(rowCount: 1_000_000, hasGraph: true) == .exact)
    }

    @Test func honoursACORN() {
        let asked = ACORNParams(enable: true)
        #expect(planner(matches: 300_000, acorn: asked).plan(rowCount: 1_000_000, hasGraph: true) == .walk(twoHops: true))
        #expect(planner(matches: 500_000, acorn: asked).plan(rowCount: 1_000_000, hasGraph: true) == .walk(twoHops: false))
        let wide = ACORNParams(enable: true, maxSelectivity: 0.6)
        #expect(planner(matches: 500_000, acorn: wide).plan(rowCount: 1_000_000, hasGraph: true) == .walk(twoHops: true))
        let off = ACORNParams(enable: false, maxSelectivity: 1)
        #expect(planner(matches: 300_000, acorn: off).plan(rowCount: 1_000_000, hasGraph: true) == .walk(twoHops: false))
    }

    /// Several graphs, flat and growing segments, dead rows.
    private func collection(_ random: inout SeededGenerator) async throws -> (TestCollection, [Int: [Float]]) {
        var config = TestCollection.config()
        config.hnsw.efConstruct = 64
        let test = try await TestCollection(config)
        try await test.collection.createIndex(PayloadPath(parsing: "n"), PayloadIndexParams(type: .integer))
        var vectors: [Int: [Float]] = [:]
        func upsert(_ numbers: some Sequence<Int>) async throws {
            let points = try numbers.map { number in
                let vector = (0..<TestCollection.dimension).map { _ in Float.random(in: -1...1, using: &random) }
                vectors[number] = vector
                return Point(
                    id: .number(UInt64(number)), vector: vector, payload: try Payload(json: "{\"n\":\(number % 1000)}"))
            }
            try await test.collection.update([.upsert(PointBatch(points))])
        }
        try await upsert(0..<2500)
        try await test.collection.seal()
        try await upsert((0..<300).map { _ in Int.random(in: 0..<2500, using: &random) })
        try await upsert(2500..<3500)
        try await test.collection.seal()
        let gone = Set((0..<400).map { _ in Int.random(in: 0..<3500, using: &random) })
        try await test.delete(gone)
        for number in gone { vectors[number] = nil }
        try await upsert(3500..<3600)
        return (test, vectors)
    }

    @Test(arguments: [1, 2, 3])
    func allPlansAgree(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let (test, vectors) = try await collection(&random)
        let path = try PayloadPath(parsing: "n")
        let reader = try test.collection.core.reader()
        var hits = 0
        var wanted = 0
        for _ in 0..<60 {
            let below = [1, 3, 10, 40, 150, 500, 900].randomElement(using: &random) ?? 1
            let low = Int.random(in: 0...(1000 - below), using: &random)
            let range = NumberRange(gte: Double(low), lt: Double(low + below))
            let filter = Filter(must: [.field(FieldCondition(key: path, .range(range)))])
            let query = (0..<TestCollection.dimension).map { _ in Float.random(in: -1...1, using: &random) }
            let distances = vectors.filter { (low..<low + below).contains($0.key % 1000) }.map { number, vector in
                (distance: zip(vector, query).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }, number: number)
            }
            let expected = distances.sorted { $0 < $1 }.prefix(10).map { UInt64($0.number) }
            let accepted = try reader.matching(filter, nil)
            #expect(accepted?.count == distances.count, "seed \(seed)")
            for plan in [nil, .exact, .matching, .walk(twoHops: false), .walk(twoHops: true)] as [SearchPlan?] {
                var search = reader.search(
                    0, try SearchVectors(query, reader.view.vectors[0].field),
                    SearchParams(hnswEf: 32), accepted, limit: 10, nil)
                search.planner.forced = plan
                let found = try search.run(test.collection.core.scratches, test.collection.core.workers)
                let ids = try found.map { try reader.point($0.slot).id }
                if case .walk? = plan {
                    #expect(ids.count == expected.count, "seed \(seed), \(plan as Any), \(range)")
                    hits += ids.filter { expected.map(PointID.number).contains($0) }.count
                    wanted += expected.count
                } else {
                    #expect(ids == expected.map(PointID.number), "seed \(seed), \(plan as Any), \(range)")
                }
            }
        }
        #expect(Double(hits) >= 0.95 * Double(wanted), "seed \(seed)")
    }
}
