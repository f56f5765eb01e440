import Glibc
public import QuiverModel

/// Snapshots for library users. Each call works on a thread of its own; searches and updates go on meanwhile.
///
/// A snapshot is one file, a tar archive, that holds everything of a collection, or of all collections and aliases, at one
/// moment. `docs/FORMAT.md` describes it. While one is made, updates wait for at most as long as the commit that is under
/// way takes, and memory and disk grow by a few megabytes, whatever the size of the collection.
extension Database {
    /// Called now and then with the bytes of the archive that were written or read so far. Not on the calling thread.
    public typealias SnapshotProgress = @Sendable (UInt64) -> Void

    // MARK: In the snapshots' directory

    /// Makes a snapshot of a collection in the snapshots' directory (`Options.snapshotsPath`).
    ///
    /// - Throws: `.notFound`; `.closed` when the collection is deleted meanwhile; `.insufficientStorage`. Nothing is left
    ///   then.
    @discardableResult
    public func createSnapshot(
        of collection: String, progress: SnapshotProgress? = nil
    ) async throws(QuiverError) -> SnapshotDescription {
        try await onThread { database throws(QuiverError) in
            try database.snapshots.create(.collection(collection), in: database, progress: progress)
        }
    }

    /// Makes a snapshot of all collections and aliases at one moment in the snapshots' directory.
    @discardableResult
    public func createStorageSnapshot(progress: SnapshotProgress? = nil) async throws(QuiverError) -> SnapshotDescription {
        try await onThread { database throws(QuiverError) in
            try database.snapshots.create(.storage, in: database, progress: progress)
        }
    }

    /// The snapshots of a collection that are in the snapshots' directory, by their names.
    public func snapshots(of collection: String) async throws(QuiverError) -> [SnapshotDescription] {
        try await onThread { database throws(QuiverError) in
            try database.snapshots.list(.collection(collection), in: database)
        }
    }

    /// The snapshots of the whole storage, by their names.
    public func storageSnapshots() async throws(QuiverError) -> [SnapshotDescription] {
        try await onThread { database throws(QuiverError) in try database.snapshots.list(.storage, in: database) }
    }

    /// - Parameter collection: nil: of the whole storage.
    /// - Throws: `.notFound`.
    public func deleteSnapshot(_ name: String, of collection: String?) async throws(QuiverError) {
        try await onThread { database throws(QuiverError) in
            try database.snapshots.delete(Database.scope(collection), name: name, in: database)
        }
    }

    /// Restores a collection from one of its snapshots, or from one of another collection.
    ///
    /// The archive is read to its end and checked before the present collection is touched; then the restored one takes
    /// its place at once. Whoever uses the collection at that moment is told that it was closed, and asks for it anew.
    ///
    /// - Parameters:
    ///   - name: of the snapshot.
    ///   - source: the collection that it is a snapshot of.
    ///   - collection: the collection to be restored, made if there is none; nil: `source`.
    /// - Throws: `.notFound`; `.badInput` where the archive is damaged, or the present collection has other vectors.
    public func restoreSnapshot(
        _ name: String, of source: String, into collection: String? = nil, progress: SnapshotProgress? = nil
    ) async throws(QuiverError) {
        try await onThread { database throws(QuiverError) in
            let content = try database.snapshots.open(.collection(source), name: name, in: database)
            try unsafe database.snapshots.recover(
                from: content.source(), into: collection ?? source, of: database, progress: progress)
        }
    }

    // MARK: In any file

    /// Writes a snapshot to a file, which replaces one that is there once it is whole and on disk.
    ///
    /// - Parameter collection: nil: of the whole storage.
    /// - Returns: its name, size and SHA-256.
    @discardableResult
    public func writeSnapshot(
        of collection: String?, to path: String, progress: SnapshotProgress? = nil
    ) async throws(QuiverError) -> SnapshotDescription {
        try await onThread { database throws(QuiverError) in
            let file = try SnapshotFile(path)
            try database.snapshots.stream(Database.scope(collection), of: database, to: file, progress: progress)
            return try file.publish()
        }
    }

    /// Restores a collection from a file. As `restoreSnapshot`.
    ///
    /// - Parameter checksum: SHA-256 in hexadecimal digits that the file must have; nil: any.
    public func restoreSnapshot(
        fromFile path: String, into collection: String, checksum: String? = nil, progress: SnapshotProgress? = nil
    ) async throws(QuiverError) {
        try await onThread { database throws(QuiverError) in
            let content = try SnapshotFile.open(path)
            try unsafe database.snapshots.recover(
                from: content.source(), into: collection, of: database, checksum: checksum, progress: progress)
        }
    }

    /// Restores all collections and aliases of a snapshot of the whole storage, all at once.
    ///
    /// - Parameters:
    ///   - replacing: whether collections of the same names are replaced; others stay in any case.
    ///   - checksum: SHA-256 in hexadecimal digits that the file must have; nil: any.
    /// - Throws: `.alreadyExists`; `.badInput` where the archive is damaged, or a present collection has other vectors.
    public func restoreStorageSnapshot(
        fromFile path: String, replacing: Bool = false, checksum: String? = nil, progress: SnapshotProgress? = nil
    ) async throws(QuiverError) {
        try await onThread { database throws(QuiverError) in
            let content = try SnapshotFile.open(path)
            try unsafe database.snapshots.recoverStorage(
                from: content.source(), of: database, replacing: replacing, checksum: checksum, progress: progress)
        }
    }

    private static func scope(_ collection: String?) -> SnapshotScope {
        collection.map { .collection($0) } ?? .storage
    }

    /// Not on a worker: that would be missing to the searches for as long as this takes.
    private func onThread<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws(QuiverError) -> Value
    ) async throws(QuiverError) -> Value {
        let answer = Answer<Value>()
        OSThread.detach { [self] in
            do throws(QuiverError) {
                answer.give(.success(try body(self)))
            } catch {
                answer.give(.failure(error))
            }
        }
        guard let result = await answer.value(within: nil) else { throw .service("no answer came") }
        return try result.get()
    }
}
