import QuiverTestKit
import Testing

@testable import Quiver

/// The report of sizes against what the files and the collection's own counts say.
struct StorageReportTests {
    @Test func sizesAreThoseOfTheChunks() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<500)
        try await test.collection.seal()
        try await test.delete(0..<20)
        try await test.upsert(1000..<1007)
        let report = try test.collection.storageReportBlocking(patience: .seconds(60))
        let vector = try #require(report.vectors.first)
        let sealed = test.collection.core.view.load().vectors[0].sealed
        #expect(!sealed.isEmpty)
        for (view, told) in zip(sealed, vector.segments) {
            #expect(told.id == view.segment.id && told.points == view.segment.pointCount)
            let chunks = try view.segment.chunkBytes()
            #expect(told.components.map(\.name) == chunks.map(\.chunk.rawValue))
            #expect(told.components.map(\.bytes) == chunks.map(\.bytes))
            for component in told.components {
                let resident = try #require(component.residentBytes)
                #expect((0...component.bytes).contains(resident), "\(component)")
            }
            #expect(told.fileBytes >= told.bytes)
        }
        #expect(vector.live == 487 && report.info.pointsCount == 487)
        #expect(vector.segments.filter(\.isGrowing).map(\.growingBytes) == [7 * (TestCollection.dimension * 4 + 4)])
        let entries = Dictionary(uniqueKeysWithValues: report.tables.map { ($0.name, $0.entries) })
        #expect(entries["ids"] == 487 && entries["points"] == 487)
        #expect(report.tables.reduce(0) { $0 + $1.bytes } <= report.storeUsedBytes)
    }

    /// What was just read is in memory; without patience nothing is known.
    @Test func residencyIsOfWholeRanges() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<500)
        try await test.collection.seal()
        for sealed in test.collection.core.view.load().vectors[0].sealed { try sealed.segment.verify() }
        let vector = try #require(try test.collection.storageReportBlocking(patience: .seconds(60)).vectors.first)
        for segment in vector.segments where !segment.isGrowing { #expect(segment.residentBytes == segment.bytes) }
        let hasty = try #require(try test.collection.storageReportBlocking(patience: .zero).vectors.first)
        for segment in hasty.segments where !segment.isGrowing { #expect(segment.residentBytes == nil) }
    }
}
