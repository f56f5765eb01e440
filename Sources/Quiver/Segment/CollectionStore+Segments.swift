import QuiverLMDB
import QuiverModel

extension CollectionStore {
    /// One line of the manifest.
    struct ListedSegment {
        var id: UInt64
        var entry: SegmentEntry
        /// Of the file when it was last compared with the entry.
        var stamp: FileStamp?
    }

    /// Names a segment in the manifest, whose file was written for it and is what its entry says.
    func register(_ segment: SealedSegment, _ transaction: inout WriteTransaction) throws(LMDBError) {
        try transaction.putChecked(segments, ShortKey(segment.id), segment.entry.encoded())
        if let stamp = FileStamp(path: segment.path) {
            try transaction.put(stamps, ShortKey(segment.id), stamp.encoded())
        }
    }

    /// Takes a segment out of the manifest, with everything that is kept beside it.
    func forget(
        segment id: UInt64, _ counters: inout StoreState, _ transaction: inout WriteTransaction
    ) throws(LMDBError) {
        counters.deadDigest &-= try deadDigest(id, transaction.handle)
        try transaction.delete(segments, ShortKey(id))
        try transaction.delete(stamps, ShortKey(id))
        try transaction.delete(dead, ShortKey(id))
    }

    /// Refuses what another version wrote, before anything is changed.
    func checkFormats() throws {
        let transaction = try environment.beginRead()
        if let bytes = unsafe try transaction.getChecked(meta, StoreState.key) { _ = unsafe try StoreState(bytes) }
        for listed in try listedSegments(transaction.handle) {
            try SegmentMeta.checkFormat(listed.entry.meta, segmentPath(listed.id))
        }
    }

    /// The manifest, in the order of the numbers of segments.
    func listedSegments(_ transaction: TransactionHandle) throws -> [ListedSegment] {
        var listed: [ListedSegment] = []
        var cursor = try transaction.openCursor(segments)
        var found = unsafe try cursor.first()
        while let record = unsafe found {
            guard unsafe record.key.count == 8 else { throw LMDBError.corrupted }
            let id = unsafe UInt64(bigEndian: record.key.loadUnaligned(as: UInt64.self))
            let entry: SegmentEntry
            do {
                entry = unsafe try SegmentEntry(CheckedValue.verified(record.value, key: record.key))
            } catch let error as QuiverError {
                throw QuiverError(.corrupted, "segment \(id): \(error.message)")
            } catch {
                throw QuiverError(.corrupted, "the manifest's entry of segment \(id) is damaged")
            }
            let stamp = unsafe try transaction.get(stamps, ShortKey(id)).flatMap { unsafe FileStamp($0) }
            listed.append(ListedSegment(id: id, entry: entry, stamp: stamp))
            unsafe found = try cursor.next()
        }
        return listed
    }

    /// Notes that a row is dead, which it was not before.
    func addDead(
        _ row: UInt32, of segment: UInt64, _ counters: inout StoreState, _ transaction: inout WriteTransaction
    ) throws(LMDBError) {
        if try transaction.addPosting(dead, ShortKey(segment), row) {
            counters.deadDigest &+= SetDigest.member(SetDigest.seed(segment), row)
        }
    }

    /// The part that a segment's dead rows have in `StoreState.deadDigest`.
    func deadDigest(_ segment: UInt64, _ transaction: TransactionHandle) throws(LMDBError) -> UInt64 {
        let seed = SetDigest.seed(segment)
        var digest: UInt64 = 0
        var cursor = try transaction.openCursor(dead)
        try cursor.forEachPosting(of: ShortKey(segment)) { run in
            for index in 0..<run.count { digest &+= SetDigest.member(seed, run[index]) }
            return true
        }
        return digest
    }

    func deadRows(_ id: UInt64, _ transaction: TransactionHandle) throws -> ChunkedBitmap {
        var rows = ChunkedBitmap()
        var cursor = try transaction.openCursor(dead)
        try cursor.forEachPosting(of: ShortKey(id)) { run in
            for index in 0..<run.count { rows.insert(run[index]) }
            return true
        }
        return rows
    }
}
