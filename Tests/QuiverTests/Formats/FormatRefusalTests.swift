import Foundation
import Quiver
import QuiverLMDB
import QuiverTestKit
import Testing

@testable import Quiver

/// What a later version wrote is refused with the number found and the number known, and stays as it is.
@Suite struct FormatRefusalTests {
    private static let numbers = "has format 9; this version reads format"

    /// A collection with a segment and something behind it, closed.
    private static func sample() async throws -> TestCollection {
        let test = try await TestCollection()
        try await test.upsert(0..<40)
        try await test.collection.seal()
        try await test.upsert(40..<44)
        test.close()
        return test
    }

    /// Changes values of a database behind the engine's back.
    ///
    /// - Parameter isStamped: the file's stamp fits afterwards, so that opening does not read it in full before.
    private static func change(
        _ file: String, _ database: String, isStamped: Bool, _ body: ([UInt8]) -> [UInt8]
    ) throws {
        let environment = try Environment(
            path: file, options: .init(mapSizeBytes: 1 << 30, maxDatabases: 64, stamped: isStamped))
        var transaction = try environment.beginWrite()
        let table = try transaction.openDatabase(database)
        var entries: [(key: [UInt8], value: [UInt8])] = []
        do {
            var cursor = try transaction.handle.openCursor(table)
            var found = try cursor.first()
            while let entry = found {
                entries.append((Array(entry.key), Array(try CheckedValue.verified(entry.value, key: entry.key))))
                found = try cursor.next()
            }
        }
        for entry in entries {
            let value = body(entry.value)
            if value != entry.value { try transaction.putChecked(table, entry.key, value) }
        }
        try transaction.commit()
        if isStamped { try environment.startStamping() }
        try environment.close()
    }

    private static func files(_ path: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for file in try DamageSample.files(path)
        where file.hasSuffix(".mdb") || file.hasSuffix(".seg") || file.contains("quarantine") {
            files[file] = try Data(contentsOf: URL(fileURLWithPath: file))
        }
        return files
    }

    private static func expectRefusal(
        _ test: TestCollection, _ what: String, _ known: Int, _ line: Int = #line
    ) throws {
        let before = try files(test.path)
        for _ in 0..<2 {
            let message = test.refusal()?.message ?? ""
            #expect(message.contains(what) && message.contains("\(numbers) \(known)"), "line \(line): \(message)")
        }
        let after = try files(test.path)
        #expect(Set(before.keys) == Set(after.keys), "line \(line)")
        for (name, content) in before { #expect(after[name] == content, "line \(line): \(name)") }
    }

    private static func nine(_ bytes: [UInt8], at place: Int = 0) -> [UInt8] {
        var bytes = bytes
        bytes[place] = 9
        return bytes
    }

    @Test(arguments: [false, true]) func catalogue(isStamped: Bool) async throws {
        let test = try await Self.sample()
        try Self.change(test.path + "/catalog.mdb", "meta", isStamped: isStamped) { $0.count == 4 ? Self.nine($0) : $0 }
        try Self.expectRefusal(test, "catalog.mdb", 2)
    }

    @Test(arguments: [false, true]) func state(isStamped: Bool) async throws {
        let test = try await Self.sample()
        try Self.change(test.collectionPath + "/points.mdb", "meta", isStamped: isStamped) { $0.count == 56 ? Self.nine($0) : $0 }
        try Self.expectRefusal(test, "the collection's state", 3)
    }

    @Test(arguments: [false, true]) func logRecord(isStamped: Bool) async throws {
        let test = try await Self.sample()
        try Self.change(test.collectionPath + "/points.mdb", "wal", isStamped: isStamped) { Self.nine($0) }
        try Self.expectRefusal(test, "a record of the log", 3)
        #expect(throws: QuiverError.self) { try [UInt8](repeating: 9, count: 40).withUnsafeBytes { _ = try LogEntry($0) } }
    }

    @Test(arguments: [false, true]) func manifestEntry(isStamped: Bool) async throws {
        let test = try await Self.sample()
        try Self.change(test.collectionPath + "/points.mdb", "segments", isStamped: isStamped) { Self.nine($0) }
        try Self.expectRefusal(test, "an entry of the segment manifest", 2)
    }

    @Test(arguments: [false, true]) func segmentMeta(isStamped: Bool) async throws {
        let test = try await Self.sample()
        try Self.change(test.collectionPath + "/points.mdb", "segments", isStamped: isStamped) { bytes in
            guard var entry = try? bytes.withUnsafeBytes({ try SegmentEntry($0) }) else { return bytes }
            entry.meta = Self.nine(entry.meta, at: 4)
            return entry.encoded()
        }
        try Self.expectRefusal(test, "segment file", 2)
    }

    /// A stamp of another format is as none: the file is read in full.
    @Test func stamp() async throws {
        let test = try await Self.sample()
        let path = test.collectionPath + "/points.mdb.stamp"
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        for place in stride(from: 0, to: bytes.count, by: 128) where bytes.count >= place + 84 {
            bytes[place + 4] = 9
            let checksum = bytes.withUnsafeBytes { CRC32C.of(UnsafeRawBufferPointer(rebasing: $0[place..<place + 80])) }
            for index in 0..<4 { bytes[place + 80 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try test.open()
        #expect(try await test.hasExactly(0..<44))
        test.close()
    }

    @Test func snapshot() async throws {
        let test = try await Self.sample()
        try test.open()
        defer { test.close() }
        var archive = try test.database.archive(.collection("c"))
        let place = try #require(String(decoding: archive[512..<1024], as: UTF8.self).range(of: #""format":1"#))
        let text = String(decoding: archive[512..<1024], as: UTF8.self)
        archive[512 + text.utf8.distance(from: text.startIndex, to: place.upperBound) - 1] = UInt8(ascii: "9")
        let refusal = #expect(throws: QuiverError.self) {
            try test.database.snapshots.recover(from: source(archive), into: "d", of: test.database)
        }
        #expect(refusal?.message.contains("the snapshot \(Self.numbers) 1") == true)
        #expect(!test.database.collectionExists("d"))
    }

    @Test func streamOfRecords() async throws {
        let test = try await Self.sample()
        try test.open()
        defer { test.close() }
        let cut = try test.database.cut(of: ["c"]).collections[0]
        var parts: [[UInt8]] = []
        try cut.forEachRecordPart { parts.append(Array($0)) }
        let part = Self.nine(try #require(parts.first), at: 4)
        let staging = try test.database.stage(cut.manifest)
        let refusal = #expect(throws: QuiverError.self) { try part.withUnsafeBytes { try staging.addRecordPart($0) } }
        #expect(refusal?.message.contains("the stream of records \(Self.numbers) 1") == true)
        staging.discard()
    }
}
