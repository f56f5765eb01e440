import QuiverIndex
import QuiverLMDB
import QuiverModel

/// Where the rows of a new segment come from: row `row` of source `source`, for slot `slot`.
struct SegmentRow {
    var slot: UInt32
    var source: UInt32
    var row: UInt32
}

/// Something vectors can be read from while it is merged.
enum SegmentSource: Sendable {
    case growing(GrowingView)
    case sealed(SealedSegment)
    case remains(SegmentRemains)

    /// Of a source with rows, which is not one of sparse vectors.
    var sealedRows: SealedRows? {
        switch self {
        case .growing: nil
        case .sealed(let segment): segment.rows
        case .remains(let remains): remains.rows
        }
    }
}

/// How a new segment is indexed.
struct IndexPlan {
    var indexing: SegmentIndexing
    /// Slots, ascending, of points that are to be linked with each other because they share a payload value.
    var payloadGroups: [[UInt32]] = []
    /// Groups with fewer points in the segment are left out: they are scanned.
    var leastGroupRows = 2
    var threads: Int
    var control: BuildControl
}

/// Writes a segment file: first the vectors and codes, then, reading those from the map, the graph.
///
/// So a build needs memory for the links only; vectors and codes lie in the page cache.
struct SegmentWriter {
    /// Where the file will be. While it is written it has `.tmp` behind its name.
    let path: String
    let field: VectorField
    let sources: [SegmentSource]
    /// In ascending order of slots, each slot once; not empty.
    let rows: [SegmentRow]
    /// Of `rows`, for the chunk of ids.
    var numbers: [UInt64]?

    var temporaryPath: String { path + ".tmp" }

    /// Writes the file and makes it durable under its name.
    ///
    /// - Parameter plan: nil for a flat segment.
    /// - Returns: what the manifest is to say of it.
    func write(_ plan: IndexPlan?) throws(QuiverError) -> SegmentEntry {
        discard()
        do throws(QuiverError) {
            try writeTemporary(plan)
            let entry = try SegmentEntry.describing(temporaryPath, vectorName: field.name)
            do throws(FileError) {
                try Files.rename(temporaryPath, to: path)
            } catch {
                // No manifest will name it.
                Files.remove(path)
                throw QuiverError(error)
            }
            return entry
        } catch {
            discard()
            throw error
        }
    }

    private func discard() {
        Files.remove(temporaryPath)
    }

    /// Nobody else knows the file, so it needs no lock file.
    private func writeTemporary(_ plan: IndexPlan?) throws(QuiverError) {
        let dense = field.kind == .sparse ? nil : SegmentRowsWriter(writer: self)
        let sparse = field.kind == .sparse ? SegmentSparseWriter(writer: self) : nil
        let bytes = slotBytes + (dense?.mapBytes(plan) ?? 0) + (sparse?.mapBytes() ?? 0)
        let environment = try mapping { () throws(LMDBError) in
            try Environment(
                path: temporaryPath,
                options: .init(
                    mapSizeBytes: (bytes + bytes / 8 + (4 << 20)) / 4096 * 4096, maxReaders: 4, maxDatabases: 1,
                    noLock: true))
        }
        try inTransaction(environment) { transaction throws(QuiverError) in try putSlots(&transaction) }
        try dense?.write(environment, plan)
        try sparse?.write(environment, plan)
        let byteCount = try mapping { () throws(LMDBError) in
            let used = try environment.info().usedBytes
            try environment.close()
            return used
        }
        // LMDB does not write pages at the end that it took and gave back; readers compare the length with what it says.
        do throws(FileError) {
            try Files.lengthen(temporaryPath, to: byteCount)
        } catch {
            throw QuiverError(error)
        }
    }

    var first: UInt32 { rows.first?.slot ?? 0 }
    var last: UInt32 { rows.last?.slot ?? 0 }

    private var slotBytes: Int { rows.count * 12 + SlotTable.wordCount(first: first, last: last) * 9 }

