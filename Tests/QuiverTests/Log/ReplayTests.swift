import Foundation
import Quiver
import QuiverLMDB
import QuiverTestKit
import Testing

@testable import Quiver

/// A copy of a collection and the log behind it are the collection at any later moment.
///
/// `QUIVER_SEED` repeats a run, `QUIVER_LOG_STEPS` makes it long.
struct ReplayTests {
    static let steps = ProcessInfo.processInfo.environment["QUIVER_LOG_STEPS"].flatMap { Int($0) } ?? 150

    private func replay(_ records: some Sequence<[UInt8]>, into collection: Quiver.Collection) throws {
        let replay = CollectionReplay(core: collection.core)
        for record in records { try record.withUnsafeBytes { try replay.replay($0) } }
        try replay.finish()
    }

    /// Replays behind `sequence` to one image after the other.
    private func compare(
        _ run: LogRun, _ records: [[UInt8]], _ collection: Quiver.Collection, from sequence: UInt64, _ random: inout SeededGenerator
    ) throws -> String? {
        var last = sequence
        let later = run.images.keys.filter { $0 > sequence }.sorted()
        var targets = (0..<min(4, later.count)).map { _ in random.pick(later) }
        if let end = later.last { targets.append(end) }
        for target in Set(targets).sorted() {
            try replay(records[Int(last)..<Int(target)], into: collection)
            last = target
            if let expected = run.images[target], let difference = try CollectionImage(collection).difference(from: expected) {
                return "from \(sequence) to \(target): \(difference)"
            }
        }
        return nil
    }

    @Test(arguments: 0..<3)
    func copyAndLogAreTheCollection(_ number: Int) async throws {
        let seed = runSeed("replay \(number)") &+ UInt64(number)
        var run = try await LogRun(seed: seed)
        for step in 0..<ReplayTests.steps {
            do {
                try await run.step()
            } catch {
                Issue.record("QUIVER_SEED=\(seed), step \(step): \(error)")
                return
            }
        }
        print("replay \(number): \(run.events.sorted { $0.key < $1.key }), \(run.copies.count) copies")
        let records = try logRecords(run.collection)
        // Each number has its record.
        #expect(records.count == Int(run.collection.lastSequence), "QUIVER_SEED=\(seed)")
        let times = try records.map { try $0.withUnsafeBytes { try LogRecord.moment($0).time } }
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
        run.database.close()

        var random = SeededGenerator(seed: seed)
        for (path, sequence) in run.copies {
            let database = try Database.open(path, options: LogRun.options)
            let collection = try database.collection(LogRun.name)
            let difference = try compare(run, records, collection, from: sequence, &random)
            #expect(difference == nil, "QUIVER_SEED=\(seed)")
            // What replaying wrote down is what was replayed.
            #expect(try logRecords(collection) == records, "QUIVER_SEED=\(seed)")
            try await collection.settle()
            let settled = try CollectionImage(collection)
            database.close()
            let reopened = try Database.open(path, options: LogRun.options)
            let again = try CollectionImage(try reopened.collection(LogRun.name)).difference(from: settled)
            #expect(again == nil, "QUIVER_SEED=\(seed)")
            reopened.close()
        }

        // What was copied while the original was in use.
        for (number, staging) in run.stagings.enumerated() {
            let sequence = staging.manifest.sequence
            let target = random.pick(run.images.keys.filter { $0 >= sequence }.sorted())
            let name = "restored \(number)"
            do {
                for record in records[Int(sequence)..<Int(target)] { try record.withUnsafeBytes { try staging.replay($0) } }
                try staging.publish(as: name, replacing: false)
                let collection = try run.restored.collection(name)
                if let expected = run.images[target] {
                    let difference = try CollectionImage(collection).difference(from: expected)
                    #expect(difference == nil, "QUIVER_SEED=\(seed), staged at \(sequence), replayed to \(target)")
                }
                try await collection.update([.deletePoints(.filter(Filter()))])
                #expect(collection.lastSequence == target + 1)
            } catch {
                Issue.record("QUIVER_SEED=\(seed), staged at \(sequence), replayed to \(target): \(error)")
            }
        }
        run.restored.close()
        let reopened = try Database.open(run.directory.path + "/restored", options: LogRun.options)
        #expect(reopened.collectionNames.count == run.stagings.count)
        reopened.close()

        // From nothing.
        let database = try Database.open(run.directory.path + "/new", options: LogRun.options)
        try await database.createCollection(LogRun.name, LogRun.config)
        let collection = try database.collection(LogRun.name)
        let difference = try compare(run, records, collection, from: 0, &random)
        #expect(difference == nil, "QUIVER_SEED=\(seed)")
        database.close()
    }

    // MARK: What is refused

    private func emptyCollection(_ config: CollectionConfig = LogRun.config) async throws -> (TemporaryDirectory, Quiver.Collection) {
        let directory = try TemporaryDirectory()
        let database = try Database.open(directory.path + "/db", options: LogRun.options)
        try await database.createCollection(LogRun.name, config)
        return (directory, try database.collection(LogRun.name))
    }

