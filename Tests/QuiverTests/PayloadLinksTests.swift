import Quiver
import QuiverIndex
import QuiverModel
import QuiverTestKit
import Testing

@testable import Quiver

/// `payload_m`: more links between points with equal values.
struct PayloadLinksTests {
    private func collection(payloadM: Int?) async throws -> TestCollection {
        var config = TestCollection.config()
        // 10 points are scanned, more are walked to.
        config.hnsw.fullScanThreshold = 1
        config.hnsw.payloadM = payloadM
        let test = try await TestCollection(config)
        _ = try await test.collection.createIndex(
            try #require(PayloadPath("even")), PayloadIndexParams(type: .bool), wait: true)
        try await test.upsert(0..<600)
        try await test.collection.seal()
        return test
    }

    private func links(_ test: TestCollection) -> [Bool] {
        test.collection.core.view.load().vectors[0].sealed.map { $0.segment.rows?.payloadLinks != nil }
    }

    @Test func linksAreMadeFoundAndKept() async throws {
        let test = try await collection(payloadM: 8)
        #expect(!links(test).isEmpty && links(test).allSatisfy { $0 })
        for sealed in test.collection.core.view.load().vectors[0].sealed {
            try sealed.segment.verify()
            #expect(sealed.segment.rows?.payloadLinks?.isConsistent == true)
        }
        var filter = Filter()
        filter.must = [.field(FieldCondition(key: try #require(PayloadPath("even")), .match(.bool(true))))]
        for number in stride(from: 1, to: 600, by: 37) {
            let hits = try await test.collection.query(
                QueryRequest(
                    query: .nearest(.dense(TestCollection.vector(number))), filter: filter,
                    params: SearchParams(hnswEf: 32), limit: 4))
            let exact = try await test.collection.query(
                QueryRequest(
                    query: .nearest(.dense(TestCollection.vector(number))), filter: filter,
                    params: SearchParams(exact: true), limit: 4))
            #expect(hits.map(\.score) == exact.map(\.score))
        }
        try test.reopen()
        #expect(links(test).allSatisfy { $0 })
    }

    @Test func withoutPayloadMThereAreNone() async throws {
        let test = try await collection(payloadM: nil)
        #expect(!links(test).isEmpty && !links(test).contains(true))
        // Given later, what is sealed is indexed again.
        var patch = CollectionPatch()
        var hnsw = HNSWConfigPatch()
        hnsw.payloadM = 6
        patch.hnsw = hnsw
        try await test.database.updateCollection("c", patch)
        try await test.collection.settle()
        #expect(links(test).allSatisfy { $0 })
        #expect(try await test.hasExactly(0..<600))
    }
}