    /// LMDB keeps what a transaction writes in memory until it commits: so each large chunk has its own.
    func inTransaction(
        _ environment: Environment, _ body: (inout WriteTransaction) throws(QuiverError) -> Void
    ) throws(QuiverError) {
        var transaction = try mapping { () throws(LMDBError) in try environment.beginWrite() }
        try body(&transaction)
        try transaction.finish()
    }

    private func putSlots(_ transaction: inout WriteTransaction) throws(QuiverError) {
        let count = rows.count
        unsafe try put(.slots, bytes: count * 4, &transaction) { memory in
            let slots = unsafe memory.bindMemory(to: UInt32.self)
            for index in 0..<count { unsafe slots[index] = rows[index].slot }
        }
        try putSlotTable(&transaction)
        if let numbers {
            unsafe try put(.ids, bytes: count * 8, &transaction) { memory in
                unsafe numbers.withUnsafeBytes { unsafe memory.copyMemory(from: $0) }
            }
        }
    }

    private func putSlotTable(_ transaction: inout WriteTransaction) throws(QuiverError) {
        let slots = rows.map(\.slot)
        var bitmap = [UInt64](repeating: 0, count: SlotTable.wordCount(first: first, last: last))
        var ranks = [UInt32](repeating: 0, count: SlotTable.rankCount(first: first, last: last))
        unsafe slots.withUnsafeBufferPointer { slots in
            unsafe bitmap.withUnsafeMutableBufferPointer { bitmap in
                unsafe ranks.withUnsafeMutableBufferPointer { ranks in
                    unsafe SlotTable.fill(slots: slots, bitmap: bitmap, ranks: ranks)
                }
            }
        }
        unsafe try put(.slotBitmap, bytes: bitmap.count * 8, &transaction) { memory in
            unsafe bitmap.withUnsafeBytes { unsafe memory.copyMemory(from: $0) }
        }
        unsafe try put(.slotRanks, bytes: ranks.count * 4, &transaction) { memory in
            unsafe ranks.withUnsafeBytes { unsafe memory.copyMemory(from: $0) }
        }
    }

    func put(_ meta: SegmentMeta, _ transaction: inout WriteTransaction) throws(QuiverError) {
        do throws(LMDBError) {
            try transaction.put(.main, SegmentFormat.metaKey, meta.encoded())
        } catch {
            throw QuiverError(error)
        }
    }

    /// Reserves a chunk, lets `fill` write its data, and completes its header.
    func put(
        _ chunk: SegmentChunk, bytes: Int, _ transaction: inout WriteTransaction,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(QuiverError) {
        let value: UnsafeMutableRawBufferPointer?
        do throws(LMDBError) {
            unsafe value = try transaction.putReserving(
                .main, chunk.rawValue, byteCount: SegmentFormat.valueBytes(dataBytes: bytes))
        } catch {
            throw QuiverError(error)
        }
        guard let value = unsafe value else { throw .service("a chunk was written twice") }
        let data = unsafe UnsafeMutableRawBufferPointer(
            rebasing: value[SegmentFormat.headerBytes..<SegmentFormat.headerBytes + bytes])
        unsafe fill(data)
        guard let digest = unsafe Checksum.sha256(UnsafeRawBufferPointer(data)) else {
            throw .service("libcrypto has no SHA-256")
        }
        unsafe value.storeBytes(of: SegmentFormat.magic.littleEndian, toByteOffset: 0, as: UInt32.self)
        unsafe value.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
        unsafe value.storeBytes(of: UInt64(bytes).littleEndian, toByteOffset: 8, as: UInt64.self)
        unsafe digest.withUnsafeBytes {
            unsafe UnsafeMutableRawBufferPointer(rebasing: value[16..<16 + Checksum.bytes]).copyMemory(from: $0)
        }
        // What lies between the data and the least size of a value is defined, too.
        if value.count > SegmentFormat.headerBytes + bytes {
            unsafe value[(SegmentFormat.headerBytes + bytes)...].initializeElements(zeroed: ())
        }
    }
}

extension Slice where Base == UnsafeMutableRawBufferPointer {
    fileprivate func initializeElements(zeroed: Void) {
        unsafe UnsafeMutableRawBufferPointer(rebasing: self).initializeMemory(as: UInt8.self, repeating: 0)
    }
}
