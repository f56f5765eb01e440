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
    /// Nearest, then picked one after the other so that the answers differ from each other.
    case diverse(VectorInput, MMRParams)
    case recommend(RecommendInput)
    case discover(DiscoverInput)
    case context([ContextPair])
    case relevanceFeedback(FeedbackInput)
    case orderBy(OrderBy)
    /// Merges the rankings of the prefetches.
    case fusion(Fusion)
    /// Computes a score for each prefetched point.
    case formula(ScoreFormula)
    case sample(SampleMethod)
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

