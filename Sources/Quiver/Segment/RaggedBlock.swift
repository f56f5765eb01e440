import QuiverIndex

/// Memory that rows of different lengths are put into, one after the other.
@safe final class RaggedArena: @unchecked Sendable {
    // @unchecked: written by the one writer of the collection, behind what readers know of.
    static let leastBytes = 1 << 20

    private let memory: PageMemory
    private let byteCount: Int
    private var used = 0

    init(byteCount: Int) {
        memory = PageMemory(byteCount: byteCount)
        self.byteCount = byteCount
    }

    var remaining: Int { byteCount - used }

    /// The next bytes, of which there must be enough.
    func take(_ bytes: Int) -> UnsafeMutableRawPointer {
        precondition(bytes <= remaining)
        defer { used += bytes }
        return unsafe memory.start + used
    }
}

/// A fixed number of rows of different lengths: multivectors (the floats of all their rows) or sparse vectors (indices,
/// then values).
@safe final class RaggedBlock: @unchecked Sendable {
    // @unchecked: a row is written once, by the writer, before any view tells of it. Readers never look at `arenas`,
    // which only keeps their memory.
    static let rows = 1024

    let slots: UnsafeMutablePointer<UInt32>
    /// Where the data of each row begin; rows without any have the address of nothing.
    let starts: UnsafeMutablePointer<UnsafeRawPointer?>
    /// Floats, or pairs of index and value.
    let counts: UnsafeMutablePointer<UInt32>
    /// Rows of the multivector; 0 tells a sparse vector.
    let rowCounts: UnsafeMutablePointer<UInt32>
    private let memory: PageMemory
    private var arenas: [RaggedArena] = []

    init() {
        let rows = RaggedBlock.rows
        var layout = PageMemory.Layout()
        let slotsAt = layout.add(rows * 4)
        let startsAt = unsafe layout.add(rows * MemoryLayout<UnsafeRawPointer?>.stride)
        let countsAt = layout.add(rows * 4)
        let rowCountsAt = layout.add(rows * 4)
        memory = PageMemory(byteCount: layout.byteCount)
        unsafe slots = (memory.start + slotsAt).bindMemory(to: UInt32.self, capacity: rows)
        unsafe starts = (memory.start + startsAt).bindMemory(to: UnsafeRawPointer?.self, capacity: rows)
        unsafe counts = (memory.start + countsAt).bindMemory(to: UInt32.self, capacity: rows)
        unsafe rowCounts = (memory.start + rowCountsAt).bindMemory(to: UInt32.self, capacity: rows)
    }

    /// What a vector takes in an arena: whole cache lines.
    static func dataBytes(_ numbers: VectorNumbers) -> Int {
        let bytes = unsafe numbers.count * (numbers.indices == nil ? 4 : 8)
        return (max(bytes, 1) + 63) & ~63
    }

    func write(_ numbers: VectorNumbers, slot: UInt32, at row: Int, in arena: RaggedArena) {
        let start = unsafe arena.take(RaggedBlock.dataBytes(numbers))
        var values = unsafe start
        if let indices = unsafe numbers.indices {
            unsafe start.copyMemory(from: indices, byteCount: numbers.count * 4)
            unsafe values = start + numbers.count * 4
        }
        unsafe values.copyMemory(from: numbers.floats, byteCount: numbers.count * 4)
        if arenas.last !== arena { arenas.append(arena) }
        unsafe slots[row] = slot
        unsafe starts[row] = UnsafeRawPointer(start)
        unsafe counts[row] = UInt32(truncatingIfNeeded: numbers.count)
        unsafe rowCounts[row] = numbers.indices == nil ? UInt32(truncatingIfNeeded: numbers.rowCount) : 0
    }

    func numbers(_ row: Int) -> VectorNumbers {
        guard let start = unsafe starts[row] else { preconditionFailure("the row was not written") }
        let count = unsafe Int(counts[row])
        let rowCount = unsafe Int(rowCounts[row])
        if rowCount > 0 {
            return unsafe VectorNumbers(
                floats: start.assumingMemoryBound(to: Float.self), count: count, rowCount: rowCount)
        }
        return unsafe VectorNumbers(
            floats: (start + count * 4).assumingMemoryBound(to: Float.self), count: count,
            indices: start.assumingMemoryBound(to: UInt32.self))
    }

    /// The multivectors of the block as groups of rows. The view has no rows of its own: groups say where theirs are.
    func groups(dimension: Int) -> (rows: RowsView, groups: RowGroups) {
        unsafe (
            RowsView(UnsafeRawPointer(slots), .float32, dimension: dimension, count: 0),
            RowGroups(starts: UnsafePointer(starts), rowCounts: UnsafePointer(rowCounts))
        )
    }
}
