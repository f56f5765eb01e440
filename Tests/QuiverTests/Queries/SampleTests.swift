import Quiver
import QuiverPayload
import QuiverTestKit
import Testing

@testable import Quiver

/// Random draws, and the matrix of distances within one.
struct SampleTests {
    @Test func drawsAreFair() {
        let slots = SlotBitmap(bitCount: 300)
        for slot in stride(from: UInt32(3), to: 300, by: 7) { slots.insert(slot) }
        let count = slots.count
        for wanted in [1, 5, 20, count / 2, count - 1, count, count + 9] {
            let drawn = RandomSample.draw(wanted, from: slots, count: count)
            #expect(drawn.count == min(wanted, count) && Set(drawn).count == drawn.count && drawn.allSatisfy(slots.contains))
        }
        // Each slot in each place about equally often: 43 slots, 4,300 draws of 20, 2,000 times each.
        for set in [slots, { let all = SlotBitmap(bitCount: 43); all.fill(); return all }()] {
            var counts: [UInt32: Int] = [:]
            for _ in 0..<4300 { for slot in RandomSample.draw(20, from: set, count: set.count) { counts[slot, default: 0] += 1 } }
            #expect(counts.count == 43 && counts.values.allSatisfy { (1700...2300).contains($0) })
        }
    }

    @Test func samplesOfACollection() async throws {
        let points = try await TwelvePoints()
        for offset in [0, 3, 10] {
            let drawn = try await points.ask(.sample(.random), limit: 4, offset: offset)
            #expect(Set(drawn.map(\.id)).count == 4 && drawn.allSatisfy { $0.score == 1 })
        }
        let few = try await points.ask(QueryRequest(query: .sample(.random), filter: TwelvePoints.ids(2, 5)))
        #expect(Set(few.map(\.id)) == [2, 5])
        #expect(try await points.ask(.sample(.random), [Prefetch(limit: 4)], offset: 2).count == 2)
        #expect(try await points.ask(.sample(.random), threshold: 5, limit: 4).count == 4)
    }

    @Test(arguments: [Distance.dot, .euclid, .cosine, .manhattan]) func matrix(_ distance: Distance) async throws {
        let points = try await TwelvePoints(distance)
        let matrix = try points.collection.matrixBlocking(MatrixRequest(sample: 20, limit: 3))
        #expect(matrix.ids == (1...12).map { .number($0) } && matrix.neighbours.count == 12)
        let stored = try await points.collection.retrieve(matrix.ids, withVectors: .all).sorted { $0.id < $1.id }
        let vectors = stored.compactMap { record -> [Float]? in
            if case .unnamed(.dense(let vector))? = record.vectors { vector } else { nil }
        }
        for (place, row) in matrix.neighbours.enumerated() {
            let expected = vectors.indices.filter { $0 != place }
                .map { PlainMath.similarity(vectors[place], vectors[$0], distance) }.sorted(by: >).prefix(3)
            #expect(row.count == 3 && !row.contains { $0.place == place })
            for (neighbour, similarity) in zip(row, expected) {
                #expect(abs(Double(neighbour.score) - PlainMath.shown(similarity, distance)) < 1e-5)
                let own = PlainMath.similarity(vectors[place], vectors[neighbour.place], distance)
                #expect(abs(own - similarity) < 1e-5)
            }
        }
        let drawn = try points.collection.matrixBlocking(MatrixRequest(sample: 5, limit: 2))
        #expect(drawn.ids.count == 5 && drawn.ids == drawn.ids.sorted() && drawn.neighbours.allSatisfy { $0.count == 2 })
        let few = try points.collection.matrixBlocking(MatrixRequest(filter: TwelvePoints.ids(3, 7, 8), sample: 10, limit: 9))
        #expect(few.ids == [3, 7, 8].map { .number($0) } && few.neighbours.allSatisfy { $0.count == 2 })
        #expect(try points.collection.matrixBlocking(MatrixRequest(filter: TwelvePoints.ids(3))).ids.isEmpty)
        #expect(throws: QuiverError.vectorNameUnknown("x")) { try points.collection.matrixBlocking(MatrixRequest(using: "x")) }
    }
}
