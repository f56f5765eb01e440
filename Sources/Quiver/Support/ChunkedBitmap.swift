import QuiverPayload

/// A set of row numbers or slots, in chunks of 65,536 bits that are shared between versions.
///
/// The writer changes its copy; a version that readers hold is never touched, because a chunk that is
/// shared is copied before its first change. A missing chunk holds no bit, so that a set over millions of
/// rows of which few are in it costs a few kilobytes.
struct ChunkedBitmap: Sendable {
    static let bitsPerChunk = 65_536

    /// 65,536 bits. Changed only while uniquely referenced.
    @safe private final class Chunk: @unchecked Sendable {
        // @unchecked: words are written only by the one holder of the only reference.
        static let wordCount = bitsPerChunk / 64
        let words: UnsafeMutablePointer<UInt64>

        init() {
            unsafe words = .allocate(capacity: Chunk.wordCount)
            unsafe words.initialize(repeating: 0, count: Chunk.wordCount)
        }

        init(copying other: Chunk) {
            unsafe words = .allocate(capacity: Chunk.wordCount)
            unsafe words.initialize(from: other.words, count: Chunk.wordCount)
        }

        deinit {
            unsafe words.deallocate()
        }
    }

    private var chunks: [Chunk?] = []

    /// The number of bits that are set.
    private(set) var count = 0

    func contains(_ bit: UInt32) -> Bool {
        let chunk = Int(bit) / ChunkedBitmap.bitsPerChunk
        guard chunk < chunks.count, let words = chunks[chunk] else { return false }
        let place = Int(bit) % ChunkedBitmap.bitsPerChunk
        return unsafe words.words[place / 64] >> UInt64(place % 64) & 1 == 1
    }

    /// Returns false when the bit was set already.
    @discardableResult
    mutating func insert(_ bit: UInt32) -> Bool {
        let chunk = writableChunk(Int(bit) / ChunkedBitmap.bitsPerChunk)
        let place = Int(bit) % ChunkedBitmap.bitsPerChunk
        let mask = UInt64(1) << UInt64(place % 64)
        guard unsafe chunk.words[place / 64] & mask == 0 else { return false }
        unsafe chunk.words[place / 64] |= mask
        count += 1
        return true
    }

    /// Returns false when the bit was not set.
    @discardableResult
    mutating func remove(_ bit: UInt32) -> Bool {
        guard contains(bit) else { return false }
        let chunk = writableChunk(Int(bit) / ChunkedBitmap.bitsPerChunk)
        let place = Int(bit) % ChunkedBitmap.bitsPerChunk
        unsafe chunk.words[place / 64] &= ~(UInt64(1) << UInt64(place % 64))
        count -= 1
        return true
    }

    /// Clears the bits of this set in `bitmap`.
    func remove(from bitmap: SlotBitmap) {
        for (index, chunk) in chunks.enumerated() {
            guard let chunk else { continue }
            let first = index * Chunk.wordCount
            for word in 0..<Chunk.wordCount where first + word < bitmap.wordCount {
                unsafe bitmap.words[first + word] &= ~chunk.words[word]
            }
        }
    }

    private mutating func writableChunk(_ index: Int) -> Chunk {
        while chunks.count <= index { chunks.append(nil) }
        if chunks[index] == nil {
            chunks[index] = Chunk()
        } else if !isKnownUniquelyReferenced(&chunks[index]) {
            chunks[index] = chunks[index].map(Chunk.init(copying:))
        }
        return chunks[index] ?? Chunk()
    }

    /// A table of chunk pointers for loops that must not touch references, with an entry for every chunk of the
    /// first `bitCount` bits.
    func makeTable(bitCount: Int) -> Table { Table(self, bitCount: bitCount) }

    /// The set as raw pointers: `pointers[i]` is nil or the words of bits `65,536 i …`. Keeps the chunks alive.
    @safe final class Table: @unchecked Sendable {
        // @unchecked: everything behind the pointers is immutable while this version is referenced.
        let bitmap: ChunkedBitmap
        let pointers: UnsafeMutablePointer<UnsafePointer<UInt64>?>
        let chunkCount: Int

        fileprivate init(_ bitmap: ChunkedBitmap, bitCount: Int) {
            self.bitmap = bitmap
            chunkCount = max(1, bitmap.chunks.count, (bitCount + bitsPerChunk - 1) / bitsPerChunk)
            unsafe pointers = .allocate(capacity: chunkCount)
            unsafe pointers.initialize(repeating: nil, count: chunkCount)
            for (index, chunk) in bitmap.chunks.enumerated() {
                if let chunk { unsafe pointers[index] = UnsafePointer(chunk.words) }
            }
        }

        deinit {
            unsafe pointers.deallocate()
        }

        var count: Int { bitmap.count }

        func contains(_ bit: UInt32) -> Bool { bitmap.contains(bit) }
    }
}
