import QuiverIndex
import QuiverModel
import Synchronization

/// The rows of a sealed segment of sparse vectors and their inverted index.
@safe struct SealedSparse: Sendable {
    let rows: SparseRowsView
    let index: SparseIndexView
    private let chunks: [UnsafeRawBufferPointerBox]
    private let knownEmptyRows = KnownCount()

    /// Counted when it is first asked for: opening a segment reads none of its rows.
    var emptyRows: Int { knownEmptyRows.value(rows.countEmptyRows) }

    init(_ meta: SegmentMeta, _ reader: SegmentReader) throws(QuiverError) {
        rows = try SealedSparse.openRows(pointCount: meta.pointCount, reader)
        let terms = unsafe try reader.bytes(.sparseTerms)
        let slices = unsafe try reader.bytes(.sparseSlices)
        let postings = unsafe try reader.bytes(.sparsePostings)
        guard let index = unsafe SparseIndexView(terms: terms, slices: slices, postings: postings),
            index.rowCount == meta.pointCount
        else { throw reader.damaged(SegmentChunk.sparseTerms.rawValue) }
        self.index = index
        chunks = unsafe [terms, slices, postings].map(UnsafeRawBufferPointerBox.init)
    }

    static func openRows(pointCount: Int, _ reader: SegmentReader) throws(QuiverError) -> SparseRowsView {
        let rows = unsafe try SparseRowsView(
            count: pointCount, datatype: .float32, offsets: reader.bytes(.sparseOffsets),
            indices: reader.bytes(.sparseIndices), values: reader.bytes(.vectors),
            ranges: UnsafeRawBufferPointer(start: nil, count: 0))
        guard let rows else { throw reader.damaged(SegmentChunk.sparseOffsets.rawValue) }
        return rows
    }

    func value(_ point: Int) -> VectorValue {
        var vector = SparseVector(indices: [], values: [])
        rows.copy(point, indices: &vector.indices, values: &vector.values)
        return .sparse(vector)
    }

    func place(_ placement: SegmentPlacement) {
        for chunk in chunks {
            guard let start = unsafe chunk.bytes.baseAddress else { continue }
            unsafe MappedMemory.place(start, bytes: chunk.bytes.count, placement.graph)
        }
    }
}

/// A number that is worked out once; two threads that ask at the same time both do.
private final class KnownCount: Sendable {
    private let count = Atomic(-1)

    func value(_ work: () -> Int) -> Int {
        let known = count.load(ordering: .relaxed)
        if known >= 0 { return known }
        let value = work()
        count.store(value, ordering: .relaxed)
        return value
    }
}

/// A part of the segment's map.
@safe private struct UnsafeRawBufferPointerBox: @unchecked Sendable {
    // @unchecked: read-only memory, which the segment keeps.
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }
}