    @Test func recordsOutOfOrderAreRefused() async throws {
        let test = try await TestCollection()
        try test.database.keepLogs(true)
        for number in 0..<6 { try await test.upsert([number]) }
        let all = try logRecords(test.collection)
        #expect(all.count == 6)
        for (given, refused) in [([1], 2), ([0, 2], 3), ([0, 0], 1), ([0, 1, 2, 1], 2)] {
            let (_, collection) = try await emptyCollection(TestCollection.config())
            let replay = CollectionReplay(core: collection.core)
            let error = #expect(throws: QuiverError.self) {
                for place in given { try all[place].withUnsafeBytes { try replay.replay($0) } }
            }
            #expect(error?.kind == .corrupted && error?.message.contains("record \(refused) ") == true)
            // Nothing more is taken, and what was given in before counts.
            #expect(throws: QuiverError.self) { try all[given.count - 1].withUnsafeBytes { try replay.replay($0) } }
            #expect(throws: QuiverError.self) { try replay.finish() }
            #expect(collection.lastSequence <= UInt64(given.count - 1))
            collection.database.close()
        }
        // Of a collection with other vectors.
        let (_, other) = try await emptyCollection(CollectionConfig(size: 3, distance: .dot))
        let replay = CollectionReplay(core: other.core)
        let error = #expect(throws: QuiverError.self) {
            try all[0].withUnsafeBytes { try replay.replay($0) }
            try replay.finish()
        }
        #expect(error?.kind == .corrupted && error?.message.contains("record 1 ") == true)
        #expect(other.lastSequence == 0)
        other.database.close()
    }

    /// With the checksum of what they say now.
    private func sealed(_ bytes: [UInt8]) -> [UInt8] {
        let content = Array(bytes.dropLast(LogRecord.checksumBytes))
        let checksum = content.withUnsafeBytes { CRC32C.of($0) }
        return content + withUnsafeBytes(of: checksum.littleEndian) { Array($0) }
    }

    @Test func damagedRecordsAreRefused() async throws {
        let seed = runSeed("damaged replay")
        var run = try await LogRun(seed: seed)
        for _ in 0..<40 { try await run.step() }
        let records = try logRecords(run.collection)
        run.database.close()
        var random = SeededGenerator(seed: seed)
        let (_, collection) = try await emptyCollection()
        for record in records {
            // Whatever was cut off is noticed.
            for length in [0, 1, 20, random.below(record.count), record.count - 1] {
                let cut = Array(record.prefix(min(length, record.count - 1)))
                for bytes in [cut, sealed(cut)] {
                    let error = #expect(throws: QuiverError.self) { try bytes.withUnsafeBytes { _ = try LogEntry($0) } }
                    #expect(error?.kind == .corrupted)
                }
            }
            for bytes in [record + [0], sealed(record + [0])] {
                #expect(throws: QuiverError.self) { try bytes.withUnsafeBytes { _ = try LogEntry($0) } }
            }
            for _ in 0..<20 {
                var bytes = record
                bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
                #expect(throws: QuiverError.self) { try bytes.withUnsafeBytes { _ = try LogEntry($0) } }
                // By somebody who knows the checksum: refused or taken, and nothing worse.
                bytes = sealed(bytes)
                let replay = CollectionReplay(core: collection.core)
                do {
                    try bytes.withUnsafeBytes { try replay.replay($0) }
                    try replay.finish()
                } catch let error as QuiverError {
                    #expect(error.kind == .corrupted && error.message.contains("record "), "QUIVER_SEED=\(seed): \(error)")
                }
            }
            // Whether or not one of them was taken: what is there can be read.
            _ = try CollectionImage(collection)
        }
        collection.database.close()
    }

    // MARK: Time

    @Test func timesDoNotRunBackwards() async throws {
        let test = try await TestCollection()
        try test.database.keepLogs(true)
        try await test.upsert([1])
        // As after the clock was set back.
        let future = Database.microsecondsNow() + 1_000_000_000_000
        try await test.collection.onWriter { $0.state.counters.time = future }
        try await test.upsert([2])
        try await test.collection.createIndex(try PayloadPath(parsing: "n"), PayloadIndexParams(type: .integer))
        try test.reopen()
        try await test.upsert([3])
        let times = try logRecords(test.collection).map { try $0.withUnsafeBytes { try LogRecord.moment($0).time } }
        #expect(times.count == 4 && times[0] < future && times.dropFirst().allSatisfy { $0 == future })
        test.close()
    }

    // MARK: Requests that are too large

    @Test func tooLargeRequestsFailAlone() async throws {
        let test = try await TestCollection()
        try await test.collection.onWriter { $0.state.mostRecordBytes = 2000 }
        for multiple in [false, true] {
            var pending: [PendingUpdate] = []
            for number in 0..<9 {
                // The fifth has a hundred points.
                let numbers = number == 4 ? Array(1000..<1100) : [number]
                var operations: [UpdateOperation] = [.upsert(PointBatch(try numbers.map { try TestCollection.point($0) }))]
                if multiple { operations.append(.deletePoints(.ids([.number(5000)]))) }
                pending.append(try test.collection.submitBlocking(operations))
            }
            for (number, update) in pending.enumerated() {
                let refused = await kind { _ = try await test.collection.result(of: update, wait: true, timeout: nil) }
                #expect(refused == (number == 4 ? .badRequest : nil))
            }
            #expect(try await test.hasExactly((0..<9).filter { $0 != 4 }))
        }
        try test.reopen()
        #expect(try await test.hasExactly((0..<9).filter { $0 != 4 }))
        #expect(test.collection.lastSequence == 16)
        test.close()
    }
}
