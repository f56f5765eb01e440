import Foundation
import Quiver
import QuiverPayload
import QuiverTestKit
import Testing

@testable import Quiver

struct RecoveryTests {
    @Test(arguments: [false, true])
    func logAlone(crashing: Bool) async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<20)
        try await test.delete(5..<8)
        try await test.collection.update([.updateVectors(PointBatch([Point(id: 3, vector: TestCollection.vector(90))]))])
        try await test.upsert([3])
        crashing ? try await test.crash() : try test.reopen()
        #expect(try await test.hasExactly(Array(0..<5) + Array(8..<20)))
        #expect(try test.collection.segmentFiles.isEmpty)
        #expect(try test.logRecords() == 4)
        #expect(try await test.upsert([50]).operationID == 5)
    }

    @Test(arguments: [false, true])
    func sealedFlat(crashing: Bool) async throws {
        let test = try await TestCollection(TestCollection.config(indexed: false))
        try await test.upsert(0..<100)
        try await test.collection.seal()
        try await test.upsert(100..<110)
        try await test.delete(0..<10)
        crashing ? try await test.crash() : try test.reopen()
        #expect(try await test.hasExactly(10..<110))
        #expect(try test.collection.segmentFiles.count == 1)
        #expect(try await test.collection.info().indexedVectorsCount == 0)
    }

    @Test(arguments: [false, true])
    func indexed(crashing: Bool) async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<200)
        try await test.collection.seal()
        #expect(try await test.collection.info().indexedVectorsCount == 200)
        try await test.delete(stride(from: 0, to: 30, by: 3))
        try await test.upsert([201])
        let expected = (0..<200).filter { $0 >= 30 || $0 % 3 != 0 } + [201]
        crashing ? try await test.crash() : try test.reopen()
        // Dead rows are remembered. Asked first: before long the idle collection will have indexed row 201, too.
        #expect(try await test.collection.info().indexedVectorsCount == 190)
        #expect(try await test.hasExactly(expected))
    }

    @Test func frozenButNotSealed() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<50)
        // The freeze is a thing of memory; the crash comes before the segment is written.
        try await test.collection.onWriter { $0.state.freeze() }
        try await test.upsert(50..<60)
        try await test.delete(0..<3)
        try await test.crash()
        #expect(try await test.hasExactly(3..<60))
        try await test.collection.seal()
        #expect(try await test.hasExactly(3..<60))
        try test.reopen()
        #expect(try await test.hasExactly(3..<60))
    }

    @Test func strayFilesAreRemoved() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<200)
        try await test.collection.seal()
        let segments = try test.collection.segmentFiles
        let segmentsPath = test.segmentsPath
        test.close()
        // Halves of sealing and merging, of a creation, and of a deletion.
        let whole = try Data(contentsOf: URL(fileURLWithPath: segmentsPath + "/" + (try #require(segments.first))))
        for name in ["00000000000000ff.seg", "00000000000000fe.seg.tmp", "00000000000000fe.seg.tmp-lock"] {
            try whole.prefix(5000).write(to: URL(fileURLWithPath: segmentsPath + "/" + name))
        }
        let stray = test.path + "/collections/9a1c5b3e-0000-4000-8000-000000000000"
        try FileManager.default.createDirectory(atPath: stray + "/segments", withIntermediateDirectories: true)
        try Data("half".utf8).write(to: URL(fileURLWithPath: stray + "/points.mdb"))

        try test.open()
        #expect(try test.collection.segmentFiles == segments)
        #expect(!FileManager.default.fileExists(atPath: stray))
        #expect(try await test.hasExactly(0..<200))
        // The number of a removed half may be used again.
        try await test.upsert(200..<400)
        try await test.collection.seal()
        try test.reopen()
        #expect(try await test.hasExactly(0..<400))
    }

    @Test func secondOpenIsRefused() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<3)
        #expect(await kind { _ = try Database.open(test.path) } == .locked)
        #expect(try await test.hasExactly(0..<3))
        test.close()
        try test.open()
        #expect(try await test.hasExactly(0..<3))
    }

    // MARK: Damage

    enum Damage: String, CaseIterable {
        case missing, empty, cutToOnePage, cutToQuarter, cutInHalf, lastPageCut, headerOverwritten, metaOverwritten

        /// The file's vectors and slots are where they were.
        var sparesVectors: Bool {
            switch self {
            case .missing, .empty, .cutToOnePage, .cutToQuarter: false
            case .cutInHalf, .lastPageCut, .headerOverwritten, .metaOverwritten: true
            }
        }
    }

    @Test(arguments: Damage.allCases, [false, true])
    func damagedSegment(_ damage: Damage, indexed: Bool) async throws {
        let test = try await TestCollection(TestCollection.config(indexed: indexed))
        try await test.upsert(0..<3000)
        try await test.collection.seal()
        let segment = try #require(try test.collection.segmentFiles.first)
        let path = test.segmentsPath + "/" + segment
        test.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        switch damage {
        case .missing: bytes = Data()
        case .empty: bytes = Data()
        case .cutToOnePage: bytes = bytes.prefix(4096)
        case .cutToQuarter: bytes = bytes.prefix(bytes.count / 4)
        case .cutInHalf: bytes = bytes.prefix(bytes.count / 2)
        case .lastPageCut: bytes = bytes.prefix(bytes.count - 4096)
        case .headerOverwritten: bytes.replaceSubrange(0..<8192, with: Data(repeating: 0x5A, count: 8192))
        case .metaOverwritten:
            // The magic number of the segment's own header, wherever LMDB put it.
            let magic = Data([0x51, 0x53, 0x45, 0x47])
            while let place = bytes.range(of: magic) { bytes.replaceSubrange(place, with: Data([1, 2, 3, 4])) }
        }
        if damage == .missing {
            try FileManager.default.removeItem(atPath: path)
        } else {
            try bytes.write(to: URL(fileURLWithPath: path))
        }
        if damage.sparesVectors {
            // What can be made anew is, and the damaged file is kept aside for a while.
            try test.open()
            #expect(try await test.hasExactly(0..<3000))
            try await test.collection.settle()
            #expect(try await test.hasExactly(0..<3000))
            #expect(test.collection.core.store.quarantine.files == [segment])
            #expect(try !test.collection.segmentFiles.contains(segment))
            return
        }
        let error = try #require(test.refusal(), "opened with a segment file that is \(damage)")
        #expect(error.kind == .corrupted, "\(error)")
        #expect(error.message.contains(segment), "the message names the file: \(error)")
        // The refused opening has let go of everything.
        #expect(test.refusal()?.kind == .corrupted)
    }

    @Test func flippedBitOfVectorIsFoundAtOpening() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<500)
        try await test.collection.seal()
        for sealed in test.collection.core.view.load().vectors[0].sealed { try sealed.segment.verify() }
        let files = try test.collection.segmentFiles
        test.close()
        // The vector of number 321 begins with this float. The same four bytes may lie elsewhere by chance, also where
        // no checksum looks, so every such place is changed, in whatever file it is.
        let float = withUnsafeBytes(of: Float(321).bitPattern.littleEndian) { Data($0) }
        var changed = 0
        for file in files {
            let url = URL(fileURLWithPath: test.segmentsPath + "/" + file)
            guard var bytes = try? Data(contentsOf: url) else { continue }
            while let place = bytes.range(of: float) {
                bytes[place.lowerBound] ^= 1
                changed += 1
            }
            try bytes.write(to: url)
        }
        #expect(changed > 0)
        // Vectors cannot be made anew.
        #expect(test.refusal()?.kind == .corrupted)
    }

    @Test func damagedEnvironment() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<200)
        let path = test.collectionPath + "/points.mdb"
        test.close()
        try Data(repeating: 0x5A, count: 65_536).write(to: URL(fileURLWithPath: path))
        #expect(test.refusal()?.kind == .corrupted)
    }

    // MARK: Space

    @Test func logIsTrimmedWhenSealed() async throws {
        // Nothing is sealed for a graph's sake while updates are slow to come.
        let test = try await TestCollection(TestCollection.config(indexed: false))
        for start in stride(from: 0, to: 100, by: 10) { try await test.upsert(start..<start + 10) }
        #expect(try test.logRecords() == 10)
        try await test.collection.freeze()
        try await test.upsert(100..<110)
        try await test.collection.settle()
        // What was sealed is gone from the log, what came after it is not.
        #expect(try test.logRecords() == 1)
        try test.reopen()
        #expect(try await test.hasExactly(0..<110))
    }

    @Test func mergedSegmentsAreRemoved() async throws {
        let test = try await TestCollection()
        for round in 0..<6 {
            try await test.upsert(round * 100..<round * 100 + 100)
            try await test.collection.seal()
        }
        let files = try test.collection.segmentFiles
        let live = test.collection.core.view.load().vectors[0].sealed.map { "\($0.segment.path)" }
        #expect(files.count == live.count && files.count < 6)
        #expect(Set(files.map { test.segmentsPath + "/" + $0 }) == Set(live))
        // Most of them deleted: rewritten smaller, and in the end nothing is left.
        try await test.delete(0..<590)
        try await test.collection.settle()
        #expect(try await test.hasExactly(590..<600))
        try await test.delete(590..<600)
        try await test.collection.settle()
        #expect(try test.collection.segmentFiles.isEmpty)
        try test.reopen()
        #expect(try await test.hasExactly([]))
    }

    @Test func deletedCollectionIsRemoved() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<200)
        try await test.collection.seal()
        let path = test.collectionPath
        #expect(try await test.database.deleteCollection("c"))
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(await kind { try await test.upsert([1]) } == .closed)
        try await test.database.createCollection("c", TestCollection.config())
        test.close()
        try test.open()
        #expect(try await test.hasExactly([]))
    }

    @Test func freedSlotsAreUsedAgain() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<100)
        try await test.collection.seal()
        try await test.delete(0..<60)
        try test.reopen()
        try await test.upsert(200..<260)
        #expect(test.collection.core.view.load().slotCount == 100)
        #expect(try await test.hasExactly(Array(60..<100) + Array(200..<260)))
        try test.reopen()
        #expect(try await test.hasExactly(Array(60..<100) + Array(200..<260)))
        try await test.upsert([300])
        #expect(test.collection.core.view.load().slotCount == 101)
    }

    // MARK: Field indexes

    @Test func indexSchemaSurvives() async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<50)
        var params = PayloadIndexParams(type: .integer, givenAsObject: true)
        params.lookup = false
        try await test.collection.createIndex(try PayloadPath(parsing: "n"), params)
        try await test.collection.createIndex(try PayloadPath(parsing: "even"), PayloadIndexParams(type: .bool))
        try await test.collection.createIndex(try PayloadPath(parsing: "gone"), PayloadIndexParams(type: .keyword))
        try await test.collection.dropIndex(try PayloadPath(parsing: "gone"))
        try test.reopen()
        let schema = try await test.collection.info().payloadSchema
        #expect(schema.keys.sorted() == ["even", "n"])
        #expect(schema["n"]?.params == params && schema["n"]?.points == 50)
        try await test.upsert(50..<60)
        try await test.delete(0..<5)
        try test.reopen()
        #expect(try await test.collection.info().payloadSchema["n"]?.points == 55)
    }

    @Test(arguments: [false, true])
    func indexBuildResumes(crashing: Bool) async throws {
        let test = try await TestCollection()
        try await test.upsert(0..<9000)
        let path = try PayloadPath(parsing: "n")
        // Several steps; the answer comes after the first transaction, which only registers the index.
        try await test.collection.createIndex(path, PayloadIndexParams(type: .integer), wait: false)
        crashing ? try await test.crash() : try test.reopen()
        let filter = Filter(must: [.field(FieldCondition(key: path, .range(NumberRange(gte: 8000))))])
        // Right before, while and after it is built.
        #expect(try await test.collection.count(filter: filter) == 1000)
        try await test.upsert(9000..<9100)
        try await test.delete(8000..<8050)
        #expect(try await test.collection.count(filter: filter) == 1050)
        try await test.collection.settle()
        #expect(test.collection.core.view.load().indexes[path]?.isReady == true)
        #expect(try await test.collection.count(filter: filter) == 1050)
        #expect(try await test.collection.info().payloadSchema["n"]?.points == 9050)
    }
}
