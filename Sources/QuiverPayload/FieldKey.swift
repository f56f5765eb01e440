import QuiverLMDB
import QuiverModel

// Keys of `index/<field>` and what their postings hold.
//
// | first byte | rest | posting |
// |---|---|---|
// | 00 | 01 | slots whose field is missing, null or `[]` |
// | 00 | 02 | slots with a null at the path |
// | 00 | 03 | "others": slots with a value that has no key below (another type, an object, a nested array, null in an array) |
// | 00 | 04 | one number: the points that have a value with a key below |
// | 00 | 05 | one number: the first slot not built yet; FFFFFFFF when ready |
// | 00 | 06 | text: slots with a text that has no tokens |
// | 00 | 07 · digest of all other entries, big-endian 8 bytes (`IndexDigest`) | the number 0 |
// | 01 | keyword ≤ 495 bytes: its UTF-8 | slots with this value |
// | 01 | longer keyword: its first 495 bytes · FF · FNV-1a 64 of all, big-endian | slots that may have it |
// | 01 | integer: sign bit inverted, big-endian 8 bytes | |
// | 01 | float without fraction in an integer index: the integer's 8 bytes, and a byte 01 | slots, which are among the "others" as well: the value has a place in the order and does not match the integer |
// | 01 | float: `KeyOrder` bits, big-endian 8 bytes; integers too, rounded to the nearest double | |
// | 01 | bool: 00 or 01 | |
// | 01 | datetime: microseconds as integer | |
// | 01 | uuid: 16 bytes, and a byte 01 when it was not written lower-case hyphenated | |
// | 01 | geo: `GeoCode`, big-endian 8 bytes | slots with a place in this cell |
// | 01 | text: a token ≤ 495 bytes, its UTF-8 | slots with a text that has this token |
// | 01 | longer token: its first 495 bytes · FF | slots that may have it |
//
// FF stands in no UTF-8, so a cut keyword is no other's key. Phrases are found by their tokens, and their order is read
// from the payload: positions would take a number for each occurrence of a token.
// Every slot of the collection has at least one posting.

enum FieldKey {
    static let empty: UInt8 = 1
    static let null: UInt8 = 2
    static let others: UInt8 = 3
    static let pointCount: UInt8 = 4
    static let progress: UInt8 = 5
    static let blank: UInt8 = 6
    static let digest: UInt8 = 7

    static let valueTag: UInt8 = 1
    static let cutKeywordByteCount = 495
    static let ready = UInt32.max

    static func special(_ kind: UInt8) -> ShortKey {
        var key = ShortKey()
        key.append(UInt8(0))
        key.append(kind)
        return key
    }

    static func number(_ bits: UInt64) -> ShortKey {
        var key = ShortKey()
        key.append(valueTag)
        key.append(bits)
        return key
    }

    static func bool(_ value: Bool) -> ShortKey {
        var key = ShortKey()
        key.append(valueTag)
        key.append(UInt8(value ? 1 : 0))
        return key
    }

    static func uuid(_ value: PointUUID, isCanonical: Bool) -> ShortKey {
        var key = ShortKey()
        key.append(valueTag)
        key.append(value.high)
        key.append(value.low)
        if !isCanonical { key.append(UInt8(1)) }
        return key
    }

    /// The key of an integer, or of the float of the same value.
    static func integer(_ bits: UInt64, isFloat: Bool) -> ShortKey {
        var key = number(bits)
        if isFloat { key.append(UInt8(1)) }
        return key
    }

