import Synchronization

import QuiverIndex
import QuiverModel

/// The vectors of one name that are not sealed yet, in memory, in the order they came.
///
/// One writer appends; readers see the rows below the count of their view, and those never change. Memory is
/// taken in blocks, which never move. What is dead is told by the view's own set of rows.
/// After a restart it is filled again from the log.
@safe final class GrowingSegment: @unchecked Sendable {
    // @unchecked: the blocks and `count` belong to the writer; readers work on a `GrowingView`, whose rows are
    // complete before the view is published.
    let field: VectorField

    /// Of dense vectors.
    private(set) var blocks: [GrowingBlock] = []
    /// Of multivectors and sparse vectors.
    private(set) var raggedBlocks: [RaggedBlock] = []
    private var arena: RaggedArena?
    private(set) var count = 0

    /// A power of two, and no more than a chunk of a bitmap.
    let rowsPerBlock: Int
    /// Of what the rows hold, about.
    private(set) var bytes = 0
    /// As `GrowingView.rowCount`.
    private(set) var rowCount = 0

    /// Rows of a dense block: about 4 MiB of vectors.
    private static func rowsPerBlock(dimension: Int) -> Int {
        var rows = 64
        while rows < ChunkedBitmap.bitsPerChunk && rows * 2 * dimension * 4 <= 4 << 20 { rows *= 2 }
        return rows
    }

    init(_ field: VectorField) {
        self.field = field
        rowsPerBlock = field.kind == .dense ? GrowingSegment.rowsPerBlock(dimension: field.dimension) : RaggedBlock.rows
    }

    /// Of a row beside its vector: about what its slot, its code's terms and the writer's way back to it take. Short
    /// vectors take most of their memory so.
    private static let rowOverheadBytes = 64

    private static func bytes(_ numbers: VectorNumbers) -> Int {
        unsafe numbers.count * (numbers.indices == nil ? 4 : 8) + rowOverheadBytes
    }

    private static func rows(_ numbers: VectorNumbers) -> Int {
        unsafe numbers.indices == nil ? numbers.rowCount : numbers.count
    }

    /// Appends a vector that fits the field and returns its row.
    func append(_ numbers: VectorNumbers, slot: UInt32) -> UInt32 {
        let block = count / rowsPerBlock
        if field.kind == .dense {
            if block == blocks.count {
                blocks.append(GrowingBlock(rows: rowsPerBlock, field))
            }
            unsafe blocks[block].write(numbers.floats, slot: slot, at: count % rowsPerBlock)
        } else {
            if block == raggedBlocks.count { raggedBlocks.append(RaggedBlock()) }
            let arena = arenaWithRoom(for: numbers)
            raggedBlocks[block].write(numbers, slot: slot, at: count % rowsPerBlock, in: arena)
        }
        count += 1
        bytes += GrowingSegment.bytes(numbers)
        rowCount += GrowingSegment.rows(numbers)
        return UInt32(truncatingIfNeeded: count - 1)
    }

    private func arenaWithRoom(for numbers: VectorNumbers) -> RaggedArena {
        let needed = RaggedBlock.dataBytes(numbers)
        if let arena, arena.remaining >= needed { return arena }
        let fresh = RaggedArena(byteCount: max(RaggedArena.leastBytes, needed))
        arena = fresh
        return fresh
    }

    /// Takes back the rows from `count` on: their transaction was not committed, so no view has them.
    func truncate(to count: Int) {
        while self.count > count {
            self.count -= 1
            let numbers = numbers(UInt32(truncatingIfNeeded: self.count))
            bytes -= GrowingSegment.bytes(numbers)
            rowCount -= GrowingSegment.rows(numbers)
        }
        let needed = (count + rowsPerBlock - 1) / rowsPerBlock
        if blocks.count > needed { blocks.removeLast(blocks.count - needed) }
        if raggedBlocks.count > needed { raggedBlocks.removeLast(raggedBlocks.count - needed) }
        if raggedBlocks.isEmpty { arena = nil }
    }

    func numbers(_ row: UInt32) -> VectorNumbers {
        let (block, place) = Int(row).quotientAndRemainder(dividingBy: rowsPerBlock)
        return field.kind == .dense ? blocks[block].numbers(place) : raggedBlocks[block].numbers(place)
    }
}

