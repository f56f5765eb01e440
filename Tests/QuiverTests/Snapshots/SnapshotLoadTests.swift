import Foundation
import Quiver
import QuiverTestKit
import Synchronization
import Testing

@testable import Quiver

/// What docs/DECISIONS.md says of snapshots under load: `QUIVER_LONG=1 swift test -c release -Xswiftc -enable-testing
/// --filter SnapshotLoadTests`. `QUIVER_SNAPSHOT_POINTS` makes it shorter.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["QUIVER_LONG"] != nil), .serialized)
struct SnapshotLoadTests {
    private static let dimension = 128
    private static let pointCount =
        ProcessInfo.processInfo.environment["QUIVER_SNAPSHOT_POINTS"].flatMap { Int($0) } ?? 1_000_000

    private func batch(_ numbers: Range<Int>, _ random: inout SeededGenerator) throws -> PointBatch {
        PointBatch(
            try numbers.map { number in
                Point(
                    id: .number(UInt64(number)), vector: random.vector(SnapshotLoadTests.dimension),
                    payload: try Payload(json: #"{"n":\#(number),"group":"\#(number % 100)","text":"point number \#(number)"}"#))
            })
    }

    @Test func underWriteLoad() async throws {
        let seed = runSeed("snapshot under load")
        var random = SeededGenerator(seed: seed)
        let directory = try TemporaryDirectory()
        let storage = directory.path + "/db"
        var options = Quiver.Database.Options()
        options.snapshotsPath = directory.path + "/snapshots"
        let database = try Quiver.Database.open(storage, options: options)
        defer { database.close() }
        var config = CollectionConfig(size: SnapshotLoadTests.dimension, distance: .cosine)
        // Copying is what is measured: graphs are files like others.
        config.optimizers.indexingThreshold = 0
        try await database.createCollection("big", config)
        let collection = try database.collection("big")
        let count = SnapshotLoadTests.pointCount
        for start in stride(from: 0, to: count, by: 2000) {
            try await collection.update([.upsert(try batch(start..<min(count, start + 2000), &random))])
        }
        try await collection.createIndex(try PayloadPath(parsing: "n"), PayloadIndexParams(type: .integer))
        try await collection.createIndex(try PayloadPath(parsing: "group"), PayloadIndexParams(type: .keyword))
        try await collection.settle()
        let collectionBytes = LoadWatch.diskBytes(storage)

        let watch = LoadWatch(storage)
        let updates = UpdateLoad(collection, seed: seed, pointCount: count)
        defer { updates.end() }
        // The first look is at the load alone.
        try await Task.sleep(for: .seconds(5))
        watch.begin()
        updates.takeLongest()
        try await Task.sleep(for: .seconds(15))
        let before = watch.take()
        let longestBefore = updates.takeLongest()
        for turn in 0..<2 {
            watch.begin()
            let processorBefore = clock()
            let start = ContinuousClock.now
            let snapshot = try await onThread { try database.snapshots.create(.collection("big"), in: database) }
            let seconds = Double((ContinuousClock.now - start).components.seconds) + 0.001
            let during = watch.take()
            let longest = updates.takeLongest()
            print(
                """
                snapshot \(turn): \(snapshot.size >> 20) MiB of a collection of \(collectionBytes >> 20) MiB in \(seconds) s, \
                \(Double(clock() - processorBefore) / Double(CLOCKS_PER_SEC)) s of processor with the load
                  resident: \(before.residentBytes >> 20) MiB at most before, \(during.residentBytes >> 20) MiB at most during
                  disk beside the archive: \(before.diskBytes >> 20) MiB at most before, \(during.diskBytes >> 20) MiB at most during
                  longest update: \(longestBefore) before, \(longest) during; \(updates.count) updates in all
                """)
            #expect(during.residentBytes - before.residentBytes < 64 << 20)
            #expect(Double(during.diskBytes - before.diskBytes) < 0.05 * Double(collectionBytes))
        }
        updates.end()
        let restored = directory.path + "/snapshots/big"
        print("archives: \(LoadWatch.diskBytes(restored) >> 20) MiB")
    }
}

/// One update after the other, of points that are there already, and how long the longest of them took.
private final class UpdateLoad: Sendable {
    private final class Figures: Sendable {
        let longest = Mutex(Duration.zero)
        let count = Atomic(0)
    }

    private let isEnding = SharedFlag()
    private let figures = Figures()
    private let thread: OSThread

    init(_ collection: Quiver.Collection, seed: UInt64, pointCount: Int) {
        thread = OSThread { [isEnding, figures] in
            var random = SeededGenerator(seed: seed)
            while !isEnding.isSet {
                let points = (0..<20).map { _ in
                    Point(id: .number(UInt64(random.below(pointCount))), vector: random.vector(128), payload: nil)
                }
                let done = LockedCondition(false)
                let start = ContinuousClock.now
                try? collection.submitBlocking([.upsert(PointBatch(points))]) { _ in done.change { $0 = true } }
                done.wait { (isDone: inout Bool) -> Void? in isDone ? () : nil }
                let took = ContinuousClock.now - start
                figures.longest.withLock { $0 = max($0, took) }
                figures.count.add(1, ordering: .relaxed)
            }
        }
    }

    var count: Int { figures.count.load(ordering: .relaxed) }

    @discardableResult
    func takeLongest() -> Duration {
        figures.longest.withLock { longest in
            defer { longest = .zero }
            return longest
        }
    }

    func end() {
        if isEnding.isSet { return }
        isEnding.set()
        thread.join()
    }
}

/// The most memory of the process, and the most disk below a directory, since `begin`.
private final class LoadWatch: Sendable {
    struct Most {
        var residentBytes = 0
        var diskBytes = 0
    }

    private final class Shared: Sendable {
        let most = Mutex(Most())
        let isEnding = SharedFlag()
    }

    private let shared = Shared()

    init(_ path: String) {
        OSThread.detach { [shared] in
            while !shared.isEnding.isSet {
                let resident = LoadWatch.residentBytes()
                let disk = LoadWatch.diskBytes(path) + LoadWatch.removedBytes(path)
                shared.most.withLock { most in
                    most.residentBytes = max(most.residentBytes, resident)
                    most.diskBytes = max(most.diskBytes, disk)
                }
                usleep(10_000)
            }
        }
    }

    deinit { shared.isEnding.set() }

    func begin() { shared.most.withLock { $0 = Most() } }
    func take() -> Most { shared.most.withLock { $0 } }

    private static func residentBytes() -> Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
    }

    /// Blocks of all files below a directory.
    static func diskBytes(_ path: String) -> Int {
        var status = stat()
        guard lstat(path, &status) == 0 else { return 0 }
        guard status.st_mode & S_IFMT == S_IFDIR else { return Int(status.st_blocks) * 512 }
        return ((try? Files.names(in: path)) ?? []).reduce(0) { $0 + diskBytes(path + "/" + $1) }
    }

    /// Of files that have no name any more but are still open.
    private static func removedBytes(_ path: String) -> Int {
        var seen: Set<UInt64> = []
        var sum = 0
        for name in (try? Files.names(in: "/proc/self/fd")) ?? [] {
            guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name),
                link.hasPrefix(path), link.hasSuffix("(deleted)"), let descriptor = Int32(name)
            else { continue }
            var status = stat()
            if fstat(descriptor, &status) == 0, seen.insert(UInt64(status.st_ino)).inserted { sum += Int(status.st_blocks) * 512 }
        }
        return sum
    }
}
