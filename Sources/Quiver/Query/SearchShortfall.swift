import QuiverPayload

/// Answers whether a graph walk that found fewer points than asked for has missed any.
enum SearchShortfall {
    /// Live rows of the segment that match, counted up to `atMost`.
    static func liveMatches(_ view: SealedView, _ accepted: SlotBitmap?, atMost: Int) -> Int {
        guard let accepted else { return min(atMost, view.liveCount) }
        var count = 0
        var next = accepted.next(from: view.segment.slots.firstSlot)
        while let slot = next, slot <= view.segment.slots.lastSlot {
            if let row = view.segment.slots.row(ofSlot: slot), !view.dead.contains(row) {
                count += 1
                if count >= atMost { return count }
            }
            next = slot == .max ? nil : accepted.next(from: slot + 1)
        }
        return count
    }
}
