import QuiverModel
import QuiverTestKit
import Testing

struct PointBatchTests {
    @Test func keepsEveryVector() {
        var random = SeededGenerator(seed: runSeed("point batch"))
        let points = (0..<200).map { number -> Point in
            var named: [String: VectorValue] = [:]
            for name in ["", "a", "b"] where random.chance(60) { named[name] = .dense(random.vector(random.below(5))) }
            let vectors: PointVectors = random.chance(20) ? .unnamed(.dense(random.vector(4))) : random.chance(20) ? .none : .named(named)
            return Point(id: .number(UInt64(number)), vectors: vectors)
        }
        let batch = PointBatch(points)
        #expect(batch.entries.map(\.id) == points.map(\.id))
        #expect(Set(batch.vectorNames).count == batch.vectorNames.count)
        for (entry, point) in zip(batch.entries, points) {
            var found: [String: VectorValue] = [:]
            for vector in batch.vectors[entry.vectors] {
                found[batch.vectorNames[vector.name]] = .dense(Array(batch.components[vector.offset..<vector.offset + vector.count]))
            }
            switch point.vectors {
            case .none: #expect(found.isEmpty)
            case .unnamed(let vector): #expect(found == ["": vector])
            case .named(let named): #expect(found == named)
            }
        }
    }
}
