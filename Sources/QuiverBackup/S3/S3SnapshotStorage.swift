#if Server
import Synchronization

package import Quiver
package import QuiverModel
import QuiverArchive

/// Snapshots in an S3 bucket: those of a collection at `<collection>/<name>`, those of its shard at
/// `<collection>/shards/<id>/<name>`, those of the whole storage at `<name>`, each with its SHA-256 in hexadecimal digits
/// in `<name>.checksum` beside it. Names of collections are percent-encoded, so that a slash in one is none of a key.
package final class S3SnapshotStorage: SnapshotStorage {
    private let store: any ObjectStore
    private static let checksumSuffix = ".checksum"

    /// - Parameter store: an S3 bucket; anything else that keeps objects will do.
    package init(_ store: any ObjectStore) { self.store = store }

    package func list(_ scope: SnapshotScope) throws(QuiverError) -> [SnapshotDescription] {
        try telling { () throws(ObjectStoreError) in
            let prefix = Self.prefix(scope)
            let objects = try store.list(prefix: prefix)
            let keys = Set(objects.map(\.key))
            var found: [SnapshotDescription] = []
            for object in objects where object.key.hasSuffix(".snapshot") {
                let name = String(object.key.dropFirst(prefix.count))
                // What lies deeper belongs to another scope.
                if name.isEmpty || name.contains("/") { continue }
                var checksum: String?
                if keys.contains(object.key + Self.checksumSuffix) { checksum = try self.checksum(object.key) }
                found.append(
                    SnapshotDescription(
                        name: name, creationTime: object.modified.secondsText, size: UInt64(object.byteCount),
                        checksum: checksum))
            }
            return found
        }
    }

    package func create(
        _ scope: SnapshotScope, name: String, _ write: (any SnapshotSink) throws -> Void
    ) throws(QuiverError) -> SnapshotDescription {
        let key = Self.prefix(scope) + name
        do {
            guard let sink = CountingSink() else { throw QuiverError.service("no memory is left") }
            try store.put(key) { writer in
                sink.writer = writer
                defer { sink.writer = nil }
                try write(sink)
            }
            let checksum = Digest.hex(sink.digest.value())
            do throws(ObjectStoreError) {
                try store.put(key + Self.checksumSuffix, Array(checksum.utf8))
            } catch {
                try? store.delete([key])
                throw error
            }
            let made = try store.head(key)?.modified ?? .now()
            return SnapshotDescription(
                name: name, creationTime: made.secondsText, size: sink.byteCount, checksum: checksum)
        } catch {
            throw Self.error(error)
        }
    }

    package func open(_ scope: SnapshotScope, name: String) throws(QuiverError) -> any SnapshotContent {
        let key = Self.prefix(scope) + name
        return try telling { () throws(ObjectStoreError) in
            guard let info = try store.head(key) else { throw .notFound(name) }
            return S3SnapshotContent(store, info, tag: try self.checksum(key))
        }
    }

    package func delete(_ scope: SnapshotScope, name: String) throws(QuiverError) -> Bool {
        let key = Self.prefix(scope) + name
        return try telling { () throws(ObjectStoreError) in
            guard try store.head(key) != nil else { return false }
            try store.delete([key])
            try store.delete([key + Self.checksumSuffix])
            return true
        }
    }

    // MARK: Inside

    private static func prefix(_ scope: SnapshotScope) -> String {
        switch scope {
        case .storage: return ""
        case .collection(let name): return encoded(name) + "/"
        case .shard(let name, let id): return encoded(name) + "/shards/\(id)/"
        }
    }

    private static func encoded(_ collection: String) -> String {
        let text = SignatureV4.encode(collection)
        return text.utf8.allSatisfy { $0 == UInt8(ascii: ".") } ? text.map { _ in "%2E" }.joined() : text
    }

    private func checksum(_ key: String) throws(ObjectStoreError) -> String? {
        do throws(ObjectStoreError) {
            let text = String(decoding: try store.bytes(of: key + Self.checksumSuffix, limitBytes: 1024), as: UTF8.self)
            return Digest.bytes(hex: text)?.count == Digest.byteCount ? text : nil
        } catch {
            if case .notFound = error { return nil }
            throw error
        }
    }

    private func telling<Value>(_ body: () throws(ObjectStoreError) -> Value) throws(QuiverError) -> Value {
        do { return try body() } catch { throw Self.error(error) }
    }

    fileprivate static func error(_ error: any Error) -> QuiverError {
        switch error {
        case let error as QuiverError: return error
        case let error as ObjectStoreError:
            switch error {
            case .caller(let inner): return self.error(inner)
            case .notFound(let name): return .notFound("Snapshot \(name) not found")
            case .full(let text): return QuiverError(.insufficientStorage, text)
            case .refused, .unavailable, .invalid, .inputOutput: return .service("\(error)")
            }
        default: return .service("\(error)")
        }
    }
}

/// Counts and digests what goes to the store.
private final class CountingSink: SnapshotSink {
    var writer: (any ObjectWriter)?
    var digest: StreamDigest
    var byteCount: UInt64 = 0

    init?() {
        guard let digest = StreamDigest() else { return nil }
        self.digest = digest
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        digest.update(bytes)
        byteCount += UInt64(bytes.count)
        try writer?.write(bytes)
    }
}

/// A stored archive, read in blocks of 4 MiB, of which the last is kept: whoever reads goes forward in small steps.
private final class S3SnapshotContent: SnapshotContent {
    private static let blockBytes = 4 << 20

    private struct Block {
        var first = 0
        var bytes: [UInt8] = []
    }

    private let store: any ObjectStore
    private let info: ObjectInfo
    let tag: String?
    private let block = Mutex(Block())

    init(_ store: any ObjectStore, _ info: ObjectInfo, tag: String?) {
        self.store = store
        self.info = info
        self.tag = tag
    }

    var byteCount: UInt64 { UInt64(info.byteCount) }
    var modifiedSeconds: Int? { Int(info.modified.microsecondsSinceEpoch / 1_000_000) }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(QuiverError) -> Int {
        guard offset < byteCount else { return 0 }
        let place = Int(offset)
        do {
            return try block.withLock { block in
                if !(block.first..<(block.first + block.bytes.count)).contains(place) {
                    let end = min(info.byteCount, place + max(Self.blockBytes, buffer.count))
                    var bytes: [UInt8] = []
                    bytes.reserveCapacity(end - place)
                    try store.get(info.key, range: place..<end) { bytes.append(contentsOf: $0) }
                    guard bytes.count == end - place else {
                        throw ObjectStoreError.invalid("\(store.place): `\(info.key)` is shorter than it was")
                    }
                    block = Block(first: place, bytes: bytes)
                }
                let from = place - block.first
                let count = min(buffer.count, block.bytes.count - from)
                block.bytes.withUnsafeBytes { bytes in
                    buffer.copyBytes(from: bytes[from..<(from + count)])
                }
                return count
            }
        } catch {
            throw S3SnapshotStorage.error(error)
        }
    }
}
#endif
