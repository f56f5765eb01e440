package import Quiver
import QuiverModel

/// What backups are made of: a storage directory, or a running server.
package protocol BackupSource: Sendable {
    /// For people; without secrets.
    var place: String { get }
    /// Pins collections at one moment, with their logs kept from then on; nil: all of them.
    func begin(_ names: [String]?) throws -> any BackupSession
}

/// Several collections at one moment, pinned until `end`. For one thread, which may block.
package protocol BackupSession: AnyObject {
    /// Microseconds since 1970.
    var time: UInt64 { get }
    var collections: [SessionCollection] { get }
    var aliases: [(alias: String, collection: String)] { get }
    /// Nil where the source tells nothing of its journal.
    var journalNumber: UInt64? { get }
    /// Behind `number`; nil when not all of them are there.
    func journal(after number: UInt64) throws -> [CatalogJournal.Entry]?

    func forEachRecordPart(_ collection: SessionCollection, _ body: (UnsafeRawBufferPointer) throws -> Void) throws
    func forEachSegmentPart(
        _ collection: SessionCollection, _ segment: SegmentFile, _ body: (UnsafeRawBufferPointer) throws -> Void) throws
    func forEachLogRecord(
        _ collection: SessionCollection, after sequence: UInt64,
        _ body: (_ sequence: UInt64, _ time: UInt64, UnsafeRawBufferPointer) throws -> Void) throws

    /// The records and the log are read.
    func releaseRecords(_ collection: SessionCollection) throws
    func releaseSegment(_ collection: SessionCollection, _ segment: SegmentFile) throws
    /// The backup is there: logs up to it need not be kept any longer.
    func markSaved() throws
    func end()
}

package struct SessionCollection: Sendable {
    package var manifest: CollectionManifest
    package var firstLoggedSequence: UInt64

    package init(manifest: CollectionManifest, firstLoggedSequence: UInt64) {
        self.manifest = manifest
        self.firstLoggedSequence = firstLoggedSequence
    }

    package var identity: String { manifest.identity }
    package var sequence: UInt64 { manifest.sequence }
}

/// A database of this process.
package final class DatabaseBackupSource: BackupSource {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    package var place: String { database.path }

    package func begin(_ names: [String]?) throws -> any BackupSession {
        try database.keepLogs(true)
        return DatabaseSession(database, try database.cut(of: names))
    }
}

private final class DatabaseSession: BackupSession {
    private let database: Database
    private let cut: StorageCut
    let collections: [SessionCollection]

    init(_ database: Database, _ cut: StorageCut) {
        self.database = database
        self.cut = cut
        collections = cut.collections.map {
            SessionCollection(manifest: $0.manifest, firstLoggedSequence: $0.firstLoggedSequence)
        }
    }

    var time: UInt64 { cut.time }
    var aliases: [(alias: String, collection: String)] { cut.aliases }
    var journalNumber: UInt64? { cut.journalNumber }

    func journal(after number: UInt64) throws -> [CatalogJournal.Entry]? {
        let entries = try cut.journalEntries(after: number)
        guard UInt64(entries.count) == cut.journalNumber &- number else { return nil }
        return entries
    }

    func forEachRecordPart(_ collection: SessionCollection, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try find(collection).forEachRecordPart(body)
    }

    func forEachSegmentPart(
        _ collection: SessionCollection, _ segment: SegmentFile, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try find(collection).forEachSegmentPart(segment, body)
    }

    func forEachLogRecord(
        _ collection: SessionCollection, after sequence: UInt64,
        _ body: (UInt64, UInt64, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try find(collection).forEachLogRecord(after: sequence, body)
    }

    func releaseRecords(_ collection: SessionCollection) throws { try find(collection).releaseRecords() }

    func releaseSegment(_ collection: SessionCollection, _ segment: SegmentFile) throws {
        try find(collection).releaseSegment(segment)
    }

    func markSaved() throws {
        for collection in collections {
            do throws(QuiverError) {
                try database.setLogMark(of: collection.identity, collection.sequence)
            } catch {
                // Deleted meanwhile.
                guard case .notFound = error.kind else { throw error }
            }
        }
    }

    func end() {
        for collection in cut.collections {
            collection.releaseRecords()
            for segment in collection.segments { collection.releaseSegment(segment) }
        }
    }

    private func find(_ collection: SessionCollection) throws -> CollectionCut {
        guard let found = cut.collections.first(where: { $0.identity == collection.identity }) else {
            throw QuiverError.service("collection \(collection.identity) is not in the cut")
        }
        return found
    }
}
