import Logging
import Synchronization

import QuiverModel

/// Keeps the records of which a damaged catalogue is made anew in step with it (`CatalogRecord`, `CollectionRecord`).
///
/// What is added is recorded before the catalogue's transaction, what goes away is taken out of the records behind it, both
/// before the answer. So a process that ends midway leaves records from which either the state before the request comes,
/// or that after it; and the next opening, which reads a sound catalogue, brings them up to date.
///
/// For whoever has the catalogue (`Database.changingCatalog`).
final class CatalogMirror: Sendable {
    private struct State {
        var record = CatalogRecord()
        /// Whether the file holds it.
        var isWritten = false
    }

    private let storage: String
    private let logger: Logger
    private let state = Mutex(State())

    init(storage: String, logger: Logger) {
        self.storage = storage
        self.logger = logger
    }

    private func directory(_ identity: String) -> CollectionDirectory {
        CollectionDirectory(path: storage + "/collections/" + identity)
    }

    // MARK: Opening

    /// Brings all records up to date with the catalogue. That it cannot be done is told, and no reason not to serve: what
    /// is missing is written by the next opening.
    func open(_ contents: Catalog.Contents, keepsLogs: Bool) {
        for (name, stored) in contents.collections {
            let directory = directory(stored.directory)
            do {
                if try directory.hasSoundRecord() || !Files.exists(directory.path) { continue }
                try directory.restore(CollectionRecord(stored, name: name.text, order: Database.microsecondsNow()))
            } catch {
                logger.warning("\(directory.recordPath) could not be written: \(QuiverError(wrapping: error).message)")
            }
        }
        var record = CatalogRecord(aliases: CatalogRecord.sorted(contents.aliases), keepsLogs: keepsLogs)
        let present = readRecord()
        // Those that came together are all there.
        record.restored = present?.restored ?? contents.collections.values.lazy
            .compactMap { [self] in directory($0.directory).record?.order }.max() ?? 0
        state.withLock { $0 = State(record: record, isWritten: record == present) }
        do {
            try bringUpToDate()
        } catch {
            logger.warning("\(CatalogRecord.path(storage)) could not be written: \(error.message)")
        }
    }

    private func readRecord() -> CatalogRecord? {
        let path = CatalogRecord.path(storage)
        guard case .whole(let content)? = try? CheckedFile.read(path, key: CatalogRecord.key) else { return nil }
        return try? CatalogRecord.decode(content, path: path)
    }

    // MARK: Changes

    /// Writes what could not be written when it changed.
    func bringUpToDate() throws(QuiverError) {
        try write(state.withLock { $0.record })
    }

    private func write(_ record: CatalogRecord) throws(QuiverError) {
        if state.withLock({ $0.isWritten && $0.record == record }) { return }
        do {
            try record.write(storage)
        } catch {
            // A rename that could not be synchronised has taken place or not.
            state.withLock { $0.isWritten = false }
            throw QuiverError(wrapping: error)
        }
        state.withLock { $0 = State(record: record, isWritten: true) }
    }

    /// Another record, and then the catalogue's transaction; the former one where that fails.
    func change(_ change: (inout CatalogRecord) -> Void, _ commit: () throws -> Void) throws(QuiverError) {
        let former = state.withLock { $0.record }
        var record = former
        change(&record)
        do {
            try write(record)
            try commit()
        } catch {
            takeBack(former)
            throw QuiverError(wrapping: error)
        }
    }

    private func takeBack(_ former: CatalogRecord) {
        do {
            try write(former)
        } catch {
            state.withLock { $0.record = former }
            logger.warning("\(CatalogRecord.path(storage)) could not be taken back: \(error.message)")
        }
    }

    /// Records collections whose files are complete and durable, and then the catalogue's transaction; takes the records
    /// back where that fails.
    ///
    /// - Parameters:
    ///   - former: the directories of those that have the names until then.
    ///   - aliases: all there are to be; nil: as they are.
    func add(
        _ collections: [ExactName: Catalog.StoredCollection], replacing former: [String],
        aliases: [ExactName: ExactName]? = nil, _ commit: () throws -> Void
    ) throws(QuiverError) {
        // What an earlier change left there could become a new collection's.
        try bringUpToDate()
        let newest = former.compactMap { directory($0).record?.order }.max() ?? 0
        let order = max(Database.microsecondsNow(), newest + 1, state.withLock { $0.record.restored } + 1)
        let isGrouped = collections.count > 1 || aliases != nil
        do {
            for (name, stored) in collections {
                try directory(stored.directory).complete(
                    CollectionRecord(stored, name: name.text, order: order, isGrouped: isGrouped))
            }
            guard isGrouped else { return try commit() }
            try change({ record in
                record.restored = order
                if let aliases { record.aliases = CatalogRecord.sorted(aliases) }
            }, commit)
        } catch {
            for stored in collections.values { retire(stored.directory) }
            throw QuiverError(wrapping: error)
        }
    }

    /// After the catalogue's transaction: collections that it does not name any more, and all aliases there are left.
    func drop(_ identities: [String], aliases: [ExactName: ExactName]? = nil) {
        for identity in identities { retire(identity) }
        guard let aliases else { return }
        var record = state.withLock { $0.record }
        record.aliases = CatalogRecord.sorted(aliases)
        do {
            try write(record)
        } catch {
            // They lead nowhere; before a collection is made where they lead, this is tried again.
            state.withLock { $0.record = record }
            logger.warning("\(CatalogRecord.path(storage)) still has aliases that are gone: \(error.message)")
        }
    }

    private func retire(_ identity: String) {
        do throws(FileError) {
            try directory(identity).retire()
        } catch {
            tellOfRemoval(identity, error)
        }
    }

    /// Removes the directory of a collection that is nobody's. What cannot be removed is a left-over for the next opening.
    func remove(_ identity: String) {
        do throws(FileError) {
            try directory(identity).remove()
        } catch {
            tellOfRemoval(identity, error)
        }
    }

    private func tellOfRemoval(_ identity: String, _ error: FileError) {
        logger.warning(
            """
            \(directory(identity).path), which is no collection's any more, could not be removed durably: \
            \(QuiverError(error).message)
            """)
    }
}
