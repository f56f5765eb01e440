import Foundation
import Quiver
import QuiverTestKit
import Synchronization
import Testing

@testable import Quiver

/// Snapshots that are made while everything goes on.
@Suite struct SnapshotMomentTests {
    /// One writer puts the number n into collection after collection, each time waiting for the answer. Whatever the
    /// moment, each collection has the numbers up to one, and none is more than one behind the one before it.
    @Test func allCollectionsAtOneMoment() async throws {
        let seed = runSeed("one moment")
        let directory = try TemporaryDirectory()
        var options = Database.Options()
        options.workerThreads = 2
        options.indexingThreads = 1
        options.growingBytes = 2048
        let database = try Database.open(directory.path + "/db", options: options)
        defer { database.close() }
        let names = ["a", "b", "c"]
        for name in names { try await database.createCollection(name, TestCollection.config()) }
        let progress = Progress()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var number = 0
                while !progress.isEnding.load(ordering: .relaxed) {
                    number += 1
                    for name in names {
                        try await database.collection(name).update([.upsert(PointBatch([try TestCollection.point(number)]))])
                    }
                    progress.written.store(number, ordering: .relaxed)
                }
            }
            group.addTask {
                // Aliases move as well: each change is one, so the two are never apart.
                var turn = 0
                while !progress.isEnding.load(ordering: .relaxed) {
                    turn += 1
                    let target = names[turn % 3]
                    try await database.updateAliases([
                        .create(alias: "x", collection: target), .create(alias: "y", collection: target),
                    ])
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
            defer { progress.isEnding.store(true, ordering: .relaxed) }
            for turn in 0..<12 {
                let before = progress.written.load(ordering: .relaxed)
                let archive = try await onThread { try database.archive(.storage) }
                let after = progress.written.load(ordering: .relaxed) + 1
                let copy = try Database.open(directory.path + "/copy\(turn)", options: options)
                defer { copy.close() }
                try copy.snapshots.recoverStorage(from: source(archive), of: copy, replacing: false)
                var counts: [Int] = []
                for name in names {
                    let records = try copy.collection(name).everything()
                    #expect(records.map(\.id) == (0..<records.count).map { .number(UInt64($0 + 1)) }, "QUIVER_SEED=\(seed)")
                    for (number, record) in records.enumerated() {
                        #expect(record.vectors == .unnamed(.dense(TestCollection.vector(number + 1))))
                        #expect(record.payload == (try TestCollection.point(number + 1).payload))
                    }
                    counts.append(records.count)
                }
                #expect(counts[0] >= before && counts[0] <= after, "\(before)...\(after): \(counts)")
                #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 >= $1 } && counts[0] - counts[2] <= 1, "\(counts)")
                let aliases = try copy.aliases()
                #expect(aliases.count == 0 || aliases.map(\.alias) == ["x", "y"])
                #expect(Set(aliases.map(\.collection)).count <= 1)
            }
        }
        print("one moment: \(progress.written.load(ordering: .relaxed)) numbers were written")
    }

    /// Readers of a collection that is restored over see one state or the other whole; updates are taken or refused.
    @Test func restoringUnderReads() async throws {
        let test = try await TestCollection()
        try await test.upsert(1...200)
        try await test.collection.seal()
        let archive = try test.database.archive(.collection("c"))
        try await test.delete(1...200)
        try await test.upsert(1001...1050)
        let database = test.database
        let progress = Progress()
        let old = Set((1001...1050).map { PointID.number(UInt64($0)) })
        let new = Set((1...200).map { PointID.number(UInt64($0)) })
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var states = 0
                    while !progress.isEnding.load(ordering: .relaxed) {
                        do {
                            let ids = Set(try await database.collection("c").scroll(ScrollRequest(limit: 1000)).records.map(\.id))
                            #expect(ids == old || ids == new, "\(ids.count) points")
                            states += 1
                        } catch let error as QuiverError {
                            #expect(error.kind == .closed || error.kind == .notFound, "\(error)")
                        }
                    }
                    return states
                }
            }
            for _ in 0..<5 {
                try await onThread { try database.snapshots.recover(from: source(archive, step: 10_000), into: "c", of: database) }
                let ids = Set(try await database.collection("c").scroll(ScrollRequest(limit: 1000)).records.map(\.id))
                #expect(ids == new)
            }
            progress.isEnding.store(true, ordering: .relaxed)
            for try await states in group { #expect(states > 0) }
        }
        #expect(try database.collectionDirectories.count == 1)
    }

    /// Cuts of overlapping sets of collections, updates, changes of the catalogue and a closing: all come to an end.
    @Test func cutsAndClosings() async throws {
        let directory = try TemporaryDirectory()
        for round in 0..<6 {
            let database = try Database.open(directory.path + "/\(round)")
            for name in ["a", "b", "c"] { try await database.createCollection(name, TestCollection.config()) }
            await withTaskGroup(of: Void.self) { group in
                for names in [["a", "b"], ["b", "c"], ["c", "a"], nil] {
                    group.addTask {
                        for _ in 0..<20 {
                            do {
                                let cut = try await onThread { try database.cut(of: names) }
                                #expect(cut.collections.count == names?.count ?? cut.collections.count)
                                for collection in cut.collections { try collection.forEachRecordPart { _ in } }
                            } catch let error as QuiverError {
                                #expect(error.kind == .closed || error.kind == .notFound, "\(error)")
                            } catch {
                                Issue.record("\(error)")
                            }
                        }
                    }
                }
                for name in ["a", "b", "c"] {
                    group.addTask {
                        for number in 1...50 {
                            _ = try? await database.collection(name).update(
                                [.upsert(PointBatch([try TestCollection.point(number)]))])
                        }
                        if name == "c" { _ = try? await database.deleteCollection("c") }
                    }
                }
                if round % 2 == 1 {
                    group.addTask {
                        try? await Task.sleep(for: .milliseconds(20))
                        _ = try? await onThread { database.close() }
                    }
                }
            }
            database.close()
        }
    }

    /// A cut outlives merges that remove its files, and the closing of its collection as far as segments go.
    @Test func segmentsStay() async throws {
        let test = try await TestCollection()
        try await test.upsert(1...300)
        try await test.collection.seal()
        let cut = try test.database.cut(of: ["c"])
        let collection = try #require(cut.collections.first)
        let segment = try #require(collection.segments.first)
        let before = try bytes(collection, segment)
        #expect(before.count == Int(segment.byteCount))
        // Most rows die, and the segment is rewritten.
        try await test.upsert(1...280, payload: #"{"x":1}"#)
        try await test.collection.seal()
        #expect(!(try test.collection.segmentFiles.contains { $0.hasPrefix(String(segment.id, radix: 16)) }))
        #expect(try bytes(collection, segment) == before)
        test.close()
        #expect(try bytes(collection, segment) == before)
        #expect(throws: QuiverError.self) { try collection.forEachRecordPart { _ in } }
        collection.releaseSegment(segment)
        #expect(throws: QuiverError.self) { try bytes(collection, segment) }
    }

    private func bytes(_ collection: CollectionCut, _ segment: SegmentFile) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try collection.forEachSegmentPart(segment) { bytes.append(contentsOf: $0) }
        return bytes
    }
}

/// What the tasks of a test tell each other.
private final class Progress: Sendable {
    let isEnding = Atomic(false)
    let written = Atomic(0)
}

/// Runs what blocks on a thread that may be blocked.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    let answer = Answer<Result<Value, any Error>>()
    OSThread.detach { answer.give(.success(Result { try body() })) }
    guard let result = await answer.value(within: nil) else { throw QuiverError.service("no answer") }
    return try result.get().get()
}
