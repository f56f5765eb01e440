import QuiverArchive
import QuiverModel

/// Writes a cut as an archive, in one pass, and lets go of what it has read.
///
/// The records of all collections come before any segment, so that the LMDB transactions, which keep old pages from
/// being used again, end as early as they can.
struct SnapshotWriting {
    let cut: StorageCut
    let kind: SnapshotHead.Kind
    /// With the bytes of the archive so far.
    var progress: ((UInt64) -> Void)?

    func write(to sink: any SnapshotSink) throws {
        var written: UInt64 = 0
        let progress = progress
        try unsafe withoutActuallyEscaping({ (bytes: UnsafeRawBufferPointer) throws in
            try unsafe sink.write(bytes)
            written += UInt64(bytes.count)
            progress?(written)
        }) { output in
            var archive = unsafe try ArchiveWriter(seconds: cut.time / 1_000_000, sink: output)
            try writeAll(&archive)
            _ = try archive.finish()
        }
    }

    private func writeAll(_ archive: inout ArchiveWriter) throws {
        let head = SnapshotHead(
            format: SnapshotArchive.format, kind: kind, time: cut.time, collections: cut.collections.map(\.name),
            aliases: kind == .storage ? cut.aliases.map { .init(alias: $0.alias, collection: $0.collection) } : [])
        try archive.addFile(SnapshotArchive.headName, try StoredConfig.encode(head))
        for (index, collection) in cut.collections.enumerated() {
            try archive.addFile(SnapshotArchive.manifestName(index), try StoredConfig.encode(collection.manifest))
            let stem = SnapshotArchive.recordsStem(index)
            unsafe try collection.forEachRecordPart { part in try unsafe archive.addPart(stem, part) }
            collection.releaseRecords()
        }
        for (index, collection) in cut.collections.enumerated() {
            for segment in collection.segments {
                let stem = SnapshotArchive.segmentStem(index, segment.id)
                guard var digest = StreamDigest() else { throw ArchiveError.outOfMemory }
                unsafe try collection.forEachSegmentPart(segment) { part in
                    unsafe digest.update(part)
                    try unsafe archive.addPart(stem, part)
                }
                // A snapshot of what the disk has lost would be found out when it is needed.
                guard segment.sha256.isEmpty || digest.value() == segment.sha256 else {
                    throw QuiverError(.corrupted, "segment \(segment.id) of collection \(collection.name) is damaged")
                }
                collection.releaseSegment(segment)
            }
        }
    }
}
