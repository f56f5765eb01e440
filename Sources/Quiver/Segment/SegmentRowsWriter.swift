import QuiverIndex
import QuiverLMDB
import QuiverModel

/// Writes the chunks of dense vectors and multivectors: the rows as they are stored, their codes, and the graph.
struct SegmentRowsWriter {
    let writer: SegmentWriter
    /// First row of each point, and the number of rows behind the last.
    private let offsets: [UInt32]

    private var field: VectorField { writer.field }
    private var dimension: Int { field.dimension }
    private var rowCount: Int { Int(offsets[offsets.count - 1]) }
    private var rowBytes: Int { dimension * field.element.byteCount }
    private var codeStride: Int { CodeEncoder.strideBytes(dimension: dimension) }
    private var usesCodes: Bool { field.metric.usesCodes }

    init(writer: SegmentWriter) {
        self.writer = writer
        var offsets: [UInt32] = [0]
        offsets.reserveCapacity(writer.rows.count + 1)
        var next: UInt32 = 0
        for row in writer.rows {
            next += UInt32(truncatingIfNeeded: writer.sources[Int(row.source)].rowCount(row.row))
            offsets.append(next)
        }
        self.offsets = offsets
    }

    /// An upper bound of what the chunks need, so that the map need not grow while pointers into it are used.
    func mapBytes(_ plan: IndexPlan?) -> Int {
        var bytes = rowCount * rowBytes
        if field.kind == .multi { bytes += offsets.count * 4 }
        if usesCodes { bytes += rowCount * (codeStride + CodeEncoder.termsBytes) }
        // Ground links, offsets, and the upper lists: fewer than one a point.
        if let graph = plan?.indexing.graph { bytes += writer.rows.count * (graph.m * 4 * 3 + 4) }
        return bytes
    }

    func write(_ environment: Environment, _ plan: IndexPlan?) throws(QuiverError) {
        try writer.inTransaction(environment) { transaction throws(QuiverError) in try putRows(&transaction) }
        try writer.inTransaction(environment) { transaction throws(QuiverError) in
            if usesCodes { try putCodes(&transaction) }
            try writer.put(meta(plan, graph: nil), &transaction)
        }
        if let plan, let parameters = plan.indexing.graph { try writeGraph(environment, plan, parameters) }
    }

    private func meta(_ plan: IndexPlan?, graph: SegmentMeta.Graph?) -> SegmentMeta {
        SegmentMeta(
            kind: field.segmentKind, metric: field.metric, element: field.element, dimension: dimension,
            pointCount: writer.rows.count, rowCount: rowCount, firstSlot: writer.first, lastSlot: writer.last,
            indexing: plan?.indexing.text ?? "", graph: graph)
    }

    // MARK: Rows

    private func putRows(_ transaction: inout WriteTransaction) throws(QuiverError) {
        if field.kind == .multi {
            unsafe try writer.put(.rowOffsets, bytes: offsets.count * 4, &transaction) { memory in
                unsafe offsets.withUnsafeBytes { unsafe memory.copyMemory(from: $0) }
            }
        }
        unsafe try writer.put(.vectors, bytes: rowCount * rowBytes, &transaction) { memory in
            guard let base = memory.baseAddress else { return }
            for (point, row) in writer.rows.enumerated() {
                let target = unsafe base + Int(offsets[point]) * rowBytes
                let source = writer.sources[Int(row.source)]
                if let stored = unsafe source.storedRows(row.row, as: field.element) {
                    unsafe target.copyMemory(from: stored, byteCount: rows(of: point).count * rowBytes)
                } else {
                    unsafe source.forEachRow(row.row, field) { index, floats in
                        unsafe RowEncoder.encode(
                            floats, dimension: dimension, as: field.element, into: target + index * rowBytes)
                    }
                }
            }
        }
    }

    private func rows(of point: Int) -> Range<Int> { Int(offsets[point])..<Int(offsets[point + 1]) }

