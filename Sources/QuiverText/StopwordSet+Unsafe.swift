/// A set of words that is asked with the bytes of a token.
///
/// All words in one blob; an open-addressed table of their places, at most half full. Lengths that no word has are
/// told from a mask before anything is hashed.
struct StopwordSet: Sendable {
    private let blob: [UInt8]
    /// Offset and length of a word; length 0: an empty place.
    private let table: [(offset: UInt32, byteCount: UInt32)]
    /// Bit n: there is a word of n bytes; bit 63: of 63 or more.
    private let lengths: UInt64

    /// Empty words are left out: no token is empty. A word that comes twice costs a place and nothing else; comparing
    /// strings would take different bytes for the same word.
    init(_ words: some Sequence<String>) {
        var blob: [UInt8] = [], places: [(offset: UInt32, byteCount: UInt32)] = [], lengths: UInt64 = 0
        for word in words where !word.isEmpty {
            places.append((UInt32(clamping: blob.count), UInt32(clamping: word.utf8.count)))
            blob.append(contentsOf: word.utf8)
            lengths |= 1 << UInt64(min(word.utf8.count, 63))
        }
        var capacity = 2
        while capacity < places.count * 2 { capacity *= 2 }
        var table = [(offset: UInt32, byteCount: UInt32)](repeating: (0, 0), count: capacity)
        unsafe blob.withUnsafeBufferPointer { bytes in
            for place in places {
                let word = unsafe UnsafeBufferPointer(
                    rebasing: bytes[Int(place.offset)..<Int(place.offset + place.byteCount)])
                var index = unsafe Int(truncatingIfNeeded: Self.hash(word)) & (capacity - 1)
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
        var index = unsafe Int(truncatingIfNeeded: Self.hash(token)) & (table.count - 1)
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

    /// FNV-1a with its upper half folded in: words are short.
    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for unsafe byte in unsafe bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash ^ hash >> 32
    }
}
