/// How much the answers of a query should differ (maximal marginal relevance, Carbonell and Goldstein 1998).
public struct MMRParams: Hashable, Sendable {
    /// 0: by relevance alone, 1: by difference alone; nil: 0.5.
    public var diversity: Float?
    /// How many of the nearest are chosen from; nil: the limit of the query.
    public var candidatesLimit: Int?

    public static let defaultDiversity: Float = 0.5

    public init(diversity: Float? = nil, candidatesLimit: Int? = nil) {
        self.diversity = diversity
        self.candidatesLimit = candidatesLimit
    }
}

/// An example that answers should be nearer to than to another.
public struct ContextPair: Sendable {
    public var positive: VectorInput
    public var negative: VectorInput

    public init(positive: VectorInput, negative: VectorInput) {
        self.positive = positive
        self.negative = negative
    }
}

/// Rank: Σ sign(similarity to positive − similarity to negative), plus the sigmoid of the similarity to the target.
public struct DiscoverInput: Sendable {
    public var target: VectorInput
    public var context: [ContextPair]

    public init(target: VectorInput, context: [ContextPair]) {
        self.target = target
        self.context = context
    }
}

/// A target, and how well earlier answers fitted.
public struct FeedbackInput: Sendable {
    public struct Item: Sendable {
        public var example: VectorInput
        public var score: Float

        public init(example: VectorInput, score: Float) {
            self.example = example
            self.score = score
        }
    }

    /// a · sim(target) + Σ over pairs with a larger score first of (difference of scores)^b · c · (difference of similarities)
    public struct NaiveStrategy: Hashable, Sendable {
        public var a: Float
        public var b: Float
        public var c: Float

        public init(a: Float, b: Float, c: Float) {
            self.a = a
            self.b = b
            self.c = c
        }
    }

    public var target: VectorInput
    public var feedback: [Item]
    public var strategy: NaiveStrategy

    public init(target: VectorInput, feedback: [Item], strategy: NaiveStrategy) {
        self.target = target
        self.feedback = feedback
        self.strategy = strategy
    }
}

/// How the rankings of the prefetches become one.
public enum Fusion: Hashable, Sendable {
    /// Reciprocal rank fusion: Σ 1 / ((rank + 1) / weight + k − 1), ranks from 0. `k` nil: 2. Weights nil: 1 each.
    case rrf(k: Int?, weights: [Float]?)
    /// Distribution-based: scores of each ranking scaled from mean ± 3σ to 0...1, and added.
    case dbsf

    public static let defaultRankConstant = 2
}

public enum SampleMethod: String, Sendable {
    case random
}

/// A score computed from the scores of the prefetches and the payload.
public struct ScoreFormula: Sendable {
    public var expression: ScoreExpression
    /// For variables that a point lacks.
    public var defaults: [ScoreVariable: FormulaValue]

    public init(_ expression: ScoreExpression, defaults: [ScoreVariable: FormulaValue] = [:]) {
        self.expression = expression
        self.defaults = defaults
    }
}

public enum ScoreVariable: Hashable, Sendable {
    /// The score of the point in one of the prefetches.
    case score(prefetch: Int)
    case payload(PayloadPath)
}

/// What a default of a formula can be.
public enum FormulaValue: Hashable, Sendable {
    case number(Double)
    case text(String)
    case geo(GeoPoint)
    /// Any other JSON, which no expression can use.
    case other
}

/// Evaluated in double precision.
public indirect enum ScoreExpression: Sendable {
    case constant(Double)
    case variable(ScoreVariable)
    /// 1 where it holds, else 0.
    case condition(Condition)
    /// Metres along the great circle to the point in the payload.
    case geoDistance(origin: GeoPoint, to: PayloadPath)
    /// Seconds since the epoch.
    case datetime(Timestamp)
    /// Seconds since the epoch of the datetime in the payload.
    case datetimeKey(PayloadPath)
    case sum([ScoreExpression])
    case product([ScoreExpression])
    case negation(ScoreExpression)
    case absolute(ScoreExpression)
    case quotient(ScoreExpression, by: ScoreExpression, byZeroDefault: Double?)
    case squareRoot(ScoreExpression)
    case power(ScoreExpression, exponent: ScoreExpression)
    case exponential(ScoreExpression)
    case log10(ScoreExpression)
    case naturalLog(ScoreExpression)
    case decay(ScoreDecay)
}

/// A function that falls from 1 at `target` to `midpoint` at a distance of `scale`.
public struct ScoreDecay: Sendable {
    public enum Shape: String, Sendable {
        case linear, exponential, gaussian
    }

    public var shape: Shape
    public var x: ScoreExpression
    /// Nil: 0.
    public var target: ScoreExpression?
    public var scale: Float
    public var midpoint: Float

    public static let defaultScale: Float = 1
    public static let defaultMidpoint: Float = 0.5

    public init(
        _ shape: Shape, x: ScoreExpression, target: ScoreExpression? = nil, scale: Float = defaultScale,
        midpoint: Float = defaultMidpoint
    ) {
        self.shape = shape
        self.x = x
        self.target = target
        self.scale = scale
        self.midpoint = midpoint
    }
}
