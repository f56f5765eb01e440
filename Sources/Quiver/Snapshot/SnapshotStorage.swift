package import QuiverModel

/// What a snapshot is of.
public enum SnapshotScope: Hashable, Sendable {
    /// All collections, with their aliases.
    case storage
    case collection(String)
    /// The one shard of a collection, as Qdrant's interface has it: 0.
    case shard(String, UInt32)
}

/// A stored snapshot, as it is listed.
public struct SnapshotDescription: Hashable, Sendable {
    public var name: String
    /// `YYYY-MM-DDTHH:MM:SS`, UTC.
    public var creationTime: String?
    /// Bytes of the archive.
    public var size: UInt64
    /// SHA-256 of the archive in hexadecimal digits.
    public var checksum: String?

    public init(name: String, creationTime: String?, size: UInt64, checksum: String?) {
        self.name = name
        self.creationTime = creationTime
        self.size = size
        self.checksum = checksum
    }
}

/// Which state wins where replicas differ; on one node all mean the same.
public enum SnapshotPriority: String, Sendable, CaseIterable {
    case noSync = "no_sync"
    case snapshot
    case replica
}

/// Takes the bytes of an archive in order.
package protocol SnapshotSink: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws
}

/// A stored archive, opened: it can be read even when it is deleted meanwhile.
package protocol SnapshotContent: Sendable {
    var byteCount: UInt64 { get }
    var modifiedSeconds: Int? { get }
    var tag: String? { get }
    /// Fills `buffer` from the byte `offset` on, as far as there are bytes; returns how many.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(QuiverError) -> Int
}

/// Where snapshots lie. All blocking; for many threads at once.
///
/// Names are checked by `Snapshots` before they come here: no separators, no `..`.
package protocol SnapshotStorage: Sendable {
    /// By their names.
    func list(_ scope: SnapshotScope) throws(QuiverError) -> [SnapshotDescription]
    /// Stores what `write` writes. Nothing is seen of it before it is whole and durable; nothing is left when `write`
    /// throws.
    func create(
        _ scope: SnapshotScope, name: String, _ write: (any SnapshotSink) throws -> Void
    ) throws(QuiverError) -> SnapshotDescription
    /// - Throws: `.notFound`.
    func open(_ scope: SnapshotScope, name: String) throws(QuiverError) -> any SnapshotContent
    /// False when there was none.
    func delete(_ scope: SnapshotScope, name: String) throws(QuiverError) -> Bool
}

extension SnapshotContent {
    /// When it was made, in seconds since 1970; nil: not known.
    package var modifiedSeconds: Int? { nil }
    /// Another one for other bytes under the same name; nil: not known.
    package var tag: String? { nil }
}
