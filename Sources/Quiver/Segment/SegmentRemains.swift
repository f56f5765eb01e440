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

    /// - Parameter entry: with which the primary chunks of `file` have been compared.
    init(_ file: MappedFile, entry: SegmentEntry) throws(QuiverError) {
        self.file = file
        let chunks = SegmentReader(.file(file, entry), path: file.path)
        meta = try chunks.meta()
        unsafe slots = try chunks.data(.slots, UInt32.self, count: meta.pointCount)
        rows = meta.kind == .sparse ? nil : try SealedRows(primaryOf: meta, chunks)
        sparse = meta.kind == .sparse ? try SealedSparse.openRows(pointCount: meta.pointCount, chunks) : nil
    }

    /// Of a file that nobody has open. It may end behind the primary chunks.
    convenience init(path: String, entry: SegmentEntry) throws(QuiverError) {
        let end = entry.chunks.filter { SegmentChunk(rawValue: $0.name)?.isPrimary == true }
            .map { $0.offset + $0.byteCount }.max() ?? 0
        let file: MappedFile
        do throws(FileError) {
            file = try MappedFile(path, byteCount: end)
        } catch {
            throw QuiverError(error)
        }
        try self.init(file, entry: entry)
    }

    /// Writes what lives of it into a flat segment.
    ///
    /// - Returns: nil when nothing lives; with the segment the rows that it has, of source 0.
    func rebuild(
        field: VectorField, as id: UInt64, placement: SegmentPlacement, _ store: CollectionStore,
        isDead: (UInt32) -> Bool
    ) throws(QuiverError) -> (segment: SealedSegment, rows: [SegmentRow])? {
        guard meta.fits(field) else {
            throw QuiverError(.corrupted, "segment file \(file.path): is no segment of vector \"\(field.name)\"")
        }
        let rows = (0..<UInt32(meta.pointCount)).filter { !isDead($0) }.map { row in
            SegmentRow(slot: unsafe slots[Int(row)], source: 0, row: row)
        }
        guard !rows.isEmpty else { return nil }
        let path = store.segmentPath(id)
        let entry = try SegmentWriter(
            path: path, field: field, sources: [.remains(self)], rows: rows,
            numbers: try PointNumbers.column(rows, store)
        ).write(nil)
        if file.hasLostPages {
            Files.remove(path)
            throw QuiverError(.corrupted, "segment file \(file.path) could not be read while it was copied")
        }
        return (try SealedSegment(id: id, path: path, entry: entry, placement: placement), rows)
    }
}

extension SegmentMeta {
    /// Whether it is that of a segment of this field.
    func fits(_ field: VectorField) -> Bool {
        kind == field.segmentKind && metric == field.metric && dimension == field.dimension
            && (kind == .sparse || datatype == field.segmentDatatype)
    }
}
