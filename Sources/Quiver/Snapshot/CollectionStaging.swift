import Glibc
import QuiverArchive
import QuiverLMDB
package import QuiverModel

/// A collection that is being made aside, in a directory that the catalogue does not name: records first, then
/// segments, then `publish`. Should the process end before, the next opening removes it.
///
/// For one thread at a time; blocking.
package final class CollectionStaging {
    package let manifest: CollectionManifest
    /// The name of its directory.
    package let identity: String
    private let database: Database
    private let directory: String

    /// What may come next.
    private enum Stage {
        case records(CollectionStore, RecordLoader)
        case segments
        case segment(SegmentFile, StagedFile)
        case opened(CollectionCore)
        /// Published or discarded, or spoilt by an error.
        case ended
    }

    private var stage: Stage
    private var replaying: CollectionReplay?
    /// After a replay: what the catalogue has to know, where records changed the configuration.
    private var replayed: Catalog.StoredCollection?
    private var finished: Set<UInt64> = []
    private var isChecked = false

    init(_ manifest: CollectionManifest, database: Database) throws {
        try CollectionStaging.check(manifest.config)
        self.manifest = manifest
        self.database = database
        identity = Database.newDirectoryName()
        directory = database.collectionsPath + "/" + identity
        do {
            try CollectionDirectory(path: directory).begin()
            let store = try CollectionStore(directory: directory, mapBytes: database.options.collectionMapBytes)
            stage = .records(store, RecordLoader(store))
        } catch {
            database.catalogMirror.remove(identity)
            throw error
        }
    }

    deinit { discard() }

    /// Numbers that no computation would survive; wider than `Limits`, which only requests are held against.
    private static func check(_ config: CollectionConfig) throws(QuiverError) {
        let dense = config.vectors?.byName.values.map { $0 } ?? []
        let graphs = dense.compactMap(\.hnswConfig)
        let links = [config.hnsw.m, config.hnsw.payloadM ?? 0] + graphs.flatMap { [$0.m ?? 0, $0.payloadM ?? 0] }
        let candidates = [config.hnsw.efConstruct] + graphs.compactMap(\.efConstruct)
        guard links.allSatisfy({ (0...1 << 14).contains($0) }),
            candidates.allSatisfy({ (0...1 << 20).contains($0) }),
            dense.allSatisfy({ (1...1 << 20).contains($0.size) })
        else { throw QuiverError(.corrupted, "the configuration of the collection has numbers that cannot be") }
    }

    // MARK: Records

    /// The next part of what `CollectionCut.forEachRecordPart` gave.
    package func addRecordPart(_ bytes: UnsafeRawBufferPointer) throws(QuiverError) {
        guard case .records(_, let loader) = stage else { throw CollectionStaging.misplaced }
        do {
            try unsafe loader.load(bytes)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }

    /// After the last part; called by `beginSegment` and `publish` if it was not.
    package func endRecords() throws(QuiverError) {
        guard case .records(let store, let loader) = stage else { return }
        guard loader.isComplete else { throw RecordLoader.damaged("their end is missing") }
        try mapping { () throws(LMDBError) in try store.environment.close() }
        stage = .segments
    }

    /// In place of all records: the collection is as it was when it was made, and `replay` brings it forward.
    package func beginEmpty() throws(QuiverError) {
        guard case .records(let store, _) = stage, manifest.sequence == 0, manifest.segments.isEmpty else {
            throw CollectionStaging.misplaced
        }
        try mapping { () throws(LMDBError) in try store.environment.close() }
        stage = .segments
    }

    // MARK: Segments

    package func beginSegment(_ file: SegmentFile) throws(QuiverError) {
        try endRecords()
        guard case .segments = stage, !finished.contains(file.id) else { throw CollectionStaging.misplaced }
        do {
            let path = CollectionStore.segmentPath(file.id, in: directory)
            stage = .segment(file, try StagedFile(path: path))
        } catch {
            throw QuiverError(wrapping: error)
        }
    }

    package func addSegmentPart(_ bytes: UnsafeRawBufferPointer) throws(QuiverError) {
        guard case .segment(_, let staged) = stage else { throw CollectionStaging.misplaced }
        do {
            try unsafe staged.write(bytes)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }

    /// - Throws: `.corrupted` when length or digest are not those of `beginSegment`.
    package func endSegment() throws(QuiverError) {
        guard case .segment(let file, let staged) = stage else { throw CollectionStaging.misplaced }
        do {
            let digest = try staged.finish()
            guard staged.byteCount == file.byteCount, file.sha256.isEmpty || file.sha256 == digest else {
                throw QuiverError(.corrupted, "segment \(file.id) is not what its checksum says")
            }
        } catch {
            throw QuiverError(wrapping: error)
        }
        finished.insert(file.id)
        stage = .segments
    }

    // MARK: The whole

    /// The collection, opened, after everything is there: to be read, and to replay later updates into. Opening it the
    /// first time checks what was staged.
    ///
    /// - Parameter name: that it is to have; nil: as it had where it was copied from.
    func core(named name: String? = nil) throws(QuiverError) -> CollectionCore {
        let name = name ?? manifest.name
        if case .opened(let core) = stage {
            try endReplay(core)
            if ExactName(core.name) == ExactName(name) { return core }
            core.close()
            stage = .segments
        }
        try endRecords()
        guard case .segments = stage else { throw CollectionStaging.misplaced }
        do {
            try Files.synchronise(directory: directory + "/segments")
            try Files.synchronise(directory: directory)
            try Files.synchronise(directory: database.collectionsPath)
            let core = try database.openCore(name, stored)
            stage = .opened(core)
            // What is replayed goes further than what came with the copy.
            if !isChecked { try check(core) }
            isChecked = true
            return core
        } catch {
            throw QuiverError(wrapping: error)
        }
    }

    var stored: Catalog.StoredCollection {
        replayed
            ?? Catalog.StoredCollection(
                directory: identity, config: manifest.config,
                vectorGeneration: manifest.vectorGeneration == 0 ? nil : manifest.vectorGeneration)
    }

    /// What the records say against what came with them.
    private func check(_ core: CollectionCore) throws(QuiverError) {
        let view = core.view.load()
        guard view.sequence == manifest.sequence else {
            throw QuiverError(.corrupted, "the records end at update \(view.sequence), not at \(manifest.sequence)")
        }
        guard core.vectorConfig.generation == manifest.vectorGeneration else {
            throw QuiverError(.corrupted, "the vector names are not those of the records")
        }
        let opened = Set(view.vectors.flatMap { vector in vector.sealed.map(\.segment.id) })
        guard opened == finished, opened == Set(manifest.segments.map(\.id)) else {
            throw QuiverError(.corrupted, "the segments are not those that the records name")
        }
    }

    /// Applies the next record of the log after all records and segments are there: an update, or a change of what the
    /// collection consists of. Many become one commit; `publish` waits for all of them.
    ///
    /// - Throws: `.corrupted`, naming the record, for one that is damaged or does not follow.
    package func replay(_ record: UnsafeRawBufferPointer) throws(QuiverError) {
        let replay: CollectionReplay
        if let replaying {
            replay = replaying
        } else {
            replay = CollectionReplay(core: try core())
            replaying = replay
        }
        try unsafe replay.replay(record)
    }

    /// Waits until all records that were replayed are on disk, and says how far they came.
    @discardableResult
    package func endReplay() throws(QuiverError) -> UInt64 {
        guard case .opened(let core) = stage else { return manifest.sequence }
        try endReplay(core)
        return core.view.load().sequence
    }

    private func endReplay(_ core: CollectionCore) throws(QuiverError) {
        guard let replaying else { return }
        try replaying.finish()
        replayed = core.stored(identity)
        self.replaying = nil
    }

    /// Checks the whole, opens it, and makes it the collection `name`, in the place of one that has the name already
    /// where `replacing` allows it: that one's readers and writers end as if it had been deleted.
    ///
    /// - Throws: `.alreadyExists`; `.badInput` where the vectors of the present collection are others; `.badRequest` where
    ///   an alias has the name; `.corrupted`.
    package func publish(as name: String, replacing: Bool) throws(QuiverError) {
        try database.publish([(self, name)], aliases: [], replacing: replacing)
    }

    /// The catalogue has it now.
    func notePublished() { stage = .ended }

    /// Removes everything; after `publish` it does nothing.
    package func discard() {
        switch stage {
        case .ended: return
        case .records(let store, _): try? store.environment.close()
        case .opened(let core):
            core.close()
        case .segments, .segment: break
        }
        stage = .ended
        database.catalogMirror.remove(identity)
    }

    private static var misplaced: QuiverError { .service("a part of a collection came out of order") }
}

/// A file that is written once, from its beginning to its end.
private final class StagedFile {
    private let path: String
    private var descriptor: Int32
    private var digest: StreamDigest
    private var unsyncedBytes = 0
    private(set) var byteCount: UInt64 = 0

    init(path: String) throws {
        guard let digest = StreamDigest() else { throw QuiverError.service("no memory is left") }
        self.path = path
        descriptor = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        self.digest = digest
        if descriptor < 0 { throw FileError(operation: "create", path: path, code: errno) }
    }

    deinit { close() }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try unsafe Files.write(bytes, to: descriptor, path: path)
        unsyncedBytes += bytes.count
        if unsyncedBytes >= Files.syncedAtOnceBytes {
            if fdatasync(descriptor) != 0 { throw FileError(operation: "fsync", path: path, code: errno) }
            unsyncedBytes = 0
        }
        unsafe digest.update(bytes)
        byteCount += UInt64(bytes.count)
    }

    /// Makes it durable. Returns its SHA-256.
    func finish() throws(FileError) -> [UInt8] {
        if fsync(descriptor) != 0 { throw FileError(operation: "fsync", path: path, code: errno) }
        close()
        return digest.value()
    }

    private func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }
}

extension Database {
    /// Begins a collection aside, with the configuration and vector set of `manifest`.
    package func stage(_ manifest: CollectionManifest) throws(QuiverError) -> CollectionStaging {
        if isClosed { throw Database.closed }
        do {
            return try CollectionStaging(manifest, database: self)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }
}
