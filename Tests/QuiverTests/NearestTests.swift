import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// Queries that answer columns are the same as those that answer points.
struct NearestTests {
    private func nearest(_ collection: Quiver.Collection, _ vector: [Float], limit: Int) throws -> [ScoredPoint] {
        var ids = [UInt64](repeating: .max, count: limit)
        var scores = [Float](repeating: .nan, count: limit)
        let found = try ids.withUnsafeMutableBufferPointer { ids in
            try scores.withUnsafeMutableBufferPointer { scores in
                try vector.withUnsafeBufferPointer { vector in
                    guard let idBase = ids.baseAddress, let base = vector.baseAddress else { return 0 }
                    var query = NearestQuery(dimension: vector.count, limit: limit)
                    query.params.hnswEf = 64
                    return try collection.nearestBlocking(
                        query, base, into: AnswerColumns(ids: idBase, scores: scores.baseAddress))
                }
            }
        }
        return (0..<found).map { ScoredPoint(id: .number(ids[$0]), version: 0, score: scores[$0]) }
    }

    private func expectSameAnswers(_ test: TestCollection, _ random: inout SeededGenerator) async throws {
        for _ in 0..<20 {
            let vector = random.vector(TestCollection.dimension)
            let expected = try await test.collection.query(
                QueryRequest(query: .nearest(.dense(vector)), params: SearchParams(hnswEf: 64), limit: 12))
            let found = try nearest(test.collection, vector, limit: 12)
            #expect(found.map(\.id) == expected.map(\.id))
            #expect(found.map(\.score) == expected.map(\.score))
        }
    }

    /// Slots are used again by other points, before and after segments were sealed, merged and opened again: ids that
    /// stand in segments must follow.
    @Test func idsInSegmentsAreThoseOfThePoints() async throws {
        var random = SeededGenerator(seed: runSeed("ids in segments"))
        let test = try await TestCollection()
        var next: UInt64 = 1 << 40
        for round in 0..<6 {
            let points = (0..<400).map { _ in
                next += 1
                return Point(id: .number(next), vectors: .unnamed(.dense(random.vector(TestCollection.dimension))))
            }
            try await test.collection.update([.upsert(PointBatch(points))])
            if round % 2 == 1 { try test.collection.waitUntilOptimizedBlocking(timeout: .seconds(60)) }
            let gone = (0..<150).map { _ in PointID.number(next - UInt64(random.below(700))) }
            try await test.collection.update([.deletePoints(.ids(gone))])
            try await expectSameAnswers(test, &random)
        }
        try test.collection.waitUntilOptimizedBlocking(timeout: .seconds(60))
        try await expectSameAnswers(test, &random)
        #expect(try await test.collection.info().status == .green)
        let sealed = test.collection.core.view.load().vectors[0].sealed
        #expect(!sealed.isEmpty && sealed.allSatisfy { $0.segment.ids != nil })
    }

    @Test func uuidsAreRefused() async throws {
        var random = SeededGenerator(seed: runSeed("uuids"))
        let test = try await TestCollection()
        for sealed in [false, true] {
            let points = (0..<200).map { index in
                Point(
                    id: index == 7 ? .uuid(PointUUID(high: 1, low: 2)) : .number(UInt64(index)),
                    vectors: .unnamed(.dense(random.vector(TestCollection.dimension))))
            }
            try await test.collection.update([.upsert(PointBatch(points))])
            if sealed { try test.collection.waitUntilOptimizedBlocking(timeout: .seconds(60)) }
            #expect(throws: QuiverError.idIsNoNumber) {
                try nearest(test.collection, random.vector(TestCollection.dimension), limit: 200)
            }
        }
    }
}
