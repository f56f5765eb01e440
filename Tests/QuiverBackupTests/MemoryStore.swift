import QuiverModel
import Synchronization

@testable import QuiverBackup

/// Objects in memory, with a clock of the test's own, which can fail any call.
final class MemoryStore: ObjectStore {
    struct Object {
        var bytes: [UInt8]
        var modified: Timestamp
    }

    struct State {
        var objects: [String: Object] = [:]
        var now = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)
        /// Writing calls so far.
        var writes = 0
        /// The number of the writing call from which on all of them fail.
        var failsFrom: Int?
        var failsOnce = false
        var reads = 0
    }

    let state = Mutex(State())

    var place: String { "memory" }

    var objects: [String: [UInt8]] {
        get { state.withLock { $0.objects.mapValues(\.bytes) } }
        set {
            state.withLock { state in
                let now = state.now
                state.objects = newValue.mapValues { Object(bytes: $0, modified: now) }
            }
        }
    }

    func advance(seconds: Double) { state.withLock { $0.now = $0.now.adding(seconds: seconds) } }

    private func count() throws(ObjectStoreError) {
        let fails = state.withLock { state in
            state.writes += 1
            guard let first = state.failsFrom, state.writes >= first else { return false }
            if state.failsOnce { state.failsFrom = nil }
            return true
        }
        if fails { throw .unavailable("the store does not answer") }
    }

    func put(_ key: String, _ body: (any ObjectWriter) throws -> Void) throws(ObjectStoreError) {
        final class Collector: ObjectWriter {
            var bytes: [UInt8] = []
            func write(_ bytes: UnsafeRawBufferPointer) { self.bytes.append(contentsOf: bytes) }
        }
        let collector = Collector()
        do { try body(collector) } catch { throw .wrap(error) }
        try put(key, collector.bytes)
    }

    func put(_ key: String, _ bytes: [UInt8]) throws(ObjectStoreError) {
        try ObjectKey.check(key)
        try count()
        state.withLock { $0.objects[key] = Object(bytes: bytes, modified: $0.now) }
    }

    func get(
        _ key: String, range: Range<Int>?, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws(ObjectStoreError) {
        guard let bytes = state.withLock({ $0.objects[key]?.bytes }) else { throw .notFound(key) }
        state.withLock { $0.reads += 1 }
        let part = range.map { Array(bytes[min($0.lowerBound, bytes.count)..<min($0.upperBound, bytes.count)]) } ?? bytes
        do { try part.withUnsafeBytes { try body($0) } } catch { throw .wrap(error) }
    }

    func head(_ key: String) throws(ObjectStoreError) -> ObjectInfo? {
        state.withLock { state in
            state.objects[key].map { ObjectInfo(key: key, byteCount: $0.bytes.count, modified: $0.modified) }
        }
    }

    func list(prefix: String) throws(ObjectStoreError) -> [ObjectInfo] {
        state.withLock { state in
            state.objects.filter { $0.key.hasPrefix(prefix) }
                .map { ObjectInfo(key: $0.key, byteCount: $0.value.bytes.count, modified: $0.value.modified) }
                .sorted { $0.key < $1.key }
        }
    }

    func delete(_ keys: [String]) throws(ObjectStoreError) {
        try count()
        state.withLock { state in for key in keys { state.objects[key] = nil } }
    }
}
