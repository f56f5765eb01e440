import QuiverIndex
import QuiverLMDB
import QuiverModel

/// Writes the chunks of sparse vectors: their rows, and the inverted index, which is built on the rows in the map.
///
/// Values are written as they came, whatever the datatype: it would save a byte or two of eleven a component, the index
/// has codes of one byte anyway, and answers are exact this way.
struct SegmentSparseWriter {
    let writer: SegmentWriter
    /// Behind the last entry of each row.
    private let ends: [UInt64]

    private var entryCount: Int { Int(ends.last ?? 0) }

    init(writer: SegmentWriter) {
        self.writer = writer
        var ends: [UInt64] = []
        ends.reserveCapacity(writer.rows.count)
        var end: UInt64 = 0
        for row in writer.rows {
            end += UInt64(writer.sources[Int(row.source)].entryCount(row.row))
            ends.append(end)
        }
        self.ends = ends
    }

    /// An upper bound: each entry an index, a value, and in the worst case a term with a slice of its own.
    func mapBytes() -> Int { (ends.count + 1) * 8 + entryCount * 8 + SparseIndexBuilder.mostBytes(entries: entryCount) }

    func write(_ environment: Environment, _ plan: IndexPlan?) throws(QuiverError) {
        try writer.inTransaction(environment) { transaction throws(QuiverError) in try putRows(&transaction) }
        let chunks = try build(environment, plan?.control)
        try writer.inTransaction(environment) { transaction throws(QuiverError) in
            for unsafe (chunk, data) in unsafe [
                (SegmentChunk.sparseTerms, chunks.terms), (.sparseSlices, chunks.slices), (.sparsePostings, chunks.postings),
            ] {
                unsafe try writer.put(chunk, bytes: data.count, &transaction) {
                    unsafe $0.copyMemory(from: UnsafeRawBufferPointer(data))
                }
            }
            try writer.put(meta(plan), &transaction)
        }
    }

    private func meta(_ plan: IndexPlan?) -> SegmentMeta {
        SegmentMeta(
            kind: .sparse, metric: writer.field.metric, datatype: .float32, dimension: 0, pointCount: ends.count,
            rowCount: ends.count, firstSlot: writer.first, lastSlot: writer.last, indexing: plan?.indexing.text ?? "")
    }

    private func putRows(_ transaction: inout WriteTransaction) throws(QuiverError) {
        unsafe try writer.put(.sparseOffsets, bytes: (ends.count + 1) * 8, &transaction) { memory in
            unsafe memory.storeBytes(of: 0, as: UInt64.self)
            unsafe ends.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(rebasing: memory[8...]).copyMemory(from: $0) }
        }
        unsafe try writer.put(.sparseIndices, bytes: entryCount * 4, &transaction) { memory in
            guard var target = memory.baseAddress else { return }
            for row in writer.rows {
                unsafe writer.sources[Int(row.source)].withEntries(row.row) { indices, _, count in
                    unsafe target.copyMemory(from: indices, byteCount: 4 * count)
                    unsafe target += 4 * count
                }
            }
        }
        unsafe try writer.put(.vectors, bytes: entryCount * 4, &transaction) { memory in
            guard var target = memory.baseAddress else { return }
            for row in writer.rows {
                unsafe writer.sources[Int(row.source)].withEntries(row.row) { _, values, count in
                    unsafe target.copyMemory(from: values, byteCount: 4 * count)
                    unsafe target += 4 * count
                }
            }
        }
    }

    /// Reads the rows that were just written.
    private func build(_ environment: Environment, _ control: BuildControl?) throws(QuiverError) -> SparseIndexChunks {
        let transaction = try mapping { () throws(LMDBError) in try environment.beginRead() }
        let reader = SegmentReader(.transaction(transaction.handle), path: writer.temporaryPath)
        let rows = try SealedSparse.openRows(pointCount: ends.count, reader)
        do throws(IndexError) {
            return try SparseIndexBuilder.build(rows, control: control)
        } catch .cancelled {
            throw QuiverError(.closed, "the build of an index was cancelled")
        } catch {
            throw .service("building an index failed: \(error)")
        }
    }
}

extension SegmentSource {
    /// Of a sparse vector.
    fileprivate func entryCount(_ point: UInt32) -> Int {
        switch self {
        case .growing(let view): view.numbers(point).count
        case .sealed(let segment): segment.sparse?.rows.entryCount(of: Int(point)) ?? 0
        case .remains(let remains): remains.sparse?.entryCount(of: Int(point)) ?? 0
        }
    }

    /// Indices and values of a sparse vector.
    fileprivate func withEntries(
        _ point: UInt32, _ body: (UnsafePointer<UInt32>, UnsafePointer<Float>, Int) -> Void
    ) {
        switch self {
        case .growing(let view):
            let numbers = view.numbers(point)
            if let indices = unsafe numbers.indices { unsafe body(indices, numbers.floats, numbers.count) }
        case .sealed(let segment):
            unsafe segment.sparse?.rows.withFloatEntries(of: Int(point), body)
        case .remains(let remains): unsafe remains.sparse?.withFloatEntries(of: Int(point), body)
        }
    }
}
