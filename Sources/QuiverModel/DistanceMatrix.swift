/// The nearest neighbours of a random sample of points within the sample.
public struct MatrixRequest: Sendable {
    public var filter: Filter?
    /// Points drawn, at least 2.
    public var sample: Int
    /// Neighbours of each.
    public var limit: Int
    public var using: String

    public init(filter: Filter? = nil, sample: Int = 10, limit: Int = 3, using: String = "") {
        self.filter = filter
        self.sample = sample
        self.limit = limit
        self.using = using
    }
}

public struct DistanceMatrix: Sendable {
    public struct Neighbour: Hashable, Sendable {
        /// Index into `ids`.
        public var place: Int
        /// As shown.
        public var score: Float

        public init(place: Int, score: Float) {
            self.place = place
            self.score = score
        }
    }

    /// The sample, ascending.
    public var ids: [PointID]
    /// For each of `ids`, its neighbours, best first.
    public var neighbours: [[Neighbour]]

    public init(ids: [PointID], neighbours: [[Neighbour]]) {
        self.ids = ids
        self.neighbours = neighbours
    }
}
