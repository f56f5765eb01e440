import Foundation
import Quiver
import QuiverLMDB
import QuiverTestKit

@testable import Quiver

/// Takes an archive into memory.
final class MemorySink: SnapshotSink {
    private(set) var bytes: [UInt8] = []

    func write(_ bytes: UnsafeRawBufferPointer) throws { self.bytes.append(contentsOf: bytes) }
}

/// Gives an archive from memory, in pieces of its own choice.
func source(_ bytes: [UInt8], step: Int = .max) -> ArchiveSource {
    var position = 0
    return { buffer in
        let count = min(buffer.count, bytes.count - position, step)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count])) }
        position += count
        return count
    }
}

extension Quiver.Database {
    func archive(_ scope: SnapshotScope) throws -> [UInt8] {
        let sink = MemorySink()
        try snapshots.stream(scope, of: self, to: sink)
        return sink.bytes
    }

    /// The names of the directories of collections, of those in use and of left-overs.
    var collectionDirectories: [String] { get throws { try Files.names(in: collectionsPath).sorted() } }
}

/// Everything that LMDB holds of a collection, read entry by entry: the record stream has no part in it.
struct StoreDump: Equatable {
    struct Entry: Hashable {
        var key: [UInt8]
        var value: [UInt8]
    }

    var databases: [String: [Entry]] = [:]

    init(_ collection: Quiver.Collection) throws {
        let store = collection.core.store
        let transaction = try store.environment.beginRead()
        for (name, database) in store.environment.openDatabases where !RecordStream.localDatabases.contains(name) {
            var entries: [Entry] = []
            var cursor = try transaction.openCursor(database)
            var found = try cursor.first()
            while let entry = found {
                entries.append(Entry(key: Array(entry.key), value: Array(entry.value)))
                found = try cursor.next()
            }
            if !entries.isEmpty || !name.hasPrefix("index/") { databases[name] = entries }
        }
    }

    /// What differs, in words.
    func difference(_ other: StoreDump) -> String? {
        if databases.keys.sorted() != other.databases.keys.sorted() {
            return "databases \(databases.keys.sorted()) and \(other.databases.keys.sorted())"
        }
        for (name, entries) in databases where entries != other.databases[name] {
            return "\(name): \(entries.count) and \(other.databases[name]?.count ?? 0) entries, or others"
        }
        return nil
    }
}

extension Quiver.Collection {
    /// Of every point what the collection says of it, in the order of their ids.
    func everything() throws -> [(id: PointID, payload: Payload?, vectors: PointVectors?)] {
        try scrollBlocking(ScrollRequest(limit: 1_000_000, withVectors: .all)).records
            .map { ($0.id, $0.payload, $0.vectors) }
    }
}
