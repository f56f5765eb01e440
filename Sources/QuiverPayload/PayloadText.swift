package import QuiverJSON
package import QuiverModel

/// Payloads as text: making them from what was received, editing and cutting them without re-encoding. Parts that an
/// edit does not touch keep their key order and the form of their numbers, byte for byte.
package enum PayloadText {
    /// Validates and minifies one JSON object. Of members with the same name in an object the last one stays.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, with parser: JSONParser
    ) throws(PayloadError) -> Payload {
        try unsafe parser.withParsed(bytes: bytes, mapError: { (error) in PayloadError.json(error) }) {
            (root) throws(PayloadError) in
            guard let payload = payload(from: root) else { throw .notAnObject }
            return payload
        }
    }

    package static func parse(_ text: String, with parser: JSONParser) throws(PayloadError) -> Payload {
        var text = text
        let result: Result<Payload, PayloadError> = text.withUTF8 { utf8 in
            do throws(PayloadError) {
                return .success(try unsafe parse(UnsafeRawBufferPointer(utf8), with: parser))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The payload that a part of a parsed request is; nil unless it is an object.
    package static func payload(from node: JSONNode) -> Payload? {
        guard node.isObject else { return nil }
        var writer = JSONWriter()
        writer.value(distinct: node)
        return Payload(validated: writer.bytes)
    }

    /// The texts of the values at a path, in order. `a` on an array is the array itself.
    package static func values(_ payload: UnsafeRawBufferPointer, at path: CompiledPath) -> [[UInt8]] {
        var found: [Int] = []
        let base = unsafe payload.textBase
        unsafe path.collect(base, 0, payload.count, into: &found)
        return found.map { at in
            unsafe Array(UnsafeRawBufferPointer(rebasing: payload[at..<TextScan.endOfValue(base, at, payload.count)]))
        }
    }

    /// The values a point is grouped by: strings and integers, also those in an array. A point with any other value
    /// there belongs to no group at all, as in Qdrant.
    package static func groupKeys(of payload: Payload, at path: PayloadPath) -> [GroupID] {
        unsafe payload.utf8.withUnsafeBytes { unsafe groupKeys($0, at: CompiledPath(path)) }
    }

    /// The same for stored text, with a path that is used for many.
    package static func groupKeys(_ payload: UnsafeRawBufferPointer, at path: CompiledPath) -> [GroupID] {
        var found: [Int] = []
        let base = unsafe payload.textBase
        let end = payload.count
        unsafe path.collect(base, 0, end, into: &found)
        var keys: [GroupID] = []
        var seen: Set<GroupID> = []
        var canBeGrouped = true
        func add(_ at: Int) {
            guard let key = unsafe groupKey(base, at, end) else {
                canBeGrouped = false
                return
            }
            if seen.insert(key).inserted { keys.append(key) }
        }
        for at in found {
            guard unsafe base[at] == UInt8(ascii: "[") else {
                add(at)
                continue
            }
            var element = unsafe TextScan.firstElement(base, at, end)
            while element >= 0 {
                add(element)
                element = unsafe TextScan.nextElement(base, element, end)
            }
        }
        return canBeGrouped ? keys : []
    }

    private static func groupKey(_ base: TextBase, _ at: Int, _ end: Int) -> GroupID? {
        let first = unsafe base[at]
        if first == UInt8(ascii: "\"") {
            return unsafe .string(TextScan.withString(base, at, TextScan.endOfString(base, at, end)) {
                unsafe String(decoding: $0, as: UTF8.self)
            })
        }
        guard TextScan.isNumber(first) else { return nil }
        switch unsafe TextScan.number(base, at, end) {
        case .integer(let value): return .integer(value)
        case .unsigned(let value): return .unsigned(value)
        case .double: return nil
        }
    }
}

// MARK: Writing parts

extension PayloadText {
    /// A comma, unless a container has just been opened.
    static func separate(_ out: inout [UInt8]) {
        if let last = out.last, last != UInt8(ascii: "{"), last != UInt8(ascii: "[") { out.append(UInt8(ascii: ",")) }
    }

    static func copy(_ base: TextBase, _ start: Int, _ end: Int, _ out: inout [UInt8]) {
        unsafe out.append(contentsOf: UnsafeBufferPointer(start: base + start, count: max(0, end - start)))
    }

    /// What the string at `start`, quotes included, means.
    static func content(_ base: TextBase, _ start: Int, _ end: Int) -> [UInt8] {
        unsafe TextScan.withString(base, start, end) { unsafe Array($0) }
    }
}

/// The members of an object: where the key's text with its quotes is, and the value.
@safe
struct MemberIterator {
    private let base: TextBase
    private let end: Int
    private var at: Int

    init(_ base: TextBase, _ object: Int, _ end: Int) {
        unsafe self.base = unsafe base
        self.end = end
        at = object + 1
    }

    mutating func next() -> (keyStart: Int, keyEnd: Int, value: Int, valueEnd: Int)? {
        guard unsafe at < end && base[at] == UInt8(ascii: "\"") else { return nil }
        let keyStart = at
        let keyEnd = unsafe TextScan.endOfString(base, at, end)
        guard keyEnd + 1 < end else { return nil }
        let valueEnd = unsafe TextScan.endOfValue(base, keyEnd + 1, end)
        at = unsafe valueEnd < end && base[valueEnd] == UInt8(ascii: ",") ? valueEnd + 1 : end
        return (keyStart, keyEnd, keyEnd + 1, valueEnd)
    }
}
