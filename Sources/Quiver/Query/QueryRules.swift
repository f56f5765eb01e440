import QuiverModel

/// What a tree of queries has to keep whatever the collection is. Messages are Qdrant's.
enum QueryRules {
    /// Stages of prefetches below each other.
    static let mostLevels = 64

    static func check(_ request: QueryRequest) throws(QuiverError) {
        try check(request.query, request.using, request.prefetch, request.scoreThreshold)
        if request.prefetch.isEmpty { return }
        let levels = try levels(request.prefetch, above: 0)
        guard levels <= mostLevels else {
            throw .badInput("Validation failed: prefetches depth \(levels) exceeds max depth \(mostLevels)")
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
