/// What can serve as a key or a value: anything that can show its bytes for the length of a call.
@usableFromInline
package protocol ByteSource {
    func withBytes<Answer>(_ body: (UnsafeRawBufferPointer) -> Answer) -> Answer
}

extension UnsafeRawBufferPointer: @unsafe ByteSource {
    @inlinable @inline(__always)
    package func withBytes<Answer>(_ body: (UnsafeRawBufferPointer) -> Answer) -> Answer { unsafe body(self) }
}

extension Array: ByteSource where Element == UInt8 {
    @inlinable @inline(__always)
    package func withBytes<Answer>(_ body: (UnsafeRawBufferPointer) -> Answer) -> Answer {
        unsafe withUnsafeBytes { unsafe body($0) }
    }
}

extension String: ByteSource {
    @inlinable
    package func withBytes<Answer>(_ body: (UnsafeRawBufferPointer) -> Answer) -> Answer {
        var text = self
        return text.withUTF8 { unsafe body(UnsafeRawBufferPointer($0)) }
    }
}

/// A key or value of at most 24 bytes without memory of its own: fixed-size keys, tagged ids, short composites.
/// Integers are written big-endian, so that the order of the bytes is the order of the numbers.
@frozen @usableFromInline
package struct ShortKey: ByteSource, Sendable {
    @usableFromInline var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
    @usableFromInline package var byteCount = 0

    @inlinable package static var capacity: Int { 24 }

    @inlinable package init() {}
    @inlinable package init(_ value: UInt32) { append(value) }
    @inlinable package init(_ value: UInt64) { append(value) }

    @inlinable @inline(__always)
    package mutating func append(_ value: some FixedWidthInteger & UnsignedInteger) {
        let size = value.bitWidth / 8
        precondition(size <= ShortKey.capacity - byteCount, "a ShortKey holds 24 bytes")
        unsafe withUnsafeMutableBytes(of: &words) {
            unsafe $0.storeBytes(of: value.bigEndian, toByteOffset: byteCount, as: type(of: value))
        }
        byteCount += size
    }

    @inlinable @inline(__always)
    package func withBytes<Answer>(_ body: (UnsafeRawBufferPointer) -> Answer) -> Answer {
        unsafe withUnsafeBytes(of: words) { unsafe body(UnsafeRawBufferPointer(rebasing: $0[..<byteCount])) }
    }
}
