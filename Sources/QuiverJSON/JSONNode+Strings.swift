public import CSimdjson

extension JSONNode {
    /// A string's UTF-8 without quotes and escapes; empty for everything else (see `isString`).
    @inlinable
    package var stringBytes: UnsafeBufferPointer<UInt8> {
        guard isString else { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
        return unsafe UnsafeBufferPointer(
            start: qjson_string_bytes(document, node), count: Int(node.pointee.value >> 32))
    }

    @inlinable
    package var string: String? {
        isString ? unsafe String(decoding: stringBytes, as: UTF8.self) : nil
    }

    /// Is it this string?
    @inlinable
    package func isString(_ text: StaticString) -> Bool {
        unsafe isString && stringBytes.count == text.utf8CodeUnitCount
            && qjson_equal(stringBytes.baseAddress, text.utf8Start, text.utf8CodeUnitCount)
    }

    @inlinable
    package func isString(utf8 bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe isString && stringBytes.count == bytes.count
            && (bytes.isEmpty || qjson_equal(stringBytes.baseAddress, bytes.baseAddress, bytes.count))
    }

    /// Is it a member of an object? Then the key accessors below say its name.
    @inlinable
    package var hasKey: Bool { unsafe !isElement && node.pointee.flags & UInt8(QJSON_HAS_KEY) != 0 }

    /// The UTF-8 of the member's name without quotes and escapes; empty for a value that is no member.
    @inlinable
    package var keyBytes: UnsafeBufferPointer<UInt8> {
        guard hasKey else { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
        return unsafe UnsafeBufferPointer(start: qjson_key_bytes(document, node), count: Int(node.pointee.key_length))
    }

    @inlinable
    package var key: String { unsafe String(decoding: keyBytes, as: UTF8.self) }

    @inlinable
    package func isKey(_ name: StaticString) -> Bool {
        unsafe hasKey && Int(node.pointee.key_length) == name.utf8CodeUnitCount
            && qjson_equal(qjson_key_bytes(document, node), name.utf8Start, name.utf8CodeUnitCount)
    }

    @inlinable
    package func isKey(utf8 name: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe hasKey && Int(node.pointee.key_length) == name.count
            && (name.isEmpty || qjson_equal(qjson_key_bytes(document, node), name.baseAddress, name.count))
    }

    /// The text of the member's name as it stands in the source, with quotes and escapes.
    @inlinable
    package var rawKeyBytes: UnsafeRawBufferPointer {
        guard hasKey else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        let source = unsafe UnsafeRawPointer(document.pointee.source.unsafelyUnwrapped)
        let offset = unsafe Int(node.pointee.key_offset)
        if unsafe node.pointee.flags & UInt8(QJSON_KEY_IS_UNESCAPED) == 0 {
            return unsafe UnsafeRawBufferPointer(start: source + offset - 1, count: Int(node.pointee.key_length) + 2)
        }
        // The string buffer says before each string where it came from.
        let strings = unsafe UnsafeRawPointer(document.pointee.strings.unsafelyUnwrapped)
        let start = unsafe Int(strings.loadUnaligned(fromByteOffset: offset - 8, as: UInt32.self))
        let end = unsafe Int(strings.loadUnaligned(fromByteOffset: offset - 4, as: UInt32.self))
        return unsafe UnsafeRawBufferPointer(start: source + start, count: end - start)
    }
}
