/// The slots of a segment's rows, in ascending order, with the way back in constant time.
///
/// Row `r` holds the vector of slot `slots[r]`. Because rows are in the order of their slots, the row of a
/// slot is the number of smaller slots in the segment: a bitmap from the first slot on, and the number of
/// bits before every 512th, answer that with one look and eight popcounts at most (rank of Jacobson, 1989).
///
/// Pointers into the segment's file, valid as long as the segment is.
@safe struct SlotTable: @unchecked Sendable {
    // @unchecked: what the pointers lead to is immutable.
    static let bitsPerRank = 512

    let slots: UnsafePointer<UInt32>
    let count: Int
    /// Bit `s - firstSlot` of it tells whether slot `s` is in the segment.
    let bitmap: UnsafePointer<UInt64>
    /// `ranks[i]`: bits set before bit `512 i`.
    let ranks: UnsafePointer<UInt32>
    let firstSlot: UInt32
    let lastSlot: UInt32

    /// Each row is the slot of the same number.
    var isIdentity: Bool { count > 0 && firstSlot == 0 && Int(lastSlot) == count - 1 }

    static func wordCount(first: UInt32, last: UInt32) -> Int {
        // Whole groups of eight words, so that a rank covers its group.
        (Int(last - first) / bitsPerRank + 1) * (bitsPerRank / 64)
    }

    static func rankCount(first: UInt32, last: UInt32) -> Int {
        Int(last - first) / bitsPerRank + 1
    }

    func row(ofSlot slot: UInt32) -> UInt32? {
        guard count > 0, slot >= firstSlot, slot <= lastSlot else { return nil }
        let bit = Int(slot - firstSlot)
        let word = bit / 64
        let bitsOfWord = unsafe bitmap[word]
        let mask = UInt64(1) << UInt64(bit % 64)
        guard bitsOfWord & mask != 0 else { return nil }
        let group = bit / SlotTable.bitsPerRank
        var rank = unsafe ranks[group]
        var at = group * (SlotTable.bitsPerRank / 64)
        while at < word {
            rank += unsafe UInt32(truncatingIfNeeded: bitmap[at].nonzeroBitCount)
            at += 1
        }
        return rank + UInt32(truncatingIfNeeded: (bitsOfWord & (mask - 1)).nonzeroBitCount)
    }

    /// Fills `bitmap` and `ranks`, both zeroed, for ascending `slots`.
    static func fill(
        slots: UnsafeBufferPointer<UInt32>, bitmap: UnsafeMutableBufferPointer<UInt64>,
        ranks: UnsafeMutableBufferPointer<UInt32>
    ) {
        guard let first = unsafe slots.first else { return }
        for unsafe slot in unsafe slots {
            let bit = Int(slot - first)
            unsafe bitmap[bit / 64] |= UInt64(1) << UInt64(bit % 64)
        }
        var rank: UInt32 = 0
        for group in 0..<ranks.count {
            unsafe ranks[group] = rank
            for word in 0..<bitsPerRank / 64 {
                rank += unsafe UInt32(truncatingIfNeeded: bitmap[group * (bitsPerRank / 64) + word].nonzeroBitCount)
            }
        }
    }
}
