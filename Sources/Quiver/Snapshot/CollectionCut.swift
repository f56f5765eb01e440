import Glibc
import Synchronization

import QuiverLMDB
import QuiverModel

/// One collection at one moment: the LMDB read transaction of a commit, and the segment files that it names.
///
/// Growing segments need nothing of their own: their vectors are in the log, which is part of the records.
package final class CollectionCut: Sendable {
    package let manifest: CollectionManifest
    /// Of the oldest update that the log still has; `sequence + 1` when it has none.
    package let firstLoggedSequence: UInt64

    let store: CollectionStore
    private let core: CollectionCore
    private let records: Mutex<CutTransaction?>
    private let files: Mutex<[UInt64: CutFile]>

    package var name: String { manifest.name }
    package var identity: String { manifest.identity }
    package var sequence: UInt64 { manifest.sequence }
    package var segments: [SegmentFile] { manifest.segments }

    /// While the writer of `core` is at rest.
    init(_ core: CollectionCore, identity: String) throws(QuiverError) {
        do {
            let view = core.view.load()
            let transaction = CutTransaction(try core.store.environment.beginRead())
            guard transaction.handle.id == view.transactionID else {
                throw QuiverError.service("the view of collection \(core.name) is not that of its last commit")
            }
            var files: [UInt64: CutFile] = [:]
            var segments: [SegmentFile] = []
            for vector in view.vectors {
                for sealed in vector.sealed {
                    let segment = sealed.segment
                    let file = CutFile(try segment.duplicateDescriptor())
                    segments.append(segment.file)
                    files[segment.id] = file
                }
            }
            segments.sort { $0.id < $1.id }
            let (config, generation) = core.vectorConfig
            manifest = CollectionManifest(
                name: core.name, identity: identity, sequence: view.sequence, config: config,
                vectorGeneration: generation, segments: segments)
            firstLoggedSequence =
                try WriteAheadLog.firstSequence(core.store, transaction.handle) ?? view.sequence + 1
            self.core = core
            store = core.store
            records = Mutex(transaction)
            self.files = Mutex(files)
        } catch {
            throw QuiverError(wrapping: error)
        }
        core.cuts.add(self)
    }

    deinit { core.cuts.removeEnded() }

    // MARK: Reading

    /// The records of `points.mdb` as `RecordStreamWriter` lays them out, in parts of at most 4 MiB.
    ///
    /// - Throws: `.closed` when the collection is closed or deleted meanwhile, and whatever `body` throws.
    package func forEachRecordPart(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let transaction = try liveRecords()
        var stream = RecordStreamWriter(store.environment, transaction.handle)
        unsafe try stream.write { part in
            if transaction.isCancelled { throw CollectionCut.closed }
            unsafe try body(part)
        }
    }

    /// The bytes of a segment's file, in parts of 4 MiB, the last one shorter. `body` may be called from its beginning
    /// any number of times, until `releaseSegment`.
    package func forEachSegmentPart(
        _ segment: SegmentFile, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard let file = files.withLock({ $0[segment.id] }) else {
            throw QuiverError.service("segment \(segment.id) was let go of")
        }
        unsafe try file.forEachPart(byteCount: segment.byteCount, body)
    }

    /// Bytes of a segment's file from `offset` on, as many as there are and fit; 0 at its end.
    package func readSegment(
        _ segment: SegmentFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws -> Int {
        guard let file = files.withLock({ $0[segment.id] }) else {
            throw QuiverError.service("segment \(segment.id) was let go of")
        }
        guard offset < segment.byteCount else { return 0 }
        let count = Int(min(UInt64(buffer.count), segment.byteCount - offset))
        try unsafe file.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset)
        return count
    }

    /// The updates behind `sequence` that the log has, in order, each with its time in microseconds since 1970.
    package func forEachLogRecord(
        after sequence: UInt64, _ body: (_ sequence: UInt64, _ time: UInt64, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let transaction = try liveRecords()
        unsafe try WriteAheadLog.forEach(after: sequence, store, transaction.handle) { number, record in
            if transaction.isCancelled { throw CollectionCut.closed }
            unsafe try body(number, LogRecord.moment(record).time, record)
        }
    }

    // MARK: Letting go

    /// Ends the LMDB transaction, which keeps old pages from being used again. The segments stay.
    package func releaseRecords() {
        let transaction = records.withLock { records in
            defer { records = nil }
            return records
        }
        transaction?.cancel()
    }

    /// The space of a segment that was replaced meanwhile returns to the disk.
    package func releaseSegment(_ segment: SegmentFile) {
        _ = files.withLock { $0.removeValue(forKey: segment.id) }
    }

    private func liveRecords() throws(QuiverError) -> CutTransaction {
        guard let transaction = records.withLock({ $0 }) else { throw CollectionCut.closed }
        return transaction
    }

    private static var closed: QuiverError { QuiverError(.closed, "the collection is closed") }
}

/// A read transaction that several may hold; it ends with the last of them.
final class CutTransaction: @unchecked Sendable {
    // @unchecked: LMDB binds a read transaction to no thread (`MDB_NOTLS`), and a cut is read by one thread at a time.
    private let transaction: ReadTransaction
    private let cancelled = Atomic(false)

    init(_ transaction: consuming ReadTransaction) { self.transaction = transaction }

    var handle: TransactionHandle { transaction.handle }
    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
    func cancel() { cancelled.store(true, ordering: .relaxed) }
}

/// A segment file by a descriptor, so that it is there whatever becomes of its name, and none of it in a map.
final class CutFile: Sendable {
    static let partBytes = 4 << 20

    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { _ = Glibc.close(descriptor) }

    func byteCount() throws(FileError) -> UInt64 {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw FileError(operation: "look at", path: "segment file", code: errno)
        }
        return UInt64(max(0, status.st_size))
    }

    func forEachPart(byteCount: UInt64, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: CutFile.partBytes, alignment: 4096)
        defer { unsafe buffer.deallocate() }
        var offset: UInt64 = 0
        while offset < byteCount {
            let wanted = Int(min(UInt64(CutFile.partBytes), byteCount - offset))
            try unsafe fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
            try unsafe body(UnsafeRawBufferPointer(rebasing: buffer[..<wanted]))
            offset += UInt64(wanted)
        }
    }

    func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws {
        var done = 0
        while done < buffer.count {
            guard let base = buffer.baseAddress else { return }
            let count = unsafe pread(descriptor, base + done, buffer.count - done, off_t(offset) + off_t(done))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw FileError(operation: "read", path: "segment file", code: errno) }
            if count == 0 { throw QuiverError(.corrupted, "a segment file is shorter than it was") }
            done += count
        }
    }
}

/// The cuts of a collection that are still being read, so that its closing can end their transactions.
final class CutList: Sendable {
    private struct Entry {
        weak var cut: CollectionCut?
    }

    private let entries = Mutex<[Entry]>([])

    func add(_ cut: CollectionCut) {
        entries.withLock { $0.append(Entry(cut: cut)) }
    }

    func removeEnded() {
        entries.withLock { $0.removeAll { $0.cut == nil } }
    }

    func releaseAll() {
        for cut in entries.withLock({ $0.compactMap(\.cut) }) { cut.releaseRecords() }
    }
}
