import QuiverArchive
import QuiverModel

/// Stages the collections of an archive while it is read. What is staged goes when this does, unless it was published.
final class SnapshotRestoring: SnapshotReceiver {
    private let database: Database
    private let kind: SnapshotHead.Kind
    private var stagings: [CollectionStaging] = []

    init(_ database: Database, _ kind: SnapshotHead.Kind) {
        self.database = database
        self.kind = kind
    }

    /// Reads all of the archive, checks it, and leaves its collections staged.
    func read(_ source: ArchiveSource, checksum: String?) throws -> (head: SnapshotHead, stagings: [CollectionStaging]) {
        guard let checksum else {
            let summary = try unsafe SnapshotReading.read(source, into: self)
            return (summary.head, stagings)
        }
        // Of an archive that is not the one that was meant it is said so, whatever else may be wrong with it.
        let whole = try CheckedSource()
        let outcome = Result { try unsafe SnapshotReading.read({ try unsafe whole.read($0, from: source) }, into: self) }
        let found = try unsafe whole.finish(source)
        guard found == checksum.lowercased() else {
            throw QuiverError.badInput("Snapshot checksum mismatch: expected \(checksum), got \(found)")
        }
        return (try outcome.get().head, stagings)
    }

    func begin(_ head: SnapshotHead) throws {
        guard head.kind == kind else {
            throw QuiverError.badInput(
                kind == .storage
                    ? "the snapshot is of one collection, not of the whole storage"
                    : "the snapshot is of the whole storage, not of one collection")
        }
    }

    func beginCollection(_ index: Int, _ manifest: CollectionManifest) throws {
        stagings.append(try database.stage(manifest))
    }

    func addRecordPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws {
        try unsafe stagings[index].addRecordPart(bytes)
    }

    func endRecords(_ index: Int) throws { try stagings[index].endRecords() }

    func beginSegment(_ index: Int, _ segment: SegmentFile) throws { try stagings[index].beginSegment(segment) }

    func addSegmentPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws {
        try unsafe stagings[index].addSegmentPart(bytes)
    }

    func endSegment(_ index: Int) throws { try stagings[index].endSegment() }
}

/// Hashes what comes from a source, also what is behind the place where reading gave up.
private final class CheckedSource {
    private var digest: StreamDigest

    init() throws {
        guard let digest = StreamDigest() else { throw QuiverError.service("no memory is left") }
        self.digest = digest
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer, from source: ArchiveSource) throws -> Int {
        let count = try unsafe source(buffer)
        unsafe digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<min(count, buffer.count)]))
        return count
    }

    /// Reads to the end. The SHA-256 of everything in hexadecimal digits.
    func finish(_ source: ArchiveSource) throws -> String {
        try unsafe withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 64) { buffer in
            while try unsafe read(buffer, from: source) > 0 {}
        }
        return Hexadecimal.text(digest.value())
    }
}

extension Database {
    /// Makes staged collections those of the given names, all in one change of the catalogue, and adds aliases.
    ///
    /// Whatever had one of the names before is closed and removed afterwards.
    package func publish(
        _ staged: [(staging: CollectionStaging, name: String)], aliases: [SnapshotHead.Alias], replacing: Bool
    ) throws(QuiverError) {
        // What cannot be is said before it is opened.
        _ = try replacement(staged, aliases, replacing: replacing)
        // Opening reads logs: not while the catalogue waits.
        var cores: [ExactName: CollectionCore] = [:]
        for (staging, name) in staged {
            let core = try staging.core(named: name)
            // The mark that came along is that of whoever copied the original.
            try core.setLogMark(try keepsLogs ? core.view.load().sequence : nil)
            cores[ExactName(name)] = core
        }
        try changingCatalog { () throws(QuiverError) in
            let change = try replacement(staged, aliases, replacing: replacing)
            let new = aliases.isEmpty ? nil : change.aliases
            try catalogMirror.add(
                change.collections, replacing: directories(of: change.collections.keys), aliases: new
            ) { try catalog.put(change.collections, aliases: new) }
            for (staging, _) in staged { staging.notePublished() }
            removeReplaced(replaceContents(change, cores))
        }
    }
}
