import Glibc

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

    func vector(_ row: UInt32) -> UnsafePointer<Float> {
        switch self {
        case .growing(let view): unsafe view.vector(row)
        case .sealed(let segment): unsafe segment.rows.floats + Int(row) * segment.rows.strideFloats
        }
    }
}

/// How the graph of a new segment is built.
struct GraphPlan {
    var parameters: HNSWParameters
    var threads: Int
    var control: BuildControl
}

/// Writes a segment file: first the vectors and codes, then, reading those from the map, the graph.
///
/// So a build needs memory for the links only; vectors and codes lie in the page cache.
struct SegmentWriter {
    /// Where the file will be. While it is written it has `.tmp` behind its name.
    let path: String
    let metric: Metric
    let dimension: Int
    let sources: [SegmentSource]
    /// In ascending order of slots, each slot once; not empty.
    let rows: [SegmentRow]

    private var temporaryPath: String { path + ".tmp" }

    /// Writes the file and makes it durable under its name.
    func write(graph: GraphPlan?) throws(QuiverError) {
        discard()
        do throws(QuiverError) {
            try writeTemporary(graph: graph)
            do throws(FileError) {
                try Files.rename(temporaryPath, to: path)
            } catch {
                throw QuiverError(error)
            }
        } catch {
            discard()
            throw error
        }
    }

    private func discard() {
        Files.remove(temporaryPath)
    }

