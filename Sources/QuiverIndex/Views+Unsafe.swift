import CVectorKernels

/// Rows of components somewhere in memory (heap or mapped file) that outlives the view.
@safe package struct RowsView: @unchecked Sendable {  // Immutable memory, read only.
    /// How a component is stored.
    package enum Element: UInt8, Sendable {
        case float32 = 0
        /// IEEE 754 binary16.
        case float16 = 1
        /// 0...255.
        case uint8 = 2

        package var byteCount: Int {
            switch self {
            case .float32: 4
            case .float16: 2
            case .uint8: 1
            }
        }
    }

    package let base: UnsafeRawPointer
    package let element: Element
    package let dimension: Int
    /// From row to row.
    package let strideBytes: Int
    package let count: Int

    package init(floats: UnsafePointer<Float>, dimension: Int, strideFloats: Int, count: Int) {
        unsafe self.init(
            UnsafeRawPointer(floats), .float32, dimension: dimension, strideBytes: strideFloats * 4, count: count)
    }

    /// Rows one behind the other, without gaps.
    package init(_ base: UnsafeRawPointer, _ element: Element, dimension: Int, count: Int) {
        unsafe self.init(
            base, element, dimension: dimension, strideBytes: dimension * element.byteCount, count: count)
    }

    private init(_ base: UnsafeRawPointer, _ element: Element, dimension: Int, strideBytes: Int, count: Int) {
        precondition(
            dimension > 0 && strideBytes >= dimension * element.byteCount && count >= 0
                && count <= Candidate.maximumRowCount)
        unsafe self.base = base
        self.element = element
        self.dimension = dimension
        self.strideBytes = strideBytes
        self.count = count
    }

    /// Of rows that are stored as floats.
    var floats: UnsafePointer<Float> {
        precondition(element == .float32)
        return unsafe base.assumingMemoryBound(to: Float.self)
    }

    var strideFloats: Int { strideBytes / MemoryLayout<Float>.stride }

    /// Writes the components of a row as floats, `dimension` of them.
    package func copy(_ row: Int, into out: UnsafeMutablePointer<Float>) {
        let at = unsafe base + row * strideBytes
        let table = unsafe qvk_active().pointee
        switch element {
        case .float32: unsafe out.update(from: at.assumingMemoryBound(to: Float.self), count: dimension)
        case .float16: unsafe table.decode_f16(at.assumingMemoryBound(to: UInt16.self), dimension, out)
        case .uint8: unsafe table.decode_u8(at.assumingMemoryBound(to: UInt8.self), dimension, out)
        }
    }
}

/// Writes components as a `RowsView.Element`.
package enum RowEncoder {
    /// Values of bytes are cut to 0...255 and truncated, as a cast of them would.
    package static func encode(
        _ row: UnsafePointer<Float>, dimension: Int, as element: RowsView.Element, into out: UnsafeMutableRawPointer
    ) {
        switch element {
        case .float32: unsafe out.copyMemory(from: row, byteCount: dimension * 4)
        case .float16:
            unsafe qvk_active().pointee.encode_f16(row, dimension, out.assumingMemoryBound(to: UInt16.self))
        case .uint8:
            let bytes = unsafe out.assumingMemoryBound(to: UInt8.self)
            for index in 0..<dimension { unsafe bytes[index] = UInt8(min(max(row[index], 0), 255)) }
        }
    }

    /// The components as they will be read back; false when one does not fit, which only half precision can tell.
    package static func round(
        _ row: UnsafeMutablePointer<Float>, dimension: Int, as element: RowsView.Element
    ) -> Bool {
        switch element {
        case .float32: return true
        case .uint8:
            for index in 0..<dimension { unsafe row[index] = min(max(row[index], 0), 255).rounded(.towardZero) }
            return true
        case .float16:
            return unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: max(1, dimension)) { halves in
                guard let base = halves.baseAddress else { return true }
                let table = unsafe qvk_active().pointee
                unsafe table.encode_f16(row, dimension, base)
                unsafe table.decode_f16(base, dimension, row)
                for index in 0..<dimension where unsafe !row[index].isFinite { return false }
                return true
            }
        }
    }
}

/// Rows of codes and their terms (`CodeEncoder` describes both) in memory that outlives the view.
@safe package struct CodesView: @unchecked Sendable {  // Immutable memory, read only.
    package let codes: UnsafePointer<UInt8>
    package let strideBytes: Int
    /// `CodeEncoder.termsBytes` per row, aligned to 4.
    package let terms: UnsafeRawPointer
    package let dimension: Int
    package let count: Int

    package init(
        codes: UnsafePointer<UInt8>, strideBytes: Int, terms: UnsafeRawPointer, dimension: Int, count: Int
    ) {
        precondition(
            dimension > 0 && strideBytes >= CodeEncoder.strideBytes(dimension: dimension) && strideBytes % 64 == 0
                && count >= 0 && count <= Candidate.maximumRowCount)
        unsafe self.codes = codes
        self.strideBytes = strideBytes
        unsafe self.terms = terms
        self.dimension = dimension
        self.count = count
    }
}

/// Rows that are groups of rows: the points of a multivector. Memory of the caller that outlives the view.
@safe package struct RowGroups: @unchecked Sendable {  // Immutable memory, read only.
    /// Group g is the rows `offsets[g]..<offsets[g + 1]` of the view that is scored.
    let offsets: UnsafePointer<UInt32>?
    /// Without offsets: where group g begins, and how many rows it has there. The base of the view is not used.
    let starts: UnsafePointer<UnsafeRawPointer?>?
    let rowCounts: UnsafePointer<UInt32>?

    package init(offsets: UnsafePointer<UInt32>) {
        unsafe self.offsets = offsets
        unsafe starts = nil
        unsafe rowCounts = nil
    }

    package init(starts: UnsafePointer<UnsafeRawPointer?>, rowCounts: UnsafePointer<UInt32>) {
        unsafe offsets = nil
        unsafe self.starts = starts
        unsafe self.rowCounts = rowCounts
    }
}
