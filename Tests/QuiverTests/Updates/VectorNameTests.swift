import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// Vector names that come and go while the collection lives.
struct VectorNameTests {
    private static func dense(_ size: Int, _ distance: Distance = .dot) -> VectorNameConfig {
        .dense(VectorParams(size: size, distance: distance))
    }

    private func config(_ named: [String: Int]) -> CollectionConfig {
        var config = CollectionConfig(vectors: .named(named.mapValues { VectorParams(size: $0, distance: .dot) }))
        config.optimizers.indexingThreshold = 1
        config.hnsw.m = 8
        return config
    }

    private func points(_ ids: some Sequence<Int>, _ names: [String: Int]) -> PointBatch {
        PointBatch(
            ids.map { id in
                Point(
                    id: .number(UInt64(id)),
                    vectors: .named(names.mapValues { .dense([Float](repeating: Float(id + 1), count: $0)) }))
            })
    }

    private func vectors(_ test: TestCollection) async throws -> [UInt64: PointVectors] {
        var result: [UInt64: PointVectors] = [:]
        for record in try await test.collection.scroll(ScrollRequest(limit: 10_000, withVectors: .all)).records {
            guard case .number(let number) = record.id else { continue }
            result[number] = record.vectors
        }
        return result
    }

    private func has(_ id: Int, _ names: [String: Int]) -> PointVectors {
        .named(names.mapValues { .dense([Float](repeating: Float(id + 1), count: $0)) })
    }

    /// What is frozen under a name that was made anew is not what a file was written of.
    @Test func droppedAndMadeAnewWhileItIsSealed() async throws {
        var config = config(["a": 4])
        config.optimizers.maxOptimizationThreads = 0
        let test = try await TestCollection(config)
        let core = test.collection.core
        try await test.collection.update([.upsert(points(0..<10, ["a": 4]))])
        try await test.collection.onWriter { $0.state.freeze() }
        let sealer = SegmentSealer(core: core, optimizer: core.optimizer)
        let written = try #require(try sealer.write())
        try await test.collection.dropVectorName("a")
        try await test.collection.createVectorName("a", Self.dense(4))
        try await test.collection.update([.updateVectors(points(5..<8, ["a": 4]))])
        try await test.collection.onWriter { $0.state.freeze() }
        try sealer.commit(written)
        for isReopened in [false, true] {
            if isReopened { try test.reopen() }
            let found = try await vectors(test)
            #expect((5..<8).allSatisfy { found[UInt64($0)] == has($0, ["a": 4]) }, "\(found)")
            #expect(found[1] == .named([:]))
        }
    }

