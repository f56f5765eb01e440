package import QuiverModel

extension PayloadText {
    /// What `with_payload` asks for; nil for `.none`.
    ///
    /// Include keeps the structure down to the named leaves, exclude removes them. Only `[]` leads into arrays: an
    /// index matches nothing there. A value on the way that is neither object nor array stays.
    package static func select(_ selector: PayloadSelector, from payload: Payload) -> Payload? {
        switch selector {
        case .none:
            return nil
        case .all:
            return payload
        case .include(let paths):
            let rests = paths.map { $0.steps[...] }
            return unsafe rewritten(payload) { unsafe writeIncluding($0, 0, $1, rests, &$2) }
        case .exclude(let paths):
            let rests = paths.map { $0.steps[...] }
            return unsafe rewritten(payload) { unsafe writeExcluding($0, 0, $1, rests, &$2) }
        }
    }

    private static func rewritten(_ payload: Payload, _ write: (TextBase, Int, inout [UInt8]) -> Void) -> Payload {
        unsafe payload.utf8.withUnsafeBytes { raw in
            var out: [UInt8] = []
            out.reserveCapacity(raw.count)
            unsafe write(raw.textBase, raw.count, &out)
            return Payload(validated: out)
        }
    }

    private typealias Rest = ArraySlice<PayloadPath.Step>

    /// `rests`: what is left of the paths that lead through this value; none of them is at its end.
    private static func writeIncluding(
        _ base: TextBase, _ at: Int, _ end: Int, _ rests: [Rest], _ out: inout [UInt8]
    ) {
        switch unsafe base[at] {
        case UInt8(ascii: "{"):
            var members = unsafe MemberIterator(base, at, end)
            out.append(UInt8(ascii: "{"))
            while let member = members.next() {
                let inner = unsafe through(base, member.keyStart, member.keyEnd, rests)
                if inner.isEmpty { continue }
                separate(&out)
                unsafe copy(base, member.keyStart, member.value, &out)
                if inner.contains(where: \.isEmpty) {
                    unsafe copy(base, member.value, member.valueEnd, &out)
                } else {
                    unsafe writeIncluding(base, member.value, end, inner, &out)
                }
            }
            out.append(UInt8(ascii: "}"))
        case UInt8(ascii: "["):
            let inner = throughElements(rests)
            if inner.isEmpty {
                out += [UInt8(ascii: "["), UInt8(ascii: "]")]
            } else if inner.contains(where: \.isEmpty) {
                unsafe copy(base, at, TextScan.endOfValue(base, at, end), &out)
            } else {
                unsafe writeElements(base, at, end, &out) { _, element, out in
                    unsafe writeIncluding(base, element, end, inner, &out)
                }
            }
        default:
            unsafe copy(base, at, TextScan.endOfValue(base, at, end), &out)
        }
    }

    private static func writeExcluding(
        _ base: TextBase, _ at: Int, _ end: Int, _ rests: [Rest], _ out: inout [UInt8]
    ) {
        if rests.isEmpty {
            unsafe copy(base, at, TextScan.endOfValue(base, at, end), &out)
            return
        }
        switch unsafe base[at] {
        case UInt8(ascii: "{"):
            var members = unsafe MemberIterator(base, at, end)
            out.append(UInt8(ascii: "{"))
            while let member = members.next() {
                let inner = unsafe through(base, member.keyStart, member.keyEnd, rests)
                if inner.contains(where: \.isEmpty) { continue }
                separate(&out)
                unsafe copy(base, member.keyStart, member.value, &out)
                unsafe writeExcluding(base, member.value, end, inner, &out)
            }
            out.append(UInt8(ascii: "}"))
        case UInt8(ascii: "["):
            let inner = throughElements(rests)
            if inner.contains(where: \.isEmpty) {
                out += [UInt8(ascii: "["), UInt8(ascii: "]")]
            } else {
                unsafe writeElements(base, at, end, &out) { _, element, out in
                    unsafe writeExcluding(base, element, end, inner, &out)
                }
            }
        default:
            unsafe copy(base, at, TextScan.endOfValue(base, at, end), &out)
        }
    }

    private static func through(_ base: TextBase, _ keyStart: Int, _ keyEnd: Int, _ rests: [Rest]) -> [Rest] {
        rests.compactMap { rest in
            guard case .key(let key)? = rest.first, unsafe isKey(base, keyStart, keyEnd, key) else { return nil }
            return rest.dropFirst()
        }
    }

    private static func throughElements(_ rests: [Rest]) -> [Rest] {
        rests.compactMap { $0.first == .wildcard ? $0.dropFirst() : nil }
    }
}
