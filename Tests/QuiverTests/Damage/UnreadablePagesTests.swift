#if os(Linux)
import Foundation
import QuiverTestKit
import Testing

@testable import Quiver

/// Segment files that are cut off while they are mapped: what a disk does whose sectors cannot be read any more.
@Suite struct UnreadablePagesTests {
    private static let page = 4096

    private func options() -> Database.Options {
        var options = Database.Options()
        options.survivesUnreadablePages = true
        return options
    }

    @Test func anUnreadablePageReadsAsZerosAndIsCounted() throws {
        MapGuard.install()
        let directory = try TemporaryDirectory()
        let path = directory.path + "/file"
        try Data(repeating: 7, count: 4 * Self.page).write(to: URL(fileURLWithPath: path))
        let file = try MappedFile(path, byteCount: 4 * Self.page)
        let other = try MappedFile(path, byteCount: Self.page)
        #expect(truncate(path, off_t(2 * Self.page)) == 0)
        #expect(file.bytes[2 * Self.page - 1] == 7)
        #expect(!file.hasLostPages)
        let before = MapGuard.faultCount
        #expect(file.bytes[2 * Self.page] == 0)
        #expect(file.bytes[4 * Self.page - 1] == 0)
        #expect(file.bytes[2 * Self.page] == 0, "is not asked for again")
        #expect(file.hasLostPages && !other.hasLostPages)
        #expect(MapGuard.faultCount >= before + 2)
    }

    /// Of two collections one loses a file while both serve.
    @Test(arguments: [0, 1, 2])
    func aCutOffFileMakesItsCollectionUnavailable(keptHalves: Int) async throws {
        let test = try await TestCollection(options: options())
        try await test.upsert(0..<3000)
        try await test.collection.seal()
        try await test.database.createCollection("other", TestCollection.config())
        let other = try test.database.collection("other")
        func addToOther(_ number: Int) async throws {
            _ = try await other.update([.upsert(PointBatch([try TestCollection.point(number)]))])
        }
        try await addToOther(1)

        let segment = try #require(test.collection.core.view.load().vectors[0].sealed.first?.segment)
        let path = segment.path
        let length = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        #expect(truncate(path, off_t(max(0, length * keptHalves / 2 - Self.page) / Self.page * Self.page)) == 0)

        // Either it needed nothing of what is gone, or it says so.
        var wasRefused = false
        for number in stride(from: 0, to: 3000, by: 13) where !wasRefused {
            do throws(QuiverError) {
                let request = QueryRequest(
                    query: .nearest(.dense(TestCollection.vector(number))), limit: 1, withPayload: .all)
                let found = try await test.collection.query(request)
                #expect(found.map(\.id) == [.number(UInt64(number))])
            } catch {
                wasRefused = true
                #expect(error.kind == .corrupted && error.message.contains(path), "\(error)")
            }
        }
        // A search may never come to the last page.
        #expect(wasRefused || keptHalves == 2)
        if wasRefused {
            #expect(await kind { try await test.upsert(0..<10) } != nil)
            #expect(try await test.collection.info().status == .red)
        }
        #expect(try await other.count() == 1)
        try await addToOther(2)
        #expect(try await other.count() == 2)
        test.close()
        // What is gone may be what can be made anew.
        if let refusal = test.refusal() {
            #expect(refusal.kind == .corrupted)
        } else {
            try test.open()
            #expect(try await test.hasExactly(0..<3000))
        }
    }
}
#endif