    @Test func createUseAndDrop() async throws {
        let test = try await TestCollection(config(["a": 4]))
        try await test.collection.update([.upsert(points(0..<10, ["a": 4]))])
        let created = try await test.collection.createVectorName("b", Self.dense(3))
        #expect(created.operationID == 2 && created.status == .completed)
        try await test.collection.update([.updateVectors(points(0..<5, ["b": 3]))])
        #expect(try await vectors(test)[3] == has(3, ["a": 4, "b": 3]))
        #expect(try await vectors(test)[7] == has(7, ["a": 4]))
        let hits = try await test.collection.query(
            QueryRequest(query: .nearest(.dense([1, 1, 1])), using: "b", limit: 100))
        #expect(hits.map(\.id) == [4, 3, 2, 1, 0].map { PointID.number($0) })
        #expect(try await test.collection.info().config.vectors?.byName["b"]?.size == 3)
        try await test.collection.dropVectorName("b")
        #expect(try await vectors(test)[3] == has(3, ["a": 4]))
        #expect(await kind { _ = try await test.collection.query(
            QueryRequest(query: .nearest(.dense([1, 1, 1])), using: "b")) } == .badInput)
        #expect(await kind { try await test.collection.update([.upsert(points(0..<1, ["b": 3]))]) } == .badInput)
        // Fine, as a name that never was.
        try await test.collection.dropVectorName("b")
        try await test.collection.dropVectorName("never")
        #expect(try await test.collection.count() == 10)
    }

    @Test func sameAgainAndOther() async throws {
        var config = config(["a": 4])
        config.sparseVectors = ["s": SparseVectorParams()]
        let test = try await TestCollection(config)
        try await test.collection.createVectorName("a", Self.dense(4))
        try await test.collection.createVectorName("s", .sparse(SparseVectorParams()))
        func text(_ name: String, _ config: VectorNameConfig) async -> String? {
            do {
                try await test.collection.createVectorName(name, config)
                return nil
            } catch {
                return error.kind == .badInput ? error.message : "another kind of error"
            }
        }
        #expect(await text("a", Self.dense(5)) == "Vector `a` already exists with a different configuration")
        #expect(await text("a", Self.dense(4, .cosine)) == "Vector `a` already exists with a different configuration")
        #expect(await text("s", Self.dense(4)) == "Vector `s` already exists as a sparse vector")
        #expect(await text("a", .sparse(SparseVectorParams())) == "Vector `a` already exists as a dense vector")
        #expect(
            await text("s", .sparse(SparseVectorParams(modifier: .idf)))
                == "Sparse vector `s` already exists with a different configuration")
        #expect(try await test.collection.info().config == test.collection.config)
        // What can be tuned is not compared.
        var patch = CollectionPatch()
        patch.vectors["a"] = VectorParamsPatch()
        patch.vectors["a"]?.onDisk = true
        try await test.database.updateCollection("c", patch)
        #expect(await text("a", Self.dense(4)) == nil)
        #expect(test.collection.config.vectors?.byName["a"]?.onDisk == true)
    }

    @Test func besideAnUnnamedVector() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<5)
        try await test.collection.createVectorName("b", Self.dense(2))
        #expect(try await test.hasExactly(0..<5))
        try await test.collection.update([.updateVectors(points([2], ["b": 2]))])
        #expect(try await vectors(test)[2] == .named(["": .dense(TestCollection.vector(2)), "b": .dense([3, 3])]))
        #expect(try await vectors(test)[1] == .unnamed(.dense(TestCollection.vector(1))))
        try test.reopen()
        #expect(try await vectors(test)[2] == .named(["": .dense(TestCollection.vector(2)), "b": .dense([3, 3])]))
        try await test.collection.dropVectorName("")
        #expect(try await vectors(test)[2] == .named(["b": .dense([3, 3])]))
        #expect(try await vectors(test)[1] == .named([:]))
    }

    @Test func withoutAnyVectors() async throws {
        let test = try await TestCollection(CollectionConfig())
        try await test.collection.update([.upsert(PointBatch([Point(id: 1, vectors: .none)]))])
        try await test.collection.createVectorName("s", .sparse(SparseVectorParams()))
        try await test.collection.createVectorName(
            "m", .dense(VectorParams(size: 2, distance: .dot, multivector: MultivectorConfig())))
        let vectors: [String: VectorValue] = [
            "s": .sparse(SparseVector(indices: [3], values: [2])), "m": .multi([[1, 2], [3, 4]]),
        ]
        try await test.collection.update([.updateVectors(PointBatch([Point(id: 1, vectors: .named(vectors))]))])
        try await test.crash()
        #expect(try await self.vectors(test)[1] == .named(vectors))
        try await test.collection.dropVectorName("s")
        try await test.collection.dropVectorName("m")
        #expect(test.collection.config.vectors == nil)
        try await test.collection.update([.upsert(PointBatch([Point(id: 2, vectors: .none)]))])
        try test.reopen()
        #expect(try await self.vectors(test) == [1: .named([:]), 2: .named([:])])
        #expect(try await test.collection.info().status == .green)
    }

    /// Data of an older vector of the name are in the log, in frozen segments and in sealed ones.
    @Test(arguments: [false, true], [0, 1, 2])
    func madeAnew(crashing: Bool, stage: Int) async throws {
        let test = try await TestCollection(config(["a": 4, "b": 2]))
        try await test.collection.update([.upsert(points(0..<200, ["a": 4, "b": 2]))])
        if stage == 1 { try await test.collection.onWriter { $0.state.freeze() } }
        if stage == 2 { try await test.collection.seal() }
        try await test.collection.update([.upsert(points(200..<210, ["a": 4, "b": 2]))])
        try await test.collection.dropVectorName("a")
        if stage == 2 { #expect(try test.collection.segmentFiles.count == 1) }
        try await test.collection.createVectorName("a", Self.dense(4))
        #expect(try await vectors(test)[3] == has(3, ["b": 2]))
        try await test.collection.update([.updateVectors(points([5, 205], ["a": 4]))])
        crashing ? try await test.crash() : try test.reopen()
        for _ in 0..<2 {
            let found = try await vectors(test)
            #expect(found.count == 210)
            for (number, vectors) in found {
                let names = [5, 205].contains(number) ? ["a": 4, "b": 2] : ["b": 2]
                #expect(vectors == has(Int(number), names))
            }
            try await test.collection.seal()
        }
        // And with another size.
        try await test.collection.dropVectorName("a")
        try await test.collection.createVectorName("a", Self.dense(7))
        try await test.collection.update([.updateVectors(points([9], ["a": 7]))])
        crashing ? try await test.crash() : try test.reopen()
        #expect(try await vectors(test)[9] == has(9, ["a": 7, "b": 2]))
        #expect(try await vectors(test)[5] == has(5, ["b": 2]))
    }

    /// The process ends between the commit of the collection and that of the catalogue.
    @Test func catalogueLeftBehind() async throws {
        let test = try await TestCollection(config(["a": 4]))
        try await test.collection.update([.upsert(points(0..<10, ["a": 4]))])
        _ = try VectorNameChange(core: test.collection.core).create("b", Self.dense(3))
        try await test.collection.update([.updateVectors(points([2], ["b": 3]))])
        try await test.crash()
        #expect(test.collection.config.vectors?.byName["b"]?.size == 3)
        #expect(try await vectors(test)[2] == has(2, ["a": 4, "b": 3]))
        _ = try VectorNameChange(core: test.collection.core).drop("b")
        try await test.crash()
        #expect(test.collection.config.vectors?.byName["b"] == nil)
        #expect(try await vectors(test)[2] == has(2, ["a": 4]))
        // The catalogue is whole again: what is tuned later counts.
        try await test.collection.createVectorName("b", Self.dense(3))
        var patch = CollectionPatch()
        patch.vectors["b"] = VectorParamsPatch()
        patch.vectors["b"]?.onDisk = true
        try await test.database.updateCollection("c", patch)
        try test.reopen()
        #expect(test.collection.config.vectors?.byName["b"]?.onDisk == true)
    }

    @Test func lastNameWithFrozenSegments() async throws {
        let test = try await TestCollection(config(["a": 4]))
        try await test.collection.update([.upsert(points(0..<10, ["a": 4]))])
        for _ in 0..<3 {
            try await test.collection.onWriter { $0.state.freeze() }
            try await test.collection.update([.upsert(points(0..<10, ["a": 4]))])
        }
        try await test.collection.dropVectorName("a")
        try await test.collection.update([.upsert(PointBatch([Point(id: 1, vectors: .none)]))])
        try await test.collection.createVectorName("a", Self.dense(2))
        try await test.collection.update([.updateVectors(points([3], ["a": 2]))])
        try await test.collection.seal()
        try await test.crash()
        #expect(try await vectors(test)[3] == has(3, ["a": 2]))
        #expect(try await vectors(test).count == 10)
    }

    /// Names come and go while points are written, asked for, sealed and merged.
    @Test func underLoad() async throws {
        var options = Database.Options()
        options.growingBytes = 20_000
        let test = try await TestCollection(config(["a": 16]), options: options)
        let collection = test.collection
        try await collection.update([.upsert(points(0..<50, ["a": 16]))])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<2 {
                group.addTask {
                    for round in 0..<60 {
                        let ids = (0..<40).map { ($0 * 7 + round + writer) % 300 }
                        try await collection.update([.upsert(points(ids, ["a": 16]))])
                        do {
                            try await collection.update([.updateVectors(points(Array(ids.prefix(20)), ["b": 8 + round % 2]))])
                        } catch let error as QuiverError where error.kind == .badInput {
                            // There is no such name, or not of this size, at the moment.
                        }
                    }
                }
            }
            group.addTask {
                for _ in 0..<150 {
                    do {
                        let hits = try await collection.query(
                            QueryRequest(
                                query: .nearest(.dense([Float](repeating: 1, count: 8))), using: "b", limit: 5,
                                withVectors: .names(["b"])))
                        for hit in hits {
                            guard case .named(let named)? = hit.vectors, named["b"]?.dense?.count == 8 else {
                                throw QuiverError.service("a hit without its vector: \(hit)")
                            }
                        }
                    } catch let error as QuiverError where error.kind == .badInput {}
                    _ = try await collection.query(
                        QueryRequest(query: .nearest(.dense([Float](repeating: 1, count: 16))), using: "a", limit: 5))
                }
            }
            group.addTask {
                for round in 0..<40 {
                    try await collection.createVectorName("b", Self.dense(8 + round % 2))
                    try await Task.sleep(for: .milliseconds(3))
                    try await collection.dropVectorName("b")
                }
                try await collection.createVectorName("b", Self.dense(8))
            }
            try await group.waitForAll()
        }
        try await collection.update([.updateVectors(points(0..<50, ["b": 8]))])
        let before = try await vectors(test)
        try await collection.settle()
        #expect(try await vectors(test) == before)
        try await test.crash()
        #expect(try await vectors(test) == before)
    }
}
