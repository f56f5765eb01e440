import Synchronization

import QuiverIndex
import QuiverLMDB
import QuiverModel

/// A sealed segment, opened: its file is mapped, and everything is read where it lies.
///
/// Where everything lies is known from the manifest's entry: the file's own pages are not walked, so that a damaged one
/// leads nowhere. The object keeps the map; views and searches keep the object.
@safe final class SealedSegment: @unchecked Sendable {
    // @unchecked: what the pointers lead to is a read-only map that lives as long as this object.
    let id: UInt64
    let path: String
    let entry: SegmentEntry
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

    let mappedFile: MappedFile
    private let isCold = Atomic(false)

    var pointCount: Int { meta.pointCount }
    var graph: GraphView? { rows?.graph }
    /// Whether it was indexed: with a graph, unless the collection wants none. Sparse vectors always are.
    var isIndexed: Bool { indexing != nil || sparse != nil }
    /// Rows of multivectors, components of sparse vectors.
    var rowCount: Int { sparse?.rows.entryCount ?? meta.rowCount }

    /// - Throws: `.corrupted` for a file that is missing, has another length than the entry says, or lacks a chunk.
    init(id: UInt64, path: String, entry: SegmentEntry, placement: SegmentPlacement) throws(QuiverError) {
        self.id = id
        self.path = path
        self.entry = entry
        let file = try SealedSegment.openFile(path, entry)
        let chunks = SegmentReader(.file(file, entry), path: path)
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
        mappedFile = file
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
    private static func openFile(_ path: String, _ entry: SegmentEntry) throws(QuiverError) -> MappedFile {
        let found = Files.byteCount(path)
        guard found > 0 else { throw QuiverError(.corrupted, "segment file \(path): is missing or empty") }
        guard found == entry.byteCount else {
            throw QuiverError(.corrupted, "segment file \(path): has \(found) bytes of \(entry.byteCount)")
        }
        do throws(FileError) {
            return try MappedFile(path, byteCount: entry.byteCount)
        } catch {
            throw QuiverError(error)
        }
    }

    private var reader: SegmentReader { SegmentReader(.file(mappedFile, entry), path: path) }

    /// The bytes of the data of each chunk that the file has.
    func chunkBytes() throws(QuiverError) -> [(chunk: SegmentChunk, bytes: Int)] {
        var sizes: [(chunk: SegmentChunk, bytes: Int)] = []
        for chunk in SegmentChunk.allCases where try reader.isPresent(chunk) {
            sizes.append((chunk, unsafe try reader.bytes(chunk).count))
        }
        return sizes
    }

    /// The same, with how much of each is in memory.
    func chunkResidency(until deadline: ContinuousClock.Instant) throws(QuiverError) -> [StorageReport.Component] {
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
        do throws(FileError) {
            return try mappedFile.duplicateDescriptor()
        } catch {
            throw QuiverError(error)
        }
    }

    /// As a copy of the collection names it.
    var file: SegmentFile {
        SegmentFile(id: id, vectorName: entry.vectorName, byteCount: UInt64(entry.byteCount), sha256: entry.sha256)
    }

    /// Compares every chunk with its checksum. Reads the whole file.
    func verify() throws(QuiverError) {
        try reader.verify()
    }
}
