import QuiverIndex
import QuiverModel

/// The primary chunks of a segment file, whose other parts are damaged.
@safe final class SegmentRemains: @unchecked Sendable {
    // @unchecked: what the pointers lead to is a read-only map that lives as long as this object.
    let meta: SegmentMeta
    /// Of each point, ascending.
    let slots: UnsafePointer<UInt32>
    /// Without codes and links; nil for sparse vectors.
    let rows: SealedRows?
    /// Nil for the others.
    let sparse: SparseRowsView?

    private let file: MappedFile

    /// - Parameter entry: with which the primary chunks have been compared.
    init(path: String, entry: SegmentEntry) throws(QuiverError) {
        let lastByte = entry.chunks.filter { SegmentChunk(rawValue: $0.name)?.isPrimary == true }
            .map { $0.offset + $0.byteCount }.max() ?? 0
        do throws(FileError) {
            // The file may end behind them.
            file = try MappedFile(path, byteCount: lastByte)
        } catch {
            throw QuiverError(error)
        }
        let chunks = SegmentReader(.file(file, entry), path: path)
        meta = try chunks.meta()
        unsafe slots = try chunks.data(.slots, UInt32.self, count: meta.pointCount)
        rows = meta.kind == .sparse ? nil : try SealedRows(primaryOf: meta, chunks)
        sparse = meta.kind == .sparse ? try SealedSparse.openRows(pointCount: meta.pointCount, chunks) : nil
    }

    /// Writes what lives of it into a flat segment.
    ///
    /// - Returns: nil when nothing lives.
    static func rebuild(
        _ listed: CollectionStore.ListedSegment, field: VectorField, dead: ChunkedBitmap, as id: UInt64,
        placement: SegmentPlacement, _ store: CollectionStore
    ) throws(QuiverError) -> SealedSegment? {
        let remains = try SegmentRemains(path: store.segmentPath(listed.id), entry: listed.entry)
        guard remains.meta.fits(field) else {
            throw QuiverError(
                .corrupted, "segment file \(store.segmentPath(listed.id)): is no segment of vector \"\(field.name)\"")
        }
        let rows = (0..<UInt32(remains.meta.pointCount)).filter { !dead.contains($0) }.map { row in
            SegmentRow(slot: unsafe remains.slots[Int(row)], source: 0, row: row)
        }
        guard !rows.isEmpty else { return nil }
        let path = store.segmentPath(id)
        let entry = try SegmentWriter(
            path: path, field: field, sources: [.remains(remains)], rows: rows,
            numbers: try PointNumbers.column(rows, store)
        ).write(nil)
        return try SealedSegment(id: id, path: path, entry: entry, placement: placement)
    }
}

extension SegmentMeta {
    /// Whether it is that of a segment of this field.
    func fits(_ field: VectorField) -> Bool {
        kind == field.segmentKind && metric == field.metric && dimension == field.dimension
            && (kind == .sparse || datatype == field.segmentDatatype)
    }
}
