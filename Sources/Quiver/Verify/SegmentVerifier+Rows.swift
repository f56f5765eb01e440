import QuiverIndex
import QuiverModel

extension SegmentVerifier {
    /// Rows of which codes may differ: where a machine of another kind wrote them, the last bit of a scale may.
    private static let differingShare = 100

    func checkRows(_ segment: SealedSegment, _ rows: SealedRows) {
        if let offsets = unsafe rows.offsets {
            for point in 0..<segment.pointCount where unsafe offsets[point] >= offsets[point + 1] {
                add(.primary, "chunk row_offsets", "does not ascend at point \(point)")
                return
            }
        }
        checkNumbers(rows)
        // What is first sealed of stored codes has its own codes from the numbers that came in.
        if segment.meta.datatype == .turbo4, segment.indexing == nil { return }
        let compared = ComparedRows(rows, field)
        if let codes = rows.codes { checkCodes(codes, compared, segment) }
        if let quantized = rows.quantized { checkQuantized(quantized, compared) }
    }

    private func checkNumbers(_ rows: SealedRows) {
        guard case .numbers(let view) = rows.stored, view.element != .uint8 else { return }
        var wrong = 0
        var floats = [Float](repeating: 0, count: view.dimension)
        for row in 0..<view.count {
            unsafe floats.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                unsafe view.copy(row, into: base)
            }
            if !floats.allSatisfy(\.isFinite) { wrong += 1 }
        }
        if wrong > 0 { add(.primary, "chunk vectors", "\(wrong) rows hold what is no finite number") }
    }

    private func checkCodes(_ codes: CodesView, _ rows: ComparedRows, _ segment: SealedSegment) {
        var limit = Float.infinity
        if let config = segment.indexing?.quantization, let quantile = SegmentQuantization(config, field).quantile {
            limit = rows.withSample { ScalarQuantile.clipLimit($0, quantile: quantile) }
        }
        let termsBytes = CodeEncoder.termsBytes
        var differing = 0
        unsafe withUnsafeTemporaryAllocation(byteCount: codes.strideBytes + termsBytes, alignment: 64) { memory in
            guard let base = memory.baseAddress else { return }
            let made = unsafe base.assumingMemoryBound(to: UInt8.self)
            unsafe rows.forEach { row, floats in
                unsafe CodeEncoder.encode(
                    floats, dimension: codes.dimension, codes: made, terms: base + codes.strideBytes, limit: limit)
                let kept = unsafe UnsafeRawBufferPointer(start: codes.codes + row * codes.strideBytes, count: codes.dimension)
                let terms = unsafe UnsafeRawBufferPointer(start: codes.terms + row * termsBytes, count: termsBytes)
                let isSame = unsafe SegmentVerifier.areNear(
                    kept, UnsafeRawBufferPointer(start: made, count: codes.dimension))
                    && SegmentVerifier.areNear(
                        terms: terms, UnsafeRawBufferPointer(start: base + codes.strideBytes, count: termsBytes))
                if !isSame { differing += 1 }
            }
        }
        if differing > codes.count / SegmentVerifier.differingShare {
            add(.derived, "chunk codes", "\(differing) of \(codes.count) codes are not those of their vectors")
        }
    }

    /// Vectors that are stored as codes are decoded by sums, whose last bits depend on the machine: so a code may be the
    /// next one, and a term be rounded otherwise.
    private static func areNear(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        for index in 0..<left.count where abs(Int(unsafe left[index]) - Int(unsafe right[index])) > 1 { return false }
        return true
    }

    private static func areNear(terms left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        for offset in stride(from: 0, to: left.count, by: 4) {
            let kept = unsafe left.loadUnaligned(fromByteOffset: offset, as: Float.self)
            let made = unsafe right.loadUnaligned(fromByteOffset: offset, as: Float.self)
            // Not near where either is no number.
            guard abs(kept - made) <= 1e-4 * abs(made) else { return false }
        }
        return true
    }

    private func checkQuantized(_ quantized: QuantizedView, _ rows: ComparedRows) {
        let stride = quantized.quantizer.strideBytes
        var differing = 0
        unsafe withUnsafeTemporaryAllocation(byteCount: stride, alignment: 64) { memory in
            guard let base = memory.baseAddress else { return }
            unsafe rows.forEach { row, floats in
                unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
                unsafe quantized.quantizer.encode(floats, into: base)
                let kept = unsafe UnsafeRawBufferPointer(start: quantized.base + row * stride, count: stride)
                if unsafe !kept.elementsEqual(UnsafeRawBufferPointer(memory)) { differing += 1 }
            }
        }
        if differing > quantized.count / SegmentVerifier.differingShare {
            add(.derived, "chunk quantized", "\(differing) of \(quantized.count) rows are not those of their vectors")
        }
    }

    func checkSparse(_ segment: SealedSegment, _ sparse: SealedSparse) {
        var disordered = 0
        var wrong = 0
        for row in 0..<sparse.rows.count {
            unsafe sparse.rows.withFloatEntries(of: row) { indices, values, count in
                for entry in 0..<count {
                    if entry > 0, unsafe indices[entry] <= indices[entry - 1] { disordered += 1 }
                    if unsafe !values[entry].isFinite { wrong += 1 }
                }
            }
        }
        if disordered > 0 { add(.primary, "chunk sparse_indices", "\(disordered) indices do not ascend") }
        if wrong > 0 { add(.primary, "chunk vectors", "\(wrong) values are no finite numbers") }
        guard disordered == 0, wrong == 0 else { return }
        guard let made = try? SparseIndexBuilder.build(sparse.rows) else {
            add(.derived, "inverted index", "could not be made anew to compare it")
            return
        }
        let reader = SegmentReader(.file(segment.mappedFile, segment.entry), path: path)
        for unsafe (chunk, data) in unsafe [
            (SegmentChunk.sparseTerms, made.terms), (.sparseSlices, made.slices), (.sparsePostings, made.postings),
        ] {
            let isSame = unsafe (try? reader.bytes(chunk)).map { unsafe $0.elementsEqual(data) } ?? false
            if !isSame { add(.derived, "chunk \(chunk.rawValue)", "is not what the rows make") }
        }
    }
}