    /// Nobody else knows the file, so it needs no lock file.
    private func writeTemporary(graph plan: GraphPlan?) throws(QuiverError) {
        let environment = try mapping { () throws(LMDBError) in
            try Environment(path: temporaryPath, options: .init(mapSizeBytes: mapBytes(plan), maxReaders: 4, maxDatabases: 1, noLock: true))
        }
        try writeRows(environment)
        if let plan { try writeGraph(environment, plan) }
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

    private var first: UInt32 { rows.first?.slot ?? 0 }
    private var last: UInt32 { rows.last?.slot ?? 0 }
    private var codeStride: Int { CodeEncoder.strideBytes(dimension: dimension) }

    /// An upper bound of what the file needs, so that the map need not grow while pointers into it are used.
    private func mapBytes(_ plan: GraphPlan?) -> Int {
        var bytesPerRow = dimension * 4 + 4
        if metric.usesCodes { bytesPerRow += codeStride + CodeEncoder.termsBytes }
        // Ground links, offsets, and the upper lists: fewer than one a row.
        if let plan { bytesPerRow += plan.parameters.m * 4 * 3 + 4 }
        let slotBytes = SlotTable.wordCount(first: first, last: last) * 9
        let bytes = rows.count * bytesPerRow + slotBytes
        return (bytes + bytes / 8 + (4 << 20)) / 4096 * 4096
    }

    /// LMDB keeps what a transaction writes in memory until it commits: so each large chunk has its own.
    private func writeRows(_ environment: Environment) throws(QuiverError) {
        try inTransaction(environment) { transaction throws(QuiverError) in try putSlots(&transaction) }
        try inTransaction(environment) { transaction throws(QuiverError) in try putVectors(&transaction) }
        try inTransaction(environment) { transaction throws(QuiverError) in
            if metric.usesCodes { try putCodes(&transaction) }
            try putMeta(graph: nil, &transaction)
        }
    }

    private func inTransaction(
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
    }

    private func putVectors(_ transaction: inout WriteTransaction) throws(QuiverError) {
        let count = rows.count
        unsafe try put(.vectors, bytes: count * dimension * 4, &transaction) { memory in
            let floats = unsafe memory.bindMemory(to: Float.self)
            guard let base = floats.baseAddress else { return }
            for index in 0..<count {
                let row = rows[index]
                unsafe (base + index * dimension).update(from: sources[Int(row.source)].vector(row.row), count: dimension)
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

    private func putCodes(_ transaction: inout WriteTransaction) throws(QuiverError) {
        let count = rows.count
        var terms = [UInt8](repeating: 0, count: count * CodeEncoder.termsBytes + 8)
        unsafe try put(.codes, bytes: count * codeStride, &transaction) { memory in
            let codes = unsafe memory.bindMemory(to: UInt8.self)
            unsafe terms.withUnsafeMutableBytes { terms in
                guard let base = codes.baseAddress, let termsBase = terms.baseAddress else { return }
                for index in 0..<count {
                    let row = rows[index]
                    unsafe CodeEncoder.encode(
                        sources[Int(row.source)].vector(row.row), dimension: dimension, codes: base + index * codeStride,
                        terms: termsBase + index * CodeEncoder.termsBytes)
                }
            }
        }
        unsafe try put(.codeTerms, bytes: count * CodeEncoder.termsBytes, &transaction) { memory in
            unsafe terms.withUnsafeBytes { unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<memory.count])) }
        }
    }

    private func writeGraph(_ environment: Environment, _ plan: GraphPlan) throws(QuiverError) {
        let graph = try buildGraph(environment, plan)
        var transaction = try mapping { () throws(LMDBError) in try environment.beginWrite() }
        let chunks = unsafe graph.chunks
        for unsafe (chunk, data) in unsafe [
            (SegmentChunk.links, chunks.links), (.upperOffsets, chunks.upperOffsets), (.upperLinks, chunks.upperLinks),
        ] {
            unsafe try put(chunk, bytes: data.count, &transaction) { unsafe $0.copyMemory(from: data) }
        }
        try putMeta(
            graph: .init(
                m: graph.m, entryPoint: graph.entryPoint, topLevel: graph.topLevel, linkBytes: graph.linkBytes),
            &transaction)
        try transaction.finish()
    }

    /// Builds on the vectors and codes that were just written. The largest graph among the sources is kept.
    private func buildGraph(_ environment: Environment, _ plan: GraphPlan) throws(QuiverError) -> HNSWGraph {
        let transaction = try mapping { () throws(LMDBError) in try environment.beginRead() }
        let reader = SegmentReader(transaction: transaction.handle, path: temporaryPath)
        let count = rows.count
        let source: BuildSource
        if metric.usesCodes {
            source = unsafe BuildSource(
                codes: CodesView(
                    codes: try reader.data(.codes, UInt8.self, count: count * codeStride), strideBytes: codeStride,
                    terms: UnsafeRawPointer(
                        try reader.data(.codeTerms, UInt8.self, count: count * CodeEncoder.termsBytes)),
                    dimension: dimension, count: count),
                metric: metric)
        } else {
            source = unsafe BuildSource(
                rows: RowsView(
                    floats: try reader.data(.vectors, Float.self, count: count * dimension), dimension: dimension,
                    strideFloats: dimension, count: count),
                metric: metric)
        }
        do throws(IndexError) {
            guard let kept = keptGraph(plan) else {
                return try unsafe HNSWBuilder.build(
                    source, parameters: plan.parameters, threads: plan.threads, control: plan.control)
            }
            return unsafe try kept.newRows.withUnsafeBufferPointer { newRows throws(IndexError) in
                try unsafe HNSWBuilder.extend(
                    kept.graph, mapping: newRows, source: source, parameters: plan.parameters, threads: plan.threads,
                    control: plan.control)
            }
        } catch .cancelled {
            throw QuiverError(.closed, "the build of a graph was cancelled")
        } catch {
            throw .service("building a graph failed: \(error)")
        }
    }

    /// The largest source graph with the same `m`, and where its rows are now.
    private func keptGraph(_ plan: GraphPlan) -> (graph: GraphView, newRows: [UInt32])? {
        var best: (index: UInt32, segment: SealedSegment, graph: GraphView)?
        for (index, source) in sources.enumerated() {
            guard case .sealed(let segment) = source, let graph = segment.graph, graph.m == plan.parameters.m,
                graph.rowCount > best?.graph.rowCount ?? 0
            else { continue }
            best = (UInt32(index), segment, graph)
        }
        guard let best else { return nil }
        var newRows = [UInt32](repeating: .max, count: best.graph.rowCount)
        var kept = 0
        for (index, row) in rows.enumerated() where row.source == best.index {
            newRows[Int(row.row)] = UInt32(truncatingIfNeeded: index)
            kept += 1
        }
        // With few rows left, healing costs more than building anew.
        return kept * 2 > best.graph.rowCount ? (best.graph, newRows) : nil
    }

    private func putMeta(graph: SegmentMeta.Graph?, _ transaction: inout WriteTransaction) throws(QuiverError) {
        let meta = SegmentMeta(
            metric: metric, dimension: dimension, rowCount: rows.count, firstSlot: first, lastSlot: last, graph: graph)
        do throws(LMDBError) {
            try transaction.put(.main, SegmentFormat.metaKey, meta.encoded())
        } catch {
            throw QuiverError(error)
        }
    }

    /// Reserves a chunk, lets `fill` write its data, and completes its header.
    private func put(
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
