public import CSimdjson

extension JSONWriter {
    @inlinable
    package mutating func null() {
        separate()
        append(text: "null")
    }

    @inlinable
    package mutating func value(_ value: Bool) {
        separate()
        if value { append(text: "true") } else { append(text: "false") }
    }

    @inlinable
    package mutating func value(_ value: Int) { self.value(Int64(value)) }

    @inlinable
    package mutating func value(_ value: Int64) {
        separate()
        reserve(Int(QJSON_NUMBER_CAPACITY))
        used &+= unsafe qjson_write_int64(value, base + used)
    }

    @inlinable
    package mutating func value(_ value: UInt64) {
        separate()
        reserve(Int(QJSON_NUMBER_CAPACITY))
        used &+= unsafe qjson_write_uint64(value, base + used)
    }

    /// The shortest decimal that reads back as the same `Float`; `null` when not finite.
    @inlinable
    package mutating func value(_ value: Float) {
        separate()
        reserve(Int(QJSON_NUMBER_CAPACITY))
        used &+= unsafe qjson_write_float(value, base + used)
    }

    /// The shortest decimal that reads back as the same `Double`; `null` when not finite.
    @inlinable
    package mutating func value(_ value: Double) {
        separate()
        reserve(Int(QJSON_NUMBER_CAPACITY))
        used &+= unsafe qjson_write_double(value, base + used)
    }

    package mutating func value(_ value: String) {
        var value = value
        value.withUTF8 { unsafe self.value(utf8: $0) }
    }

    /// A string of valid UTF-8.
    @inlinable
    package mutating func value(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        separate()
        unsafe appendString(bytes)
    }

    /// A value that is JSON text already.
    @inlinable
    package mutating func value(raw text: UnsafeRawBufferPointer) {
        separate()
        unsafe append(bytes: text)
    }

    @inlinable
    package mutating func value(raw text: [UInt8]) {
        unsafe text.withUnsafeBytes { unsafe value(raw: $0) }
    }

    /// The most bytes that a float takes, with its comma.
    package static let floatByteCount = Int(QJSON_FLOAT_STRIDE)

    /// An array of floats.
    package mutating func value(floats: UnsafeBufferPointer<Float>) {
        beginArray()
        // Room for all of them, so that the loop does not look at the capacity.
        reserve(floats.count * Int(QJSON_FLOAT_STRIDE) + Int(QJSON_NUMBER_CAPACITY))
        used &+= unsafe qjson_write_floats(floats.baseAddress, floats.count, base + used)
        endArray()
    }

    package mutating func value(floats: [Float]) {
        unsafe floats.withUnsafeBufferPointer { unsafe value(floats: $0) }
    }

    /// Quotes, and escapes where JSON demands them; everything else, valid UTF-8, is copied.
    @usableFromInline
    mutating func appendString(_ bytes: UnsafeBufferPointer<UInt8>) {
        append(byte: UInt8(ascii: "\""))
        if var at = bytes.baseAddress {
            var left = bytes.count
            while true {
                let plain = unsafe qjson_find_escapable(at, left)
                unsafe append(bytes: UnsafeRawBufferPointer(start: at, count: plain))
                if plain == left { break }
                unsafe appendEscape(of: at[plain])
                unsafe at += plain + 1
                left -= plain + 1
            }
        }
        append(byte: UInt8(ascii: "\""))
    }

    private mutating func appendEscape(of byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append(text: #"\""#)
        case UInt8(ascii: "\\"): append(text: #"\\"#)
        case 0x08: append(text: #"\b"#)
        case 0x09: append(text: #"\t"#)
        case 0x0A: append(text: #"\n"#)
        case 0x0C: append(text: #"\f"#)
        case 0x0D: append(text: #"\r"#)
        default:
            let low = byte & 0xF
            append(text: byte < 0x10 ? #"\u000"# : #"\u001"#)
            append(byte: low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        }
    }
}
