/// Conditions on a point. All the given clauses have to hold; an empty list counts as absent.
public struct Filter: Hashable, Sendable {
    public var must: [Condition]
    public var should: [Condition]
    public var mustNot: [Condition]
    public var minShould: MinShould?

    public struct MinShould: Hashable, Sendable {
        public var conditions: [Condition]
        public var minCount: Int

        public init(conditions: [Condition], minCount: Int) {
            self.conditions = conditions
            self.minCount = minCount
        }
    }

    public init(
        must: [Condition] = [], should: [Condition] = [], mustNot: [Condition] = [], minShould: MinShould? = nil
    ) {
        self.must = must
        self.should = should
        self.mustNot = mustNot
        self.minShould = minShould
    }

    /// True when no clause is given: everything matches.
    public var isEmpty: Bool {
        must.isEmpty && should.isEmpty && mustNot.isEmpty && minShould == nil
    }
}

public indirect enum Condition: Hashable, Sendable {
    case field(FieldCondition)
    /// The value is missing, null or `[]`.
    case isEmpty(PayloadPath)
    /// The value is null.
    case isNull(PayloadPath)
    case hasID(Set<PointID>)
    /// The point has a vector of this name (`""` for the unnamed one).
    case hasVector(String)
    /// Some element of the array at the path, an object, satisfies the whole filter.
    case nested(PayloadPath, Filter)
    /// The part `index` of `total` parts that ids are dealt out to by their hash (SipHash-2-4 with a key of zeros).
    case slice(total: UInt64, index: UInt64)
    case filter(Filter)
}

/// What is asked of the values at one path.
///
/// With several predicates `valuesCount` alone decides where it is among them, else `isEmpty`, else `isNull`; otherwise
/// one match or range that holds is enough. Qdrant does the same.
public struct FieldCondition: Hashable, Sendable {
    public var key: PayloadPath
    public var predicates: [Predicate]

    public enum Predicate: Hashable, Sendable {
        case match(MatchValue)
        /// Any of the values; an empty list matches nothing.
        case matchAny(MatchList)
        /// A value is there and none of these; any other type of value counts as different.
        case matchExcept(MatchList)
        /// All tokens of the text; without a text index: the text itself, anywhere.
        case matchText(String)
        /// Any token of the text; without a text index: any of its words, anywhere.
        case matchTextAny(String)
        /// The tokens one after the other; without a text index: the text itself, anywhere.
        case matchPhrase(String)
        /// A string that begins so.
        case matchPrefix(String)
        case range(NumberRange)
        case datetimeRange(DatetimeRange)
        case geoBoundingBox(GeoBoundingBox)
        case geoRadius(GeoRadius)
        case geoPolygon(GeoPolygon)
        /// On the number of values: an array's length, 1 for a scalar, 0 for null or missing.
        case valuesCount(CountRange)
        case isEmpty(Bool)
        case isNull(Bool)
    }

    public init(key: PayloadPath, predicates: [Predicate]) {
        self.key = key
        self.predicates = predicates
    }

    public init(key: PayloadPath, _ predicate: Predicate) {
        self.init(key: key, predicates: [predicate])
    }
}

/// Matched by JSON type: `1.0` does not match the integer 1, and a string matches the very same string, also where
/// both are UUIDs in different notation and the field has a uuid index.
public enum MatchValue: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case bool(Bool)
}

public enum MatchList: Hashable, Sendable {
    case strings([String])
    case integers([Int64])

    public var isEmpty: Bool {
        switch self {
        case .strings(let values): values.isEmpty
        case .integers(let values): values.isEmpty
        }
    }
}

public struct NumberRange: Hashable, Sendable {
    public var gt: Double?
    public var gte: Double?
    public var lt: Double?
    public var lte: Double?

    public init(gt: Double? = nil, gte: Double? = nil, lt: Double? = nil, lte: Double? = nil) {
        self.gt = gt
        self.gte = gte
        self.lt = lt
        self.lte = lte
    }

    @inlinable
    public func contains(_ value: Double) -> Bool {
        if let gt, !(value > gt) { return false }
        if let gte, !(value >= gte) { return false }
        if let lt, !(value < lt) { return false }
        if let lte, !(value <= lte) { return false }
        return true
    }
}

public struct DatetimeRange: Hashable, Sendable {
    public var gt: Timestamp?
    public var gte: Timestamp?
    public var lt: Timestamp?
    public var lte: Timestamp?

    public init(gt: Timestamp? = nil, gte: Timestamp? = nil, lt: Timestamp? = nil, lte: Timestamp? = nil) {
        self.gt = gt
        self.gte = gte
        self.lt = lt
        self.lte = lte
    }

    @inlinable
    public func contains(_ value: Timestamp) -> Bool {
        if let gt, !(value > gt) { return false }
        if let gte, !(value >= gte) { return false }
        if let lt, !(value < lt) { return false }
        if let lte, !(value <= lte) { return false }
        return true
    }
}

public struct CountRange: Hashable, Sendable {
    public var gt: UInt64?
    public var gte: UInt64?
    public var lt: UInt64?
    public var lte: UInt64?

    public init(gt: UInt64? = nil, gte: UInt64? = nil, lt: UInt64? = nil, lte: UInt64? = nil) {
        self.gt = gt
        self.gte = gte
        self.lt = lt
        self.lte = lte
    }

    @inlinable
    public func contains(_ count: UInt64) -> Bool {
        if let gt, !(count > gt) { return false }
        if let gte, !(count >= gte) { return false }
        if let lt, !(count < lt) { return false }
        if let lte, !(count <= lte) { return false }
        return true
    }
}
