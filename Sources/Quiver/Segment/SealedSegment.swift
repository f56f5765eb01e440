import Synchronization

import QuiverIndex
import QuiverLMDB
import QuiverModel

/// A sealed segment, opened: its file is mapped, and everything is read where it lies.
///
/// The object keeps the file's transaction and so the map; views and searches keep the object.
@safe final class SealedSegment: @unchecked Sendable {
    // @unchecked: what the pointers lead to is a read-only map that lives as long as this object.
    let id: UInt64
    let path: String
    let meta: SegmentMeta
    let slots: SlotTable
    /// The number of each point, valid for those that live; nil: look them up.
    let ids: UnsafePointer<UInt64>?
    /// Nil for sparse vectors.
    let rows: SealedRows?
    /// Nil for the others.
    let sparse: SealedSparse?
    /// Nil when the segment is flat.
    let indexing: SegmentIndexing?

    private let transaction: ReadTransaction
    private let isCold = Atomic(false)

    var pointCount: Int { meta.pointCount }
    var graph: GraphView? { rows?.graph }
    /// Whether it was indexed: with a graph, unless the collection wants none. Sparse vectors always are.
    var isIndexed: Bool { indexing != nil || sparse != nil }
    /// Rows of multivectors, components of sparse vectors.
    var rowCount: Int { sparse?.rows.entryCount ?? meta.rowCount }

    init(id: UInt64, path: String, placement: SegmentPlacement) throws(QuiverError) {
        self.id = id
        self.path = path
        let environment = try SealedSegment.openFile(path)
        let transaction = try mapping { () throws(LMDBError) in try environment.beginRead() }
        let chunks = SegmentReader(transaction: transaction.handle, path: path)
        let meta = try chunks.meta()
        let count = meta.pointCount
        slots = unsafe SlotTable(
            slots: try chunks.data(.slots, UInt32.self, count: count), count: count,
            bitmap: try chunks.data(
                .slotBitmap, UInt64.self, count: SlotTable.wordCount(first: meta.firstSlot, last: meta.lastSlot)),
            ranks: try chunks.data(
                .slotRanks, UInt32.self, count: SlotTable.rankCount(first: meta.firstSlot, last: meta.lastSlot)),
            firstSlot: meta.firstSlot, lastSlot: meta.lastSlot)
        unsafe ids = try chunks.isPresent(.ids) ? chunks.data(.ids, UInt64.self, count: count) : nil
        rows = meta.kind == .sparse ? nil : try SealedRows(meta, chunks)
        sparse = meta.kind == .sparse ? try SealedSparse(meta, chunks) : nil
        indexing = SegmentIndexing(text: meta.indexing)
        self.meta = meta
        self.transaction = transaction
        place(placement)
    }

    /// Applies where the collection wants the parts of the segment to be held.
    func place(_ placement: SegmentPlacement) {
        isCold.store(placement.vectors == .cold, ordering: .relaxed)
        rows?.place(placement)
        sparse?.place(placement)
    }

    /// Whether stored vectors are to be read from the disk when they are needed: then it pays to ask for them early.
    var hasColdVectors: Bool { isCold.load(ordering: .relaxed) }

    /// The vector of the point `point`, a copy.
    func value(_ point: UInt32) -> VectorValue {
        if let sparse { return sparse.value(Int(point)) }
        guard let rows else { return .dense([]) }
        return rows.value(Int(point), meta.kind)
    }

    /// Touching the map of a file that was cut off would end the process, so its length is compared first.
    private static func openFile(_ path: String) throws(QuiverError) -> Environment {
        let found = Files.byteCount(path)
        // LMDB would begin an empty file anew.
        guard found > 0 else { throw QuiverError(.corrupted, "segment file \(path): is missing or empty") }
        let environment: Environment
        let needed: Int
        do throws(LMDBError) {
            environment = try Environment(path: path, options: .writeOnce)
            needed = try environment.info().usedBytes
        } catch {
            switch error {
            case .noSuchFile, .invalidFile, .versionMismatch, .corrupted:
                throw QuiverError(.corrupted, "segment file \(path): \(error)")
            default: throw QuiverError(error)
            }
        }
        guard found >= needed else {
            throw QuiverError(.corrupted, "segment file \(path): has \(found) bytes of \(needed)")
        }
        return environment
    }

    /// The bytes of the data of each chunk that the file has.
    func chunkBytes() throws(QuiverError) -> [(chunk: SegmentChunk, bytes: Int)] {
        let reader = SegmentReader(transaction: transaction.handle, path: path)
        var sizes: [(chunk: SegmentChunk, bytes: Int)] = []
        for chunk in SegmentChunk.allCases where try reader.isPresent(chunk) {
            sizes.append((chunk, unsafe try reader.bytes(chunk).count))
        }
        return sizes
    }

