/// A digest of a set that grows and shrinks one member at a time: the sum of a 64-bit hash of each member, modulo 2⁶⁴. It
/// is on disk, so the hash is part of the format.
///
/// It finds damage, not malice. The hash is that of SplitMix64 (Steele, Lea, Flood 2014), over the bytes of a key eight
/// at a time and then over the number that belongs to the key.
package enum SetDigest {
    @inlinable @inline(__always)
    static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }

    /// Of a key: `member` takes it on.
    package static func seed(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var hash = mixed(UInt64(truncatingIfNeeded: key.count))
        var offset = 0
        while offset &+ 8 <= key.count {
            hash = mixed(hash ^ UInt64(littleEndian: unsafe key.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset &+= 8
        }
        var rest: UInt64 = 0
        var shift: UInt64 = 0
        while offset < key.count {
            rest |= UInt64(unsafe key[offset]) &<< shift
            shift &+= 8
            offset &+= 1
        }
        return shift == 0 ? hash : mixed(hash ^ rest)
    }

    @inlinable @inline(__always)
    package static func seed(_ number: UInt64) -> UInt64 { mixed(number) }

    /// The hash of one member: a key and a number.
    @inlinable @inline(__always)
    package static func member(_ seed: UInt64, _ number: UInt32) -> UInt64 { mixed(seed ^ UInt64(number)) }
}
