import Synchronization

import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload

/// One consistent moment of a collection, immutable: what a reader works on, together with the LMDB read
/// transaction of the same commit.
final class CollectionView: Sendable {
    /// Of the LMDB commit that this view belongs to.
    let transactionID: Int
    let sequence: UInt64
    let slotCount: UInt32
    let free: ChunkedBitmap.Table
    let vectors: [VectorView]
    let indexes: FieldIndexSet
    private let live = Mutex<SlotBitmap?>(nil)

    init(
        transactionID: Int, sequence: UInt64, slotCount: UInt32, free: ChunkedBitmap.Table, vectors: [VectorView],
        indexes: FieldIndexSet
    ) {
        self.transactionID = transactionID
        self.sequence = sequence
        self.slotCount = slotCount
        self.free = free
        self.vectors = vectors
        self.indexes = indexes
    }

    /// Whether growing segments wait to be sealed.
    var hasFrozen: Bool { vectors.contains { $0.growing.count > 1 } }

    /// Whether field indexes are being built, or wait for that.
    var hasUnbuiltIndexes: Bool { indexes.indexes.contains { !$0.isReady } }

    var pointCount: Int { Int(slotCount) - free.count }

    /// The slots that hold points; made on first use and not changed after that.
    var liveSlots: SlotBitmap {
        live.withLock { live in
            if let live { return live }
            let bitmap = SlotBitmap(bitCount: Int(slotCount))
            bitmap.fill()
            free.bitmap.remove(from: bitmap)
            live = bitmap
            return bitmap
        }
    }

    func vectorIndex(named name: String) -> Int? {
        vectors.firstIndex { $0.field.name == name }
    }
}

/// The vectors of one name at one moment.
struct VectorView: Sendable {
    let field: VectorField
    /// The oldest first.
    let growing: [GrowingView]
    let sealed: [SealedView]

    var liveCount: Int {
        growing.reduce(0) { $0 + $1.liveCount } + sealed.reduce(0) { $0 + $1.liveCount }
    }

    /// Of float32, on average with multivectors; what thresholds in kilobytes are about.
    var bytesPerPoint: Int {
        switch field.kind {
        case .dense: return field.dimension * MemoryLayout<Float>.size
        case .multi, .sparse:
            let points = sealed.reduce(0) { $0 + $1.segment.pointCount } + growing.reduce(0) { $0 + $1.count }
            let rows = sealed.reduce(0) { $0 + $1.segment.meta.rowCount } + growing.reduce(0) { $0 + $1.rowCount }
            return max(1, rows * max(1, field.dimension) * MemoryLayout<Float>.size / max(1, points))
        }
    }

    /// The live vector of `slot`; nil when the point has none.
    func value(ofSlot slot: UInt32) -> VectorValue? {
        for segment in sealed.reversed() {
            if let row = segment.segment.slots.row(ofSlot: slot), !segment.dead.contains(row) {
                return segment.segment.value(row)
            }
        }
        for segment in growing.reversed() {
            if let row = segment.row(ofSlot: slot) { return segment.numbers(row).value(of: field.kind) }
        }
        return nil
    }

    /// Sets the bit of every slot that has a vector of this name.
    func markSlots(in bitmap: SlotBitmap) {
        for segment in sealed {
            for row in 0..<segment.segment.pointCount where !segment.dead.contains(UInt32(row)) {
                bitmap.insert(unsafe segment.segment.slots.slots[row])
            }
        }
        for segment in growing {
            for row in 0..<segment.count where !segment.dead.contains(UInt32(row)) {
                bitmap.insert(segment.slot(row))
            }
        }
    }
}

struct SealedView: Sendable {
    let segment: SealedSegment
    let dead: ChunkedBitmap.Table

    var liveCount: Int { segment.pointCount - dead.count }
}

extension CollectionState {
    /// The present state for readers. Tables of sets that did not change are taken from `previous`.
    func makeView(transactionID: Int, indexes: FieldIndexSet, previous: CollectionView?) -> CollectionView {
        let views = vectors.enumerated().map { index, vector in
            let before = previous.flatMap { index < $0.vectors.count ? $0.vectors[index] : nil }
            return VectorView(
                field: vector.field,
                growing: vector.growing.map { GrowingView($0.segment, dead: $0.dead.makeTable(bitCount: $0.segment.count)) },
                sealed: vector.sealed.map { sealed in
                    // Rows only ever die, so the same number is the same set.
                    if let same = before?.sealed.first(where: { $0.segment === sealed.segment }),
                        same.dead.count == sealed.dead.count
                    {
                        return same
                    }
                    return SealedView(segment: sealed.segment, dead: sealed.dead.makeTable(bitCount: sealed.segment.pointCount))
                })
        }
        return CollectionView(
            transactionID: transactionID, sequence: counters.sequence, slotCount: counters.slotCount,
            free: free.makeTable(bitCount: Int(counters.slotCount)), vectors: views, indexes: indexes)
    }
}
