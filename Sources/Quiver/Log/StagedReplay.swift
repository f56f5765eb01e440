import QuiverModel

/// A collection that is made aside, opened so that records of a log bring it forward.
///
/// It is open from the first record to `finish`; what it consists of then (configuration, generation, sequence) the
/// catalogue has to learn from `finish`, since records may have changed it.
final class StagedReplay {
    private let core: CollectionCore
    private let replay: CollectionReplay
    private let identity: String
    private var isOpen = true

    /// - Parameter core: of the finished copy, opened, in a directory that the catalogue does not name.
    init(_ core: CollectionCore, identity: String) {
        self.core = core
        self.identity = identity
        replay = CollectionReplay(core: core)
    }

    deinit { close() }

    func apply(_ record: UnsafeRawBufferPointer) throws(QuiverError) { unsafe try replay.replay(record) }

    /// All records are on disk, and the files closed.
    func finish() throws(QuiverError) -> Catalog.StoredCollection {
        try replay.finish()
        let stored = core.stored(identity)
        close()
        return stored
    }

    func close() {
        if !isOpen { return }
        isOpen = false
        core.close()
    }
}
