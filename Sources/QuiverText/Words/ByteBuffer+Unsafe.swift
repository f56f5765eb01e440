/// Bytes that are written again and again; the memory stays.
@safe
struct ByteBuffer: ~Copyable {
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private(set) var capacity: Int

    init(capacity: Int = 256) {
        unsafe bytes = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit {
        unsafe bytes.deallocate()
    }

    var content: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(start: bytes, count: count) }

    mutating func removeAll() { count = 0 }

    /// Room for that many bytes in all; those that were written stay.
    mutating func reserve(_ wanted: Int) {
        guard wanted > capacity else { return }
        let larger = max(wanted, capacity * 2)
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe grown.update(from: bytes, count: count)
        unsafe bytes.deallocate()
        unsafe bytes = grown
        capacity = larger
    }

    /// What was written through `bytes` behind a `reserve`.
    mutating func setCount(_ written: Int) {
        precondition(written <= capacity)
        count = written
    }

    mutating func append(_ byte: UInt8) {
        reserve(count + 1)
        unsafe bytes[count] = byte
        count += 1
    }

    mutating func append(_ scalar: Unicode.Scalar) {
        append(scalarValue: scalar.value)
    }

    /// The UTF-8 of a scalar value.
    mutating func append(scalarValue value: UInt32) {
        reserve(count + 4)
        let end = unsafe bytes + count
        if value < 0x80 {
            unsafe end[0] = UInt8(truncatingIfNeeded: value)
            count += 1
        } else if value < 0x800 {
            unsafe end[0] = 0xC0 | UInt8(truncatingIfNeeded: value >> 6)
            unsafe end[1] = 0x80 | UInt8(truncatingIfNeeded: value & 0x3F)
            count += 2
        } else if value < 0x10000 {
            unsafe end[0] = 0xE0 | UInt8(truncatingIfNeeded: value >> 12)
            unsafe end[1] = 0x80 | UInt8(truncatingIfNeeded: (value >> 6) & 0x3F)
            unsafe end[2] = 0x80 | UInt8(truncatingIfNeeded: value & 0x3F)
            count += 3
        } else {
            unsafe end[0] = 0xF0 | UInt8(truncatingIfNeeded: value >> 18)
            unsafe end[1] = 0x80 | UInt8(truncatingIfNeeded: (value >> 12) & 0x3F)
            unsafe end[2] = 0x80 | UInt8(truncatingIfNeeded: (value >> 6) & 0x3F)
            unsafe end[3] = 0x80 | UInt8(truncatingIfNeeded: value & 0x3F)
            count += 4
        }
    }
}
