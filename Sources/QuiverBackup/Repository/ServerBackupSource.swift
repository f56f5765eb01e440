#if Server
import NIOCore
import Quiver
import QuiverArchive
import QuiverModel

/// A running server, read over docs/BACKUP-INTERFACE.md.
package final class ServerBackupSource: BackupSource {
    private let server: ServerConnection

    package init(_ server: ServerConnection) { self.server = server }

    package var place: String { server.url }

    package func begin(_ names: [String]?) throws -> any BackupSession {
        struct Wanted: Encodable {
            var collections: [String]?
            // What comes after this moment has to be there when the next backup asks for it.
            var keep_logs = true
        }
        let body = try BackupJSON.encode(Wanted(collections: names))
        let manifest: Manifest = try server.result("POST", "/quiver/backups", body)
        return try ServerSession(server, manifest)
    }

    fileprivate struct Manifest: Decodable {
        struct Entry: Decodable {
            var first_logged_sequence: UInt64
            var manifest: CollectionManifest
        }
        struct Alias: Decodable {
            var alias_name: String
            var collection_name: String
        }

        var session: String
        var time_us: UInt64
        var journal_number: UInt64?
        var collections: [Entry]
        var aliases: [Alias]
    }
}

private final class ServerSession: BackupSession {
    private let server: ServerConnection
    private let path: String
    let time: UInt64
    let collections: [SessionCollection]
    let aliases: [(alias: String, collection: String)]
    let journalNumber: UInt64?

    init(_ server: ServerConnection, _ manifest: ServerBackupSource.Manifest) throws {
        self.server = server
        guard manifest.session.utf8.allSatisfy({ $0 > 0x2F && $0 < 0x7B }) else {
            throw BackupError.server("\(server.url): a session that makes no sense")
        }
        path = "/quiver/backups/" + manifest.session
        time = manifest.time_us
        journalNumber = manifest.journal_number
        aliases = manifest.aliases.map { ($0.alias_name, $0.collection_name) }
        collections = manifest.collections.map {
            SessionCollection(manifest: $0.manifest, firstLoggedSequence: $0.first_logged_sequence)
        }
    }

    func journal(after number: UInt64) throws -> [CatalogJournal.Entry]? {
        let entries: [CatalogJournal.Entry] = try server.result("GET", path + "/journal?after=\(number)")
        return journalNumber.map { $0 &- number } == UInt64(entries.count) ? entries : nil
    }

    func forEachRecordPart(_ collection: SessionCollection, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try forEachFrame(kind: 1, path + "/\(collection.identity)/records") { _, _, content in try body(content) }
    }

    func forEachLogRecord(
        _ collection: SessionCollection, after sequence: UInt64,
        _ body: (UInt64, UInt64, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try forEachFrame(kind: 2, path + "/\(collection.identity)/log?after=\(sequence)", body)
    }

    /// In parts of 4 MiB, as the engine gives them, so that the same segment makes the same objects.
    func forEachSegmentPart(
        _ collection: SessionCollection, _ segment: SegmentFile, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let answer = try server.send("GET", path + "/\(collection.identity)/segments/\(segment.id)")
        var part: [UInt8] = []
        part.reserveCapacity(BackupCreation.partBytes)
        guard var digest = StreamDigest() else { throw QuiverError.service("no memory is left") }
        while let chunk = try answer.nextBlocking() {
            try chunk.withUnsafeReadableBytes { bytes in
                digest.update(bytes)
                var rest = bytes[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(BackupCreation.partBytes - part.count)
                    part.append(contentsOf: piece)
                    rest = rest.dropFirst(piece.count)
                    if part.count == BackupCreation.partBytes {
                        try part.withUnsafeBytes { try body($0) }
                        part.removeAll(keepingCapacity: true)
                    }
                }
            }
        }
        if !part.isEmpty { try part.withUnsafeBytes { try body($0) } }
        guard segment.sha256.isEmpty || digest.value() == segment.sha256 else {
            throw BackupError.server("\(server.url): segment \(segment.id) came with another checksum")
        }
    }

    func releaseRecords(_ collection: SessionCollection) throws {
        _ = try server.send("DELETE", path + "/\(collection.identity)/records").collectBlocking()
    }

    func releaseSegment(_ collection: SessionCollection, _ segment: SegmentFile) throws {
        _ = try server.send("DELETE", path + "/\(collection.identity)/segments/\(segment.id)").collectBlocking()
    }

    func markSaved() throws {
        _ = try server.send("POST", path + "/saved").collectBlocking()
    }

    func end() {
        _ = try? server.send("DELETE", path).collectBlocking()
    }

    // MARK: Frames

    private static let headBytes = 24
    private static let endKind: UInt8 = 255

    /// A stream without its end, or with another digest, is an error.
    private func forEachFrame(
        kind: UInt8, _ path: String, _ body: (UInt64, UInt64, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let broken = BackupError.server("\(server.url): \(path): the stream is not what the server sent")
        let answer = try server.send("GET", path)
        guard var digest = StreamDigest() else { throw QuiverError.service("no memory is left") }
        var buffer = ByteBuffer()
        var isEnded = false
        while let chunk = try answer.nextBlocking() {
            buffer.writeImmutableBuffer(chunk)
            while let head = buffer.getBytes(at: buffer.readerIndex, length: Self.headBytes) {
                let count = Int(buffer.getInteger(at: buffer.readerIndex + 4, endianness: .little, as: UInt32.self) ?? 0)
                guard buffer.readableBytes >= Self.headBytes + count else { break }
                let sequence = buffer.getInteger(at: buffer.readerIndex + 8, endianness: .little, as: UInt64.self) ?? 0
                let time = buffer.getInteger(at: buffer.readerIndex + 16, endianness: .little, as: UInt64.self) ?? 0
                guard !isEnded, head[1] == 0, head[2] == 0, head[3] == 0 else { throw broken }
                buffer.moveReaderIndex(forwardBy: Self.headBytes)
                if head[0] == Self.endKind {
                    guard buffer.readBytes(length: count) == digest.value() else { throw broken }
                    isEnded = true
                } else {
                    guard head[0] == kind else { throw broken }
                    head.withUnsafeBytes { digest.update($0) }
                    try buffer.withUnsafeReadableBytes { bytes in
                        let content = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                        digest.update(content)
                        try body(sequence, time, content)
                    }
                    buffer.moveReaderIndex(forwardBy: count)
                }
            }
            buffer.discardReadBytes()
        }
        guard isEnded, buffer.readableBytes == 0 else { throw broken }
    }
}
#endif
