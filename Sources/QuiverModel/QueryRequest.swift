/// A query whose answers the query above it ranks anew, merges or scores.
public struct Prefetch: Sendable {
    public var prefetch: [Prefetch]
    /// Nil: points in the order of their ids, with score 1; only without prefetches of its own.
    public var query: Query?
    public var using: String
    public var filter: Filter?
    public var params: SearchParams
    public var scoreThreshold: Float?
    public var limit: Int
    public var lookupFrom: LookupLocation?

    public init(
        prefetch: [Prefetch] = [], query: Query? = nil, using: String = "", filter: Filter? = nil,
        params: SearchParams = SearchParams(), scoreThreshold: Float? = nil, limit: Int = 10,
        lookupFrom: LookupLocation? = nil
    ) {
        self.prefetch = prefetch
        self.query = query
        self.using = using
        self.filter = filter
        self.params = params
        self.scoreThreshold = scoreThreshold
        self.limit = limit
        self.lookupFrom = lookupFrom
    }
}

public struct QueryRequest: Sendable {
    /// What the query chooses from; empty: all points that match the filter.
    public var prefetch: [Prefetch]
    /// Nil: points in the order of their ids, with score 1.
    public var query: Query?
    /// The vector's name; `""` is the unnamed one.
    public var using: String
    public var filter: Filter?
    public var params: SearchParams
    /// Cosine and Dot keep scores above it, Euclid and Manhattan below it.
    public var scoreThreshold: Float?
    public var limit: Int
    public var offset: Int
    public var withPayload: PayloadSelector
    public var withVectors: VectorSelector
    public var lookupFrom: LookupLocation?

    public init(
        prefetch: [Prefetch] = [], query: Query? = nil, using: String = "", filter: Filter? = nil,
        params: SearchParams = SearchParams(), scoreThreshold: Float? = nil, limit: Int = 10, offset: Int = 0,
        withPayload: PayloadSelector = .none, withVectors: VectorSelector = .none, lookupFrom: LookupLocation? = nil
    ) {
        self.prefetch = prefetch
        self.query = query
        self.using = using
        self.filter = filter
        self.params = params
        self.scoreThreshold = scoreThreshold
        self.limit = limit
        self.offset = offset
        self.withPayload = withPayload
        self.withVectors = withVectors
        self.lookupFrom = lookupFrom
    }
}

public struct GroupsRequest: Sendable {
    /// Its limit and offset are not used.
    public var query: QueryRequest
    public var groupBy: PayloadPath
    /// The most hits of a group.
    public var groupSize: Int
    /// The most groups.
    public var limit: Int
    public var withLookup: GroupLookup?

    public init(
        query: QueryRequest, groupBy: PayloadPath, groupSize: Int = 3, limit: Int = 10, withLookup: GroupLookup? = nil
    ) {
        self.query = query
        self.groupBy = groupBy
        self.groupSize = groupSize
        self.limit = limit
        self.withLookup = withLookup
    }
}

/// Where the point whose id equals a group's id is fetched from.
public struct GroupLookup: Sendable {
    public var collection: String
    public var withPayload: PayloadSelector
    public var withVectors: VectorSelector

    public init(collection: String, withPayload: PayloadSelector = .all, withVectors: VectorSelector = .none) {
        self.collection = collection
        self.withPayload = withPayload
        self.withVectors = withVectors
    }
}

public enum GroupID: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case unsigned(UInt64)

    /// Strings are the same when their bytes are, as in filters.
    public static func == (left: GroupID, right: GroupID) -> Bool {
        switch (left, right) {
        case (.string(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
        case (.integer(let one), .integer(let other)): one == other
        case (.unsigned(let one), .unsigned(let other)): one == other
        default: false
        }
    }
}

public struct PointGroup: Sendable {
    public var id: GroupID
    /// Best first.
    public var hits: [ScoredPoint]
    public var lookup: Record?

    public init(id: GroupID, hits: [ScoredPoint], lookup: Record? = nil) {
        self.id = id
        self.hits = hits
        self.lookup = lookup
    }
}

public struct ScrollRequest: Sendable {
    public var filter: Filter?
    public var limit: Int
    /// The first id of the page; it need not exist.
    public var offset: PointID?
    public var withPayload: PayloadSelector
    public var withVectors: VectorSelector
    public var orderBy: OrderBy?

    public init(
        filter: Filter? = nil, limit: Int = 10, offset: PointID? = nil, withPayload: PayloadSelector = .all,
        withVectors: VectorSelector = .none, orderBy: OrderBy? = nil
    ) {
        self.filter = filter
        self.limit = limit
        self.offset = offset
        self.withPayload = withPayload
        self.withVectors = withVectors
        self.orderBy = orderBy
    }
}

public struct ScrollPage: Sendable {
    public var records: [Record]
    /// The first id that is not in the page; nil at the end and with `order_by`.
    public var nextOffset: PointID?

    public init(records: [Record], nextOffset: PointID?) {
        self.records = records
        self.nextOffset = nextOffset
    }
}

/// A stored point as it is returned.
public struct Record: Sendable {
    public var id: PointID
    /// Nil when it was not asked for, or the point has none.
    public var payload: Payload?
    public var vectors: PointVectors?
    public var orderValue: OrderValue?

    public init(id: PointID, payload: Payload? = nil, vectors: PointVectors? = nil, orderValue: OrderValue? = nil) {
        self.id = id
        self.payload = payload
        self.vectors = vectors
        self.orderValue = orderValue
    }
}

public struct ScoredPoint: Sendable {
    public var id: PointID
    /// Sequence number of the update that last changed the point.
    public var version: UInt64
    /// As shown: Euclid and Manhattan are distances, smaller is better.
    public var score: Float
    public var payload: Payload?
    public var vectors: PointVectors?
    public var orderValue: OrderValue?

    public init(
        id: PointID, version: UInt64, score: Float, payload: Payload? = nil, vectors: PointVectors? = nil,
        orderValue: OrderValue? = nil
    ) {
        self.id = id
        self.version = version
        self.score = score
        self.payload = payload
        self.vectors = vectors
        self.orderValue = orderValue
    }
}
