package import QuiverModel

extension PayloadText {
    /// `set_payload`: the members of `changes` replace those of the same name or are added; a null removes.
    ///
    /// With a path this happens to the value there: missing objects are made, and whatever is in the way of a key or of
    /// the members becomes an object. `[n]` has to exist, else nothing changes; `[]` means every element; where no
    /// array is, both leave `[]`.
    package static func merge(_ changes: Payload, into payload: Payload, at path: PayloadPath? = nil) -> Payload {
        unsafe payload.utf8.withUnsafeBytes { old in
            unsafe changes.utf8.withUnsafeBytes { new in
                var editor = unsafe PayloadMerge(base: old.textBase, end: old.count, changes: new)
                editor.out.reserveCapacity(old.count + new.count)
                editor.write(0, path?.steps[...] ?? [])
                return Payload(validated: editor.out)
            }
        }
    }

    /// `delete_payload`: removes the members at the paths. `a[]` empties the array, `a[0]` alone removes nothing.
    package static func removing(_ paths: PathTree, from payload: Payload) -> Payload {
        unsafe payload.utf8.withUnsafeBytes { raw in
            var out: [UInt8] = []
            out.reserveCapacity(raw.count)
            unsafe writeRemoving(raw.textBase, 0, raw.count, [paths], &out)
            return Payload(validated: out)
        }
    }

    package static func removing(_ paths: [PayloadPath], from payload: Payload) -> Payload {
        removing(PathTree(paths), from: payload)
    }

    /// - Parameter trees: what leads through this value; an element is reached by its index and by `[]`.
    private static func writeRemoving(
        _ base: TextBase, _ at: Int, _ end: Int, _ trees: [PathTree], _ out: inout [UInt8]
    ) {
        switch unsafe trees.isEmpty ? 0 : base[at] {
        case UInt8(ascii: "{"):
            var members = unsafe MemberIterator(base, at, end)
            out.append(UInt8(ascii: "{"))
            while let member = members.next() {
                let inner = trees.compactMap { unsafe $0.child(base, member.keyStart, member.keyEnd) }
                if inner.contains(where: \.isEnd) { continue }
                separate(&out)
                unsafe copy(base, member.keyStart, member.value, &out)
                if inner.isEmpty {
                    unsafe copy(base, member.value, member.valueEnd, &out)
                } else {
                    unsafe writeRemoving(base, member.value, end, inner, &out)
                }
            }
            out.append(UInt8(ascii: "}"))
        case UInt8(ascii: "[") where trees.contains { $0.wildcard?.isEnd == true }:
            out += [UInt8(ascii: "["), UInt8(ascii: "]")]
        case UInt8(ascii: "[") where trees.contains(where: \.hasElements):
            unsafe writeElements(base, at, end, &out) { place, element, out in
                let inner = trees.compactMap { $0.indices[place] } + trees.compactMap(\.wildcard)
                unsafe writeRemoving(base, element, end, inner, &out)
            }
        default:
            unsafe copy(base, at, TextScan.endOfValue(base, at, end), &out)
        }
    }

    static func writeElements(
        _ base: TextBase, _ array: Int, _ end: Int, _ out: inout [UInt8], _ write: (Int, Int, inout [UInt8]) -> Void
    ) {
        out.append(UInt8(ascii: "["))
        var element = unsafe TextScan.firstElement(base, array, end)
        var place = 0
        while element >= 0 {
            separate(&out)
            write(place, element, &out)
            place += 1
            element = unsafe TextScan.nextElement(base, element, end)
        }
        out.append(UInt8(ascii: "]"))
    }

    /// Does the key's text between the positions, quotes included, mean `key`?
    static func isKey(_ base: TextBase, _ start: Int, _ end: Int, _ key: String) -> Bool {
        unsafe TextScan.withString(base, start, end) { unsafe $0.elementsEqual(key.utf8) }
    }

    /// Quotes a key of a path. Paths hold neither quotes nor backslashes.
    static func writeKey(_ key: String, _ out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in key.utf8 {
            if byte < 0x20 {
                let digits = Array("0123456789abcdef".utf8)
                out += Array("\\u00".utf8)
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            } else {
                out.append(byte)
            }
        }
        out += [UInt8(ascii: "\""), UInt8(ascii: ":")]
    }
}

