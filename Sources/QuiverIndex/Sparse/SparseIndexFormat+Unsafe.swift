import CVectorKernels

/// The inverted index of sparse rows: for each index that occurs (a *term*) the rows that have it and how much it
/// weighs there. Weights are stored as one byte that is never too small, so that sums of them bound scores from above;
/// exact scores come from the rows themselves. Three chunks, little endian:
///
/// ```
/// terms     header (`SparseIndexHeader`, 64 bytes)
///           ids        terms × u32, ascending; padded to a multiple of 8 bytes
///           entries    terms × `SparseTerm` (32 bytes)
/// slices    slices × `SparseSlice` (12 bytes): for each term, the windows (8,192 rows) it occurs in, ascending
/// postings  for each slice, from a multiple of 4 bytes on, one of
///           places     count × u16 row in the window, ascending; count × u8 code
///           bitmap     8,192 bits; count × u8 code in the order of the rows
///           and `padding` zero bytes at the end
/// ```
///
/// The magnitude of a weight is at most `step * code`; codes are 1...255.
enum SparseIndexFormat {
    static let magic: UInt32 = 0x5053_5651  // "QVSP"
    static let version: UInt32 = 1
    static let windowRows = Int(QVK_SPARSE_WINDOW)
    static let windowShift = 13
    static let bitmapBytes = windowRows / 8
    static let padding = windowRows + 64
    static let headerBytes = 64
    static let entryBytes = 32
    static let sliceBytes = 12
    /// A slice with at least so many rows is a bitmap: it takes no more bytes then, and is added several times faster.
    static let bitmapThreshold = windowRows / 16

    static func idsBytes(termCount: Int) -> Int { (4 * termCount + 7) & ~7 }
    static func termsBytes(termCount: Int) -> Int { headerBytes + idsBytes(termCount: termCount) + entryBytes * termCount }
    static func windowCount(rows: Int) -> Int { (rows + windowRows - 1) / windowRows }

    @inline(__always) static func isBitmap(count: Int) -> Bool { count >= bitmapThreshold }
    /// Bytes in front of the codes of a slice.
    @inline(__always) static func placesBytes(count: Int) -> Int { isBitmap(count: count) ? bitmapBytes : 2 &* count }
    @inline(__always) static func postingsBytes(count: Int) -> Int { (placesBytes(count: count) &+ count &+ 3) & ~3 }
}

struct SparseIndexHeader {
    var magic = SparseIndexFormat.magic
    var version = SparseIndexFormat.version
    var rowCount: UInt64 = 0
    var termCount: UInt64 = 0
    var sliceCount: UInt64 = 0
    var postingCount: UInt64 = 0
    /// Of the chunk of postings, its padding included.
    var postingsBytes: UInt64 = 0
    var windowRows = UInt32(SparseIndexFormat.windowRows)
    var reserved: UInt32 = 0
    var reserved2: UInt64 = 0
}

struct SparseTerm {
    /// Where the first slice's postings begin; they end where the next term's begin.
    var postings: UInt64
    /// Slices end where the next term's begin.
    var firstSlice: UInt32
    /// Rows with this term, whatever its weight.
    var rowCount: UInt32
    var step: Float
    var minimum: Float
    var maximum: Float
    var reserved: UInt32 = 0
}

struct SparseSlice {
    var window: UInt32
    /// From the term's first posting, in units of 4 bytes.
    var offset: UInt32
    var countMinusOne: UInt16
    var largestCode: UInt8
    var reserved: UInt8 = 0

    @inline(__always) var count: Int { Int(countMinusOne) &+ 1 }
}

/// The chunks of an inverted index on the heap.
@safe package final class SparseIndexChunks: @unchecked Sendable {  // Immutable once built.
    package let terms: UnsafeMutableRawBufferPointer
    package let slices: UnsafeMutableRawBufferPointer
    package let postings: UnsafeMutableRawBufferPointer
    let termCount: Int

    init(termCount: Int, sliceCount: Int, postingsBytes: Int) {
        self.termCount = termCount
        unsafe terms = .allocate(byteCount: SparseIndexFormat.termsBytes(termCount: termCount), alignment: 64)
        unsafe slices = .allocate(byteCount: max(sliceCount * SparseIndexFormat.sliceBytes, 1), alignment: 64)
        unsafe postings = .allocate(byteCount: postingsBytes, alignment: 64)
        unsafe terms.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe slices.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe postings.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        unsafe terms.deallocate()
        unsafe slices.deallocate()
        unsafe postings.deallocate()
    }

    /// What a segment writer stores, in the order of `SparseIndexView`'s parameters.
    package var byteCount: Int { unsafe terms.count + slices.count + postings.count }

    /// The chunks must outlive it: keep them, a view alone does not.
    package var view: SparseIndexView {
        guard let view = unsafe SparseIndexView(
            terms: UnsafeRawBufferPointer(terms), slices: UnsafeRawBufferPointer(slices),
            postings: UnsafeRawBufferPointer(postings))
        else { preconditionFailure("what was built is whole") }
        return view
    }
}
