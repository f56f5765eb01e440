package import QuiverJSON

extension PayloadText {
    /// The values at a path of a stored payload. An array at its end counts as its elements, unless the path says `[]`
    /// itself; so what has one element is that element.
    package static func values(of payload: UnsafeRawBufferPointer, at path: CompiledPath) -> [JSONValue] {
        var found: [Int] = []
        let base = unsafe payload.textBase
        let end = payload.count
        unsafe path.collect(base, 0, end, into: &found)
        let opensArrays = unsafe path.stepCount == 0 || path.steps[path.stepCount - 1].kind != .wildcard
        var values: [JSONValue] = []
        for at in found {
            guard opensArrays, unsafe base[at] == UInt8(ascii: "[") else {
                unsafe values.append(value(base, at, end))
                continue
            }
            unsafe values.append(contentsOf: elements(base, at, end))
        }
        return values
    }

    private static func elements(_ base: TextBase, _ array: Int, _ end: Int) -> [JSONValue] {
        var values: [JSONValue] = []
        var element = unsafe TextScan.firstElement(base, array, end)
        while element >= 0 {
            unsafe values.append(value(base, element, end))
            element = unsafe TextScan.nextElement(base, element, end)
        }
        return values
    }

    /// The value that begins at `at`. Payloads are as deep as the parser let them be.
    private static func value(_ base: TextBase, _ at: Int, _ end: Int) -> JSONValue {
        switch unsafe base[at] {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "["): return unsafe .array(elements(base, at, end))
        case UInt8(ascii: "\""):
            return unsafe .string(String(decoding: content(base, at, TextScan.endOfString(base, at, end)), as: UTF8.self))
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            var iterator = unsafe MemberIterator(base, at, end)
            while let member = iterator.next() {
                let key = unsafe content(base, member.keyStart, member.keyEnd)
                unsafe members.append(.init(String(decoding: key, as: UTF8.self), value(base, member.value, end)))
            }
            return .object(members)
        default:
            switch unsafe TextScan.number(base, at, end) {
            case .integer(let number): return .int(number)
            case .unsigned(let number): return .uint(number)
            case .double(let number): return .double(number)
            }
        }
    }
}
