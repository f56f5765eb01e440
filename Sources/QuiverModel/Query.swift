/// A vector to compare with: itself, or the id of a point that has it.
public enum VectorInput: Hashable, Sendable {
    case id(PointID)
    case dense([Float])
    /// Vectors of one size, at least one.
    case multi([[Float]])
    case sparse(SparseVector)
}

public enum RecommendStrategy: String, Sendable {
    /// Nearest to mean(positives), or to 2·mean(positives) − mean(negatives).
    case averageVector = "average_vector"
    /// By the best similarity to a positive, unless a negative is nearer.
    case bestScore = "best_score"
    /// By Σ similarity to positives − Σ similarity to negatives.
    case sumScores = "sum_scores"
}

public struct RecommendInput: Sendable {
    public var positive: [VectorInput]
    public var negative: [VectorInput]
    public var strategy: RecommendStrategy

    public init(positive: [VectorInput], negative: [VectorInput] = [], strategy: RecommendStrategy = .averageVector) {
        self.positive = positive
        self.negative = negative
        self.strategy = strategy
    }
}

/// What ranks the points of a query.
public enum Query: Sendable {
    case nearest(VectorInput)
    case recommend(RecommendInput)
    case orderBy(OrderBy)
}

/// Order by the value of an indexed payload field.
public struct OrderBy: Hashable, Sendable {
    public enum Direction: String, Sendable {
        case ascending = "asc"
        case descending = "desc"
    }

    /// Where to begin, inclusive.
    public enum Start: Hashable, Sendable {
        case integer(Int64)
        case float(Double)
        case datetime(Timestamp)
    }

    public var key: PayloadPath
    public var direction: Direction
    public var startFrom: Start?

    public init(key: PayloadPath, direction: Direction = .ascending, startFrom: Start? = nil) {
        self.key = key
        self.direction = direction
        self.startFrom = startFrom
    }
}

/// The value a point was ordered by.
public enum OrderValue: Hashable, Sendable {
    case integer(Int64)
    case float(Double)
}

/// When a graph is walked over two steps at once, past points that do not match.
public struct ACORNParams: Hashable, Sendable {
    public var enable: Bool
    /// Not where a larger share of the points matches, 0...1.
    public var maxSelectivity: Double

    public static let defaultMaxSelectivity = 0.4

    public init(enable: Bool = false, maxSelectivity: Double = ACORNParams.defaultMaxSelectivity) {
        self.enable = enable
        self.maxSelectivity = maxSelectivity
    }
}

/// Which points the statistics of `SparseModifier.idf` are about.
public enum IDFScope: Hashable, Sendable {
    case global
    /// Those that match, whatever the query's own filter says.
    case corpus(Filter)
}

public struct SearchParams: Hashable, Sendable {
    /// Size of the candidate list of the graph walk; nil: the `ef_construct` of the collection, at least the limit.
    public var hnswEf: Int?
    /// Compares with every point instead of walking the graph.
    public var exact: Bool
    /// Looks only into segments that have a graph, or are small enough not to need one.
    public var indexedOnly: Bool
    public var quantization: QuantizationSearchParams?
    public var acorn: ACORNParams?
    /// Only for sparse vectors with the modifier `idf`.
    public var idf: IDFScope?

    public init(
        hnswEf: Int? = nil, exact: Bool = false, indexedOnly: Bool = false,
        quantization: QuantizationSearchParams? = nil, acorn: ACORNParams? = nil, idf: IDFScope? = nil
    ) {
        self.hnswEf = hnswEf
        self.exact = exact
        self.indexedOnly = indexedOnly
        self.quantization = quantization
        self.acorn = acorn
        self.idf = idf
    }
}

public enum PayloadSelector: Hashable, Sendable {
    case none
    case all
    /// Keeps the structure down to the named leaves.
    case include([PayloadPath])
    case exclude([PayloadPath])
}

public enum VectorSelector: Hashable, Sendable {
    case none
    case all
    case names([String])
}

/// Another collection, and optionally another vector of it, where the ids of a query are looked up.
public struct LookupLocation: Hashable, Sendable {
    public var collection: String
    public var vector: String?

    public init(collection: String, vector: String? = nil) {
        self.collection = collection
        self.vector = vector
    }
}

public struct QueryRequest: Sendable {
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
        query: Query? = nil, using: String = "", filter: Filter? = nil, params: SearchParams = SearchParams(),
        scoreThreshold: Float? = nil, limit: Int = 10, offset: Int = 0, withPayload: PayloadSelector = .none,
        withVectors: VectorSelector = .none, lookupFrom: LookupLocation? = nil
    ) {
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
