import Synchronization

/// The slots that match a filter or a clause. Never changed, so shared between threads and requests.
///
/// Few of them are kept as a list, many as a bitmap; a list gives a bitmap when someone asks for one.
package final class MatchSet: Sendable {
    package let count: Int
    /// Slots from here on are in no set of this moment.
    package let bitCount: Int
    /// Ascending; nil when the set is kept as a bitmap.
    package let slots: [UInt32]?
    private let made: Mutex<SlotBitmap?>

    /// A slot takes four bytes in a list, and the whole range an eighth of a byte for each: lists are at most half as
    /// large as the bitmap.
    private static func isFew(_ count: Int, of bitCount: Int) -> Bool { count <= bitCount / 64 }

    /// Takes over `bitmap`, which nobody changes any more.
    package convenience init(_ bitmap: SlotBitmap) {
        self.init(bitmap, count: bitmap.count, isOwned: true)
    }

    /// Takes the content of `bitmap`, which stays the caller's.
    package convenience init(copying bitmap: SlotBitmap) {
        self.init(bitmap, count: bitmap.count, isOwned: false)
    }

    private init(_ bitmap: SlotBitmap, count: Int, isOwned: Bool) {
        self.count = count
        bitCount = bitmap.bitCount
        if MatchSet.isFew(count, of: bitmap.bitCount) {
            var slots: [UInt32] = []
            slots.reserveCapacity(count)
            bitmap.forEach { slots.append($0) }
            self.slots = slots
            made = Mutex(nil)
        } else {
            slots = nil
            var own = bitmap
            if !isOwned {
                own = SlotBitmap()
                own.copy(from: bitmap)
            }
            made = Mutex(own)
        }
    }

    /// - Parameter slots: ascending, below `bitCount`.
    package init(slots: [UInt32], bitCount: Int) {
        count = slots.count
        self.bitCount = bitCount
        self.slots = slots
        made = Mutex(nil)
    }

    /// The set as a bitmap, not to be changed.
    package var bitmap: SlotBitmap {
        made.withLock { made in
            if let made { return made }
            let bitmap = SlotBitmap(bitCount: bitCount)
            for slot in slots ?? [] { bitmap.insert(slot) }
            made = bitmap
            return bitmap
        }
    }

    /// The set without some of its slots.
    package func subtracting(_ others: some Sequence<UInt32>) -> MatchSet {
        let left = SlotBitmap()
        left.copy(from: bitmap)
        for slot in others { left.remove(slot) }
        return MatchSet(left)
    }

    /// Memory it takes at most, a bitmap made of a list included.
    var byteCount: Int { 128 + (slots?.count ?? 0) * 4 + (bitCount + 7) / 8 }
}
