import Foundation
import QuiverTestKit
import Testing

@testable import Quiver

/// Segment files that change under a collection that is being served.
@Suite struct RunningDamageTests {
    private func flip(_ path: String, at offset: Int) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(offset))
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data([byte ^ 0x10]))
        try file.synchronize()
    }

    private func sealed(_ test: TestCollection) throws -> SealedSegment {
        try #require(test.collection.core.view.load().vectors[0].sealed.first?.segment)
    }

    private func waits(_ isTrue: () throws -> Bool) async throws {
        for _ in 0..<2000 where try !isTrue() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try isTrue())
    }

    /// Derived parts are made anew from the vectors, by whoever finds it out first.
    @Test(arguments: ["codes", "links", "upper_links", "slot_ranks"], [true, false])
    func derivedDamage(_ chunk: String, byMerge: Bool) async throws {
        var options = Database.Options()
        options.scrubDelay = byMerge ? .seconds(3600) : .milliseconds(1)
        options.scrubInterval = .milliseconds(50)
        options.scrubBytesPerSecond = 1 << 40
        let test = try await TestCollection(options: options)
        try await test.upsert(0..<3000)
        try await test.collection.seal()
        let segment = try sealed(test)
        let place = try #require(segment.entry.chunks.first { $0.name == chunk })
        try flip(segment.path, at: place.offset + place.byteCount / 2)
        if byMerge {
            // Enough for the segment to be written again.
            try await test.upsert(3000..<6000)
            try await test.freeze()
        } else {
            try await test.upsert(3000..<6000)
        }
        try await waits { !test.collection.core.store.quarantine.files.isEmpty }
        try await test.collection.settle()
        #expect(try await test.hasExactly(0..<6000))
        try test.reopen()
        #expect(try await test.hasExactly(0..<6000))
    }

    @Test(arguments: [true, false])
    func lostVectorsMakeTheCollectionUnavailable(byMerge: Bool) async throws {
        var options = Database.Options()
        options.scrubDelay = byMerge ? .seconds(3600) : .milliseconds(1)
        options.scrubInterval = .milliseconds(50)
        options.scrubBytesPerSecond = 1 << 40
        let test = try await TestCollection(options: options)
        try await test.upsert(0..<3000)
        try await test.collection.seal()
        let segment = try sealed(test)
        let place = try #require(segment.entry.chunk(.vectors))
        try flip(segment.path, at: place.offset + place.byteCount / 2)
        if byMerge {
            // Enough for the segment to be written again; refused as soon as that has begun and found it out.
            _ = try? await test.upsert(3000..<6000)
            try? await test.freeze()
        }
        let request = QueryRequest(query: .nearest(.dense(TestCollection.vector(1))), limit: 1)
        var found: QuiverError.Kind?
        for _ in 0..<2000 where found == nil {
            found = await kind { _ = try await test.collection.query(request) }
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(found == .corrupted)
        let info = try await test.collection.info()
        #expect(info.status == .red && info.optimizerError?.contains(segment.path) == true)
        #expect(test.database.unavailableCollections.map(\.name) == ["c"] && test.database.collectionNames == ["c"])
        #expect(throws: QuiverError.self) { try test.database.collection("c") }
        #expect(await kind { try await test.upsert(9000..<9001) } != nil)
        test.close()
        #expect(test.refusal()?.kind == .corrupted)
    }
}

extension TestCollection {
    fileprivate func freeze() async throws { try await collection.freeze() }
}
