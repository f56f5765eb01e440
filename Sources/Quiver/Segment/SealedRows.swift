import QuiverIndex
import QuiverModel

/// The rows of a sealed segment of dense vectors or multivectors, with what is searched instead of them.
@safe struct SealedRows: @unchecked Sendable {
    // @unchecked: pointers into the segment's read-only map, which its owner keeps.
    let stored: StoredRows
    let pointCount: Int
    /// Of multivectors: `pointCount + 1` entries, see `SegmentChunk.rowOffsets`.
    let offsets: UnsafePointer<UInt32>?
    /// Nil for Manhattan.
    let codes: CodesView?
    /// Whether `codes` cut off large values, as a configured quantile wants it.
    let codesAreClipped: Bool
    /// What is searched instead of `codes` where the collection has its vectors quantized.
    let quantized: QuantizedView?
    /// Nil for a segment without a graph.
    let graph: GraphView?
    /// More links between points that share payload values; only with a graph.
    let payloadLinks: PayloadLinks?

    init(_ meta: SegmentMeta, _ chunks: SegmentReader) throws(QuiverError) {
        let count = meta.rowCount
        pointCount = meta.pointCount
        stored = try SealedRows.openStored(meta, chunks)
        unsafe offsets = meta.kind == .multi ? try SealedRows.openOffsets(meta, chunks) : nil
        codes = meta.metric.usesCodes ? try SealedRows.openCodes(count, meta.dimension, chunks) : nil
        codesAreClipped = SegmentIndexing(text: meta.indexing)?.quantization?.clips ?? false
        quantized = try chunks.isPresent(.quantizer) ? SealedRows.openQuantized(meta, chunks) : nil
        graph = try meta.graph.map { graph throws(QuiverError) in
            try SealedRows.openGraph(graph, pointCount: meta.pointCount, chunks)
        }
        payloadLinks = try chunks.isPresent(.payloadLinks) ? SealedRows.openPayloadLinks(meta, chunks) : nil
    }

    /// The rows alone, of a segment whose other parts are damaged.
    init(primaryOf meta: SegmentMeta, _ chunks: SegmentReader) throws(QuiverError) {
        pointCount = meta.pointCount
        stored = try SealedRows.openStored(meta, chunks)
        unsafe offsets = meta.kind == .multi ? try SealedRows.openOffsets(meta, chunks) : nil
        codes = nil
        codesAreClipped = false
        quantized = nil
        graph = nil
        payloadLinks = nil
    }

    private static func openStored(_ meta: SegmentMeta, _ chunks: SegmentReader) throws(QuiverError) -> StoredRows {
        let storage = RowStorage(meta.datatype, dimension: meta.dimension, metric: meta.metric)
        return unsafe storage.view(
            unsafe UnsafeRawPointer(try chunks.data(.vectors, UInt8.self, count: meta.rowCount * storage.byteCount)),
            count: meta.rowCount)
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

    private static func openQuantized(
        _ meta: SegmentMeta, _ chunks: SegmentReader
    ) throws(QuiverError) -> QuantizedView {
        guard let quantizer = unsafe Quantizer(try chunks.bytes(.quantizer)), quantizer.dimension == meta.dimension,
            quantizer.metric == meta.metric
        else { throw chunks.damaged(SegmentChunk.quantizer.rawValue) }
        let rows = unsafe try chunks.data(.quantized, UInt8.self, count: meta.rowCount * quantizer.strideBytes)
        return unsafe QuantizedView(quantizer: quantizer, base: UnsafeRawPointer(rows), count: meta.rowCount)
    }

    private static func openPayloadLinks(
        _ meta: SegmentMeta, _ chunks: SegmentReader
    ) throws(QuiverError) -> PayloadLinks {
        guard let payloadM = SegmentIndexing(text: meta.indexing)?.linksPerValue else {
            throw chunks.damaged(SegmentChunk.payloadLinks.rawValue)
        }
        return unsafe PayloadLinks(
            rowCount: meta.pointCount, payloadM: payloadM,
            base: try chunks.data(
                .payloadLinks, UInt8.self,
                count: PayloadLinks.chunkBytes(rowCount: meta.pointCount, payloadM: payloadM)))
    }

    private static func openGraph(
        _ graph: SegmentMeta.Graph, pointCount: Int, _ chunks: SegmentReader
    ) throws(QuiverError) -> GraphView {
        guard HNSWParameters.mRange.contains(graph.m), Int(graph.entryPoint) < pointCount,
            GraphView.linkBytes(rowCount: pointCount)...4 ~= graph.linkBytes
        else { throw chunks.damaged("meta") }
        let offsets = unsafe try chunks.data(.upperOffsets, UInt32.self, count: pointCount + 1)
        let upperWords = unsafe Int(offsets[pointCount]) * graph.m
        guard upperWords > 0 || graph.topLevel == 0 else { throw chunks.damaged("meta") }
        return unsafe GraphView(
            rowCount: pointCount, m: graph.m,
            links: try chunks.data(
                .links, UInt8.self,
                count: GraphView.linkChunkBytes(rowCount: pointCount, m: graph.m, linkBytes: graph.linkBytes)),
            linkBytes: graph.linkBytes, upperOffsets: offsets,
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

    /// Asks for the stored vectors of points together: the disk then reads them side by side, where one after the other
    /// would each be waited for.
    func fetch(_ candidates: Slice<UnsafeBufferPointer<Candidate>>) {
        for unsafe candidate in unsafe candidates {
            let rows = rowRange(Int(candidate.row))
            unsafe MappedMemory.fetch(
                stored.base + rows.lowerBound * stored.strideBytes, bytes: rows.count * stored.strideBytes)
        }
    }

    func place(_ placement: SegmentPlacement) {
        unsafe MappedMemory.place(
            stored.base, bytes: stored.count * stored.strideBytes, placement.vectors, isRandom: true)
        if let quantized {
            unsafe MappedMemory.place(
                quantized.base, bytes: quantized.count * quantized.quantizer.strideBytes, placement.codes)
        } else if let codes {
            unsafe MappedMemory.place(codes.codes, bytes: codes.count * codes.strideBytes, placement.codes)
            unsafe MappedMemory.place(codes.terms, bytes: codes.count * CodeEncoder.termsBytes, placement.codes)
        }
        if let graph {
            unsafe MappedMemory.place(
                graph.links,
                bytes: GraphView.linkChunkBytes(rowCount: graph.rowCount, m: graph.m, linkBytes: graph.linkBytes),
                placement.graph)
            unsafe MappedMemory.place(graph.upperOffsets, bytes: graph.upperOffsetWords * 4, placement.graph)
            unsafe MappedMemory.place(graph.upperLinks, bytes: graph.upperLinkWords * 4, placement.graph)
        }
    }
}