    /// The same, with how much of each is in memory.
    func chunkResidency(until deadline: ContinuousClock.Instant) throws(QuiverError) -> [StorageReport.Component] {
        let reader = SegmentReader(transaction: transaction.handle, path: path)
        var components: [StorageReport.Component] = []
        for chunk in SegmentChunk.allCases where try reader.isPresent(chunk) {
            let data = unsafe try reader.bytes(chunk)
            components.append(
                StorageReport.Component(
                    name: chunk.rawValue, bytes: data.count, residentBytes: unsafe Residency.bytes(data, until: deadline)))
        }
        return components
    }

    /// A descriptor of the file, the caller's own.
    func duplicateDescriptor() throws(QuiverError) -> Int32 {
        try mapping { () throws(LMDBError) in try transaction.environment.duplicateDescriptor() }
    }

    /// As a copy of the collection names it.
    func file(vectorName: String, byteCount: UInt64) -> SegmentFile {
        SegmentFile(id: id, vectorName: vectorName, byteCount: byteCount, sha256: [])
    }

    /// Compares every chunk with its checksum. Reads the whole file.
    func verify() throws(QuiverError) {
        try SegmentReader(transaction: transaction.handle, path: path).verify()
    }
}

/// Finds and checks the chunks of a segment file.
struct SegmentReader {
    let transaction: TransactionHandle
    let path: String

    func damaged(_ what: String) -> QuiverError {
        QuiverError(.corrupted, "segment file \(path): \(what) is missing or damaged")
    }

    func meta() throws(QuiverError) -> SegmentMeta {
        let bytes = unsafe try mapping { () throws(LMDBError) in unsafe try transaction.get(.main, SegmentFormat.metaKey) }
        guard let bytes = unsafe bytes, let meta = unsafe SegmentMeta(bytes) else { throw damaged("meta") }
        return meta
    }

    /// Whether the file is to have a chunk; of one that may be there or not, whether it has.
    private func isPresent(_ chunk: SegmentChunk, _ meta: SegmentMeta) throws(QuiverError) -> Bool {
        if let isPresent = chunk.isPresent(in: meta) { return isPresent }
        return try isPresent(chunk)
    }

    func isPresent(_ chunk: SegmentChunk) throws(QuiverError) -> Bool {
        try mapping { () throws(LMDBError) in try transaction.contains(.main, chunk.rawValue) }
    }

    /// The data of a chunk, which has to hold `count` elements.
    func data<Element: BitwiseCopyable>(
        _ chunk: SegmentChunk, _: Element.Type, count: Int
    ) throws(QuiverError) -> UnsafePointer<Element> {
        let data = unsafe try bytes(chunk)
        guard data.count == count * MemoryLayout<Element>.stride, let base = data.baseAddress else {
            throw damaged(chunk.rawValue)
        }
        return unsafe base.bindMemory(to: Element.self, capacity: count)
    }

    /// The data of a chunk of any length.
    func bytes(_ chunk: SegmentChunk) throws(QuiverError) -> UnsafeRawBufferPointer {
        let value = unsafe try mapping { () throws(LMDBError) in unsafe try transaction.get(.main, chunk.rawValue) }
        guard let value = unsafe value, value.count >= SegmentFormat.headerBytes,
            unsafe value.loadUnaligned(as: UInt32.self) == SegmentFormat.magic
        else { throw damaged(chunk.rawValue) }
        let count = unsafe Int(clamping: value.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        guard count <= value.count - SegmentFormat.headerBytes else { throw damaged(chunk.rawValue) }
        let data = unsafe UnsafeRawBufferPointer(
            rebasing: value[SegmentFormat.headerBytes..<SegmentFormat.headerBytes + count])
        guard UInt(bitPattern: data.baseAddress) % UInt(SegmentFormat.alignment) == 0 else {
            throw damaged(chunk.rawValue + " (alignment)")
        }
        return unsafe data
    }

    /// Compares every chunk that the segment has with its checksum.
    func verify() throws(QuiverError) {
        let meta = try meta()
        for chunk in SegmentChunk.allCases where try isPresent(chunk, meta) {
            let data = unsafe try bytes(chunk)
            guard let header = unsafe data.baseAddress.map({ unsafe $0 - SegmentFormat.headerBytes }),
                let digest = unsafe Checksum.sha256(data)
            else { throw damaged(chunk.rawValue) }
            let stored = unsafe UnsafeRawBufferPointer(start: header + 16, count: Checksum.bytes)
            guard unsafe stored.elementsEqual(digest) else { throw damaged(chunk.rawValue + " (checksum)") }
        }
    }
}
