import Quiver

@testable import QuiverBackup

/// One moment of a database, to be saved any number of times, however the database goes on.
final class PinnedSource: BackupSource, @unchecked Sendable {
    // @unchecked: used by one test, on one thread.
    private let session: any BackupSession

    init(_ source: any BackupSource) throws { session = try source.begin(nil) }

    deinit { session.end() }

    var place: String { "a moment" }

    func begin(_ names: [String]?) -> any BackupSession { Lent(session) }

    /// The session, without its end.
    private final class Lent: BackupSession {
        let session: any BackupSession

        init(_ session: any BackupSession) { self.session = session }

        var time: UInt64 { session.time }
        var collections: [SessionCollection] { session.collections }
        var aliases: [(alias: String, collection: String)] { session.aliases }
        var journalNumber: UInt64? { session.journalNumber }
        func journal(after number: UInt64) throws -> [CatalogJournal.Entry]? { try session.journal(after: number) }
        func forEachRecordPart(_ collection: SessionCollection, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
            try session.forEachRecordPart(collection, body)
        }
        func forEachSegmentPart(
            _ collection: SessionCollection, _ segment: SegmentFile, _ body: (UnsafeRawBufferPointer) throws -> Void
        ) throws { try session.forEachSegmentPart(collection, segment, body) }
        func forEachLogRecord(
            _ collection: SessionCollection, after sequence: UInt64,
            _ body: (UInt64, UInt64, UnsafeRawBufferPointer) throws -> Void
        ) throws { try session.forEachLogRecord(collection, after: sequence, body) }
        func releaseRecords(_ collection: SessionCollection) {}
        func releaseSegment(_ collection: SessionCollection, _ segment: SegmentFile) {}
        func markSaved() {}
        func end() {}
    }
}
