/// The type of a field index. Names as on the wire.
public enum PayloadIndexType: String, Codable, Sendable, CaseIterable {
    case keyword, integer, float, bool, datetime, uuid, geo, text
}

/// A field index as it was asked for. Options that were not given stay nil.
public struct PayloadIndexParams: Codable, Hashable, Sendable {
    public var type: PayloadIndexType
    /// Given as an object, and so echoed as `params`.
    public var givenAsObject: Bool
    public var isTenant: Bool?
    public var isPrincipal: Bool?
    public var onDisk: Bool?
    /// integer: the index answers `match`.
    public var lookup: Bool?
    /// integer: the index answers `range` and `order_by`.
    public var range: Bool?
    public var enableHNSW: Bool?
    /// Placement; overrides `onDisk`.
    public var memory: MemoryPlacement?
    /// keyword: asked for `match` by prefix.
    public var prefix: Bool?
    /// text: how values become tokens.
    public var text: TextOptions?
    /// text: the index answers `match` by phrase.
    public var phraseMatching: Bool?

    public init(type: PayloadIndexType, givenAsObject: Bool = false) {
        self.type = type
        self.givenAsObject = givenAsObject
    }

    /// Whether `order_by` and `range` can use it.
    public var answersRange: Bool {
        switch type {
        case .integer: range ?? true
        case .float, .datetime: true
        case .keyword, .bool, .uuid, .geo, .text: false
        }
    }

    /// Whether `match` can use it.
    public var answersMatch: Bool {
        switch type {
        case .integer: lookup ?? true
        case .keyword, .bool, .uuid: true
        case .float, .datetime, .geo, .text: false
        }
    }
}

public struct PayloadIndexInfo: Sendable {
    public var params: PayloadIndexParams
    /// Points that have a value in the index.
    public var points: Int

    public init(params: PayloadIndexParams, points: Int) {
        self.params = params
        self.points = points
    }
}