/// One merge: the text it reads, the members it brings, the text it writes.
@safe
private struct PayloadMerge {
    private struct Member {
        var key: [UInt8]
        var keyRange: Range<Int>
        var valueRange: Range<Int>
        var isNull: Bool
    }

    let base: TextBase
    let end: Int
    private let changes: TextBase
    private var members: [Member] = []
    private var places: [[UInt8]: Int] = [:]
    var out: [UInt8] = []

    init(base: TextBase, end: Int, changes: UnsafeRawBufferPointer) {
        unsafe self.base = unsafe base
        self.end = end
        unsafe self.changes = unsafe changes.textBase
        var iterator = unsafe MemberIterator(changes.textBase, 0, changes.count)
        while let member = iterator.next() {
            let key = unsafe PayloadText.content(changes.textBase, member.keyStart, member.keyEnd)
            let made = unsafe Member(
                key: key, keyRange: member.keyStart..<member.keyEnd, valueRange: member.value..<member.valueEnd,
                isNull: changes[member.value] == UInt8(ascii: "n"))
            // Of two with the same name the later counts.
            if let place = places[key] {
                members[place] = made
            } else {
                places[key] = members.count
                members.append(made)
            }
        }
    }

    /// Writes what becomes of the value at `at`, -1 when there is none.
    mutating func write(_ at: Int, _ steps: ArraySlice<PayloadPath.Step>) {
        let first = at >= 0 ? unsafe base[at] : UInt8(ascii: "n")
        let rest = steps.dropFirst()
        switch steps.first {
        case nil:
            writeMerged(at, isObject: first == UInt8(ascii: "{"))
        case .key(let key):
            out.append(UInt8(ascii: "{"))
            var isFound = false
            if first == UInt8(ascii: "{") {
                var iterator = unsafe MemberIterator(base, at, end)
                while let member = iterator.next() {
                    PayloadText.separate(&out)
                    unsafe PayloadText.copy(base, member.keyStart, member.value, &out)
                    if unsafe PayloadText.isKey(base, member.keyStart, member.keyEnd, key) {
                        isFound = true
                        write(member.value, rest)
                    } else {
                        unsafe PayloadText.copy(base, member.value, member.valueEnd, &out)
                    }
                }
            }
            if !isFound {
                PayloadText.separate(&out)
                PayloadText.writeKey(key, &out)
                write(-1, rest)
            }
            out.append(UInt8(ascii: "}"))
        case .index, .wildcard:
            writeElements(at, isArray: first == UInt8(ascii: "["), steps)
        }
    }

    private mutating func writeElements(_ at: Int, isArray: Bool, _ steps: ArraySlice<PayloadPath.Step>) {
        out.append(UInt8(ascii: "["))
        var element = isArray ? unsafe TextScan.firstElement(base, at, end) : -1
        var place = 0
        while element >= 0 {
            PayloadText.separate(&out)
            if steps.first == .wildcard || steps.first == .index(place) {
                write(element, steps.dropFirst())
            } else {
                unsafe PayloadText.copy(base, element, TextScan.endOfValue(base, element, end), &out)
            }
            place += 1
            element = unsafe TextScan.nextElement(base, element, end)
        }
        out.append(UInt8(ascii: "]"))
    }

    private mutating func writeMerged(_ at: Int, isObject: Bool) {
        var isWritten = [Bool](repeating: false, count: members.count)
        out.append(UInt8(ascii: "{"))
        if isObject {
            var iterator = unsafe MemberIterator(base, at, end)
            while let member = iterator.next() {
                guard let place = unsafe places[PayloadText.content(base, member.keyStart, member.keyEnd)] else {
                    PayloadText.separate(&out)
                    unsafe PayloadText.copy(base, member.keyStart, member.valueEnd, &out)
                    continue
                }
                isWritten[place] = true
                writeChange(members[place])
            }
        }
        for (place, member) in members.enumerated() where !isWritten[place] { writeChange(member) }
        out.append(UInt8(ascii: "}"))
    }

    private mutating func writeChange(_ member: Member) {
        if member.isNull { return }
        PayloadText.separate(&out)
        unsafe PayloadText.copy(changes, member.keyRange.lowerBound, member.keyRange.upperBound, &out)
        out.append(UInt8(ascii: ":"))
        unsafe PayloadText.copy(changes, member.valueRange.lowerBound, member.valueRange.upperBound, &out)
    }
}
