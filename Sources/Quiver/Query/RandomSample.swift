import QuiverPayload

/// Draws from sets of slots.
enum RandomSample {
    /// A share of the range that is hit often enough by drawing blindly: each draw costs a look at one bit.
    private static let blindShare = 8

    /// So many different slots in a random order, each as likely as any other; all of them if there are not more.
    ///
    /// - Parameter count: how many the set has.
    static func draw(_ wanted: Int, from set: SlotBitmap, count: Int) -> [UInt32] {
        guard wanted > 0, count > 0 else { return [] }
        if wanted <= count / 2, count >= set.bitCount / blindShare {
            var drawn: [UInt32] = []
            var seen: Set<UInt32> = []
            while drawn.count < wanted {
                let slot = UInt32.random(in: 0..<UInt32(set.bitCount))
                if set.contains(slot), seen.insert(slot).inserted { drawn.append(slot) }
            }
            return drawn
        }
        var slots: [UInt32] = []
        slots.reserveCapacity(count)
        set.forEach { slots.append($0) }
        // The first places of a shuffle (Fisher, Yates) are a sample.
        let end = min(wanted, slots.count)
        for place in 0..<end { slots.swapAt(place, Int.random(in: place..<slots.count)) }
        return Array(slots.prefix(end))
    }
}
