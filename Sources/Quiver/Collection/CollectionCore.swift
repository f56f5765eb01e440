import Logging
import Synchronization

import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload

/// One open collection: its store, its writer, the newest view, and its background work.
final class CollectionCore: Sendable {
    let name: String
    let store: CollectionStore
    let writer: CollectionWriter
    let view: ViewBox
    let scratches = SearchScratchPool()
    /// Those of the database, to share a large search with.
    let workers: WorkerPool
    /// Of the whole database.
    let filterCache: FilterCache
    let optimizer: Optimizer
    let strictMode: StrictMode
    /// That are still being read.
    let cuts = CutList()
    let logger: Logger
    private let condemnation = Mutex<QuiverError?>(nil)
    private let isCondemned = Atomic<Bool>(false)

    private struct Settings {
        var config: CollectionConfig
        var fields: [VectorField]
        /// Of each vector, in the order of `fields`.
        var search: [SearchSettings]
        /// Of the vector set that `config` speaks of.
        var generation: UInt64

        init(_ config: CollectionConfig, _ fields: [VectorField], generation: UInt64) {
            self.config = config
            self.fields = fields
            self.generation = generation
            search = fields.map { SearchSettings(config, $0) }
        }
    }

    private let settings: Mutex<Settings>

    var config: CollectionConfig { settings.withLock { $0.config } }

    /// What `config` says of vectors, and the generation of the vector set it says it of.
    var vectorConfig: (config: CollectionConfig, generation: UInt64) {
        settings.withLock { ($0.config, $0.generation) }
    }

    /// What updates are checked against before they are queued, and the generation of the vector set.
    var preparedFields: (fields: [VectorField], generation: UInt64) {
        settings.withLock { ($0.fields, $0.generation) }
    }

    func changeVectors(_ config: CollectionConfig, generation: UInt64, fields: [VectorField]) {
        settings.withLock { $0 = Settings(config, fields, generation: generation) }
    }

    /// Everything but the vectors' names and shapes.
    func changeConfiguration(_ config: CollectionConfig, generation: UInt64) {
        settings.withLock { $0 = Settings(config, $0.fields, generation: generation) }
        strictMode.change(config.strictMode)
    }

    /// As the present configuration has them. A view may have vectors that the configuration has not any more.
    func searchSettings(_ field: VectorField) -> SearchSettings {
        settings.withLock { settings in
            if let index = settings.fields.firstIndex(where: { $0.name == field.name }) { return settings.search[index] }
            return SearchSettings(settings.config, field)
        }
    }

    /// Opens the collection in `directory`, making it when it is new. Where the catalogue does not know of a newer vector
    /// set, `vectorConfig` has it afterwards.
    init(
        name: String, directory: String, stored: Catalog.StoredCollection, options: Database.Options, work: BackgroundWork,
        workers: WorkerPool, filterCache: FilterCache
    ) throws(QuiverError) {
        self.name = name
        strictMode = StrictMode(stored.config.strictMode)
        self.workers = workers
        self.filterCache = filterCache
        logger = options.logger
        let nextSegmentID: UInt64
        do {
            let store = try CollectionStore.opened(
                directory: directory, mapBytes: options.collectionMapBytes, logger: options.logger)
            self.store = store
            let set = try VectorSet.read(store)
            let generation = set?.generation ?? 0
            var config = stored.config
            if let set, generation > stored.vectorGeneration ?? 0 {
                config = set.config
                strictMode.change(config.strictMode)
            }
            let fields = VectorField.fields(of: config, generation: generation)
            settings = Mutex(Settings(config, fields, generation: generation))
            let opened = try CollectionOpener(
                store: store, fields: fields, vectorGeneration: generation, config: config, logger: logger
            ).open()
            view = ViewBox(opened.view)
            nextSegmentID = opened.state.counters.nextSegmentID
            opened.state.mostKeptLogBytes = options.keptLogBytes
            writer = CollectionWriter(
                state: opened.state, indexes: opened.view.indexes, view: view, growingBytes: options.growingBytes,
                mostQueuedBytes: options.writeQueueBytes)
        } catch {
            throw QuiverError(wrapping: error)
        }
        optimizer = Optimizer(work: work)
        optimizer.attach(self, nextSegmentID: nextSegmentID)
        writer.onCommit { [unowned self] in optimizer.noteWrite() }
        optimizer.start()
    }

    /// As the catalogue keeps it.
    func stored(_ directory: String) -> Catalog.StoredCollection {
        let (config, generation) = vectorConfig
        return Catalog.StoredCollection(directory: directory, config: config, vectorGeneration: generation)
    }

    /// Stops background work, finishes waiting updates and closes the files.
    func close() {
        optimizer.stop()
        writer.close()
        cuts.releaseAll()
        do throws(LMDBError) {
            try store.environment.close()
        } catch {
            logger.warning("collection \(name) was closed while it was being read: \(error)")
        }
    }

    /// Where the parts of this vector's segments are to be held.
    func placement(_ vectorName: String) -> SegmentPlacement { SegmentPlacement(vectorName, config) }

    /// Applies a changed placement to the segments there are.
    func placeSegments() {
        for vector in view.load().vectors {
            for sealed in vector.sealed { sealed.segment.place(placement(vector.field.name)) }
        }
    }

    func reader() throws -> CollectionReader {
        if let loss { throw loss }
        return try CollectionReader(self)
    }

    /// Data was found to be lost while the collection was served: from now on it answers only that.
    func condemn(_ reason: String) {
        let error = UnavailableCollection.reason(name, QuiverError(.corrupted, reason))
        let isFirst = condemnation.withLock { condemnation in
            defer { condemnation = condemnation ?? error }
            return condemnation == nil
        }
        isCondemned.store(true, ordering: .releasing)
        writer.refuseUpdates(because: error.message)
        if isFirst { logger.critical("\(error.message); it can be deleted, or restored from a snapshot") }
    }

    /// Why it answers nothing any more; nil: it serves.
    var loss: QuiverError? { isCondemned.load(ordering: .acquiring) ? condemnation.withLock { $0 } : nil }

    /// Removes the files of segments that did not get into the manifest. After a commit that failed for another reason
    /// than room nobody knows whether they did: the next opening, which does, removes them then.
    func discard(_ segments: [SealedSegment]) {
        if writer.readOnlyReason != nil { return }
        for segment in segments { Files.remove(segment.path) }
    }
}
