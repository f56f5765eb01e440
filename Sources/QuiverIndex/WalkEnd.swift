/// How a similarity tells a distance: `nearest - similarity` is the distance or its square.
struct DistanceScale {
    /// The similarity of a vector to itself.
    let nearest: Float
    /// Distances below this are noise.
    let resolution: Float
    let isSquared: Bool

    /// Nil for dot products, of which no distance can be told.
    init?(_ metric: Metric, resolution: Float) {
        switch metric {
        case .dot: return nil
        case .cosine: nearest = 1
        case .euclid, .manhattan: nearest = 0
        }
        self.resolution = resolution
        isSquared = metric != .manhattan
    }
}

/// When a walk has found what it is for: the next row to expand is farther away than the answer of the last rank by
/// more than a factor (Al-Jazzazi et al. 2025, "Distance Adaptive Beam Search for Provably Accurate Graph-Based
/// Nearest Neighbor Search"). A pool of fixed size spends the same on a query whose answers lie apart from everything
/// else as on one in the middle of a crowd.
///
/// The factor follows from `ef` so that recall is that of a pool of `ef` rows or better (docs/DECISIONS.md has the
/// figures); the pool itself is wider, for the queries that need it. With `ef` equal to `limit` both are the same.
struct WalkEnd {
    /// Place of the answer that decides.
    let rank: Int
    private let factor: Float
    private let nearest: Float
    private let resolution: Float

    /// A walk without an end before its pool's.
    static let none = WalkEnd(rank: .max, factor: 1, nearest: 0, resolution: 0)

    /// How many times `ef` rows the pool of a walk that has an end may hold.
    static let poolFactor = 2

    private init(rank: Int, factor: Float, nearest: Float, resolution: Float) {
        self.rank = rank
        self.factor = factor
        self.nearest = nearest
        self.resolution = resolution
    }

    /// - Parameter limit: answers wanted.
    init?(_ scale: DistanceScale?, limit: Int?, ef: Int) {
        guard let scale, let limit, limit > 0, limit <= ef else { return nil }
        let squared = 1 + WalkEnd.slope * WalkEnd.log2(Float(ef) / Float(limit))
        self.init(
            rank: limit - 1, factor: scale.isSquared ? squared : squared.squareRoot(), nearest: scale.nearest,
            resolution: scale.resolution)
    }

    /// Squared distances may be larger by this for each time that `ef` is doubled.
    private static let slope: Float = 0.06

    /// Linear between powers of two, x ≥ 1.
    private static func log2(_ x: Float) -> Float { Float(x.exponent) + x.significand - 1 }

    /// The walk ends at rows less similar than this when the answer of the last rank has similarity `last`.
    @inline(__always) func bound(_ last: Float) -> Float { nearest - factor * max(nearest - last, resolution) }
}
