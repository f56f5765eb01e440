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
            let tree = PathTree(paths)
            return unsafe rewritten(payload) { unsafe writeIncluding($0, 0, $1, tree, &$2) }
        case .exclude(let paths):
            let tree = PathTree(paths)
            return unsafe rewritten(payload) { unsafe writeExcluding($0, 0, $1, tree, &$2) }
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

    /// `tree`: what leads through this value, without an end here.
    private static func writeIncluding(
        _ base: TextBase, _ at: Int, _ end: Int, _ tree: PathTree, _ out: inout [UInt8]
    ) {
        switch unsafe base[at] {
        case UInt8(ascii: "{"):
            var members = unsafe MemberIterator(base, at, end)
            out.append(UInt8(ascii: "{"))
            while let member = members.next() {
                guard let inner = unsafe tree.child(base, member.keyStart, member.keyEnd) else { continue }
                separate(&out)
                unsafe copy(base, member.keyStart, member.value, &out)
                if inner.isEnd {
                    unsafe copy(base, member.value, member.valueEnd, &out)
                } else {
                    unsafe writeIncluding(base, member.value, end, inner, &out)
                }
            }
            out.append(UInt8(ascii: "}"))
        case UInt8(ascii: "["):
            guard let inner = tree.wildcard else {
                out += [UInt8(ascii: "["), UInt8(ascii: "]")]
                return
            }
            if inner.isEnd {
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
        _ base: TextBase, _ at: Int, _ end: Int, _ tree: PathTree?, _ out: inout [UInt8]
    ) {
        switch (unsafe base[at], tree) {
        case (UInt8(ascii: "{"), let tree?):
            var members = unsafe MemberIterator(base, at, end)
            out.append(UInt8(ascii: "{"))
            while let member = members.next() {
                let inner = unsafe tree.child(base, member.keyStart, member.keyEnd)
                if inner?.isEnd == true { continue }
                separate(&out)
                unsafe copy(base, member.keyStart, member.value, &out)
                unsafe writeExcluding(base, member.value, end, inner, &out)
            }
            out.append(UInt8(ascii: "}"))
        case (UInt8(ascii: "["), let tree?):
            if tree.wildcard?.isEnd == true {
                out += [UInt8(ascii: "["), UInt8(ascii: "]")]
            } else {
                unsafe writeElements(base, at, end, &out) { _, element, out in
                    unsafe writeExcluding(base, element, end, tree.wildcard, &out)
                }
            }
        default:
            unsafe copy(base, at, TextScan.endOfValue(base, at, end), &out)
        }
    }
}
