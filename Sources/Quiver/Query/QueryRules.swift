import QuiverModel

/// What a tree of queries has to keep whatever the collection is. Messages are Qdrant's.
enum QueryRules {
    /// Stages of prefetches below each other.
    static let mostLevels = 64

    static func check(_ request: QueryRequest, pointCount: Int) throws(QuiverError) {
        try check(request.query, request.using, request.prefetch, request.scoreThreshold)
        if request.prefetch.isEmpty { return }
        var load = Load()
        load.add(request.prefetch, pointCount: pointCount, levels: mostLevels)
        guard load.prefetches <= Limits.prefetches else {
            throw .badRequest("a query has at most \(Limits.prefetches) prefetches, \(load.prefetches) given")
        }
        try checkHeld(load.points, "prefetches")
        let levels = try levels(request.prefetch, above: 0)
        guard levels <= mostLevels else {
            throw .badInput("Validation failed: prefetches depth \(levels) exceeds max depth \(mostLevels)")
        }
    }

    /// All of a batch is answered at once.
    static func checkBatch(_ requests: [QueryRequest], pointCount: Int) throws(QuiverError) {
        try checkHeld(
            requests.reduce(0) { sum, request in min(sum + min(request.limit, pointCount), Int.max / 2) }, "queries of a batch")
    }

    private static func checkHeld(_ points: Int, _ what: String) throws(QuiverError) {
        guard points <= Limits.heldPoints else {
            throw .badRequest("the limits of all \(what) together may find \(points) points, at most \(Limits.heldPoints) can be held")
        }
    }

    /// What prefetches keep until they are merged.
    private struct Load {
        var prefetches = 0
        var points = 0

        mutating func add(_ list: [Prefetch], pointCount: Int, levels: Int) {
            prefetches += list.count
            // What is refused need not be counted on.
            guard levels > 0, prefetches <= Limits.prefetches else { return }
            for prefetch in list {
                points += max(0, min(prefetch.limit, pointCount))
                add(prefetch.prefetch, pointCount: pointCount, levels: levels - 1)
            }
        }
    }

    /// Goes no deeper than what is refused anyway.
    private static func levels(_ prefetches: [Prefetch], above: Int) throws(QuiverError) -> Int {
        guard above <= mostLevels else { return above }
        var deepest = above
        for prefetch in prefetches {
            try check(prefetch.query, prefetch.using, prefetch.prefetch, prefetch.scoreThreshold)
            deepest = max(deepest, try levels(prefetch.prefetch, above: above + 1))
        }
        return deepest
    }

    private static func check(
        _ query: Query?, _ using: String, _ prefetch: [Prefetch], _ scoreThreshold: Float?
    ) throws(QuiverError) {
        let examples = QueryOperands.inputs(of: query).count
        guard examples <= Limits.queryExamples else {
            throw .badRequest("a query takes at most \(Limits.queryExamples) examples, \(examples) given")
        }
        if query == nil, !prefetch.isEmpty {
            throw .badRequest(
                "A query is needed to merge the prefetches. Can't have prefetches without defining a query.")
        }
        if scoreThreshold != nil {
            switch query {
            case .orderBy?: throw .badRequest("Can't use score_threshold with an order_by query.")
            case nil:
                throw .badRequest(
                    "A query is needed to use the score_threshold. Can't have score_threshold without defining a query.")
            default: break
            }
        }
        switch query {
        case .fusion(let fusion)?:
            guard using.isEmpty else {
                throw .badRequest("Fusion queries cannot be combined with the 'using' field.")
            }
            guard !prefetch.isEmpty else { throw .badInput("Validation failed: cannot apply Fusion without prefetches") }
            if case .rrf(_, let weights?) = fusion, weights.count != prefetch.count {
                throw .badInput(
                    "Validation failed: RRF weights length (\(weights.count)) does not match number of prefetches "
                        + "(\(prefetch.count))")
            }
        case .formula? where prefetch.isEmpty:
            throw .badInput("Validation failed: cannot apply Formula without prefetches")
        default: break
        }
    }
}
