import Quiver
import QuiverTestKit
import Synchronization
import Testing

@testable import Quiver

/// Searches while codes are made anew and segments are merged.
@Suite struct KindConcurrencyTests {
    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    @Test(arguments: [
        KindShape(isMulti: false, datatype: .float32, distance: .cosine),
        KindShape(isMulti: false, datatype: .uint8, distance: .manhattan),
        KindShape(isMulti: true, datatype: .float16, distance: .dot),
        KindShape(isMulti: true, datatype: .turbo4, distance: .euclid),
    ])
    func searchesWhilePatched(_ shape: KindShape) async throws {
        let seed = runSeed("searches while patched, \(shape.testDescription)")
        let run = try await KindRun(shape, seed: seed)
        defer { run.database.close() }
        for _ in 0..<8 {
            try await run.upsert(50)
            try await run.collection.freeze()
        }
        let collection = run.collection
        let points = run.points
        let ids = points.keys.sorted()
        let flag = Flag()
        let patches = (0..<12).map { _ in run.random.pick(KindShape.quantizations) }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<3 {
                group.addTask {
                    var random = SeededGenerator(seed: seed &+ UInt64(task))
                    var searches = 0
                    repeat {
                        // A stored vector finds itself, or what is as near: exactly, and on codes rescored.
                        let id = random.pick(ids)
                        guard let rows = points[id] else { continue }
                        let query = rows.map(shape.stored)
                        var request = QueryRequest(query: .nearest(shape.value(rows).input), limit: 5)
                        request.params.exact = random.chance(50)
                        request.params.quantization = QuantizationSearchParams(rescore: true, oversampling: 4)
                        let hits = try await collection.query(request)
                        #expect(hits.count == 5)
                        let best = points.values.map { shape.similarity(query, $0) }.max() ?? 0
                        guard case .number(let first)? = hits.first?.id, let found = points[first] else { continue }
                        let similarity = shape.similarity(query, found)
                        if request.params.exact {
                            #expect(similarity >= best - 2 * shape.tolerance(query, found), "QUIVER_SEED=\(seed), \(id)")
                        }
                        let shown = PlainMath.shown(similarity, shape.distance)
                        #expect(
                            abs(Double(hits[0].score) - shown) <= 0.05 * max(1, abs(shown)),
                            "QUIVER_SEED=\(seed): \(hits[0].score), \(shown) expected")
                        searches += 1
                    } while !flag.isSet
                    return searches
                }
            }
            for (number, quantization) in patches.enumerated() {
                var patch = CollectionPatch()
                patch.quantization = number % 4 == 3 ? .disabled : .replaced(quantization)
                var optimizers = OptimizersConfigPatch()
                optimizers.defaultSegmentNumber = 1 + number % 3
                patch.optimizers = optimizers
                try await run.database.updateCollection("kind", patch)
                if number % 2 == 0 { try await collection.settle() }
            }
            try await collection.settle()
            flag.set()
            for try await searches in group { #expect(searches > 0) }
        }
        try await run.checkAll()
    }
}
