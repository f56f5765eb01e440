package import QuiverModel

extension Collection {
    /// The most work, counted in components of vectors that are compared, that a query may need to be called short:
    /// about a fifth of a millisecond. Beyond it the two switches to a worker and back weigh little, and workers share the load
    /// evenly, which connections on loops do not.
    private static let shortComponents = 2_500_000
    /// A walk compares about so many rows for each place in its list of candidates.
    private static let rowsPerCandidate = 32
    /// Points that are read with their payloads.
    private static let shortWindow = 200

    /// Whether a query is sure to take well under a millisecond once its pages are in memory, whatever the data are:
    /// no filter, few points asked for, and segments that have graphs, or are small. Such a query may run on a thread
    /// that others wait for.
    package func isShort(_ request: QueryRequest) -> Bool {
        guard request.filter?.isEmpty ?? true, !request.params.exact, request.lookupFrom == nil, request.prefetch.isEmpty,
            (request.params.quantization?.oversampling ?? 1) <= 4
        else { return false }
        switch request.query {
        case .nearest(.dense), .nearest(.id): break
        default: return false
        }
        guard (0...Self.shortWindow).contains(request.limit), (0...Self.shortWindow).contains(request.offset) else {
            return false
        }
        let view = core.view.load()
        guard let index = view.vectorIndex(named: request.using) else { return true }
        let vector = view.vectors[index]
        guard vector.field.kind == .dense else { return false }
        let config = core.config
        let hnsw = config.hnsw.applying(config.vectors?.byName[vector.field.name]?.hnswConfig)
        guard hnsw.m > 0 else { return false }
        let ef = max(request.params.hnswEf ?? hnsw.efConstruct, request.limit + request.offset)
        // A list of a hundred million candidates would overflow the product below.
        guard ef <= Limits.resultWindow else { return false }
        var rows = 0
        for segment in vector.sealed {
            // Where many rows are dead a walk may come up short, and a scan follows.
            let count = segment.segment.pointCount
            let isWalked = segment.segment.rows?.graph != nil && segment.dead.count < count / 4
            rows += isWalked ? min(count, ef * Self.rowsPerCandidate) : count
        }
        for segment in vector.growing { rows += segment.count }
        return rows <= Self.shortComponents / max(1, vector.field.dimension)
    }
}
