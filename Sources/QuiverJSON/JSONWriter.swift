/// Writes one JSON text straight into a growing buffer. Commas come by themselves; that keys and values alternate and
/// that brackets match is the caller's business.
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.key("id")
///     writer.value(7)
///     writer.endObject()
@safe
@usableFromInline
package struct JSONWriter: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    @usableFromInline var used = 0
    /// The next key or value follows a sibling.
    @usableFromInline var needsComma = false
    /// False while the text is in memory that was lent.
    private var ownsBase = true

    package init(reservingByteCount: Int = 256) {
        capacity = max(reservingByteCount, 64)
        unsafe base = .allocate(capacity: capacity)
    }

    private init(lent memory: UnsafeMutablePointer<UInt8>, capacity: Int) {
        unsafe base = unsafe memory
        self.capacity = capacity
        ownsBase = false
    }

    deinit {
        if ownsBase { unsafe base.deallocate() }
    }

    /// The text that `write` writes, in place: it is not copied if `reservingByteCount` was enough.
    package static func bytes(reservingByteCount: Int, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var grown: [UInt8]?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(reservingByteCount, 64)) { buffer, count in
            guard let memory = buffer.baseAddress else { return }
            var writer = unsafe JSONWriter(lent: memory, capacity: buffer.count)
            write(&writer)
            if writer.ownsBase { grown = writer.bytes } else { count = writer.used }
        }
        return grown ?? bytes
    }

    /// Makes room for `byteCount` more bytes.
    @inlinable @inline(__always)
    package mutating func reserve(_ byteCount: Int) {
        if byteCount > capacity &- used { grow(byteCount) }
    }

    @usableFromInline @inline(never)
    mutating func grow(_ byteCount: Int) {
        let wanted = max(capacity * 2, used + byteCount)
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        unsafe grown.update(from: base, count: used)
        if ownsBase { unsafe base.deallocate() }
        ownsBase = true
        unsafe base = unsafe grown
        capacity = wanted
    }

    // MARK: Raw bytes: no comma is written and none is remembered.

    @inlinable @inline(__always)
    package mutating func append(byte: UInt8) {
        reserve(1)
        unsafe base[used] = byte
        used &+= 1
    }

    @inlinable
    package mutating func append(bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        reserve(bytes.count)
        unsafe UnsafeMutableRawPointer(base + used).copyMemory(from: start, byteCount: bytes.count)
        used &+= bytes.count
    }

    @inlinable
    package mutating func append(text: StaticString) {
        unsafe append(bytes: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    // MARK: Structure

    @inlinable @inline(__always)
    mutating func separate() {
        if needsComma { append(byte: UInt8(ascii: ",")) }
        needsComma = true
    }

    @inlinable
    package mutating func beginObject() {
        separate()
        append(byte: UInt8(ascii: "{"))
        needsComma = false
    }

    @inlinable
    package mutating func endObject() {
        append(byte: UInt8(ascii: "}"))
        needsComma = true
    }

    @inlinable
    package mutating func beginArray() {
        separate()
        append(byte: UInt8(ascii: "["))
        needsComma = false
    }

    @inlinable
    package mutating func endArray() {
        append(byte: UInt8(ascii: "]"))
        needsComma = true
    }

    /// A key of letters, digits and the like: it is written as it is.
    @inlinable
    package mutating func key(_ name: StaticString) {
        separate()
        append(byte: UInt8(ascii: "\""))
        append(text: name)
        append(byte: UInt8(ascii: "\""))
        append(byte: UInt8(ascii: ":"))
        needsComma = false
    }

    /// A key of any content, escaped where it must be.
    package mutating func key(utf8 name: UnsafeBufferPointer<UInt8>) {
        separate()
        unsafe appendString(name)
        append(byte: UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func key(named name: String) {
        var name = name
        name.withUTF8 { unsafe key(utf8: $0) }
    }

    /// A key that is JSON text already, quotes included.
    @inlinable
    package mutating func key(raw text: UnsafeRawBufferPointer) {
        separate()
        unsafe append(bytes: text)
        append(byte: UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Result

    /// Bytes written so far.
    @inlinable
    package var count: Int { used }

    @inlinable
    package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(start: base, count: used))
    }

    package var bytes: [UInt8] {
        unsafe [UInt8](UnsafeBufferPointer(start: base, count: used))
    }

    package var text: String {
        unsafe String(decoding: UnsafeBufferPointer(start: base, count: used), as: UTF8.self)
    }

    /// Forgets what was written and keeps the room.
    package mutating func removeAll() {
        used = 0
        needsComma = false
    }
}
