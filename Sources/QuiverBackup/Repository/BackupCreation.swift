import Quiver
import QuiverModel

/// How far something with a backup is.
package struct BackupProgress: Sendable {
    /// `reading a`, `sending b`, …
    package var step: String
    package var doneBytes: UInt64
    /// Nil: not known yet.
    package var totalBytes: UInt64?
}

/// Makes a backup.
///
/// A collection that an earlier backup has is brought forward by its log since then; it is copied as a whole when it is not
/// there yet, when its log has a gap, or when so much log has come together that restoring would take long. Segments that
/// any collection of the backup before has under the same SHA-256 are not even read.
package struct BackupCreation {
    package struct Options: Sendable {
        /// Nil: all.
        package var collections: [String]?
        /// Copies everything as a whole.
        package var isFull = false
        /// Of log behind a base, as a share of its bytes, beyond which there is a new base.
        package var logShare = 0.5
        /// But never for less log than this.
        package var leastLogBytes: UInt64 = 16 << 20
        /// Of the parts that a log is sent in; a record is not divided.
        package var logPartBytes = BackupCreation.partBytes
        package var progress: (@Sendable (BackupProgress) throws -> Void)?

        package init() {}
    }

    static let partBytes = 4 << 20
    static let mostLogPieces = 1_000

    private let repository: BackupRepository
    private let source: any BackupSource
    private let options: Options
    private var lock: RepositoryLock
    private var sender: PartSender
    private var previous: BackupManifest?
    /// Lists of the segments that the backup before has, by their SHA-256.
    private var knownSegments: [[UInt8]: String] = [:]
    /// What happened to the catalogue since the backup before; nil where that is not known.
    private var journal: [CatalogJournal.Entry]?

    private init(_ repository: BackupRepository, _ source: any BackupSource, _ options: Options) throws(BackupError) {
        self.repository = repository
        self.source = source
        self.options = options
        lock = try RepositoryLock(repository.store, .shared, what: "backup create")
        previous = try repository.backupIDs().last.map { id throws(BackupError) in try repository.manifest(id) }
        sender = PartSender(repository, known: Set(try repository.objectNames().keys))
    }

    package static func run(
        _ repository: BackupRepository, from source: any BackupSource, _ options: Options = Options()
    ) throws(BackupError) -> BackupManifest {
        var creation = try BackupCreation(repository, source, options)
        defer { creation.lock.release() }
        do {
            let session = try source.begin(options.collections)
            defer { session.end() }
            return try creation.save(session)
        } catch {
            throw BackupError(wrapping: error)
        }
    }

    private mutating func save(_ session: any BackupSession) throws -> BackupManifest {
        try findKnownSegments()
        journal = try previous?.journalNumber.flatMap { try session.journal(after: $0) }
        // Records first, for they are what keeps the database from using old pages again.
        var open: [(collection: SessionCollection, part: Part)] = []
        for collection in session.collections {
            open.append((collection, try saveRecords(collection, session)))
            try session.releaseRecords(collection)
        }
        var collections: [BackupCollection] = []
        for (collection, part) in open {
            switch part {
            case .grown(let grown): collections.append(grown)
            case .copied(let records, let bridge):
                collections.append(try saveBase(collection, session, records: records, bridge: bridge))
            }
        }
        let time = Timestamp(microsecondsSinceEpoch: Int64(session.time))
        var manifest = BackupManifest(
            id: BackupID.make(time), time: time.text, timeMicroseconds: session.time, previous: previous?.id,
            source: source.place,
            aliases: session.aliases.map { BackupManifest.Alias(alias: $0.alias, collection: $0.collection) },
            collections: collections, journalNumber: session.journalNumber, journal: journal, sent: sender.sent)
        // What was counted on would be gone if the lock were.
        try lock.renew(atOnce: true)
        let bytes = try repository.put(manifest)
        manifest.sent.storedBytes += UInt64(bytes)
        try session.markSaved()
        return manifest
    }

    private enum Part {
        case grown(BackupCollection)
        case copied(records: (list: String, byteCount: UInt64), bridge: [LogPiece]?)
    }

    // MARK: Records and log

    private func saveRecords(_ collection: SessionCollection, _ session: any BackupSession) throws -> Part {
        let before = previous?.collections.first { $0.identity == collection.identity }
        var bridge: [LogPiece]?
        if let before, collection.sequence >= before.sequence,
            collection.sequence == before.sequence || collection.firstLoggedSequence <= before.sequence + 1
        {
            var pieces: [LogPiece] = []
            if collection.sequence > before.sequence {
                pieces = [try saveLog(collection, after: before.sequence, through: collection.sequence, session)]
            }
            try heal(before, collection, session)
            if !options.isFull, try canGrow(before, by: pieces) {
                var grown = before
                grown.name = collection.manifest.name
                grown.sequence = collection.sequence
                grown.log += pieces
                grown.bridge = nil
                return .grown(grown)
            }
            bridge = pieces
        } else if let made = journal?.first(where: { $0.change == .made && $0.identity == collection.identity }),
            collection.firstLoggedSequence <= 1
        {
            bridge = try saveWholeLog(collection, since: made, session)
        }
        let stream = PartSender.Stream(sender)
        defer { stream.wait() }
        try session.forEachRecordPart(collection) { part in
            try stream.add(Array(part))
            try step("records of \(collection.manifest.name)")
        }
        return .copied(records: try stream.finish(), bridge: bridge)
    }

    /// Of a collection that began empty after the backup before: leads to any moment since then. Nil for one that was
    /// restored, whose log is older than it.
    private func saveWholeLog(
        _ collection: SessionCollection, since made: CatalogJournal.Entry, _ session: any BackupSession
    ) throws -> [LogPiece]? {
        if collection.sequence == 0 { return [] }
        let piece = try saveLog(collection, after: 0, through: collection.sequence, session)
        return piece.firstTime >= made.time ? [piece] : nil
    }

    private func saveLog(
        _ collection: SessionCollection, after first: UInt64, through last: UInt64, _ session: any BackupSession
    ) throws -> LogPiece {
        struct Enough: Error {}
        let stream = PartSender.Stream(sender)
        defer { stream.wait() }
        var part: [UInt8] = []
        var (next, firstTime, lastTime) = (first + 1, UInt64(0), UInt64(0))
        let add: (UInt64, UInt64, UnsafeRawBufferPointer) throws -> Void = { sequence, time, record in
            guard sequence == next else {
                throw BackupError.database(.service("the log of \(collection.manifest.name) has no record \(next)"))
            }
            if sequence > last { throw Enough() }
            if !part.isEmpty, part.count + record.count > options.logPartBytes {
                try stream.add(part)
                part = []
                try step("log of \(collection.manifest.name)")
            }
            LogFrame.append(sequence, time, record, to: &part)
            if next == first + 1 { firstTime = time }
            lastTime = time
            next += 1
        }
        do { try session.forEachLogRecord(collection, after: first, add) } catch is Enough {}
        if !part.isEmpty { try stream.add(part) }
        guard next == last + 1 else {
            throw BackupError.database(
                .service("the log of \(collection.manifest.name) ends at \(next - 1), not at \(last)"))
        }
        let (list, bytes) = try stream.finish()
        return LogPiece(
            after: first, through: last, firstTime: firstTime, lastTime: lastTime, byteCount: bytes,
            list: list)
    }

    /// Sends log again that an earlier backup has lost, where the source has it still.
    private func heal(
        _ before: BackupCollection, _ collection: SessionCollection, _ session: any BackupSession
    ) throws {
        for piece in before.log + (before.bridge ?? []) where collection.firstLoggedSequence <= piece.after &+ 1 {
            do {
                if try isWhole(piece.list) { continue }
            } catch BackupError.damaged {
                // Content of that name is there, and would not be sent again before it is set aside.
                continue
            }
            _ = try saveLog(collection, after: piece.after, through: piece.through, session)
        }
    }

    /// Sends the description of a base again that is lost: of the base that was just saved, if nothing has changed since.
    private func heal(_ before: BackupCollection?, by base: BackupBase) throws {
        guard let before, !sender.knows(before.base) else { return }
        var lost = base
        lost.timeMicroseconds = before.baseTimeMicroseconds
        let content = try BackupJSON.encode(lost)
        if content.withUnsafeBytes({ repository.name(of: $0) }) == before.base { _ = try sender.send(content) }
    }

    /// Whether log behind the old base will do; and the old base has to be whole.
    private func canGrow(_ before: BackupCollection, by pieces: [LogPiece]) throws -> Bool {
        let bytes = before.logBytes + pieces.reduce(0) { $0 + $1.byteCount }
        let most = max(Double(options.leastLogBytes), Double(before.baseBytes) * options.logShare)
        guard Double(bytes) <= most, before.log.count < Self.mostLogPieces, sender.knows(before.base) else { return false }
        let base = try repository.base(before.base)
        guard try isWhole(base.records) else { return false }
        for segment in base.segments where try !isWhole(segment.list) { return false }
        for piece in before.log where try !isWhole(piece.list) { return false }
        return true
    }

    // MARK: Segments

    private func saveBase(
        _ collection: SessionCollection, _ session: any BackupSession, records: (list: String, byteCount: UInt64),
        bridge: [LogPiece]?
    ) throws -> BackupCollection {
        var segments: [BackupBase.Segment] = []
        var bytes = records.byteCount
        for file in collection.manifest.segments {
            segments.append(.init(file: file, list: try saveSegment(file, collection, session)))
            try session.releaseSegment(collection, file)
            bytes += file.byteCount
        }
        let base = BackupBase(
            manifest: collection.manifest, timeMicroseconds: session.time, recordBytes: records.byteCount,
            records: records.list, segments: segments)
        try heal(previous?.collections.first { $0.identity == collection.identity }, by: base)
        return BackupCollection(
            name: collection.manifest.name, identity: collection.identity, sequence: collection.sequence,
            base: try sender.send(try BackupJSON.encode(base)), baseSequence: collection.sequence,
            baseTimeMicroseconds: session.time, baseBytes: bytes, log: [], bridge: bridge)
    }

    private func saveSegment(
        _ file: SegmentFile, _ collection: SessionCollection, _ session: any BackupSession
    ) throws -> String {
        if let list = knownSegments[file.sha256], try isWhole(list) {
            sender.countSpared(file.byteCount)
            return list
        }
        let stream = PartSender.Stream(sender)
        defer { stream.wait() }
        try session.forEachSegmentPart(collection, file) { part in
            try stream.add(Array(part))
            try step("segments of \(collection.manifest.name)")
        }
        let (list, bytes) = try stream.finish()
        guard bytes == file.byteCount else {
            throw BackupError.database(.service("segment \(file.id) came with \(bytes) bytes, not \(file.byteCount)"))
        }
        return list
    }

    private mutating func findKnownSegments() throws {
        for collection in previous?.collections ?? [] where sender.knows(collection.base) {
            for segment in try repository.base(collection.base).segments where !segment.file.sha256.isEmpty {
                knownSegments[segment.file.sha256] = segment.list
            }
        }
    }

    /// Whether a list and everything in it is there.
    private func isWhole(_ list: String) throws -> Bool {
        guard sender.knows(list) else { return false }
        return try repository.partList(list).parts.allSatisfy { sender.knows($0.object) }
    }

    private func step(_ text: String) throws {
        try lock.renew()
        try options.progress?(BackupProgress(step: text, doneBytes: sender.sent.readBytes, totalBytes: nil))
    }
}
