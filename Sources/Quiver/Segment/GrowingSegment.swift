import Synchronization

import QuiverIndex
import QuiverModel

/// The vectors of one name that are not sealed yet, in memory, in the order they came.
///
/// One writer appends; readers see the rows below the count of their view, and those never change. Memory is
/// taken in blocks, which never move. What is dead is told by the view's own set of rows.
/// After a restart it is filled again from the log.
@safe final class GrowingSegment: @unchecked Sendable {
    // @unchecked: `blocks` and `count` belong to the writer; readers work on a `GrowingView`, whose rows are
    // complete before the view is published.
    let dimension: Int
    let metric: Metric

    private(set) var blocks: [GrowingBlock] = []
    private(set) var count = 0

    /// Rows of a block: about 4 MiB of vectors, a power of two, and no more than a chunk of a bitmap.
    let rowsPerBlock: Int

    init(dimension: Int, metric: Metric) {
        self.dimension = dimension
        self.metric = metric
        var rows = 64
        while rows < ChunkedBitmap.bitsPerChunk && rows * 2 * dimension * 4 <= 4 << 20 { rows *= 2 }
        rowsPerBlock = rows
    }

    /// Of a row beside its vector: about what its slot, its code's terms and the writer's way back to it take.
    private static let rowOverheadBytes = 64

    /// About; short vectors take most of their memory beside their components.
    var bytes: Int { count * (dimension * MemoryLayout<Float>.size + GrowingSegment.rowOverheadBytes) }

    /// Appends a vector of `dimension` floats and returns its row.
    func append(_ vector: UnsafePointer<Float>, slot: UInt32) -> UInt32 {
        let block = count / rowsPerBlock
        if block == blocks.count {
            blocks.append(GrowingBlock(rows: rowsPerBlock, dimension: dimension, withCodes: metric.usesCodes))
        }
        unsafe blocks[block].write(vector, slot: slot, at: count % rowsPerBlock)
        count += 1
        return UInt32(truncatingIfNeeded: count - 1)
    }

    /// Takes back the rows from `count` on: their transaction was not committed, so no view has them.
    func truncate(to count: Int) {
        self.count = count
        let needed = (count + rowsPerBlock - 1) / rowsPerBlock
        if blocks.count > needed { blocks.removeLast(blocks.count - needed) }
    }

    func vector(_ row: UInt32) -> UnsafePointer<Float> {
        unsafe blocks[Int(row) / rowsPerBlock].vector(Int(row) % rowsPerBlock)
    }

    func slot(_ row: UInt32) -> UInt32 {
        blocks[Int(row) / rowsPerBlock].slot(Int(row) % rowsPerBlock)
    }
}

/// A fixed number of rows at addresses that do not change.
@safe final class GrowingBlock: @unchecked Sendable {
    // @unchecked: a row is written once, by the writer, before any view tells of it.
    let floats: UnsafeMutablePointer<Float>
    let slots: UnsafeMutablePointer<UInt32>
    let codes: UnsafeMutablePointer<UInt8>?
    let terms: UnsafeMutableRawPointer?
    let rows: Int
    let dimension: Int
    private let memory: PageMemory

    init(rows: Int, dimension: Int, withCodes: Bool) {
        self.rows = rows
        self.dimension = dimension
        let floatCount = rows * dimension
        let codeBytes = withCodes ? rows * CodeEncoder.strideBytes(dimension: dimension) : 0
        let termBytes = withCodes ? rows * CodeEncoder.termsBytes : 0
        var layout = PageMemory.Layout()
        let floatsAt = layout.add(floatCount * MemoryLayout<Float>.stride)
        let slotsAt = layout.add(rows * MemoryLayout<UInt32>.stride)
        let codesAt = layout.add(codeBytes)
        let termsAt = layout.add(termBytes)
        memory = PageMemory(byteCount: layout.byteCount)
        unsafe floats = (memory.start + floatsAt).bindMemory(to: Float.self, capacity: floatCount)
        unsafe slots = (memory.start + slotsAt).bindMemory(to: UInt32.self, capacity: rows)
        unsafe codes = withCodes ? (memory.start + codesAt).bindMemory(to: UInt8.self, capacity: codeBytes) : nil
        unsafe terms = withCodes ? memory.start + termsAt : nil
    }

    func write(_ vector: UnsafePointer<Float>, slot: UInt32, at row: Int) {
        let target = unsafe floats + row * dimension
        unsafe target.update(from: vector, count: dimension)
        unsafe slots[row] = slot
        if let codes = unsafe codes, let terms = unsafe terms {
            unsafe CodeEncoder.encode(
                target, dimension: dimension, codes: codes + row * CodeEncoder.strideBytes(dimension: dimension),
                terms: terms + row * CodeEncoder.termsBytes)
        }
    }

    func vector(_ row: Int) -> UnsafePointer<Float> {
        unsafe UnsafePointer(floats + row * dimension)
    }

    func slot(_ row: Int) -> UInt32 {
        unsafe slots[row]
    }

    func rowsView(count: Int) -> RowsView {
        unsafe RowsView(floats: floats, dimension: dimension, strideFloats: dimension, count: count)
    }

    func codesView(count: Int) -> CodesView? {
        guard let codes = unsafe codes, let terms = unsafe terms else { return nil }
        return unsafe CodesView(
            codes: codes, strideBytes: CodeEncoder.strideBytes(dimension: dimension), terms: terms,
            dimension: dimension, count: count)
    }
}

/// The rows of a growing segment that one view sees.
struct GrowingView: Sendable {
    let blocks: [GrowingBlock]
    let rowsPerBlock: Int
    let count: Int
    let dead: ChunkedBitmap.Table

    init(_ segment: GrowingSegment, dead: ChunkedBitmap.Table) {
        blocks = segment.blocks
        rowsPerBlock = segment.rowsPerBlock
        count = segment.count
        self.dead = dead
    }

    var liveCount: Int { count - dead.count }

    /// The live row of a slot. A linear look at the slots: four bytes a row, newest first.
    func row(ofSlot slot: UInt32) -> UInt32? {
        var block = blocks.count - 1
        while block >= 0 {
            let first = block * rowsPerBlock
            let slots = unsafe blocks[block].slots
            var row = min(rowsPerBlock, count - first) - 1
            while row >= 0 {
                if unsafe slots[row] == slot {
                    let found = UInt32(truncatingIfNeeded: first + row)
                    return dead.contains(found) ? nil : found
                }
                row -= 1
            }
            block -= 1
        }
        return nil
    }

    func vector(_ row: UInt32) -> UnsafePointer<Float> {
        unsafe blocks[Int(row) / rowsPerBlock].vector(Int(row) % rowsPerBlock)
    }

    /// The dead bits of block `block`, as a pointer to its first word; nil when none of its chunk is dead.
    func deadWords(ofBlock block: Int) -> UnsafePointer<UInt64>? {
        let first = block * rowsPerBlock
        let chunk = first / ChunkedBitmap.bitsPerChunk
        guard chunk < dead.chunkCount, let words = unsafe dead.pointers[chunk] else { return nil }
        return unsafe words + first % ChunkedBitmap.bitsPerChunk / 64
    }
}
