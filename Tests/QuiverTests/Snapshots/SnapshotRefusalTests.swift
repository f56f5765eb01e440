import Foundation
import Quiver
import QuiverArchive
import QuiverTestKit
import Testing

@testable import Quiver

/// Archives that are not whole, or not what they say.
@Suite struct SnapshotRefusalTests {
    /// What a running collection holds, to see that nothing of it was touched.
    private struct Present: Equatable {
        var dump: StoreDump
        var files: [String]
        var directories: [String]

        init(_ test: TestCollection) throws {
            dump = try StoreDump(test.collection)
            files = try test.collection.segmentFiles
            directories = try test.database.collectionDirectories
        }
    }

    private func small() async throws -> TestCollection {
        let test = try await TestCollection()
        try await test.upsert(1...3)
        try await test.collection.createIndex(try PayloadPath(parsing: "n"), PayloadIndexParams(type: .integer))
        try await test.collection.seal()
        try await test.upsert(4...5)
        return test
    }

    private func refusal(_ test: TestCollection, _ archive: [UInt8], checksum: String? = nil) -> QuiverError? {
        do throws(QuiverError) {
            try test.database.snapshots.recover(from: source(archive), into: "c", of: test.database, checksum: checksum)
            return nil
        } catch {
            return error
        }
    }

