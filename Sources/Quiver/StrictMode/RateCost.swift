import QuiverModel

/// What a request costs of the tokens of its kind: about how often vectors are compared with one point, plus one for
/// each condition; a fetched point is one; an update costs as many as it may change points.
enum RateCost {
    static func filtered(_ filter: Filter?) -> Int { 1 + (filter?.conditionCount ?? 0) }

    static func query(_ request: QueryRequest) -> Int {
        let fetched = request.prefetch.reduce(request.query.fetches(request.lookupFrom)) { $0 + $1.fetches }
        let conditions = request.filter?.conditionCount ?? 0
        if request.prefetch.isEmpty { return fetched + request.query.comparisons + conditions }
        return request.prefetch.reduce(fetched) { $0 + $1.searches(outerConditions: conditions) }
    }

    /// The draw, and a search for each of its points among them.
    static func matrix(_ request: MatrixRequest) -> Int {
        let (searches, overflow) = request.sample.multipliedReportingOverflow(by: 2)
        return overflow || searches > Limits.resultWindow ? .max / 2 : 2 + (request.filter?.conditionCount ?? 0) + searches
    }

    /// - Parameter matching: about how many points match a filter.
    static func update(
        _ operation: UpdateOperation, matching: (Filter) throws(QuiverError) -> Int
    ) throws(QuiverError) -> Int {
        switch operation {
        case .upsert(let batch), .updateVectors(let batch): return max(1, batch.entries.count)
        case .deleteVectors(let selector, _), .deletePoints(let selector), .setPayload(_, let selector, _),
            .overwritePayload(_, let selector), .deletePayload(_, let selector), .clearPayload(let selector):
            switch selector {
            case .ids(let ids): return max(1, ids.count)
            case .filter(let filter): return max(1, try matching(filter))
            }
        }
    }
}

extension Prefetch {
    fileprivate var fetches: Int { prefetch.reduce(query.fetches(lookupFrom)) { $0 + $1.fetches } }

    /// Filters come down to the prefetches that search.
    fileprivate func searches(outerConditions: Int) -> Int {
        let conditions = outerConditions + (filter?.conditionCount ?? 0)
        if prefetch.isEmpty { return query.comparisons + conditions }
        return prefetch.reduce(0) { $0 + $1.searches(outerConditions: conditions) }
    }
}

extension Query? {
    /// Example points of this collection, whose vectors have to be fetched.
    fileprivate func fetches(_ lookup: LookupLocation?) -> Int {
        guard lookup == nil, let self else { return 0 }
        return self.examples.reduce(0) { count, example in
            if case .id = example { count + 1 } else { count }
        }
    }

    fileprivate var comparisons: Int {
        switch self {
        case nil, .orderBy?, .sample?, .fusion?, .formula?: 1
        case .recommend(let input)? where input.strategy == .averageVector: 1
        case .some(let query): Swift.max(1, query.examples.reduce(0) { $0 + $1.comparisons })
        }
    }
}

extension Query {
    fileprivate var examples: [VectorInput] {
        switch self {
        case .nearest(let input), .diverse(let input, _): [input]
        case .recommend(let input): input.positive + input.negative
        case .discover(let input): [input.target] + input.context.flatMap { [$0.positive, $0.negative] }
        case .context(let pairs): pairs.flatMap { [$0.positive, $0.negative] }
        case .relevanceFeedback(let input): [input.target] + input.feedback.map(\.example)
        case .orderBy, .fusion, .formula, .sample: []
        }
    }
}

extension VectorInput {
    /// So many indices of a sparse vector cost as much as one dense vector.
    private static let indicesOfOne = 64

    fileprivate var comparisons: Int {
        switch self {
        case .id, .dense: 1
        case .multi(let rows): rows.count
        case .sparse(let vector): (vector.indices.count + VectorInput.indicesOfOne - 1) / VectorInput.indicesOfOne
        }
    }
}
