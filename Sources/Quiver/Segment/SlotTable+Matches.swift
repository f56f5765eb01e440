import QuiverPayload

extension SlotTable {
    /// The rows whose slots are in a set, ascending. A word of 64 slots at a time.
    func rows(in set: SlotBitmap) -> [UInt32] {
        guard count > 0 else { return [] }
        return unsafe [UInt32](unsafeUninitializedCapacity: count) { buffer, found in
            guard let rows = buffer.baseAddress else { return }
            unsafe found = SlotTable.matches(
                bitmap: bitmap, wordCount: SlotTable.wordCount(first: firstSlot, last: lastSlot),
                set: set.words, setWordCount: set.wordCount, firstSlot: Int(firstSlot), into: rows)
        }
    }

    /// The set's words are shifted so that its bits lie over those of `bitmap`, which begins with `firstSlot`.
    private static func matches(
        bitmap: UnsafePointer<UInt64>, wordCount: Int, set: UnsafePointer<UInt64>, setWordCount: Int, firstSlot: Int,
        into rows: UnsafeMutablePointer<UInt32>
    ) -> Int {
        let shift = UInt64(firstSlot & 63)
        let base = firstSlot >> 6
        let end = min(wordCount, max(0, setWordCount &- base))
        var rank: UInt32 = 0
        var found = 0
        for word in 0..<end {
            let members = unsafe bitmap[word]
            var matching = unsafe set[base &+ word] &>> shift
            if shift != 0, base &+ word &+ 1 < setWordCount {
                unsafe matching |= set[base &+ word &+ 1] &<< (64 &- shift)
            }
            matching &= members
            while matching != 0 {
                let below = (matching & (0 &- matching)) &- 1
                unsafe rows[found] = rank &+ UInt32(truncatingIfNeeded: (members & below).nonzeroBitCount)
                found &+= 1
                matching &= matching &- 1
            }
            rank &+= UInt32(truncatingIfNeeded: members.nonzeroBitCount)
        }
        return found
    }
}
