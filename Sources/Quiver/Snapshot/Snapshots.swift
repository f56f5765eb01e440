import QuiverLMDB
package import QuiverModel

/// Gives the next bytes of an archive, at least one, or 0 at the end. May block.
package typealias ArchiveSource = (UnsafeMutableRawBufferPointer) throws -> Int

/// The snapshots of a database: making, listing, reading, deleting and restoring them. All blocking.
package final class Snapshots: Sendable {
    package let storage: any SnapshotStorage
    /// The directory of `LocalSnapshotStorage`; from elsewhere no file may be restored by its path.
    package let path: String

    init(_ options: Database.Options, databasePath: String) throws(QuiverError) {
        path = options.snapshotsPath ?? databasePath + "/snapshots"
        if let storage = options.snapshotStorage {
            self.storage = storage
        } else {
            storage = try LocalSnapshotStorage(path: path)
        }
    }

    /// Makes a snapshot and stores it. `progress` is called with the bytes of the archive so far.
    package func create(
        _ scope: SnapshotScope, in database: Database, progress: ((UInt64) -> Void)? = nil
    ) throws(QuiverError) -> SnapshotDescription {
        throw .notImplemented("snapshots are not there yet")
    }

    /// Writes a snapshot to `sink` without storing it.
    package func stream(_ scope: SnapshotScope, of database: Database, to sink: any SnapshotSink) throws(QuiverError) {
        throw .notImplemented("snapshots are not there yet")
    }

    /// - Throws: `.notFound` for a missing collection.
    package func list(_ scope: SnapshotScope, in database: Database) throws(QuiverError) -> [SnapshotDescription] {
        throw .notImplemented("snapshots are not there yet")
    }

    /// - Throws: `.notFound`, also for a name that is none of a snapshot's.
    package func open(_ scope: SnapshotScope, name: String, in database: Database) throws(QuiverError) -> any SnapshotContent {
        throw .notImplemented("snapshots are not there yet")
    }

    /// - Throws: `.notFound`, also for a name that is none of a snapshot's.
    package func delete(_ scope: SnapshotScope, name: String, in database: Database) throws(QuiverError) {
        throw .notImplemented("snapshots are not there yet")
    }

    /// Restores a collection from an archive, as it comes, under any name: made if there is none, replaced if there is.
    ///
    /// The archive is checked to its end before anything of the present collection is touched.
    ///
    /// - Parameters:
    ///   - checksum: SHA-256 in hexadecimal digits that the archive must have.
    ///   - progress: called with the bytes of the archive that were read so far.
    /// - Throws: `.badRequest` for an archive that is damaged, of another kind, or of other vectors.
    package func recover(
        from source: ArchiveSource, into name: String, of database: Database,
        priority: SnapshotPriority? = nil, checksum: String? = nil, progress: ((UInt64) -> Void)? = nil
    ) throws(QuiverError) {
        throw .notImplemented("snapshots are not there yet")
    }

    /// Restores all collections and aliases of an archive of the whole storage. Collections of the same names are
    /// replaced, where `replacing` allows it; others stay.
    package func recoverStorage(
        from source: ArchiveSource, of database: Database, replacing: Bool, checksum: String? = nil,
        progress: ((UInt64) -> Void)? = nil
    ) throws(QuiverError) {
        throw .notImplemented("snapshots are not there yet")
    }
}
