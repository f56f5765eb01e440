import QuiverPayload

extension SlotTable {
    /// The rows of a range whose slots are in a set, ascending.
    func rows(in set: MatchSet, _ range: Range<Int>) -> [UInt32] {
        guard !range.isEmpty else { return [] }
        guard let slots = set.slots else { return rows(in: set.bitmap, most: set.count, range) }
        var rows: [UInt32] = []
        rows.reserveCapacity(slots.count)
        for slot in slots { if let row = row(ofSlot: slot), range.contains(Int(row)) { rows.append(row) } }
        return rows
    }

    private func rows(in set: SlotBitmap, most: Int, _ range: Range<Int>) -> [UInt32] {
        let (first, last) = unsafe (slots[range.lowerBound], slots[range.upperBound - 1])
        let words = Int(first - firstSlot) / 64..<Int(last - firstSlot) / 64 + 1
        // Words at the ends bring rows before and behind the range along.
        let room = min(most, range.count + 126)
        return unsafe [UInt32](unsafeUninitializedCapacity: room) { buffer, found in
            guard let rows = buffer.baseAddress else { return }
            unsafe found = SlotTable.matches(
                bitmap: bitmap, words, before: rank(ofWord: words.lowerBound), set: set.words,
                setWordCount: set.wordCount, firstSlot: Int(firstSlot), into: rows)
            while found > 0, unsafe Int(rows[found - 1]) >= range.upperBound { found -= 1 }
            var outside = 0
            while outside < found, unsafe Int(rows[outside]) < range.lowerBound { outside += 1 }
            if outside > 0 {
                found -= outside
                unsafe rows.update(from: rows + outside, count: found)
            }
        }
    }

    /// The rows before the slots of a word.
    private func rank(ofWord word: Int) -> UInt32 {
        let group = word / (SlotTable.bitsPerRank / 64)
        var rank = unsafe ranks[group]
        for at in group * (SlotTable.bitsPerRank / 64)..<word {
            rank += unsafe UInt32(truncatingIfNeeded: bitmap[at].nonzeroBitCount)
        }
        return rank
    }

    /// A word of 64 slots at a time: the set's words are shifted so that its bits lie over those of `bitmap`, which
    /// begins with `firstSlot`.
    private static func matches(
        bitmap: UnsafePointer<UInt64>, _ words: Range<Int>, before: UInt32, set: UnsafePointer<UInt64>,
        setWordCount: Int, firstSlot: Int, into rows: UnsafeMutablePointer<UInt32>
    ) -> Int {
        let shift = UInt64(firstSlot & 63)
        let base = firstSlot >> 6
        let end = min(words.upperBound, max(words.lowerBound, setWordCount &- base))
        var rank = before
        var found = 0
        for word in words.lowerBound..<end {
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
