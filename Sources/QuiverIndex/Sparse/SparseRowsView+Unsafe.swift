import CVectorKernels

/// How the values of sparse rows are stored. The raw values are on disk.
package enum SparseDatatype: UInt8, Sendable, CaseIterable {
    case float32, float16
    /// One byte a value: `minimum + step * code`, with a minimum and a step for each row.
    case uint8

    package var valueBytes: Int {
        switch self {
        case .float32: 4
        case .float16: 2
        case .uint8: 1
        }
    }

    var raw: qvk_sparse_datatype {
        switch self {
        case .float32: QVK_SPARSE_F32
        case .float16: QVK_SPARSE_F16
        case .uint8: QVK_SPARSE_U8
        }
    }
}

/// Sparse rows one behind the other, in memory (heap or mapped file) that outlives the view. Little endian:
///
/// ```
/// offsets   rows + 1 × u64   row r has the entries offsets[r] ..< offsets[r + 1]; the first is 0, the last the total
/// indices   total × u32      ascending within a row
/// values    total × f32, f16 or u8
/// ranges    rows × (f32 minimum, f32 step), only for u8
/// ```
@safe package struct SparseRowsView: @unchecked Sendable {  // Immutable memory, read only.
    package let count: Int
    /// Entries of all rows.
    package let entryCount: Int
    package let datatype: SparseDatatype
    let offsets: UnsafePointer<UInt64>
    let indices: UnsafePointer<UInt32>
    let values: UnsafeRawPointer
    let ranges: UnsafePointer<Float>?

    /// nil when a buffer is too short or not aligned to its elements, or the ends of `offsets` contradict them.
    package init?(
        count: Int, datatype: SparseDatatype, offsets: UnsafeRawBufferPointer, indices: UnsafeRawBufferPointer,
        values: UnsafeRawBufferPointer, ranges: UnsafeRawBufferPointer
    ) {
        guard count >= 0, count <= Candidate.maximumRowCount,
            let offsetsBase = unsafe Self.base(of: offsets, holding: count + 1, UInt64.self)
        else { return nil }
        let total = unsafe offsetsBase[count]
        guard unsafe offsetsBase[0] == 0, let entries = Int(exactly: total), entries <= Int.max / 4,
            let indicesBase = unsafe Self.base(of: indices, holding: entries, UInt32.self),
            values.count / datatype.valueBytes >= entries,
            Int(bitPattern: values.baseAddress) % datatype.valueBytes == 0
        else { return nil }
        if datatype == .uint8 {
            guard let rangesBase = unsafe Self.base(of: ranges, holding: 2 * count, Float.self) else { return nil }
            unsafe self.ranges = rangesBase
        } else {
            unsafe self.ranges = nil
        }
        self.count = count
        entryCount = entries
        self.datatype = datatype
        unsafe self.offsets = offsetsBase
        unsafe self.indices = indicesBase
        unsafe self.values = values.baseAddress ?? UnsafeRawPointer(offsetsBase)
    }

    /// The typed start of a buffer that holds `count` elements; an empty buffer may be nil.
    private static func base<Element>(
        of buffer: UnsafeRawBufferPointer, holding count: Int, _ type: Element.Type
    ) -> UnsafePointer<Element>? {
        guard buffer.count / MemoryLayout<Element>.stride >= count else { return nil }
        guard let base = buffer.baseAddress else {
            return unsafe UnsafePointer(bitPattern: MemoryLayout<Element>.alignment)
        }
        guard Int(bitPattern: base) % MemoryLayout<Element>.alignment == 0 else { return nil }
        return unsafe base.assumingMemoryBound(to: type)
    }

    /// Where row `row` lies. Offsets that contradict each other give an empty row.
    @inline(__always) func raw(_ row: Int) -> qvk_sparse_row {
        let first = unsafe offsets[row]
        let end = unsafe offsets[row &+ 1]
        let valid = first <= end && end <= UInt64(truncatingIfNeeded: entryCount)
        let at = valid ? Int(truncatingIfNeeded: first) : 0
        let count = valid ? Int(truncatingIfNeeded: end &- first) : 0
        var minimum: Float = 0
        var step: Float = 0
        if let ranges = unsafe ranges {
            minimum = unsafe ranges[2 &* row]
            step = unsafe ranges[2 &* row &+ 1]
        }
        return unsafe qvk_sparse_row(
            indices: indices + at, values: values + at &* datatype.valueBytes, count: count, minimum: minimum, step: step)
    }

    /// The entries of row `row`.
    package func entryCount(of row: Int) -> Int {
        precondition(row >= 0 && row < count)
        return unsafe raw(row).count
    }

    /// Rows without any entry. Reads all offsets.
    package func countEmptyRows() -> Int {
        var empty = 0
        for row in 0..<count where unsafe raw(row).count == 0 { empty += 1 }
        return empty
    }

    /// Indices and values of row `row` where they lie. The datatype must be float32.
    package func withFloatEntries(
        of row: Int, _ body: (UnsafePointer<UInt32>, UnsafePointer<Float>, Int) -> Void
    ) {
        precondition(row >= 0 && row < count && datatype == .float32)
        let raw = unsafe raw(row)
        unsafe body(raw.indices, raw.values.assumingMemoryBound(to: Float.self), raw.count)
    }

    /// The row as it was stored; `values` as far as the datatype kept them.
    package func copy(_ row: Int, indices: inout [UInt32], values: inout [Float]) {
        precondition(row >= 0 && row < count)
        var raw = unsafe raw(row)
        unsafe indices.append(contentsOf: UnsafeBufferPointer(start: raw.indices, count: raw.count))
        let entries = unsafe raw.count
        let decoded = unsafe [Float](unsafeUninitializedCapacity: entries) { buffer, initialized in
            if let base = buffer.baseAddress { unsafe qvk_sparse_decode(&raw, datatype.raw, base) }
            initialized = entries
        }
        values.append(contentsOf: decoded)
    }
}
