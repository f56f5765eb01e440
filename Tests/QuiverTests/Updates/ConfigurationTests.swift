import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// What of a configuration is told, merged and refused.
struct ConfigurationTests {
    @Test func metadata() async throws {
        var config = TestCollection.config()
        config.metadata = #"{"a":1.10,"b":"x","c":{"d":[1,2]}}"#
        let test = try await TestCollection(config)
        var patch = CollectionPatch()
        patch.metadata = #"{"b":null,"c":{"e":12345678901234567890},"f":true,"g":null}"#
        try await test.database.updateCollection("c", patch)
        try test.reopen()
        #expect(test.collection.config.metadata == #"{"a":1.10,"c":{"e":12345678901234567890},"f":true}"#)
        patch.metadata = "[1]"
        let wrong = patch
        #expect(await kind { try await test.database.updateCollection("c", wrong) } == .badRequest)
        #expect(test.collection.config.metadata?.contains("1.10") == true)
    }

    @Test func inlineStorageWithoutEffect() async throws {
        func warnings(_ change: (inout CollectionConfig) -> Void) async throws -> [String] {
            var config = CollectionConfig(
                vectors: .named([
                    "a": VectorParams(size: 4, distance: .dot),
                    "m": VectorParams(size: 4, distance: .dot, multivector: MultivectorConfig()),
                ]))
            change(&config)
            let test = try await TestCollection(config)
            return try await test.collection.info().warnings
        }
        let multi = "The `hnsw_config.inline_storage` option for vector 'm' is not compatible with multivectors. "
            + "This option will be ignored."
        let plain = "The `hnsw_config.inline_storage` option for vector 'a' requires quantization to be enabled. "
            + "This option will be ignored."
        #expect(try await warnings { _ in } == [])
        #expect(try await warnings { $0.hnsw.inlineStorage = true } == [plain, multi])
        let quantized = try await warnings {
            $0.hnsw.inlineStorage = true
            $0.quantization = .scalar(ScalarQuantization())
        }
        #expect(quantized == [multi])
    }

    @Test func oneNameForTwoKinds() async throws {
        let test = try await TestCollection()
        var config = CollectionConfig(vectors: .named(["x": VectorParams(size: 4, distance: .dot)]))
        config.sparseVectors = ["x": SparseVectorParams()]
        let wrong = config
        do {
            try await test.database.createCollection("d", wrong)
            Issue.record("it was made")
        } catch {
            #expect(error == .badInput("Dense and sparse vector names must be unique - duplicate found with 'x'"))
        }
    }

    @Test func greyWhileNothingMayRun() async throws {
        var config = TestCollection.config()
        config.optimizers.maxOptimizationThreads = 0
        let test = try await TestCollection(config)
        #expect(try await test.collection.info().status == .green)
        try await test.upsert(0..<1200)
        try await test.collection.freeze()
        while try await test.collection.info().status == .yellow { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try await test.collection.info().status == .grey)
        let report = test.collection.optimizationsReport()
        #expect(report.queued.map(\.reason) == [.indexing] && report.running.isEmpty && report.completed.isEmpty)
        #expect(report.queued.first?.points == 1200)
        var patch = CollectionPatch()
        patch.optimizers = OptimizersConfigPatch()
        patch.optimizers?.maxOptimizationThreads = .automatic
        try await test.database.updateCollection("c", patch)
        try await test.collection.settle()
        #expect(try await test.collection.info().status == .green)
        let after = test.collection.optimizationsReport()
        #expect(after.queued.isEmpty && after.completed.first?.reason == .indexing)
        guard case .done? = after.completed.first?.status else {
            Issue.record("not done: \(String(describing: after.completed.first))")
            return
        }
        #expect(after.completed.first?.number.map { number in after.segments.contains { $0.number == number } } == true)
        #expect(after.operationNumber == 2 && after.pointCount == 1200)
        #expect(Set(after.segments.map(\.uuid)).count == after.segments.count)
        #expect(after.segments.filter(\.isAppendable).count == 1)
        #expect(after.segments.reduce(0) { $0 + $1.points } == 1200)
        #expect(after.idleSegments.count == after.segments.count)
    }

    /// Rows that lay for a while get their graph when a new threshold asks for one, without another write.
    @Test(.timeLimit(.minutes(1))) func lowerThreshold() async throws {
        let test = try await TestCollection(TestCollection.config(indexed: false))
        try await test.upsert(0..<100)
        // Until nothing looks after the collection any more.
        try await Task.sleep(for: .milliseconds(700))
        var patch = CollectionPatch()
        patch.optimizers = OptimizersConfigPatch()
        patch.optimizers?.indexingThreshold = 1
        try await test.database.updateCollection("c", patch)
        while try await test.collection.info().indexedVectorsCount < 100 { try await Task.sleep(for: .milliseconds(20)) }
    }
}
