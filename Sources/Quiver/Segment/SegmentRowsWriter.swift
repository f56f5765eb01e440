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
    private let storage: RowStorage
    private var rowBytes: Int { storage.byteCount }
    private var codeStride: Int { CodeEncoder.strideBytes(dimension: dimension) }
    private var usesCodes: Bool { field.metric.usesCodes }

    init(writer: SegmentWriter) {
        self.writer = writer
        let field = writer.field
        storage = RowStorage(field.segmentDatatype, dimension: field.dimension, metric: field.metric)
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
        // Codes of a form take no more than the plain ones, but for short rows; and what has been learned for them.
        if plan?.indexing.quantization != nil { bytes += rowCount * (codeStride + 64) + dimension * 1100 + (1 << 20) }
        if let payloadM = plan?.indexing.linksPerValue, plan?.payloadGroups.isEmpty == false {
            bytes += writer.rows.count * payloadM * 8 + 64
        }
        // Ground links, offsets, and the upper lists: fewer than one a point.
        if let graph = plan?.indexing.graph { bytes += writer.rows.count * (graph.m * 4 * 3 + 4) }
        return bytes
    }

    func write(_ environment: Environment, _ plan: IndexPlan?) throws(QuiverError) {
        try writer.inTransaction(environment) { transaction throws(QuiverError) in try putRows(&transaction) }
        let quantization = plan.flatMap(\.indexing.quantization).map { SegmentQuantization($0, field) }
        var limit = Float.infinity
        if let quantile = quantization?.quantile {
            limit = try withSample(environment) { ScalarQuantile.clipLimit($0, quantile: quantile) }
        }
        try writer.inTransaction(environment) { transaction throws(QuiverError) in
            if usesCodes { try putCodes(limit: limit, &transaction) }
            try writer.put(meta(plan, graph: nil), &transaction)
        }
        if let plan, let form = quantization?.form { try writeQuantized(environment, form, plan) }
        if let plan, let parameters = plan.indexing.graph { try writeGraph(environment, plan, parameters) }
    }

    private func meta(_ plan: IndexPlan?, graph: SegmentMeta.Graph?) -> SegmentMeta {
        SegmentMeta(
            kind: field.segmentKind, metric: field.metric, datatype: field.segmentDatatype, dimension: dimension,
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
                if let stored = unsafe source.storedRows(row.row, as: field) {
                    unsafe target.copyMemory(from: stored, byteCount: rows(of: point).count * rowBytes)
                } else {
                    unsafe source.forEachRow(row.row, field) { index, floats in
                        unsafe storage.encode(floats, into: target + index * rowBytes)
                    }
                }
            }
        }
    }

    private func rows(of point: Int) -> Range<Int> { Int(offsets[point])..<Int(offsets[point + 1]) }

    /// Calls `body` with each row of a point as it is compared: for cosine of length 1, which stored bytes are not.
    private func forEachComparedRow(_ row: SegmentRow, _ body: (Int, UnsafePointer<Float>) -> Void) {
        let normalises = field.distance == .cosine && !field.isNormalised
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: normalises ? dimension : 1) { scratch in
            guard let scratch = scratch.baseAddress else { return }
            unsafe writer.sources[Int(row.source)].forEachRow(row.row, field) { index, floats in
                if normalises {
                    unsafe CodeEncoder.normalise(floats, dimension: dimension, into: scratch)
                    unsafe body(index, scratch)
                } else {
                    unsafe body(index, floats)
                }
            }
        }
    }

    private func putCodes(limit: Float, _ transaction: inout WriteTransaction) throws(QuiverError) {
        var terms = [UInt8](repeating: 0, count: rowCount * CodeEncoder.termsBytes + 8)
        unsafe try writer.put(.codes, bytes: rowCount * codeStride, &transaction) { memory in
            let codes = unsafe memory.bindMemory(to: UInt8.self)
            unsafe terms.withUnsafeMutableBytes { terms in
                guard let base = codes.baseAddress, let termsBase = terms.baseAddress else { return }
                for (point, row) in writer.rows.enumerated() {
                    let first = Int(offsets[point])
                    unsafe forEachComparedRow(row) { index, floats in
                        unsafe CodeEncoder.encode(
                            floats, dimension: dimension, codes: base + (first + index) * codeStride,
                            terms: termsBase + (first + index) * CodeEncoder.termsBytes, limit: limit)
                    }
                }
            }
        }
        unsafe try writer.put(.codeTerms, bytes: rowCount * CodeEncoder.termsBytes, &transaction) { memory in
            unsafe terms.withUnsafeBytes { unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<memory.count])) }
        }
    }

    // MARK: Quantization

    /// Rows that quantizers learn from, at most.
    static let sampleRows = 32_768

    /// Lends rows as they are compared: all of them where they are stored so, otherwise a copy of some, evenly apart.
    private func withSample<Answer>(
        _ environment: Environment, _ body: (RowsView) throws(QuiverError) -> Answer
    ) throws(QuiverError) -> Answer {
        if storage.isPlain {
            let transaction = try mapping { () throws(LMDBError) in try environment.beginRead() }
            let reader = SegmentReader(.transaction(transaction.handle), path: writer.temporaryPath)
            let floats = unsafe try reader.data(.vectors, Float.self, count: rowCount * dimension)
            return try body(
                unsafe RowsView(floats: floats, dimension: dimension, strideFloats: dimension, count: rowCount))
        }
        let step = max(1, writer.rows.count / SegmentRowsWriter.sampleRows)
        var floats: [Float] = []
        for point in Swift.stride(from: 0, to: writer.rows.count, by: step) {
            unsafe forEachComparedRow(writer.rows[point]) { _, row in
                unsafe floats.append(contentsOf: UnsafeBufferPointer(start: row, count: dimension))
            }
        }
        let count = floats.count / dimension
        return unsafe try floats.withUnsafeBufferPointer { (buffer) throws(QuiverError) in
            guard let base = buffer.baseAddress else { throw .service("a segment has no rows") }
            return try body(unsafe RowsView(floats: base, dimension: dimension, strideFloats: dimension, count: count))
        }
    }

    private func writeQuantized(
        _ environment: Environment, _ form: QuantizationForm, _ plan: IndexPlan
    ) throws(QuiverError) {
        let quantizer = try withSample(environment) { (sample) throws(QuiverError) in
            do throws(IndexError) {
                return try Quantizer.train(
                    form, rows: sample, metric: field.metric, threads: plan.threads, control: plan.control)
            } catch .cancelled {
                throw QuiverError(.closed, "the build of an index was cancelled")
            } catch {
                throw .service("training a quantizer failed: \(error)")
            }
        }
        let description = quantizer.encoded()
        let rowBytes = quantizer.strideBytes
        try writer.inTransaction(environment) { transaction throws(QuiverError) in
            unsafe try writer.put(.quantizer, bytes: description.count, &transaction) { memory in
                unsafe description.withUnsafeBytes { unsafe memory.copyMemory(from: $0) }
            }
            unsafe try writer.put(.quantized, bytes: rowCount * rowBytes, &transaction) { memory in
                guard let base = memory.baseAddress else { return }
                for (point, row) in writer.rows.enumerated() {
                    let target = unsafe base + Int(offsets[point]) * rowBytes
                    unsafe forEachComparedRow(row) { index, floats in
                        unsafe quantizer.encode(floats, into: target + index * rowBytes)
                    }
                }
            }
        }
    }

    // MARK: Graph

    private func writeGraph(
        _ environment: Environment, _ plan: IndexPlan, _ parameters: HNSWParameters
    ) throws(QuiverError) {
        let graph = try buildGraph(environment, plan, parameters)
        let payloadLinks = try buildPayloadLinks(environment, plan)
        try writer.inTransaction(environment) { transaction throws(QuiverError) in
            let chunks = unsafe graph.chunks
            for unsafe (chunk, data) in unsafe [
                (SegmentChunk.links, chunks.links), (.upperOffsets, chunks.upperOffsets), (.upperLinks, chunks.upperLinks),
            ] {
                unsafe try writer.put(chunk, bytes: data.count, &transaction) { unsafe $0.copyMemory(from: data) }
            }
            if let payloadLinks {
                unsafe try writer.put(.payloadLinks, bytes: payloadLinks.count, &transaction) { memory in
                    unsafe payloadLinks.withUnsafeBytes { unsafe memory.copyMemory(from: $0) }
                }
            }
            try writer.put(
                meta(plan, graph: .init(
                    m: graph.m, entryPoint: graph.entryPoint, topLevel: graph.topLevel, linkBytes: graph.linkBytes)),
                &transaction)
        }
    }

    /// Builds on the rows and codes that were just written. The largest graph among the sources is kept.
    private func buildGraph(
        _ environment: Environment, _ plan: IndexPlan, _ parameters: HNSWParameters
    ) throws(QuiverError) -> HNSWGraph {
        let transaction = try mapping { () throws(LMDBError) in try environment.beginRead() }
        let source = try buildSource(transaction.handle, plan)
        return try building { () throws(IndexError) in
            guard let kept = keptGraph(plan) else {
                return try unsafe HNSWBuilder.build(
                    source, parameters: parameters, threads: plan.threads, control: plan.control)
            }
            return unsafe try kept.newRows.withUnsafeBufferPointer { newRows throws(IndexError) in
                try unsafe HNSWBuilder.extend(
                    kept.graph, mapping: newRows, source: source, parameters: parameters, threads: plan.threads,
                    control: plan.control)
            }
        }
    }

    /// The rows and codes that were just written, where they lie.
    private func buildSource(_ transaction: TransactionHandle, _ plan: IndexPlan) throws(QuiverError) -> BuildSource {
        let reader = SegmentReader(.transaction(transaction), path: writer.temporaryPath)
        let written = try SealedRows(meta(plan, graph: nil), reader)
        var source: BuildSource
        if let codes = written.codes {
            source = BuildSource(codes: codes, metric: field.metric)
        } else if case .numbers(let rows) = written.stored {
            source = BuildSource(rows: rows, metric: field.metric)
        } else {
            // `SegmentIndexing` wants none here.
            throw .service("no graph can be built on these rows")
        }
        if let groups = written.groups { source = source.grouped(groups, count: writer.rows.count) }
        return source
    }

    private func building<Value>(_ body: () throws(IndexError) -> Value) throws(QuiverError) -> Value {
        do throws(IndexError) {
            return try body()
        } catch .cancelled {
            throw QuiverError(.closed, "the build of a graph was cancelled")
        } catch {
            throw .service("building a graph failed: \(error)")
        }
    }

    /// Links among the points of each group that the plan has; nil when there are none to make.
    private func buildPayloadLinks(_ environment: Environment, _ plan: IndexPlan) throws(QuiverError) -> [UInt8]? {
        guard let payloadM = plan.indexing.linksPerValue else { return nil }
        // A value of nearly all points is no way to be lost in the graph.
        let most = writer.rows.count / 10 * 9
        let groups = plan.payloadGroups.map(rowsOfSlots).filter { $0.count >= plan.leastGroupRows && $0.count <= most }
        guard !groups.isEmpty else { return nil }
        let transaction = try mapping { () throws(LMDBError) in try environment.beginRead() }
        let source = try buildSource(transaction.handle, plan)
        return try building { () throws(IndexError) in
            try PayloadLinks.build(
                groups, source: source,
                parameters: HNSWParameters(m: payloadM, efConstruct: plan.indexing.efConstruct),
                threads: plan.threads, control: plan.control)
        }
    }

    /// The points of this segment among ascending slots.
    private func rowsOfSlots(_ slots: [UInt32]) -> [UInt32] {
        var found: [UInt32] = []
        var row = 0
        for slot in slots {
            while row < writer.rows.count, writer.rows[row].slot < slot { row += 1 }
            if row == writer.rows.count { break }
            if writer.rows[row].slot == slot { found.append(UInt32(truncatingIfNeeded: row)) }
        }
        return found
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
        case .sealed, .remains: sealedRows?.rowRange(Int(point)).count ?? 1
        }
    }

    /// The rows of a point one after the other, where they are stored as the field has it already.
    func storedRows(_ point: UInt32, as field: VectorField) -> UnsafeRawPointer? {
        switch self {
        case .growing(let view):
            return unsafe field.datatype == .float32 ? UnsafeRawPointer(view.numbers(point).floats) : view.stored(point)
        case .sealed, .remains:
            guard let rows = sealedRows else { return nil }
            return unsafe rows.stored.base + rows.rowRange(Int(point)).lowerBound * rows.stored.strideBytes
        }
    }

    /// Calls `body` with each row of a point as floats.
    func forEachRow(_ point: UInt32, _ field: VectorField, _ body: (Int, UnsafePointer<Float>) -> Void) {
        switch self {
        case .growing(let view):
            let numbers = view.numbers(point)
            for row in 0..<numbers.rowCount { unsafe body(row, numbers.floats + row * field.dimension) }
        case .sealed, .remains:
            guard let rows = sealedRows else { return }
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