/// The rows of a segment as they are compared: those of cosine normalised, where they are not stored so.
private struct ComparedRows {
    private let rows: SealedRows
    private let normalises: Bool
    private let isPlain: Bool

    init(_ rows: SealedRows, _ field: VectorField) {
        self.rows = rows
        normalises = field.distance == .cosine && !field.isNormalised
        isPlain = field.datatype == .float32
    }

    func forEach(_ body: (Int, UnsafePointer<Float>) -> Void) {
        unsafe forEach(stride(from: 0, to: rows.stored.count, by: 1), body)
    }

    private func forEach(_ numbers: some Sequence<Int>, _ body: (Int, UnsafePointer<Float>) -> Void) {
        let dimension = rows.stored.dimension
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * dimension) { scratch in
            guard let scratch = scratch.baseAddress else { return }
            for row in numbers {
                unsafe rows.stored.copy(row, into: scratch)
                if normalises {
                    unsafe CodeEncoder.normalise(scratch, dimension: dimension, into: scratch + dimension)
                    unsafe body(row, scratch + dimension)
                } else {
                    unsafe body(row, scratch)
                }
            }
        }
    }

    /// The rows that a quantile is taken of; as `SegmentRowsWriter` does it.
    func withSample(_ body: (RowsView) -> Float) -> Float {
        if isPlain, case .numbers(let view) = rows.stored { return body(view) }
        let dimension = rows.stored.dimension
        var floats: [Float] = []
        unsafe forEach(sampledRows) { _, row in
            unsafe floats.append(contentsOf: UnsafeBufferPointer(start: row, count: dimension))
        }
        let count = floats.count / max(1, dimension)
        return unsafe floats.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .infinity }
            return body(unsafe RowsView(floats: base, dimension: dimension, strideFloats: dimension, count: count))
        }
    }

    private var sampledRows: [Int] {
        let step = max(1, rows.pointCount / SegmentRowsWriter.sampleRows)
        return stride(from: 0, to: rows.pointCount, by: step).flatMap { Array(rows.rowRange($0)) }
    }
}
