import Quiver
import QuiverArchive
import QuiverModel

/// Reads a snapshot from its beginning to its end: what is in it, and whether every byte is as it was written.
final class SnapshotExamination: SnapshotReceiver {
    struct Collection {
        var manifest: CollectionManifest
        var tally = RecordTally()
        var recordBytes = 0
    }

    struct Report {
        var head: SnapshotHead
        var collections: [Collection]
        var byteCount: UInt64
        /// Of the whole file, in hexadecimal digits.
        var checksum: String
    }

    private var collections: [Collection] = []
    private var digest: StreamDigest?
    private var current: SegmentFile?

    private init() {}

    /// - Throws: `CommandFailure` with 1 where the snapshot is damaged, 74 where it cannot be read.
    static func run(_ file: InputFile, _ progress: Progress) throws -> Report {
        progress.begin("reading \(file.path)", total: file.byteCount, unit: .bytes)
        let examination = SnapshotExamination()
        var offset = 0
        do {
            let summary = try SnapshotReading.read(
                { buffer in
                    try Interruption.check()
                    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, 1 << 20)])
                    let count = try file.read(at: offset, into: part)
                    offset += count
                    progress.advance(count)
                    return count
                }, into: examination)
            progress.end()
            return Report(
                head: summary.head, collections: examination.collections, byteCount: summary.byteCount,
                checksum: Hexadecimal.text(summary.sha256))
        } catch let error as CommandFailure {
            progress.clear()
            throw error
        } catch let error as QuiverError {
            progress.clear()
            throw CommandFailure(code: .differs, message: "\(file.path), before byte \(offset): \(error.message)")
        } catch {
            progress.clear()
            throw CommandFailure(code: .differs, message: "\(file.path), before byte \(offset): \(error)")
        }
    }

    func begin(_ head: SnapshotHead) throws {}

    func beginCollection(_ index: Int, _ manifest: CollectionManifest) throws {
        collections.append(Collection(manifest: manifest))
    }

    func addRecordPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws {
        try collections[index].tally.add(bytes)
        collections[index].recordBytes += bytes.count
    }

    func endRecords(_ index: Int) throws {}

    func beginSegment(_ index: Int, _ segment: SegmentFile) throws {
        current = segment
        digest = StreamDigest()
    }

    func addSegmentPart(_ index: Int, _ bytes: UnsafeRawBufferPointer) throws {
        digest?.update(bytes)
    }

    func endSegment(_ index: Int) throws {
        guard let current, let found = digest?.value(), !current.sha256.isEmpty, found != current.sha256 else { return }
        throw QuiverError(.corrupted, "segment \(current.id) is not the one that was stored")
    }
}