/// A fixed number of dense rows at addresses that do not change.
@safe final class GrowingBlock: @unchecked Sendable {
    // @unchecked: a row is written once, by the writer, before any view tells of it.
    let floats: UnsafeMutablePointer<Float>
    let slots: UnsafeMutablePointer<UInt32>
    let codes: UnsafeMutablePointer<UInt8>?
    let terms: UnsafeMutableRawPointer?
    /// The rows of `VectorDatatype.uint8` once more as they are scored; they have no codes.
    let byteRows: UnsafeMutableRawPointer?
    let rows: Int
    let dimension: Int
    private let memory: PageMemory

    init(rows: Int, _ field: VectorField) {
        let dimension = field.dimension
        let withBytes = field.datatype == .uint8
        let withCodes = field.metric.usesCodes && !withBytes
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
        let bytesAt = layout.add(withBytes ? rows * dimension : 0)
        memory = PageMemory(byteCount: layout.byteCount)
        unsafe floats = (memory.start + floatsAt).bindMemory(to: Float.self, capacity: floatCount)
        unsafe slots = (memory.start + slotsAt).bindMemory(to: UInt32.self, capacity: rows)
        unsafe codes = withCodes ? (memory.start + codesAt).bindMemory(to: UInt8.self, capacity: codeBytes) : nil
        unsafe terms = withCodes ? memory.start + termsAt : nil
        unsafe byteRows = withBytes ? memory.start + bytesAt : nil
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
        if let bytes = unsafe byteRows {
            unsafe RowEncoder.encode(target, dimension: dimension, as: .uint8, into: bytes + row * dimension)
        }
    }

    func numbers(_ row: Int) -> VectorNumbers {
        unsafe VectorNumbers(floats: UnsafePointer(floats + row * dimension), count: dimension)
    }

    func rowsView(count: Int) -> RowsView {
        if let bytes = unsafe byteRows { return unsafe RowsView(UnsafeRawPointer(bytes), .uint8, dimension: dimension, count: count) }
        return unsafe RowsView(floats: floats, dimension: dimension, strideFloats: dimension, count: count)
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
    let field: VectorField
    let blocks: [GrowingBlock]
    let raggedBlocks: [RaggedBlock]
    let rowsPerBlock: Int
    let count: Int
    /// Rows of multivectors, components of sparse vectors; of dense vectors as `count`.
    let rowCount: Int
    let dead: ChunkedBitmap.Table

    init(_ segment: GrowingSegment, dead: ChunkedBitmap.Table) {
        field = segment.field
        blocks = segment.blocks
        raggedBlocks = segment.raggedBlocks
        rowsPerBlock = segment.rowsPerBlock
        count = segment.count
        rowCount = segment.rowCount
        self.dead = dead
    }

    var liveCount: Int { count - dead.count }

    /// `rowsPerBlock` slots each.
    func slots(ofBlock block: Int) -> UnsafeMutablePointer<UInt32> {
        unsafe field.kind == .dense ? blocks[block].slots : raggedBlocks[block].slots
    }

    func slot(_ row: Int) -> UInt32 {
        unsafe slots(ofBlock: row / rowsPerBlock)[row % rowsPerBlock]
    }

    /// The live row of a slot. A linear look at the slots: four bytes a row, newest first.
    func row(ofSlot slot: UInt32) -> UInt32? {
        var block = (count + rowsPerBlock - 1) / rowsPerBlock - 1
        while block >= 0 {
            let first = block * rowsPerBlock
            let slots = unsafe slots(ofBlock: block)
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

    func numbers(_ row: UInt32) -> VectorNumbers {
        let (block, place) = Int(row).quotientAndRemainder(dividingBy: rowsPerBlock)
        return field.kind == .dense ? blocks[block].numbers(place) : raggedBlocks[block].numbers(place)
    }

    /// The dead bits of block `block`, as a pointer to its first word; nil when none of its chunk is dead.
    func deadWords(ofBlock block: Int) -> UnsafePointer<UInt64>? {
        let first = block * rowsPerBlock
        let chunk = first / ChunkedBitmap.bitsPerChunk
        guard chunk < dead.chunkCount, let words = unsafe dead.pointers[chunk] else { return nil }
        return unsafe words + first % ChunkedBitmap.bitsPerChunk / 64
    }
}
