import Glibc

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
    let rows: RowsView
    /// Nil for Manhattan.
    let codes: CodesView?
    /// Nil for a flat segment.
    let graph: GraphView?

    private let transaction: ReadTransaction

    var rowCount: Int { meta.rowCount }

    /// - Parameter onDisk: true leaves the vectors on disk until they are needed, false reads them ahead, nil leaves
    ///   it to the system.
    init(id: UInt64, path: String, onDisk: Bool?) throws(QuiverError) {
        self.id = id
        self.path = path
        let environment = try SealedSegment.openFile(path)
        let transaction = try mapping { () throws(LMDBError) in try environment.beginRead() }
        let chunks = SegmentReader(transaction: transaction.handle, path: path)
        let meta = try chunks.meta()
        let count = meta.rowCount
        slots = unsafe SlotTable(
            slots: try chunks.data(.slots, UInt32.self, count: count), count: count,
            bitmap: try chunks.data(
                .slotBitmap, UInt64.self, count: SlotTable.wordCount(first: meta.firstSlot, last: meta.lastSlot)),
            ranks: try chunks.data(
                .slotRanks, UInt32.self, count: SlotTable.rankCount(first: meta.firstSlot, last: meta.lastSlot)),
            firstSlot: meta.firstSlot, lastSlot: meta.lastSlot)
        let floats = unsafe try chunks.data(.vectors, Float.self, count: count * meta.dimension)
        rows = unsafe RowsView(floats: floats, dimension: meta.dimension, strideFloats: meta.dimension, count: count)
        if meta.metric.usesCodes {
            let stride = CodeEncoder.strideBytes(dimension: meta.dimension)
            codes = unsafe CodesView(
                codes: try chunks.data(.codes, UInt8.self, count: count * stride), strideBytes: stride,
                terms: UnsafeRawPointer(try chunks.data(.codeTerms, UInt8.self, count: count * CodeEncoder.termsBytes)),
                dimension: meta.dimension, count: count)
        } else {
            codes = nil
        }
        graph = try meta.graph.map { graph throws(QuiverError) in
            try SealedSegment.openGraph(graph, rowCount: count, chunks)
        }
        self.meta = meta
        self.transaction = transaction
        if let onDisk { unsafe SealedSegment.advise(floats, bytes: count * meta.dimension * 4, onDisk: onDisk) }
    }

    /// Advice is about whole pages.
    private static func advise(_ floats: UnsafePointer<Float>, bytes: Int, onDisk: Bool) {
        let page = UInt(getpagesize())
        let start = UInt(bitPattern: floats) / page * page
        let end = UInt(bitPattern: floats) + UInt(bytes)
        guard let base = unsafe UnsafeMutableRawPointer(bitPattern: start) else { return }
        _ = unsafe madvise(base, Int(end - start), onDisk ? MADV_RANDOM : MADV_WILLNEED)
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

    private static func openGraph(
        _ graph: SegmentMeta.Graph, rowCount: Int, _ chunks: SegmentReader
    ) throws(QuiverError) -> GraphView {
        guard HNSWParameters.mRange.contains(graph.m), Int(graph.entryPoint) < rowCount,
            GraphView.linkBytes(rowCount: rowCount)...4 ~= graph.linkBytes
        else { throw chunks.damaged("meta") }
        let offsets = unsafe try chunks.data(.upperOffsets, UInt32.self, count: rowCount + 1)
        let upperWords = unsafe Int(offsets[rowCount]) * graph.m
        return unsafe GraphView(
            rowCount: rowCount, m: graph.m,
            links: try chunks.data(
                .links, UInt8.self,
                count: GraphView.linkChunkBytes(rowCount: rowCount, m: graph.m, linkBytes: graph.linkBytes)),
            linkBytes: graph.linkBytes, upperOffsets: offsets,
            upperLinks: try chunks.data(.upperLinks, UInt32.self, count: upperWords), entryPoint: graph.entryPoint,
            topLevel: graph.topLevel)
    }

    /// Compares every chunk with its checksum. Reads the whole file.
    func verify() throws(QuiverError) {
        try SegmentReader(transaction: transaction.handle, path: path).verify()
    }

    /// The vector of row `row`, `dimension` floats.
    func vector(_ row: UInt32) -> UnsafeBufferPointer<Float> {
        unsafe UnsafeBufferPointer(start: rows.floats + Int(row) * rows.strideFloats, count: rows.dimension)
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

    private func bytes(_ chunk: SegmentChunk) throws(QuiverError) -> UnsafeRawBufferPointer {
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
        for chunk in SegmentChunk.allCases where chunk.isPresent(in: meta) {
            let data = unsafe try bytes(chunk)
            guard let header = unsafe data.baseAddress.map({ unsafe $0 - SegmentFormat.headerBytes }),
                let digest = unsafe Checksum.sha256(data)
            else { throw damaged(chunk.rawValue) }
            let stored = unsafe UnsafeRawBufferPointer(start: header + 16, count: Checksum.bytes)
            guard unsafe stored.elementsEqual(digest) else { throw damaged(chunk.rawValue + " (checksum)") }
        }
    }
}

extension SegmentChunk {
    func isPresent(in meta: SegmentMeta) -> Bool {
        switch self {
        case .slots, .slotBitmap, .slotRanks, .vectors: true
        case .codes, .codeTerms: meta.metric.usesCodes
        case .links, .upperOffsets, .upperLinks: meta.graph != nil
        }
    }
}
