/// How many points have each value of an indexed field.
public struct FacetRequest: Sendable {
    public var key: PayloadPath
    public var limit: Int
    public var filter: Filter?
    /// False: the counts may be estimates.
    public var exact: Bool

    public init(key: PayloadPath, limit: Int = 10, filter: Filter? = nil, exact: Bool = false) {
        self.key = key
        self.limit = limit
        self.filter = filter
        self.exact = exact
    }
}

public enum FacetValue: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case bool(Bool)
}

public struct FacetHit: Hashable, Sendable {
    public var value: FacetValue
    /// Of points.
    public var count: Int

    public init(value: FacetValue, count: Int) {
        self.value = value
        self.count = count
    }
}
