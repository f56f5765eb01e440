/// Numbers as unsigned integers of the same order, which written big-endian sort as the numbers do.
package enum KeyOrder {
    @inlinable
    package static func bits(of value: Int64) -> UInt64 { UInt64(bitPattern: value) ^ (1 << 63) }

    @inlinable
    package static func int64(from bits: UInt64) -> Int64 { Int64(bitPattern: bits ^ (1 << 63)) }

    /// IEEE 754 numbers order as sign and magnitude: a positive one gets its sign bit set, a negative one is
    /// inverted. -0 becomes 0; NaN, which has no place in the order, gives nil.
    @inlinable
    package static func bits(of value: Double) -> UInt64? {
        if value.isNaN { return nil }
        let pattern = (value == 0 ? 0.0 : value).bitPattern
        return pattern >> 63 == 0 ? pattern | (1 << 63) : ~pattern
    }

    @inlinable
    package static func double(from bits: UInt64) -> Double {
        Double(bitPattern: bits >> 63 == 1 ? bits ^ (1 << 63) : ~bits)
    }
}

/// Writes a key of several parts into memory of its caller, which is usually the stack (`withKeyWriter`).
///
/// What does not fit is not written but counted, so that using the key then fails with `.keyTooLong`.
@safe @usableFromInline
package struct KeyWriter: ~Copyable {
    @usableFromInline let memory: UnsafeMutableRawBufferPointer
    /// May exceed the memory's size.
    @usableFromInline package var byteCount = 0

    @inlinable
    package init(_ memory: UnsafeMutableRawBufferPointer) { unsafe self.memory = memory }

    /// Big-endian.
    @inlinable
    package mutating func append(_ value: some FixedWidthInteger & UnsignedInteger) {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe append(raw: $0) }
    }

    /// As they are: only as the last part, or of a fixed size, does the order of keys stay that of their parts.
    @inlinable
    package mutating func append(raw bytes: UnsafeRawBufferPointer) {
        if unsafe bytes.count <= memory.count - min(byteCount, memory.count) {
            unsafe UnsafeMutableRawBufferPointer(rebasing: memory[byteCount...]).copyMemory(from: bytes)
        }
        byteCount += bytes.count
    }

    /// Bytes of any length with an end mark, so that further parts may follow: 00 is written as 00 FF, the end as 00 00.
    package mutating func append(terminating bytes: UnsafeRawBufferPointer) {
        for index in bytes.indices {
            append(unsafe bytes[index])
            if unsafe bytes[index] == 0 { append(UInt8(0xFF)) }
        }
        append(UInt16(0))
    }

    /// The key so far, valid as long as the memory and until it is written to again.
    /// - Throws: `.keyTooLong` when it did not fit, or is longer than LMDB allows.
    @inlinable
    package func bytes() throws(LMDBError) -> UnsafeRawBufferPointer {
        if unsafe byteCount > memory.count || byteCount > LMDBLimits.keyByteCount { throw .keyTooLong(byteCount: byteCount) }
        return unsafe UnsafeRawBufferPointer(rebasing: memory[..<byteCount])
    }

    @inlinable
    package mutating func removeAll() { byteCount = 0 }
}

/// Calls `body` with a writer over stack memory for the longest key.
@inlinable
package func withKeyWriter<Answer, Failure: Error>(
    _ body: (inout KeyWriter) throws(Failure) -> Answer
) throws(Failure) -> Answer {
    let result: Result<Answer, Failure> = unsafe withUnsafeTemporaryAllocation(
        byteCount: LMDBLimits.keyByteCount + 1, alignment: 8
    ) { memory in
        var writer = unsafe KeyWriter(memory)
        do throws(Failure) {
            return .success(try body(&writer))
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}