    /// Codes of cosine are of rows of length 1. Rows are, but for those of bytes.
    private func putCodes(_ transaction: inout WriteTransaction) throws(QuiverError) {
        let normalises = field.distance == .cosine && !field.isNormalised
        var terms = [UInt8](repeating: 0, count: rowCount * CodeEncoder.termsBytes + 8)
        unsafe try writer.put(.codes, bytes: rowCount * codeStride, &transaction) { memory in
            let codes = unsafe memory.bindMemory(to: UInt8.self)
            unsafe terms.withUnsafeMutableBytes { terms in
                guard let base = codes.baseAddress, let termsBase = terms.baseAddress else { return }
                unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { scratch in
                    guard let scratch = scratch.baseAddress else { return }
                    for (point, row) in writer.rows.enumerated() {
                        let first = Int(offsets[point])
                        unsafe writer.sources[Int(row.source)].forEachRow(row.row, field) { index, floats in
                            var floats = unsafe floats
                            if normalises {
                                unsafe CodeEncoder.normalise(floats, dimension: dimension, into: scratch)
                                unsafe floats = UnsafePointer(scratch)
                            }
                            unsafe CodeEncoder.encode(
                                floats, dimension: dimension, codes: base + (first + index) * codeStride,
                                terms: termsBase + (first + index) * CodeEncoder.termsBytes)
                        }
                    }
                }
            }
        }
        unsafe try writer.put(.codeTerms, bytes: rowCount * CodeEncoder.termsBytes, &transaction) { memory in
            unsafe terms.withUnsafeBytes { unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<memory.count])) }
        }
    }

    // MARK: Graph

    private func writeGraph(
        _ environment: Environment, _ plan: IndexPlan, _ parameters: HNSWParameters
    ) throws(QuiverError) {
        let graph = try buildGraph(environment, plan, parameters)
        try writer.inTransaction(environment) { transaction throws(QuiverError) in
            let chunks = unsafe graph.chunks
            for unsafe (chunk, data) in unsafe [
                (SegmentChunk.links, chunks.links), (.upperOffsets, chunks.upperOffsets), (.upperLinks, chunks.upperLinks),
            ] {
                unsafe try writer.put(chunk, bytes: data.count, &transaction) { unsafe $0.copyMemory(from: data) }
            }
            try writer.put(
                meta(plan, graph: .init(m: graph.m, entryPoint: graph.entryPoint, topLevel: graph.topLevel)),
                &transaction)
        }
    }

    /// Builds on the rows and codes that were just written. The largest graph among the sources is kept.
    private func buildGraph(
        _ environment: Environment, _ plan: IndexPlan, _ parameters: HNSWParameters
    ) throws(QuiverError) -> HNSWGraph {
        let transaction = try mapping { () throws(LMDBError) in try environment.beginRead() }
        let reader = SegmentReader(transaction: transaction.handle, path: writer.temporaryPath)
        let written = try SealedRows(meta(plan, graph: nil), reader)
        let source: BuildSource
        if let codes = written.codes {
            source = BuildSource(codes: codes, metric: field.metric)
        } else {
            source = BuildSource(rows: written.stored, metric: field.metric)
        }
        do throws(IndexError) {
            guard let kept = keptGraph(plan) else {
                return try unsafe HNSWBuilder.build(
                    source, parameters: parameters, threads: plan.threads, control: plan.control)
            }
            return unsafe try kept.newRows.withUnsafeBufferPointer { newRows throws(IndexError) in
                try unsafe HNSWBuilder.extend(
                    kept.graph, mapping: newRows, source: source, parameters: parameters, threads: plan.threads,
                    control: plan.control)
            }
        } catch .cancelled {
            throw QuiverError(.closed, "the build of a graph was cancelled")
        } catch {
            throw .service("building a graph failed: \(error)")
        }
    }

    /// The largest source graph that was built in the same way, and where its points are now.
    private func keptGraph(_ plan: IndexPlan) -> (graph: GraphView, newRows: [UInt32])? {
        var best: (index: UInt32, graph: GraphView)?
        for (index, source) in writer.sources.enumerated() {
            guard case .sealed(let segment) = source, let graph = segment.graph,
                segment.indexing?.hasSameGraph(as: plan.indexing) == true,
                graph.rowCount > best?.graph.rowCount ?? 0
            else { continue }
            best = (UInt32(index), graph)
        }
        guard let best else { return nil }
        var newRows = [UInt32](repeating: .max, count: best.graph.rowCount)
        var kept = 0
        for (index, row) in writer.rows.enumerated() where row.source == best.index {
            newRows[Int(row.row)] = UInt32(truncatingIfNeeded: index)
            kept += 1
        }
        // With few rows left, healing costs more than building anew.
        return kept * 2 > best.graph.rowCount ? (best.graph, newRows) : nil
    }
}

extension SegmentSource {
    /// Of a point: 1 but for multivectors.
    func rowCount(_ point: UInt32) -> Int {
        switch self {
        case .growing(let view): view.field.kind == .multi ? view.numbers(point).rowCount : 1
        case .sealed(let segment): segment.rows?.rowRange(Int(point)).count ?? 1
        }
    }

    /// The rows of a point one after the other, where they are stored as `element` already.
    func storedRows(_ point: UInt32, as element: RowsView.Element) -> UnsafeRawPointer? {
        switch self {
        case .growing(let view):
            return unsafe element == .float32 ? UnsafeRawPointer(view.numbers(point).floats) : nil
        case .sealed(let segment):
            guard let rows = segment.rows, rows.stored.element == element else { return nil }
            return unsafe rows.stored.base + rows.rowRange(Int(point)).lowerBound * rows.stored.strideBytes
        }
    }

    /// Calls `body` with each row of a point as floats.
    func forEachRow(_ point: UInt32, _ field: VectorField, _ body: (Int, UnsafePointer<Float>) -> Void) {
        switch self {
        case .growing(let view):
            let numbers = view.numbers(point)
            for row in 0..<numbers.rowCount { unsafe body(row, numbers.floats + row * field.dimension) }
        case .sealed(let segment):
            guard let rows = segment.rows else { return }
            unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: field.dimension) { scratch in
                guard let scratch = scratch.baseAddress else { return }
                for (index, row) in rows.rowRange(Int(point)).enumerated() {
                    unsafe rows.stored.copy(row, into: scratch)
                    unsafe body(index, scratch)
                }
            }
        }
    }
}
