import CVectorKernels
import Synchronization

/// Everything a sparse search writes. Grows with the longest query it has seen, so that a warm search allocates
/// nothing. One thread at a time.
@safe package final class SparseScratch {
    /// `QVK_SPARSE_SUMS` sums, those of a window in front; zero between windows.
    let sums: UnsafeMutablePointer<UInt16>
    /// Rows of a window that may be answers: places, and the rows themselves.
    let places: UnsafeMutablePointer<UInt16>
    let rows: UnsafeMutablePointer<UInt32>
    private(set) var terms: UnsafeMutablePointer<SparseCursor>
    private(set) var active: UnsafeMutablePointer<SparseActiveSlice>
    private var termCapacity = 64

    package init() {
        unsafe sums = UnsafeMutableRawPointer.allocate(byteCount: 2 * Int(QVK_SPARSE_SUMS), alignment: 64)
            .bindMemory(to: UInt16.self, capacity: Int(QVK_SPARSE_SUMS))
        unsafe sums.initialize(repeating: 0, count: SparseIndexFormat.windowRows)
        unsafe places = .allocate(capacity: SparseIndexFormat.windowRows)
        unsafe rows = .allocate(capacity: SparseIndexFormat.windowRows)
        unsafe terms = .allocate(capacity: termCapacity)
        unsafe active = .allocate(capacity: termCapacity)
    }

    deinit {
        unsafe sums.deallocate()
        unsafe places.deallocate()
        unsafe rows.deallocate()
        unsafe terms.deallocate()
        unsafe active.deallocate()
    }

    func reserve(terms count: Int) {
        guard count > termCapacity else { return }
        unsafe terms.deallocate()
        unsafe active.deallocate()
        termCapacity = count
        unsafe terms = .allocate(capacity: count)
        unsafe active = .allocate(capacity: count)
    }
}

/// A term of the query in one segment.
struct SparseCursor {
    /// Slices still to come.
    var slice: Int
    var sliceEnd: Int
    /// Of the term's postings, in bytes.
    var postings: Int
    var postingsEnd: Int
    /// Turns a code into units of the sums.
    var multiplier: UInt32
    /// What the term adds to a score at most, over what it costs to add: terms with the most come first.
    var merit: Float
}

/// A term of the query in one window.
struct SparseActiveSlice {
    var postings: Int
    var count: Int
    var multiplier: UInt32
    /// What it adds to a sum at most.
    var largest: Int
    /// In units of a posting's addition.
    var cost: Int
}
