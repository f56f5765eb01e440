/// A set of slots: one bit each, in words of 64, the lowest slot in the lowest bit.
///
/// Bits from `bitCount` on are always 0. Whoever changes one owns it alone; one that is no longer changed may be
/// shared between threads, which is why it is Sendable (the live slots of a view).
@safe
package final class SlotBitmap: @unchecked Sendable {
    /// `wordCount` words; valid until `resize` or the end of the bitmap's life.
    package private(set) var words: UnsafeMutablePointer<UInt64>
    package private(set) var bitCount: Int
    private var capacityWords: Int

    /// Holds the slots below `bitCount`, none of them set.
    package init(bitCount: Int = 0) {
        precondition(bitCount >= 0)
        self.bitCount = bitCount
        capacityWords = max(1, (bitCount + 63) / 64)
        unsafe words = .allocate(capacity: capacityWords)
        unsafe words.initialize(repeating: 0, count: capacityWords)
    }

    deinit { unsafe words.deallocate() }

    package var wordCount: Int { (bitCount + 63) / 64 }

    /// Clears all, and sets the range of slots. Memory is kept when it is enough.
    package func resize(bitCount: Int) {
        precondition(bitCount >= 0)
        let needed = (bitCount + 63) / 64
        if needed > capacityWords {
            unsafe words.deallocate()
            capacityWords = needed + needed / 4
            unsafe words = .allocate(capacity: capacityWords)
            unsafe words.initialize(repeating: 0, count: capacityWords)
        } else {
            unsafe words.update(repeating: 0, count: needed)
        }
        self.bitCount = bitCount
    }

    /// Widens the range of slots and keeps the content; never narrows.
    package func grow(bitCount: Int) {
        guard bitCount > self.bitCount else { return }
        let old = wordCount
        let needed = (bitCount + 63) / 64
        if needed > capacityWords {
            let capacity = needed + needed / 2
            let grown = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity)
            unsafe grown.initialize(from: words, count: old)
            unsafe (grown + old).initialize(repeating: 0, count: capacity - old)
            unsafe words.deallocate()
            unsafe words = grown
            capacityWords = capacity
        } else {
            unsafe (words + old).update(repeating: 0, count: needed - old)
        }
        self.bitCount = bitCount
    }

    package func removeAll() { unsafe words.update(repeating: 0, count: wordCount) }

    /// Sets every slot below `bitCount`.
    package func fill() {
        unsafe words.update(repeating: ~0, count: wordCount)
        clearTail()
    }

    private func clearTail() {
        let tail = bitCount & 63
        if tail != 0 { unsafe words[wordCount - 1] &= (1 << UInt64(tail)) - 1 }
    }

    // MARK: Single slots

    /// A slot out of range is in no set.
    package func contains(_ slot: UInt32) -> Bool {
        let slot = Int(slot)
        return unsafe slot < bitCount && words[slot >> 6] >> UInt64(slot & 63) & 1 == 1
    }

    /// Out of range is ignored.
    package func insert(_ slot: UInt32) {
        let slot = Int(slot)
        if slot < bitCount { unsafe words[slot >> 6] |= 1 << UInt64(slot & 63) }
    }

    package func remove(_ slot: UInt32) {
        let slot = Int(slot)
        if slot < bitCount { unsafe words[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
    }

    /// The first set slot not below `slot`.
    package func next(from slot: UInt32) -> UInt32? {
        var index = Int(slot) >> 6
        guard Int(slot) < bitCount else { return nil }
        var word = unsafe words[index] & (~0 << UInt64(slot & 63))
        while word == 0 {
            index += 1
            if index >= wordCount { return nil }
            word = unsafe words[index]
        }
        return UInt32(truncatingIfNeeded: index << 6 + word.trailingZeroBitCount)
    }

    // MARK: Whole sets

    package var count: Int { unsafe countBits(words, wordCount) }

    package var isEmpty: Bool {
        for index in 0..<wordCount where unsafe words[index] != 0 { return false }
        return true
    }

    /// Takes over range and content.
    package func copy(from other: SlotBitmap) {
        if other === self { return }
        resize(bitCount: other.bitCount)
        unsafe words.update(from: other.words, count: wordCount)
    }

    /// Slots out of this range are left out.
    package func formUnion(_ other: SlotBitmap) {
        unsafe orWords(words, other.words, min(wordCount, other.wordCount))
        if other.bitCount > bitCount { clearTail() }
    }

    package func formIntersection(_ other: SlotBitmap) {
        let common = min(wordCount, other.wordCount)
        unsafe andWords(words, other.words, common)
        if common < wordCount { unsafe (words + common).update(repeating: 0, count: wordCount - common) }
    }

    package func subtract(_ other: SlotBitmap) {
        unsafe andNotWords(words, other.words, min(wordCount, other.wordCount))
    }

    /// Ascending.
    @inline(__always)
    package func forEach<Failure: Error>(_ body: (UInt32) throws(Failure) -> Void) throws(Failure) {
        for index in 0..<wordCount {
            var word = unsafe words[index]
            while word != 0 {
                try body(UInt32(truncatingIfNeeded: index &<< 6 &+ word.trailingZeroBitCount))
                word &= word &- 1
            }
        }
    }
}

// The loops below compile to vector code; none of them looks at the object.

private func orWords(_ into: UnsafeMutablePointer<UInt64>, _ from: UnsafeMutablePointer<UInt64>, _ count: Int) {
    for index in 0..<count { unsafe into[index] |= from[index] }
}

private func andWords(_ into: UnsafeMutablePointer<UInt64>, _ from: UnsafeMutablePointer<UInt64>, _ count: Int) {
    for index in 0..<count { unsafe into[index] &= from[index] }
}

private func andNotWords(_ into: UnsafeMutablePointer<UInt64>, _ from: UnsafeMutablePointer<UInt64>, _ count: Int) {
    for index in 0..<count { unsafe into[index] &= ~from[index] }
}

private func countBits(_ words: UnsafeMutablePointer<UInt64>, _ count: Int) -> Int {
    var total = 0
    for index in 0..<count { unsafe total &+= words[index].nonzeroBitCount }
    return total
}
