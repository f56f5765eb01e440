/// The part of a body that a `Range` field asks for (RFC 9110, section 14).
enum ByteRange: Equatable {
    case whole
    case part(Range<Int>)
    /// 416.
    case unsatisfiable

    /// A field of another unit, and one that asks for several parts, is as none, which is everybody's right. One that
    /// cannot be read is refused, as Qdrant does it.
    init(_ field: String?, byteCount: Int) {
        guard let field, let equals = field.firstIndex(of: "="),
            field[..<equals].lowercased() == "bytes"
        else {
            self = .whole
            return
        }
        let list = field[field.index(after: equals)...].split(separator: ",").map(Self.trimmed).filter { !$0.isEmpty }
        guard list.count <= 1 else {
            self = .whole
            return
        }
        self = list.first.map { Self.one($0, byteCount) } ?? .unsatisfiable
    }

    private static func one(_ text: Substring, _ byteCount: Int) -> ByteRange {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(trimmed)
        guard ends.count == 2 else { return .unsatisfiable }
        if ends[0].isEmpty {
            guard let count = number(ends[1]), count > 0, byteCount > 0 else { return .unsatisfiable }
            return .part(max(0, byteCount - count)..<byteCount)
        }
        guard let first = number(ends[0]), first < byteCount else { return .unsatisfiable }
        if ends[1].isEmpty { return .part(first..<byteCount) }
        guard let last = number(ends[1]), last >= first else { return .unsatisfiable }
        return .part(first..<(min(last, byteCount - 1) + 1))
    }

    /// Digits alone; as large as it gets where it is larger.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(text) ?? .max
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let rest = text.drop { $0 == " " || $0 == "\t" }
        guard let end = rest.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return rest.prefix(0) }
        return rest[...end]
    }
}
