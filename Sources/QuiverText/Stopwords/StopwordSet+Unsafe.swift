/// A set of words that is asked with the bytes of a token.
///
/// All words in one blob; an open-addressed table of their places, at most half full. Lengths that no word has are
/// told from a mask before anything is hashed.
struct StopwordSet: Sendable {
    private struct Place {
        var offset: UInt32
        /// 0: no word is here.
        var byteCount: UInt32
    }

    private let blob: [UInt8]
    private let table: [Place]
    /// Bit n: there is a word of n bytes; bit 63: of 63 or more.
    private let lengths: UInt64

    /// The words of a text that are parted by blanks or line ends.
    init(list: StaticString) {
        let blob = list.withUTF8Buffer { unsafe Array($0) }
        var places: [Place] = [], start = 0
        for end in 0...blob.count where end == blob.count || blob[end] == 0x20 || blob[end] == 0x0A {
            if end > start { places.append(Place(offset: UInt32(start), byteCount: UInt32(end - start))) }
            start = end + 1
        }
        self.init(blob: blob, places: places)
    }

    /// Words by their UTF-8. Empty ones are left out, for no token is empty where it is compared.
    init(_ words: [[UInt8]]) {
        var blob: [UInt8] = [], places: [Place] = []
        for word in words where !word.isEmpty {
            places.append(Place(offset: UInt32(clamping: blob.count), byteCount: UInt32(clamping: word.count)))
            blob.append(contentsOf: word)
        }
        self.init(blob: blob, places: places)
    }

    /// A word that comes twice costs a place and nothing else.
    private init(blob: [UInt8], places: [Place]) {
        var lengths: UInt64 = 0, capacity = 2
        while capacity < places.count * 2 { capacity *= 2 }
        var table = [Place](repeating: Place(offset: 0, byteCount: 0), count: capacity)
        unsafe blob.withUnsafeBufferPointer { bytes in
            for place in places {
                let start = Int(place.offset), count = Int(place.byteCount)
                lengths |= 1 << UInt64(min(count, 63))
                let word = unsafe UnsafeBufferPointer(rebasing: bytes[start..<start + count])
                var index = unsafe Self.firstPlace(of: word, capacity: capacity)
                while table[index].byteCount != 0 { index = (index + 1) & (capacity - 1) }
                table[index] = place
            }
        }
        self.blob = blob
        self.table = table
        self.lengths = lengths
    }

    var isEmpty: Bool { lengths == 0 }

    func contains(_ token: UnsafeBufferPointer<UInt8>) -> Bool {
        guard lengths >> UInt64(min(token.count, 63)) & 1 != 0 else { return false }
        var index = unsafe Self.firstPlace(of: token, capacity: table.count)
        while table[index].byteCount != 0 {
            let place = table[index]
            if Int(place.byteCount) == token.count, unsafe holds(token, at: Int(place.offset)) { return true }
            index = (index + 1) & (table.count - 1)
        }
        return false
    }

    private func holds(_ token: UnsafeBufferPointer<UInt8>, at offset: Int) -> Bool {
        for index in token.indices where unsafe blob[offset + index] != token[index] { return false }
        return true
    }

    /// FNV-1a with its upper half folded in: words are short. `capacity` is a power of two.
    private static func firstPlace(of bytes: UnsafeBufferPointer<UInt8>, capacity: Int) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for unsafe byte in unsafe bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32) & (capacity - 1)
    }
}
