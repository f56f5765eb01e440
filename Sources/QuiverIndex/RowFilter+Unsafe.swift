import CVectorKernels

/// Which local rows of a segment a search may answer: not dead, and with a slot in the accepted set.
/// Everything is optional and is memory of the caller that outlives the search.
@safe package struct RowFilter: @unchecked Sendable {  // Read only; the caller publishes immutable bitmaps.
    var raw: qvk_row_filter

    /// Estimated share of the rows that pass `acceptedSlots` (0...1); decides how the graph is walked.
    package var passFraction: Float

    package static let deadChunkRows = 65_536

    /// - Parameters:
    ///   - slotOf: local row → slot; nil when they are equal.
    ///   - acceptedSlots: bitmap over slots (bit `slot & 63` of word `slot >> 6`); nil when all are accepted.
    ///   - acceptedBitCount: slots at and beyond it are not accepted.
    ///   - deadChunks: entry `row >> 16` is nil or points to 65,536 bits (8 KiB) telling which rows are dead.
    package init(
        slotOf: UnsafePointer<UInt32>? = nil,
        acceptedSlots: UnsafePointer<UInt64>? = nil, acceptedBitCount: Int = 0, passFraction: Float = 1,
        deadChunks: UnsafePointer<UnsafePointer<UInt64>?>? = nil
    ) {
        unsafe raw = qvk_row_filter(
            slot_of: slotOf, accepted_slots: acceptedSlots, accepted_bit_count: acceptedBitCount,
            dead_chunks: deadChunks)
        self.passFraction = passFraction
    }

    /// Every row may be answered.
    @inline(__always) var acceptsAll: Bool { unsafe raw.accepted_slots == nil && raw.dead_chunks == nil }

    @inline(__always) package func slot(of row: UInt32) -> UInt32 {
        guard let table = unsafe raw.slot_of else { return row }
        return unsafe table[Int(row)]
    }

    package func accepts(_ row: UInt32) -> Bool {
        var copy = unsafe raw
        return unsafe qvk_accepts(&copy, row)
    }
}
