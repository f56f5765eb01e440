/// Appends little-endian values to a byte buffer.
struct ByteWriter: ~Copyable {
    private(set) var bytes: [UInt8] = []

    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    consuming func takeBytes() -> [UInt8] { bytes }

    mutating func write<Number: FixedWidthInteger>(_ number: Number) {
        unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Length (u32), then the bytes.
    mutating func write(block: borrowing Span<UInt8>) {
        write(UInt32(truncatingIfNeeded: block.count))
        unsafe block.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Bytes whose number is known.
    mutating func write(raw: [UInt8]) { bytes.append(contentsOf: raw) }

    mutating func write(text: String) {
        write(UInt32(truncatingIfNeeded: text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// The elements as they are in memory, little-endian on every platform this runs on.
    mutating func write<Element: BitwiseCopyable>(words: UnsafeBufferPointer<Element>) {
        unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(words))
    }
}

/// Reads what `ByteWriter` wrote; every read is checked against the end.
@safe struct ByteReader {
    /// The bytes end before the value, or a value is impossible.
    struct Malformed: Error {}

    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    /// `bytes` has to outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = unsafe bytes
    }

    var remaining: Int { unsafe bytes.count - position }

    mutating func read<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type = Number.self) throws(Malformed) -> Number {
        guard remaining >= MemoryLayout<Number>.size else { throw Malformed() }
        let number = unsafe bytes.loadUnaligned(fromByteOffset: position, as: Number.self)
        position += MemoryLayout<Number>.size
        return Number(littleEndian: number)
    }

    /// `count` bytes in place.
    mutating func take(_ count: Int) throws(Malformed) -> UnsafeRawBufferPointer {
        guard count >= 0, remaining >= count else { throw Malformed() }
        defer { position += count }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    mutating func readBlock() throws(Malformed) -> UnsafeRawBufferPointer {
        let count = Int(try read(UInt32.self))
        return unsafe try take(count)
    }

    mutating func readText() throws(Malformed) -> String {
        unsafe String(decoding: try readBlock(), as: UTF8.self)
    }
}
