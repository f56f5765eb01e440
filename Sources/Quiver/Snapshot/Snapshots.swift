import Glibc
import QuiverArchive
import QuiverLMDB
package import QuiverModel

/// Gives the next bytes of an archive, at least one, or 0 at the end. May block.
package typealias ArchiveSource = (UnsafeMutableRawBufferPointer) throws -> Int

/// The snapshots of a database: making, listing, reading, deleting and restoring them. All blocking, from any number of
/// threads at once.
///
/// Snapshots that are made at the same time, also of the same collection, know nothing of each other and get different
/// names. A snapshot is listed once it is whole; one that is deleted while it is read can be read to its end.
package final class Snapshots: Sendable {
    package let storage: any SnapshotStorage
    /// The directory that files may be restored from by their path.
    package let path: String
    /// The names of snapshots that are being made.
    private let beingMade = LockedCondition<Set<String>>([])

    init(_ options: Database.Options, databasePath: String) throws(QuiverError) {
        path = options.snapshotsPath ?? databasePath + "/snapshots"
        if let storage = options.snapshotStorage {
            self.storage = storage
        } else {
            storage = try LocalSnapshotStorage(path: path)
        }
    }

    // MARK: Making

    /// Makes a snapshot and stores it.
    ///
    /// - Parameters:
    ///   - peer: stands in the name.
    ///   - progress: called with the bytes of the archive so far.
    /// - Throws: `.notFound` for a missing collection or shard; `.closed` when it is deleted meanwhile;
    ///   `.insufficientStorage`. Nothing is left then.
    package func create(
        _ scope: SnapshotScope, in database: Database, peer: UInt64 = 0, progress: ((UInt64) -> Void)? = nil
    ) throws(QuiverError) -> SnapshotDescription {
        let scope = try resolved(scope, database)
        let name = try reserveName(scope, peer: peer)
        defer { beingMade.change { _ = $0.remove(name) } }
        let writing = try writing(scope, database, progress)
        return try storage.create(scope, name: name) { sink in try writing.write(to: sink) }
    }

    /// Writes a snapshot to `sink` without storing it.
    package func stream(
        _ scope: SnapshotScope, of database: Database, to sink: any SnapshotSink, progress: ((UInt64) -> Void)? = nil
    ) throws(QuiverError) {
        let scope = try resolved(scope, database)
        do {
            try writing(scope, database, progress).write(to: sink)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }

    private func writing(
        _ scope: SnapshotScope, _ database: Database, _ progress: ((UInt64) -> Void)?
    ) throws(QuiverError) -> SnapshotWriting {
        switch scope {
        case .storage: SnapshotWriting(cut: try database.cut(), kind: .storage, progress: progress)
        case .collection(let name), .shard(let name, _):
            SnapshotWriting(cut: try database.cut(of: [name]), kind: .collection, progress: progress)
        }
    }

    /// A name has the second in it that it was given in, and no other snapshot has it.
    private func reserveName(_ scope: SnapshotScope, peer: UInt64) throws(QuiverError) -> String {
        while true {
            let name = SnapshotName.new(scope, peer: peer, seconds: Int64(Database.microsecondsNow() / 1_000_000))
            let isTaken = try storage.list(scope).contains { $0.name == name }
            if !isTaken, beingMade.change({ $0.insert(name).inserted }) { return name }
            usleep(50_000)
        }
    }

    /// With the name of the collection itself, where an alias was given. One that cannot be opened has its snapshots all
    /// the same.
    private func resolved(_ scope: SnapshotScope, _ database: Database) throws(QuiverError) -> SnapshotScope {
        switch scope {
        case .storage: return .storage
        case .collection(let name): return .collection(try database.collectionName(name))
        case .shard(let name, let shard):
            let name = try database.collectionName(name)
            guard shard == 0 else { throw .notFound("Shard \(shard) not found") }
            return .shard(name, shard)
        }
    }

    // MARK: What is there

    /// - Throws: `.notFound` for a missing collection.
    package func list(_ scope: SnapshotScope, in database: Database) throws(QuiverError) -> [SnapshotDescription] {
        try storage.list(try resolved(scope, database))
    }

    /// - Throws: `.notFound`, also for a name that is none of a snapshot's.
    package func open(
        _ scope: SnapshotScope, name: String, in database: Database
    ) throws(QuiverError) -> any SnapshotContent {
        let scope = try resolved(scope, database)
        guard SnapshotName.isValid(name) else { throw SnapshotName.missing(name) }
        return try storage.open(scope, name: name)
    }

    /// - Throws: `.notFound`, also for a name that is none of a snapshot's.
    package func delete(_ scope: SnapshotScope, name: String, in database: Database) throws(QuiverError) {
        let scope = try resolved(scope, database)
        guard SnapshotName.isValid(name), try storage.delete(scope, name: name) else { throw SnapshotName.missing(name) }
    }

    /// A file of the snapshots' directory by its path.
    ///
    /// - Throws: `.badRequest` when there is none; `.forbidden` when it lies elsewhere, also by way of a link.
    package func file(at path: String) throws(QuiverError) -> any SnapshotContent {
        guard let found = Files.canonical(path) else {
            throw .badRequest("Snapshot file \"\(path)\" does not exist")
        }
        guard let directory = Files.canonical(self.path), found.hasPrefix(directory + "/") else {
            throw QuiverError(.forbidden, "Snapshot file path must be inside the snapshots directory")
        }
        guard let content = LocalSnapshotContent(found) else {
            throw .badRequest("Snapshot file \"\(path)\" does not exist")
        }
        return content
    }

    // MARK: Restoring

    /// Restores a collection from an archive, as it comes, under any name: made if there is none, replaced if there is.
    ///
    /// The archive is checked to its end before anything of the present collection is touched.
    ///
    /// - Parameters:
    ///   - name: of the collection, or an alias of it.
    ///   - priority: means nothing on one node.
    ///   - checksum: SHA-256 in hexadecimal digits that the archive must have.
    ///   - progress: called with the bytes of the archive that were read so far.
    /// - Throws: `.badInput` for an archive that is damaged, of another kind, or of other vectors; what `source` throws.
    package func recover(
        from source: ArchiveSource, into name: String, of database: Database,
        priority: SnapshotPriority? = nil, checksum: String? = nil, progress: ((UInt64) -> Void)? = nil
    ) throws(QuiverError) {
        do {
            let restoring = SnapshotRestoring(database, .collection)
            let (_, stagings) = try unsafe read(source, restoring, checksum, progress)
            guard let staging = stagings.first else { throw QuiverError.badInput("the snapshot has no collection") }
            let target = (try? database.collectionName(name)) ?? name
            try staging.publish(as: target, replacing: true)
        } catch {
            throw Snapshots.refusal(error)
        }
    }

    /// Restores all collections and aliases of an archive of the whole storage, in one change. Collections of the same
    /// names are replaced, where `replacing` allows it; others stay.
    package func recoverStorage(
        from source: ArchiveSource, of database: Database, replacing: Bool, checksum: String? = nil,
        progress: ((UInt64) -> Void)? = nil
    ) throws(QuiverError) {
        do {
            let restoring = SnapshotRestoring(database, .storage)
            let (head, stagings) = try unsafe read(source, restoring, checksum, progress)
            try database.publish(
                stagings.map { ($0, $0.manifest.name) }, aliases: head.aliases, replacing: replacing)
        } catch {
            throw Snapshots.refusal(error)
        }
    }

    private func read(
        _ source: ArchiveSource, _ restoring: SnapshotRestoring, _ checksum: String?, _ progress: ((UInt64) -> Void)?
    ) throws -> (head: SnapshotHead, stagings: [CollectionStaging]) {
        var count: UInt64 = 0
        return try unsafe restoring.read(
            { buffer in
                let added = try unsafe source(buffer)
                count += UInt64(max(0, added))
                progress?(count)
                return added
            }, checksum: checksum)
    }

    /// An archive that is damaged is a wrong input, not a fault of the storage.
    private static func refusal(_ error: any Error) -> QuiverError {
        if let error = error as? ArchiveError { return .badInput("\(error)") }
        let error = QuiverError(wrapping: error)
        return error.kind == .corrupted ? .badInput(error.message) : error
    }
}
