import Foundation
import Quiver
import QuiverLMDB
import QuiverTestKit
import Testing

@testable import Quiver

/// What docs/DECISIONS.md says of the log; the number is the share of all work in percent: `QUIVER_LOG_COSTS=100 swift test -c release -Xswiftc -enable-testing
/// --filter LogCostTests`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["QUIVER_LOG_COSTS"] != nil), .serialized)
struct LogCostTests {
    private static let dimension = 128
    private static let percent = ProcessInfo.processInfo.environment["QUIVER_LOG_COSTS"].flatMap { Int($0) } ?? 100

    private func options() -> Quiver.Database.Options {
        var options = Quiver.Database.Options()
        options.workerThreads = 1
        options.indexingThreads = 1
        // Sealed again and again, so that the log is trimmed where it is not kept.
        options.growingBytes = 1 << 20
        return options
    }

    /// Without graphs, whose building would be most of the time.
    private func config() -> CollectionConfig {
        var config = CollectionConfig(size: LogCostTests.dimension, distance: .cosine)
        config.optimizers.indexingThreshold = 0
        return config
    }

    private func batches(_ count: Int, of points: Int) throws -> [PointBatch] {
        var random = SeededGenerator(seed: 7)
        return try (0..<count).map { batch in
            PointBatch(
                try (0..<points).map { point in
                    Point(
                        id: .number(UInt64(batch * points + point)), vector: random.vector(LogCostTests.dimension),
                        payload: try Payload(json: #"{"shop":\#(random.below(1000)),"name":"\#(random.next())"}"#))
                })
        }
    }

    private func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private func measure(_ body: () throws -> Void) rethrows -> (wall: Double, cpu: Double) {
        let (start, cpu) = (ContinuousClock.now, cpuSeconds())
        try body()
        let wall = ContinuousClock.now - start
        return (Double(wall.components.seconds) + Double(wall.components.attoseconds) / 1e18, cpuSeconds() - cpu)
    }

    /// Up to 64 requests wait at a time.
    private func write(_ batches: [PointBatch], to collection: Quiver.Collection) throws {
        let progress = LockedCondition(0)
        for batch in batches {
            progress.wait { waiting -> Void? in
                if waiting >= 64 { return nil }
                waiting += 1
                return ()
            }
            try collection.submitBlocking([.upsert(batch)]) { _ in progress.change { $0 -= 1 } }
        }
        progress.wait { waiting -> Void? in waiting == 0 ? () : nil }
    }

    private func open(_ directory: TemporaryDirectory, _ name: String, keeping: Bool) throws -> Quiver.Collection {
        let database = try Quiver.Database.open(directory.path + "/" + name, options: options())
        if keeping { try database.keepLogs(true) }
        try database.createCollectionBlocking("c", config())
        let collection = try database.collection("c")
        _ = try collection.createIndexBlocking(try PayloadPath(parsing: "shop"), PayloadIndexParams(type: .integer))
        return collection
    }

    private func logBytes(_ collection: Quiver.Collection) throws -> Int {
        let transaction = try collection.core.store.environment.beginRead()
        return try WriteAheadLog.byteCount(collection.core.store, transaction.handle)
    }

    @Test(arguments: [(20 * percent, 100), (400 * percent, 1)])
    func keepingAndReplaying(_ count: Int, _ points: Int) throws {
        let batches = try batches(count, of: points)
        let directory = try TemporaryDirectory()
        var kept: Quiver.Collection?
        for round in 0..<2 {
            for keeping in [false, true] {
                let collection = try open(directory, "\(round)\(keeping)", keeping: keeping)
                let cost = try measure { try write(batches, to: collection) }
                print("\(count) x \(points), keeping \(keeping): wall \(cost.wall), CPU \(cost.cpu), log \(try logBytes(collection))")
                if keeping, round == 1 { kept = collection } else { collection.database.close() }
            }
        }
        guard let kept else { return }
        let records = try logRecords(kept)
        print("bytes of a record: \(records[1].count), of all: \(records.reduce(0) { $0 + $1.count })")
        let target = try Quiver.Database.open(directory.path + "/replayed", options: options())
        try target.createCollectionBlocking("c", config())
        let collection = try target.collection("c")
        let replay = CollectionReplay(core: collection.core)
        let cost = try measure {
            for record in records { try record.withUnsafeBytes { try replay.replay($0) } }
            try replay.finish()
        }
        print(
            "replayed: wall \(cost.wall), CPU \(cost.cpu), records/s \(Double(records.count) / cost.wall), "
                + "points/s \(Double(count * points) / cost.wall)")
        let decode = try measure { for record in records { try record.withUnsafeBytes { _ = try LogEntry($0) } } }
        print("decoded alone: CPU \(decode.cpu)")
        target.close()
        // Opening, with and without the kept log.
        let paths = [directory.path + "/1true", directory.path + "/1false"]
        try kept.waitUntilOptimizedBlocking(timeout: nil)
        kept.database.close()
        for _ in 0..<3 {
            for path in paths {
                var database: Quiver.Database?
                let cost = try measure { database = try Quiver.Database.open(path, options: options()) }
                print("open \(path.suffix(5)): wall \(cost.wall), CPU \(cost.cpu)")
                database?.close()
            }
        }
        // Trimming all of it at once.
        let database = try Quiver.Database.open(paths[0], options: options())
        let again = try database.collection("c")
        let bytes = try logBytes(again)
        let trim = try measure { try again.core.setLogMark(nil) }
        print("trimmed \(bytes) bytes: wall \(trim.wall), CPU \(trim.cpu)")
        database.close()
    }

    @Test(arguments: [(1000, percent << 20), (60_000, 5 * percent << 20)])
    func trimming(_ payloadBytes: Int, _ bytes: Int) throws {
        let directory = try TemporaryDirectory()
        let collection = try open(directory, "trim", keeping: true)
        let payload = try Payload(json: #"{"text":"\#(String(repeating: "x", count: payloadBytes))"}"#)
        var batches: [PointBatch] = []
        for number in 0..<bytes / payloadBytes {
            batches.append(PointBatch([Point(id: .number(UInt64(number % 100)), vectors: .none, payload: payload)]))
        }
        try write(batches, to: collection)
        try collection.core.writer.perform { $0.state.freeze() }
        collection.core.optimizer.consider()
        try collection.waitUntilOptimizedBlocking(timeout: nil)
        let logged = try logBytes(collection)
        let trim = try measure { try collection.core.setLogMark(nil) }
        print("trimmed \(batches.count) records, \(logged) bytes: wall \(trim.wall), CPU \(trim.cpu)")
        collection.database.close()
    }
}
