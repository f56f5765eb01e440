import QuiverIndex
import QuiverModel

/// The rows of a sealed segment of dense vectors or multivectors, with what is searched instead of them.
@safe struct SealedRows: @unchecked Sendable {
    // @unchecked: pointers into the segment's read-only map, which its owner keeps.
    let stored: RowsView
    /// Of multivectors: `pointCount + 1` entries, see `SegmentChunk.rowOffsets`.
    let offsets: UnsafePointer<UInt32>?
    /// Nil for Manhattan.
    let codes: CodesView?
    /// Nil for a segment without a graph.
    let graph: GraphView?

    init(_ meta: SegmentMeta, _ chunks: SegmentReader) throws(QuiverError) {
        let count = meta.rowCount
        let bytes = unsafe try chunks.data(
            .vectors, UInt8.self, count: count * meta.dimension * meta.element.byteCount)
        stored = unsafe RowsView(UnsafeRawPointer(bytes), meta.element, dimension: meta.dimension, count: count)
        unsafe offsets = meta.kind == .multi ? try SealedRows.openOffsets(meta, chunks) : nil
        codes = meta.metric.usesCodes ? try SealedRows.openCodes(count, meta.dimension, chunks) : nil
        graph = try meta.graph.map { graph throws(QuiverError) in
            try SealedRows.openGraph(graph, pointCount: meta.pointCount, chunks)
        }
    }

    private static func openOffsets(
        _ meta: SegmentMeta, _ chunks: SegmentReader
    ) throws(QuiverError) -> UnsafePointer<UInt32> {
        let offsets = unsafe try chunks.data(.rowOffsets, UInt32.self, count: meta.pointCount + 1)
        guard unsafe offsets[0] == 0, unsafe Int(offsets[meta.pointCount]) == meta.rowCount else {
            throw chunks.damaged(SegmentChunk.rowOffsets.rawValue)
        }
        return unsafe offsets
    }

    static func openCodes(
        _ count: Int, _ dimension: Int, _ chunks: SegmentReader
    ) throws(QuiverError) -> CodesView {
        let stride = CodeEncoder.strideBytes(dimension: dimension)
        return unsafe CodesView(
            codes: try chunks.data(.codes, UInt8.self, count: count * stride), strideBytes: stride,
            terms: UnsafeRawPointer(try chunks.data(.codeTerms, UInt8.self, count: count * CodeEncoder.termsBytes)),
            dimension: dimension, count: count)
    }

    private static func openGraph(
        _ graph: SegmentMeta.Graph, pointCount: Int, _ chunks: SegmentReader
    ) throws(QuiverError) -> GraphView {
        guard HNSWParameters.mRange.contains(graph.m), Int(graph.entryPoint) < pointCount else {
            throw chunks.damaged("meta")
        }
        let offsets = unsafe try chunks.data(.upperOffsets, UInt32.self, count: pointCount + 1)
        let upperWords = unsafe Int(offsets[pointCount]) * graph.m
        return unsafe GraphView(
            rowCount: pointCount, m: graph.m,
            links: try chunks.data(.links, UInt32.self, count: pointCount * 2 * graph.m), upperOffsets: offsets,
            upperLinks: try chunks.data(.upperLinks, UInt32.self, count: upperWords), entryPoint: graph.entryPoint,
            topLevel: graph.topLevel)
    }

    /// Nil for dense vectors.
    var groups: RowGroups? {
        guard let offsets = unsafe offsets else { return nil }
        return unsafe RowGroups(offsets: offsets)
    }

    /// The rows of a point.
    func rowRange(_ point: Int) -> Range<Int> {
        guard let offsets = unsafe offsets else { return point..<point + 1 }
        let first = unsafe Int(offsets[point])
        return first..<max(first, unsafe Int(offsets[point + 1]))
    }

    /// The vector of a point, a copy.
    func value(_ point: Int, _ kind: SegmentMeta.Kind) -> VectorValue {
        let vectors = rowRange(point).map { row in
            unsafe [Float](unsafeUninitializedCapacity: stored.dimension) { buffer, count in
                guard let base = buffer.baseAddress else { return }
                unsafe stored.copy(row, into: base)
                count = stored.dimension
            }
        }
        return kind == .multi ? .multi(vectors) : .dense(vectors.first ?? [])
    }

    // MARK: Placement

    func place(_ placement: SegmentPlacement) {
        unsafe MappedMemory.place(
            stored.base, bytes: stored.count * stored.strideBytes, placement.vectors, isRandom: true)
        if let codes {
            unsafe MappedMemory.place(codes.codes, bytes: codes.count * codes.strideBytes, placement.codes)
            unsafe MappedMemory.place(codes.terms, bytes: codes.count * CodeEncoder.termsBytes, placement.codes)
        }
        if let graph {
            unsafe MappedMemory.place(graph.links, bytes: graph.linkWords * 4, placement.graph)
            unsafe MappedMemory.place(graph.upperOffsets, bytes: graph.upperOffsetWords * 4, placement.graph)
            unsafe MappedMemory.place(graph.upperLinks, bytes: graph.upperLinkWords * 4, placement.graph)
        }
    }
}
