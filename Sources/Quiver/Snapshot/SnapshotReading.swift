import QuiverArchive
import QuiverModel

/// Takes the pieces of a snapshot as they are read. Nothing is known to be true before `SnapshotReading.read` returns.
package protocol SnapshotReceiver: AnyObject {
    func begin(_ head: SnapshotHead) throws
    func beginCollection(_ index: Int, _ manifest: CollectionManifest) throws
    func addRecordPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws
    /// After the last part of a collection's records.
    func endRecords(_ index: Int) throws
    func beginSegment(_ index: Int, _ segment: SegmentFile) throws
    func addSegmentPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws
    func endSegment(_ index: Int) throws
}

/// Reads a snapshot in one pass and checks all that can be checked without its content: the archive byte by byte, and
/// that every file is there, in its order, and no other.
package enum SnapshotReading {
    /// What was read.
    package struct Summary: Sendable {
        package var head: SnapshotHead
        package var manifests: [CollectionManifest]
        package var byteCount: UInt64
        /// Of the whole archive.
        package var sha256: [UInt8]
    }

    /// - Throws: what the source and the receiver throw, and `ArchiveError` or `.corrupted` for an archive that is none.
    package static func read(
        _ source: ArchiveSource, into receiver: any SnapshotReceiver
    ) throws -> Summary {
        try unsafe withoutActuallyEscaping(source) { source in
            var pass = unsafe ReadingPass(archive: try ArchiveReader(source: source), receiver: receiver)
            return try pass.run()
        }
    }
}

private struct ReadingPass: ~Copyable {
    var archive: ArchiveReader
    let receiver: any SnapshotReceiver
    private var piece: ArchiveReader.Piece?

    init(archive: consuming ArchiveReader, receiver: any SnapshotReceiver) {
        self.archive = archive
        self.receiver = receiver
    }

    mutating func run() throws -> SnapshotReading.Summary {
        try advance()
        let head = try readHead()
        try receiver.begin(head)
        var manifests: [CollectionManifest] = []
        for (index, name) in head.collections.enumerated() {
            let manifest = try decode(CollectionManifest.self, SnapshotArchive.manifestName(index))
            guard ExactName(manifest.name) == ExactName(name), manifest.segmentsAreInOrder else {
                throw ReadingPass.damaged("what it says of collection \"\(name)\"")
            }
            manifests.append(manifest)
            try receiver.beginCollection(index, manifest)
            try advance()
            try readRecords(index)
        }
        for (index, manifest) in manifests.enumerated() {
            for segment in manifest.segments { try readSegment(index, segment) }
        }
        guard piece == nil, let digest = archive.wholeDigest else { throw refusal("its end") }
        return SnapshotReading.Summary(head: head, manifests: manifests, byteCount: archive.byteCount, sha256: digest)
    }

    private mutating func advance() throws { piece = try archive.next() }

    private static func damaged(_ what: String) -> QuiverError {
        QuiverError(.corrupted, "the archive is damaged: \(what)")
    }

    /// Something else stands where `what` should.
    private func refusal(_ what: String) -> any Error {
        switch piece {
        case nil: ReadingPass.damaged("\(what) is missing")
        case .file(let name): ArchiveError.nameRefused(name)
        case .part(let stem, _): ArchiveError.nameRefused(stem)
        }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        guard piece == .file(name) else { throw refusal(name) }
        return try unsafe StoredConfig.decode(type, from: archive.bytes)
    }

    private mutating func readHead() throws -> SnapshotHead {
        struct Version: Decodable { var format: Int }
        // An older version says what it cannot read before it tries to.
        let found = try decode(Version.self, SnapshotArchive.headName).format
        guard found == SnapshotArchive.format else {
            throw QuiverError(
                .corrupted, "the snapshot has format \(found); this version reads format \(SnapshotArchive.format)")
        }
        let head = try decode(SnapshotHead.self, SnapshotArchive.headName)
        let names = head.collections.map(ExactName.init)
        guard zip(names, names.dropFirst()).allSatisfy({ $0 < $1 }), head.kind == .storage || names.count == 1,
            head.kind == .storage || head.aliases.isEmpty, head.time / 1_000_000 == archive.seconds
        else { throw ReadingPass.damaged(SnapshotArchive.headName) }
        try advance()
        return head
    }

    private mutating func readRecords(_ index: Int) throws {
        let stem = SnapshotArchive.recordsStem(index)
        guard case .part(stem, 0) = piece else { throw refusal(stem) }
        while case .part(stem, _) = piece {
            try unsafe receiver.addRecordPart(index, archive.bytes)
            try advance()
        }
        try receiver.endRecords(index)
    }

    private mutating func readSegment(_ index: Int, _ segment: SegmentFile) throws {
        let stem = SnapshotArchive.segmentStem(index, segment.id)
        try receiver.beginSegment(index, segment)
        var rest = segment.byteCount
        while rest > 0 {
            guard case .part(stem, _) = piece else { throw refusal(stem) }
            guard unsafe UInt64(archive.bytes.count) == min(rest, UInt64(ArchiveFormat.partBytes)) else {
                throw ReadingPass.damaged("a part of \(stem) has another size")
            }
            try unsafe receiver.addSegmentPart(index, archive.bytes)
            unsafe rest -= UInt64(archive.bytes.count)
            try advance()
        }
        try receiver.endSegment(index)
    }
}

extension CollectionManifest {
    fileprivate var segmentsAreInOrder: Bool {
        zip(segments, segments.dropFirst()).allSatisfy { $0.id < $1.id } && segments.allSatisfy { $0.byteCount > 0 }
    }
}
