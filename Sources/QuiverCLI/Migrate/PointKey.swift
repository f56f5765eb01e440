import QuiverModel

/// A place in the order of all ids: numbers, then UUIDs, then the end behind both.
struct PointKey: Hashable, Sendable, Comparable {
    private enum Kind: UInt8 { case number, uuid, end }

    private var kind: Kind
    private var value: UInt128

    static let first = PointKey(kind: .number, value: 0)
    static let end = PointKey(kind: .end, value: 0)

    private init(kind: Kind, value: UInt128) {
        self.kind = kind
        self.value = value
    }

    init(_ id: PointID) {
        switch id {
        case .number(let number): self.init(kind: .number, value: UInt128(number))
        case .uuid(let uuid): self.init(kind: .uuid, value: UInt128(uuid.high) << 64 | UInt128(uuid.low))
        }
    }

    /// Nil at the end, which no id has.
    var id: PointID? {
        switch kind {
        case .number: .number(UInt64(truncatingIfNeeded: value))
        case .uuid:
            .uuid(PointUUID(high: UInt64(truncatingIfNeeded: value >> 64), low: UInt64(truncatingIfNeeded: value)))
        case .end: nil
        }
    }

    static func < (left: PointKey, right: PointKey) -> Bool {
        left.kind == right.kind ? left.value < right.value : left.kind.rawValue < right.kind.rawValue
    }

    /// A place between this one and `other`, behind this one and before `other`; where there are both numbers and UUIDs
    /// between them, the first UUID. Nil where nothing lies between them.
    func middle(to other: PointKey) -> PointKey? {
        guard self < other else { return nil }
        if kind == .number, other.kind != .number {
            let firstUUID = PointKey(kind: .uuid, value: 0)
            if firstUUID < other { return firstUUID }
            return middle(to: PointKey(kind: .number, value: UInt128(UInt64.max)))
        }
        let limit = kind == other.kind ? other.value : UInt128.max
        let half = (limit - value) / 2
        return half == 0 ? nil : PointKey(kind: kind, value: value + half)
    }

    /// How many ids could lie between; nil: more than anybody would copy at once.
    func distance(to other: PointKey) -> Int? {
        guard kind == other.kind, self < other else { return self < other ? nil : 0 }
        return Int(exactly: other.value - value)
    }

    /// How much lies between this and `other`, for choosing among ranges: not a number of points.
    func span(to other: PointKey) -> Double {
        guard self < other else { return 0 }
        if kind == other.kind { return Double(other.value - value) }
        let whole = Double(UInt128.max)
        switch (kind, other.kind) {
        case (.number, .uuid): return Double(UInt128(UInt64.max) - value) + Double(other.value)
        case (.number, _): return Double(UInt128(UInt64.max) - value) + whole
        default: return whole - Double(value)
        }
    }
}

extension PointKey: CustomStringConvertible {
    /// The id; empty at the end.
    var description: String { id?.description ?? "" }

    init?(description: String) {
        if description.isEmpty {
            self = .end
        } else {
            guard let id = PointID(pathComponent: description) else { return nil }
            self.init(id)
        }
    }
}
