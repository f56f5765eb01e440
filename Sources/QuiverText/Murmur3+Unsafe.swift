/// MurmurHash3 (Austin Appleby, public domain), its form of 32 bits for x86, with the seed 0.
package enum Murmur3 {
    package static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var hash: UInt32 = 0, index = 0
        while index + 4 <= bytes.count {
            let block =
                unsafe UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
                | UInt32(bytes[index + 3]) << 24
            hash ^= mixed(block)
            hash = (hash << 13 | hash >> 19) &* 5 &+ 0xE654_6B64
            index += 4
        }
        var rest: UInt32 = 0
        for place in stride(from: bytes.count - 1, through: index, by: -1) {
            rest = unsafe rest << 8 | UInt32(bytes[place])
        }
        hash ^= mixed(rest)
        hash ^= UInt32(truncatingIfNeeded: bytes.count)
        hash = (hash ^ hash >> 16) &* 0x85EB_CA6B
        hash = (hash ^ hash >> 13) &* 0xC2B2_AE35
        return hash ^ hash >> 16
    }

    private static func mixed(_ block: UInt32) -> UInt32 {
        let product = block &* 0xCC9E_2D51
        return (product << 15 | product >> 17) &* 0x1B87_3593
    }
}
