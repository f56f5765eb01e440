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
    let fields: [VectorField]
    let writer: CollectionWriter
    let view: ViewBox
    let scratches = SearchScratchPool()
    /// Of the whole database.
    let filterCache: FilterCache
    let optimizer: Optimizer
    let logger: Logger

    private struct Settings {
        var config: CollectionConfig
        /// Of each vector, in the order of `fields`.
        var search: [SearchSettings]

        init(_ config: CollectionConfig, _ fields: [VectorField]) {
            self.config = config
            search = fields.map { SearchSettings(config, $0) }
        }
    }

    private let settings: Mutex<Settings>

    var config: CollectionConfig {
        get { settings.withLock { $0.config } }
        set {
            let new = Settings(newValue, fields)
            settings.withLock { $0 = new }
        }
    }

    /// Of the vector at `index` of `fields`, as the present configuration has them.
    func searchSettings(_ index: Int) -> SearchSettings {
        settings.withLock { $0.search[index] }
    }

    /// Opens the collection in `directory`, making it when it is new.
    init(
        name: String, directory: String, config: CollectionConfig, options: Database.Options, work: BackgroundWork,
        filterCache: FilterCache
    ) throws(QuiverError) {
        self.name = name
        self.filterCache = filterCache
        logger = options.logger
        let fields = VectorField.fields(of: config)
        self.fields = fields
        settings = Mutex(Settings(config, fields))
        let nextSegmentID: UInt64
        do {
            let store = try CollectionStore(directory: directory, mapBytes: options.collectionMapBytes)
            self.store = store
            let opened = try CollectionOpener(store: store, fields: fields, config: config).open()
            view = ViewBox(opened.view)
            nextSegmentID = opened.state.counters.nextSegmentID
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

    /// Stops background work, finishes waiting updates and closes the files.
    func close() {
        optimizer.stop()
        writer.close()
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

    func reader() throws -> CollectionReader { try CollectionReader(self) }

    /// Removes the files of segments that did not get into the manifest. After a commit that failed for another reason
    /// than room nobody knows whether they did: the next opening, which does, removes them then.
    func discard(_ segments: [SealedSegment]) {
        if writer.readOnlyReason != nil { return }
        for segment in segments { Files.remove(segment.path) }
    }
}
