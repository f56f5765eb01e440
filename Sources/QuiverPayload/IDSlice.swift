package import QuiverModel

/// One of the parts that ids are dealt out to by their hash.
///
/// The hash is SipHash-2-4 (Aumasson and Bernstein 2012) with a key of zeros, over the eight little-endian bytes of a
/// number or the sixteen bytes of a UUID; the part is the hash modulo the number of parts.
package struct IDSlice {
    package var total: UInt64
    package var index: UInt64

    package init(total: UInt64, index: UInt64) {
        self.total = total
        self.index = index
    }

    package func contains(_ id: PointID) -> Bool { total > 0 && IDSlice.hash(id) % total == index }

    package static func hash(_ id: PointID) -> UInt64 {
        var state = SipState()
        switch id {
        case .number(let number):
            state.take(number)
            return state.finish(byteCount: 8)
        case .uuid(let uuid):
            state.take(uuid.high.byteSwapped)
            state.take(uuid.low.byteSwapped)
            return state.finish(byteCount: 16)
        }
    }
}

/// SipHash-2-4 of whole words with a key of zeros.
private struct SipState {
    private var v0: UInt64 = 0x736F_6D65_7073_6575
    private var v1: UInt64 = 0x646F_7261_6E64_6F6D
    private var v2: UInt64 = 0x6C79_6765_6E65_7261
    private var v3: UInt64 = 0x7465_6462_7974_6573

    mutating func take(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    mutating func finish(byteCount: UInt64) -> UInt64 {
        take(byteCount &<< 56)
        v2 ^= 0xFF
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always)
    private mutating func round() {
        v0 = v0 &+ v1
        v1 = rotated(v1, 13) ^ v0
        v0 = rotated(v0, 32)
        v2 = v2 &+ v3
        v3 = rotated(v3, 16) ^ v2
        v0 = v0 &+ v3
        v3 = rotated(v3, 21) ^ v0
        v2 = v2 &+ v1
        v1 = rotated(v1, 17) ^ v2
        v2 = rotated(v2, 32)
    }

    @inline(__always)
    private func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 { word &<< count | word &>> (64 &- count) }
}