    /// The reader alone, so that all bytes can be tried; and a sample of them over the running collection.
    @Test func everyByteCounts() async throws {
        let seed = runSeed("flipped bytes of snapshots")
        var random = SeededGenerator(seed: seed)
        let test = try await small()
        defer { test.close() }
        let archive = try test.database.archive(.collection("c"))
        let present = try Present(test)
        final class Nothing: SnapshotReceiver {
            func begin(_ head: SnapshotHead) {}
            func beginCollection(_ index: Int, _ manifest: CollectionManifest) {}
            func addRecordPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) {}
            func endRecords(_ index: Int) {}
            func beginSegment(_ index: Int, _ segment: SegmentFile) {}
            func addSegmentPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) {}
            func endSegment(_ index: Int) {}
        }
        _ = try SnapshotReading.read(source(archive), into: Nothing())
        for index in archive.indices {
            var flipped = archive
            flipped[index] ^= 1 << UInt8(random.below(8))
            #expect(throws: (any Error).self, "byte \(index)") { try SnapshotReading.read(source(flipped), into: Nothing()) }
        }
        for _ in 0..<60 {
            var changed = archive
            switch random.below(3) {
            case 0: changed[random.below(changed.count)] ^= 1 << UInt8(random.below(8))
            case 1: changed.removeLast(1 + random.below(changed.count))
            default: changed.insert(UInt8(random.below(256)), at: random.below(changed.count + 1))
            }
            #expect(refusal(test, changed)?.kind == .badInput, "QUIVER_SEED=\(seed)")
            #expect(try Present(test) == present, "QUIVER_SEED=\(seed)")
        }
        #expect(refusal(test, archive) == nil)
        #expect(try await test.database.collection("c").count() == 5)
    }

    @Test func checksums() async throws {
        let test = try await small()
        defer { test.close() }
        let archive = try test.database.archive(.collection("c"))
        let present = try Present(test)
        let right = Checksum.text(archive)
        let wrong = String(repeating: "0", count: 64)
        #expect(refusal(test, archive, checksum: wrong) == .badInput("Snapshot checksum mismatch: expected \(wrong), got \(right)"))
        // Also where it is no archive at all.
        let noise = [UInt8](repeating: 3, count: 5000)
        #expect(
            refusal(test, noise, checksum: right)
                == .badInput("Snapshot checksum mismatch: expected \(right), got \(Checksum.text(noise))"))
        #expect(try Present(test) == present)
        #expect(refusal(test, archive, checksum: right.uppercased()) == nil)
    }

    /// Whole archives, by the writer's own hand, that hold what no snapshot does.
    @Test func hostileContent() async throws {
        let test = try await small()
        defer { test.close() }
        let present = try Present(test)
        let cut = try test.database.cut(of: ["c"])
        let collection = try #require(cut.collections.first)
        var records: [[UInt8]] = []
        try collection.forEachRecordPart { records.append(Array($0)) }
        let segment = try #require(collection.segments.first)
        var file: [UInt8] = []
        try collection.forEachSegmentPart(segment) { file.append(contentsOf: $0) }
        let head = SnapshotHead(format: 1, kind: .collection, time: cut.time, collections: ["c"], aliases: [])

        func archive(
            head: SnapshotHead = head, manifest: CollectionManifest = collection.manifest, records: [[UInt8]] = records,
            segments: [(UInt64, [UInt8])] = [(segment.id, file)], extra: String? = nil
        ) throws -> [UInt8] {
            let sink = MemorySink()
            var writer = try ArchiveWriter(seconds: head.time / 1_000_000) { try sink.write($0) }
            try writer.addFile("quiver.json", try StoredConfig.encode(head))
            try writer.addFile("collections/00000000/collection.json", try StoredConfig.encode(manifest))
            for part in records { try part.withUnsafeBytes { try writer.addPart("collections/00000000/records", $0) } }
            for (id, bytes) in segments {
                try bytes.withUnsafeBytes { try writer.addPart(SnapshotArchive.segmentStem(0, id), $0) }
            }
            if let extra { try writer.addFile(extra, [1]) }
            _ = try writer.finish()
            return sink.bytes
        }
        func isRefused(_ what: String, _ build: () throws -> [UInt8]) throws {
            let error = refusal(test, try build())
            print("\(what): \(error?.message ?? "taken")")
            #expect(error?.kind == .badInput, "\(what)")
            #expect(try Present(test) == present, "\(what)")
        }

        #expect(refusal(test, try archive(extra: "collections/00000000/more")) == .badInput(
            "the archive has a file \"collections/00000000/more\" that it may not have"))
        try isRefused("a later format") {
            var head = head
            head.format = 2
            return try archive(head: head)
        }
        try isRefused("another time") {
            var changed = head
            changed.time += 5_000_000
            let sink = MemorySink()
            var writer = try ArchiveWriter(seconds: head.time / 1_000_000) { try sink.write($0) }
            try writer.addFile("quiver.json", try StoredConfig.encode(changed))
            _ = try writer.finish()
            return sink.bytes
        }
        try isRefused("another name") {
            var manifest = collection.manifest
            manifest.name = "d"
            return try archive(manifest: manifest)
        }
        try isRefused("no records") { try archive(records: []) }
        try isRefused("records cut off") { try archive(records: [Array((records.first ?? []).dropLast(3))]) }
        try isRefused("records twice") { try archive(records: records + records) }
        try isRefused("a segment that is missing") { try archive(segments: []) }
        try isRefused("a segment twice") { try archive(segments: [(segment.id, file), (segment.id, file)]) }
        try isRefused("a segment that nothing names") { try archive(segments: [(segment.id, file), (segment.id + 9, file)]) }
        try isRefused("a changed segment") {
            var changed = file
            changed[changed.count / 2] ^= 1
            return try archive(segments: [(segment.id, changed)])
        }
        try isRefused("another sequence") {
            var manifest = collection.manifest
            manifest.sequence += 1
            return try archive(manifest: manifest)
        }
        try isRefused("another vector generation") {
            var manifest = collection.manifest
            manifest.vectorGeneration += 1
            return try archive(manifest: manifest)
        }
        try isRefused("other vectors") {
            var manifest = collection.manifest
            manifest.config = TestCollection.config(.dot)
            return try archive(manifest: manifest)
        }
        try isRefused("other shards") {
            var manifest = collection.manifest
            manifest.config.shardNumber = 2
            return try archive(manifest: manifest)
        }
        try isRefused("the whole storage") { try test.database.archive(.storage) }
        // Any byte of the records, with an archive that is sound: refused, or other data of the same form.
        var random = SeededGenerator(seed: runSeed("changed records"))
        for _ in 0..<200 {
            var changed = try #require(records.first)
            for _ in 0..<1 + random.below(3) { changed[random.below(changed.count)] = UInt8(random.below(256)) }
            let staging = try test.database.stage(collection.manifest)
            _ = try? changed.withUnsafeBytes { try staging.addRecordPart($0) }
            staging.discard()
        }
        #expect(try Present(test) == present)
        #expect(refusal(test, try archive()) == nil)
    }

    /// A restore that ends midway leaves its directory to the next opening.
    @Test func killedWhileStaging() async throws {
        let test = try await small()
        let archive = try test.database.archive(.collection("c"))
        let staging = try test.database.stage(try test.database.cut(of: ["c"]).collections[0].manifest)
        #expect(try test.database.collectionDirectories.count == 2)
        _ = staging
        // As if the process had ended: what is on disk, opened elsewhere.
        try await test.crash()
        defer { test.close() }
        #expect(try test.database.collectionDirectories.count == 1)
        #expect(try await test.hasExactly(1...5))
        #expect(refusal(test, archive) == nil)
    }
}

