import QuiverModel
import QuiverPayload

extension StrictModeCheck {
    /// Of a batch, before its queries.
    func searchBatch(_ count: Int) throws(QuiverError) {
        try limit(count, limits.searchMaxBatchSize, "search batch size")
    }

    func query(_ request: QueryRequest) throws(QuiverError) {
        for prefetch in request.prefetch { try self.prefetch(prefetch) }
        try query(
            request.query, request.using, request.filter, request.params, limit: request.limit,
            chooses: request.prefetch.isEmpty)
    }

    func groups(_ request: GroupsRequest) throws(QuiverError) {
        if let query = request.query.query {
            if request.query.prefetch.isEmpty { try fullScan(query, request.query.using, request.query.filter) }
            try formula(query)
        }
        try groupField(request.groupBy)
        let (limit, overflow) = request.limit.multipliedReportingOverflow(by: request.groupSize)
        try queryLimit(overflow ? .max : limit)
        try readFilter(request.query.filter)
        try searchParams(request.query.params)
    }

    func scroll(_ request: ScrollRequest) throws(QuiverError) {
        try queryLimit(request.limit)
        try readFilter(request.filter)
    }

    func count(_ filter: Filter?, exact isExact: Bool) throws(QuiverError) {
        try readFilter(filter)
        try exact(isExact)
    }

    func facet(_ request: FacetRequest) throws(QuiverError) {
        try queryLimit(request.limit)
        try readFilter(request.filter)
        try exact(request.exact)
    }

    func matrix(_ request: MatrixRequest) throws(QuiverError) {
        let (limit, overflow) = request.limit.multipliedReportingOverflow(by: request.sample)
        try queryLimit(overflow ? .max : limit)
        try readFilter(request.filter)
    }

    // MARK: Queries

    private func prefetch(_ prefetch: Prefetch) throws(QuiverError) {
        for inner in prefetch.prefetch { try self.prefetch(inner) }
        try query(
            prefetch.query, prefetch.using, prefetch.filter, prefetch.params, limit: prefetch.limit, chooses: true)
    }

    /// - Parameter chooses: from all points, not from prefetched ones.
    private func query(
        _ query: Query?, _ using: String, _ filter: Filter?, _ params: SearchParams, limit: Int, chooses: Bool
    ) throws(QuiverError) {
        if let query {
            if chooses { try fullScan(query, using, filter) }
            try formula(query)
        }
        try queryLimit(limit)
        try readFilter(filter)
        try searchParams(params)
    }

    private func formula(_ query: Query) throws(QuiverError) {
        guard limits.unindexedFilteringRetrieve == false, case .formula(let formula) = query,
            let missing = UnindexedCondition.first(
                in: formula.expression, schema: { core.view.load().indexes[$0]?.params })
        else { return }
        throw indexMissing(missing, help: "Create an index for this key or use a different formula expression.")
    }

    /// A search in a vector without a graph of all points is exact whatever it is called.
    private func fullScan(_ query: Query, _ using: String, _ filter: Filter?) throws(QuiverError) {
        guard limits.searchAllowExact == false, query.comparesVectors else { return }
        let config = core.config
        if config.sparseVectors?[using] != nil { return }
        let own = config.vectors?.byName[using]?.hnswConfig
        let m = own?.m ?? config.hnsw.m
        if m > 0 { return }
        let place = using.isEmpty ? "" : " on '\(using)'"
        guard filter?.namesTenant(core.view.load().indexes) ?? false else {
            throw .strictMode(
                "Request is forbidden\(place) because global vector indexing is disabled (hnsw_config.m = 0)",
                help: "Use tenant-specific filter, enable global vector indexing or enable strict mode "
                    + "`search_allow_exact` option")
        }
        if (own?.payloadM ?? config.hnsw.payloadM ?? m) == 0 {
            throw .strictMode(
                "Request is forbidden\(place) because vector indexing is disabled (hnsw_config.m = 0 and "
                    + "hnsw_config.payload_m = 0)",
                help: "Enable vector indexing, use a prefetch query with indexed vectors or enable strict mode "
                    + "`search_allow_exact` option")
        }
    }

    private func groupField(_ path: PayloadPath) throws(QuiverError) {
        guard limits.unindexedFilteringRetrieve == false else { return }
        guard let params = core.view.load().indexes[path]?.params else {
            throw .strictMode(
                "Index required but not found for \"\(path.text)\"",
                help: "Create an index supporting `match` for this key.")
        }
        if !params.answersMatch {
            throw .strictMode(
                "Index of type \"\(params.type.rawValue.capitalized)\" found for \"\(path.text)\"",
                help: "Create an index supporting `match` for this key.")
        }
    }
}

extension Query {
    var comparesVectors: Bool {
        switch self {
        case .nearest, .diverse, .recommend, .discover, .context, .relevanceFeedback: true
        case .orderBy, .fusion, .formula, .sample: false
        }
    }
}

extension Filter {
    fileprivate func namesTenant(_ indexes: FieldIndexSet) -> Bool {
        (must + mustNot + should + (minShould?.conditions ?? [])).contains { condition in
            switch condition {
            case .field(let field): indexes[field.key]?.params.isTenant == true
            case .isEmpty(let key), .isNull(let key): indexes[key]?.params.isTenant == true
            case .nested(_, let filter), .filter(let filter): filter.namesTenant(indexes)
            case .hasID, .hasVector, .slice: false
            }
        }
    }
}

extension String {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