    /// The eight bytes of a key of such; nil for any other.
    static func code(_ key: UnsafeRawBufferPointer) -> UInt64? {
        guard key.count == 9, unsafe key[0] == valueTag else { return nil }
        return UInt64(bigEndian: unsafe key.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
    }

    /// The first key behind all values.
    static let afterValues: ShortKey = {
        var key = ShortKey()
        key.append(UInt8(valueTag + 1))
        return key
    }()

    static let beforeValues: ShortKey = {
        var key = ShortKey()
        key.append(valueTag)
        return key
    }()

    /// Appends the key of a keyword.
    static func appendKeyword(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(valueTag)
        if text.count <= cutKeywordByteCount {
            unsafe bytes.append(contentsOf: text)
            return
        }
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[..<cutKeywordByteCount]))
        bytes.append(0xFF)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in text.indices { hash = (hash ^ UInt64(unsafe text[index])) &* 0x100_0000_01B3 }
        append(hash, to: &bytes)
    }

    /// Whether other strings may have this key, too.
    static func isCutKeyword(_ key: UnsafeRawBufferPointer, _ type: PayloadIndexType) -> Bool {
        type == .keyword && key.count > cutKeywordByteCount + 1
    }

    static func keyword(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var text = text
        text.withUTF8 { unsafe appendKeyword($0, to: &bytes) }
        return bytes
    }

    static func appendToken(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(valueTag)
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text.prefix(cutKeywordByteCount)))
        if text.count > cutKeywordByteCount { bytes.append(0xFF) }
    }

    static func token(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        unsafe text.withUnsafeBufferPointer { unsafe appendToken($0, to: &bytes) }
        return bytes
    }

    static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(of: word.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Lower-case hyphenated.
    static func isCanonicalUUID(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count == 36 else { return false }
        for index in text.indices {
            let byte = unsafe text[index]
            if byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "F") { return false }
        }
        return true
    }
}

extension FieldKey {
    /// Where a value stands in the index.
    enum Standing {
        case others, keyed
        /// It has a key and belongs to the others, too.
        case both
    }

    /// Appends the key of the value at `at`, an array's element or no array, if this type has one for it.
    static func append(
        _ type: PayloadIndexType, _ base: TextBase, _ at: Int, _ end: Int, to bytes: inout [UInt8]
    ) -> Standing {
        if type == .integer {
            guard TextScan.isNumber(unsafe base[at]) else { return .others }
            return unsafe appendInteger(TextScan.number(base, at, end), to: &bytes)
        }
        return unsafe appendOwnKey(type, base, at, end, to: &bytes) ? .keyed : .others
    }

    private static func appendInteger(_ number: TextNumber, to bytes: inout [UInt8]) -> Standing {
        switch number {
        case .integer(let value):
            bytes.append(valueTag)
            append(KeyOrder.bits(of: value), to: &bytes)
            return .keyed
        case .unsigned:
            return .others
        case .double(let value):
            guard let integer = Int64(exactly: value) else { return .others }
            bytes.append(valueTag)
            append(KeyOrder.bits(of: integer), to: &bytes)
            bytes.append(1)
            return .both
        }
    }

    private static func appendOwnKey(
        _ type: PayloadIndexType, _ base: TextBase, _ at: Int, _ end: Int, to bytes: inout [UInt8]
    ) -> Bool {
        let first = unsafe base[at]
        switch type {
        case .text: return false
        case .geo:
            guard let place = unsafe TextScan.place(base, at, end), let code = GeoCode.code(lon: place.lon, lat: place.lat)
            else { return false }
            bytes.append(valueTag)
            append(code, to: &bytes)
            return true
        case .keyword:
            guard first == UInt8(ascii: "\"") else { return false }
            unsafe TextScan.withString(base, at, TextScan.endOfString(base, at, end)) {
                unsafe appendKeyword($0, to: &bytes)
            }
            return true
        case .integer:
            return false
        case .float:
            guard TextScan.isNumber(first), let bits = unsafe KeyOrder.bits(of: TextScan.number(base, at, end).asDouble)
            else { return false }
            bytes.append(valueTag)
            append(bits, to: &bytes)
            return true
        case .bool:
            guard first == UInt8(ascii: "t") || first == UInt8(ascii: "f") else { return false }
            bytes.append(valueTag)
            bytes.append(first == UInt8(ascii: "t") ? 1 : 0)
            return true
        case .datetime:
            guard first == UInt8(ascii: "\""),
                let value = unsafe TextScan.withString(base, at, TextScan.endOfString(base, at, end), { text in
                    unsafe Timestamp(utf8: text)
                })
            else { return false }
            bytes.append(valueTag)
            append(KeyOrder.bits(of: value.microsecondsSinceEpoch), to: &bytes)
            return true
        case .uuid:
            guard first == UInt8(ascii: "\"") else { return false }
            let found = unsafe TextScan.withString(base, at, TextScan.endOfString(base, at, end)) { text in
                unsafe PointUUID(utf8: text).map { unsafe ($0, isCanonicalUUID(text)) }
            }
            guard let (value, isCanonical) = found else { return false }
            bytes.append(valueTag)
            append(value.high, to: &bytes)
            append(value.low, to: &bytes)
            if !isCanonical { bytes.append(1) }
            return true
        }
    }
}