/// Snapshots in their directory.
@Suite struct SnapshotStorageTests {
    @Test func lifeOfASnapshot() async throws {
        let test = try await TestCollection()
        try await test.upsert(1...50)
        let database = test.database
        try await database.updateAliases([.create(alias: "also", collection: "c")])
        let first = try await database.createSnapshot(of: "also")
        // A second one of the same second waits for the next.
        async let other = database.createSnapshot(of: "c")
        async let third = database.createSnapshot(of: "c")
        let names = Set([first.name, try await other.name, try await third.name])
        #expect(names.count == 3)
        #expect(names.allSatisfy { $0.wholeMatch(of: /c-0-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.snapshot/) != nil })
        #expect(first.creationTime?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/) != nil)
        let listed = try await database.snapshots(of: "c")
        #expect(Set(listed.map(\.name)) == names)
        #expect(listed.contains(first))
        let directory = test.path + "/snapshots/c"
        let bytes = Array(try #require(FileManager.default.contents(atPath: directory + "/" + first.name)))
        #expect(first.size == UInt64(bytes.count) && first.checksum == Checksum.text(bytes))
        #expect(FileManager.default.contents(atPath: directory + "/\(first.name).checksum") == Data(Checksum.text(bytes).utf8))

        // One that is being read can be read to its end after it was deleted.
        let content = try database.snapshots.open(.collection("c"), name: first.name, in: database)
        try await database.deleteSnapshot(first.name, of: "c")
        #expect(await kind { try await database.deleteSnapshot(first.name, of: "c") } == .notFound)
        try database.snapshots.recover(from: content.source(), into: "copy", of: database)
        #expect(try await database.collection("copy").count() == 50)
        // Of a shard, and of all.
        let shard = try database.snapshots.create(.shard("c", 0), in: database)
        #expect(shard.name.hasPrefix("c-shard-0-"))
        #expect(await kind { _ = try database.snapshots.create(.shard("c", 1), in: database) } == .notFound)
        let full = try await database.createStorageSnapshot()
        #expect(full.name.hasPrefix("full-snapshot-"))
        #expect(try await database.storageSnapshots().map(\.name) == [full.name])
        let empty = try Database.open(test.directory.path + "/empty", options: test.options)
        defer { empty.close() }
        try await empty.restoreStorageSnapshot(fromFile: test.path + "/snapshots/" + full.name, checksum: full.checksum)
        #expect(empty.collectionNames == ["c", "copy"])
        #expect(try await empty.collection("also").count() == 50)
        #expect(
            await kind { try await empty.restoreStorageSnapshot(fromFile: test.path + "/snapshots/" + full.name) }
                == .alreadyExists)
        try await empty.restoreStorageSnapshot(fromFile: test.path + "/snapshots/" + full.name, replacing: true)
        #expect(try empty.collectionDirectories.count == 2)
        try test.reopen()
        #expect(try await test.database.snapshots(of: "c").count == 2)
        test.close()
    }

    @Test(arguments: ["../c.snapshot", "..", ".", "", "a/b.snapshot", "/etc/passwd", "x", ".x.snapshot", "a\\..\\b.snapshot", "\0.snapshot"])
    func namesThatLeadElsewhere(_ name: String) async throws {
        let test = try await TestCollection()
        defer { test.close() }
        let database = test.database
        #expect(await kind { _ = try database.snapshots.open(.collection("c"), name: name, in: database) } == .notFound)
        #expect(await kind { try database.snapshots.delete(.storage, name: name, in: database) } == .notFound)
    }

    @Test func filesByTheirPath() async throws {
        let test = try await TestCollection()
        defer { test.close() }
        let snapshots = test.database.snapshots
        let made = try await test.database.createSnapshot(of: "c")
        _ = try snapshots.file(at: snapshots.path + "/c/" + made.name)
        #expect(await kind { _ = try snapshots.file(at: snapshots.path + "/c/none") } == .badRequest)
        #expect(await kind { _ = try snapshots.file(at: test.path + "/catalog.mdb") } == .forbidden)
        #expect(await kind { _ = try snapshots.file(at: snapshots.path + "/../catalog.mdb") } == .forbidden)
        try FileManager.default.createSymbolicLink(
            atPath: snapshots.path + "/c/link.snapshot", withDestinationPath: test.path + "/catalog.mdb")
        #expect(await kind { _ = try snapshots.file(at: snapshots.path + "/c/link.snapshot") } == .forbidden)
        #expect(await kind { _ = try snapshots.open(.collection("c"), name: "link.snapshot", in: test.database) } == .notFound)
        #expect(try await test.database.snapshots(of: "c").map(\.name) == [made.name])
    }

    /// What is left of a process that ended goes at the next opening; what another one is writing stays.
    @Test func leftOvers() async throws {
        let test = try await TestCollection()
        try await test.database.createSnapshot(of: "c")
        let directory = test.path + "/snapshots/c"
        try Data([1]).write(to: URL(fileURLWithPath: directory + "/.old.snapshot.abc.tmp"))
        try Data([1]).write(to: URL(fileURLWithPath: directory + "/.new.snapshot.abc.tmp"))
        let held = open(directory + "/.new.snapshot.abc.tmp", O_RDONLY)
        #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
        try test.reopen()
        defer { test.close() }
        #expect(!Files.exists(directory + "/.old.snapshot.abc.tmp"))
        #expect(Files.exists(directory + "/.new.snapshot.abc.tmp"))
        close(held)
        // A writing that fails leaves nothing.
        struct Enough: Error {}
        let before = try Files.names(in: directory).sorted()
        #expect(throws: QuiverError.self) {
            try test.database.snapshots.storage.create(.collection("c"), name: "x.snapshot") { sink in
                try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try sink.write($0) }
                throw Enough()
            }
        }
        #expect(try Files.names(in: directory).sorted() == before)
    }
}
