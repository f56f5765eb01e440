#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Synchronization

/// A store that takes and gives at most so many bytes a second on average, over all that is under way at once.
///
/// What waits is the calling thread, piece by piece. An object that a store sends as one request goes out at full speed once
/// its bytes had their time.
package final class LimitedObjectStore: ObjectStore {
    /// Below this, a server that is read would take the pauses for the end.
    package static let leastBytesPerSecond = 100 << 10
    private static let pieceBytes = 64 << 10

    private let store: any ObjectStore
    private let bytesPerSecond: Double
    /// When all that was asked for so far has had its time.
    private let free = Mutex(ContinuousClock.now)

    package init(_ store: any ObjectStore, bytesPerSecond: Int) {
        self.store = store
        self.bytesPerSecond = Double(max(Self.leastBytesPerSecond, bytesPerSecond))
    }

    package var place: String { store.place }

    package func put(_ key: String, _ bytes: [UInt8]) throws(ObjectStoreError) {
        // In one piece, so that of several at once one is done early, and its sender gets to reading more.
        wait(for: bytes.count)
        try store.put(key, bytes)
    }

    package func put(_ key: String, _ body: (any ObjectWriter) throws -> Void) throws(ObjectStoreError) {
        try store.put(key) { writer in try body(Writer(store: self, writer: writer)) }
    }

    package func get(
        _ key: String, range: Range<Int>?, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws(ObjectStoreError) {
        try store.get(key, range: range) { part in
            wait(for: part.count)
            try body(part)
        }
    }

    package func head(_ key: String) throws(ObjectStoreError) -> ObjectInfo? { try store.head(key) }
    package func list(prefix: String) throws(ObjectStoreError) -> [ObjectInfo] { try store.list(prefix: prefix) }
    package func move(_ key: String, to other: String) throws(ObjectStoreError) { try store.move(key, to: other) }
    package func delete(_ keys: [String]) throws(ObjectStoreError) { try store.delete(keys) }

    private func wait(for count: Int) {
        let time = Duration.seconds(Double(count) / bytesPerSecond)
        let end = free.withLock { free in
            // Time that nobody used is not saved up.
            free = max(free, .now) + time
            return free
        }
        let left = ContinuousClock.now.duration(to: end)
        if left > .zero { usleep(UInt32(clamping: left.components.seconds * 1_000_000 + left.microseconds)) }
    }

    private struct Writer: ObjectWriter {
        let store: LimitedObjectStore
        let writer: any ObjectWriter

        func write(_ bytes: UnsafeRawBufferPointer) throws(ObjectStoreError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(LimitedObjectStore.pieceBytes)
                store.wait(for: piece.count)
                try writer.write(UnsafeRawBufferPointer(rebasing: piece))
                rest = rest.dropFirst(piece.count)
            }
        }
    }
}

extension Duration {
    /// Behind the whole seconds.
    fileprivate var microseconds: Int64 { components.attoseconds / 1_000_000_000_000 }
}
