import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload

extension CollectionReader {
    /// Finds another collection for `lookup_from`.
    typealias Lookup = (String) throws(QuiverError) -> CollectionCore

    func query(
        _ request: QueryRequest, _ deadline: ContinuousClock.Instant?, _ lookup: Lookup
    ) throws -> [ScoredPoint] {
        try CollectionReader.checkWindow(limit: request.limit, offset: request.offset)
        return try run(request, limit: request.limit, deadline, lookup)
    }

    func run(
        _ request: QueryRequest, limit: Int, _ deadline: ContinuousClock.Instant?, _ lookup: Lookup
    ) throws -> [ScoredPoint] {
        switch request.query {
        case nil: return try byID(request, limit: limit, deadline)
        case .orderBy(let order)?: return try byOrder(order, request, limit: limit, deadline)
        case .diverse, .discover, .context, .relevanceFeedback, .fusion, .formula, .sample:
            throw QuiverError.notImplemented("this kind of query")
        case .nearest(let input)?:
            return try nearest(request, [input], [], nil, limit: limit, deadline, lookup)
        case .recommend(let input)?:
            return try nearest(
                request, input.positive, input.negative, input.strategy, limit: limit, deadline, lookup)
        }
    }

    // MARK: Without vectors

    private func byID(
        _ request: QueryRequest, limit: Int, _ deadline: ContinuousClock.Instant?
    ) throws -> [ScoredPoint] {
        let matching = try matching(request.filter, deadline)
        let points = try idsInOrder(from: nil, matching?.bitmap, limit: limit + request.offset, deadline)
        return try points.dropFirst(request.offset).map { try scored($0.slot, score: 1, request) }
    }

    private func byOrder(
        _ order: OrderBy, _ request: QueryRequest, limit: Int, _ deadline: ContinuousClock.Instant?
    ) throws -> [ScoredPoint] {
        let matching = try matching(request.filter, deadline)
        let points = try ordered(order, matching?.bitmap, limit: limit + request.offset, deadline)
        return try points.dropFirst(request.offset).map { point in
            var scored = try scored(point.slot, score: 1, request)
            scored.orderValue = point.value
            return scored
        }
    }

    // MARK: With vectors

    private func nearest(
        _ request: QueryRequest, _ positive: [VectorInput], _ negative: [VectorInput], _ strategy: RecommendStrategy?,
        limit: Int, _ deadline: ContinuousClock.Instant?, _ lookup: Lookup
    ) throws -> [ScoredPoint] {
        guard let index = view.vectorIndex(named: request.using) else {
            throw QuiverError.vectorNameUnknown(request.using)
        }
        let vector = view.vectors[index]
        if request.params.idf != nil, vector.field.modifier != .idf {
            throw QuiverError.badRequest(
                "the `idf` parameter needs a sparse vector with the modifier `idf`, which `\(request.using)` has not")
        }
        let operands = try QueryOperands(request, self, lookup)
        let examples = try operands.examples(positive, negative, strategy, vector.field)
        let ownOperands = try operands.ownSlots(positive + negative)
        var accepted = try matching(request.filter, deadline)
        // Without a filter a few operands cost less as results to be dropped than as a filter over everything.
        if let all = accepted, !ownOperands.isEmpty { accepted = all.subtracting(ownOperands) }
        let dropped = accepted == nil ? ownOperands.count : 0
        let window = limit + request.offset
        var found: [ScoredSlot]
        if vector.field.kind == .sparse {
            let search = try sparseSearch(index, examples, request.params, accepted, limit: window + dropped, deadline)
            found = try core.scratches.withScratch { (scratch) throws in try search.run(scratch) }
        } else {
            let query = SearchVectors(examples, vector.field)
            let search = search(index, query, request.params, accepted, limit: window + dropped, deadline)
            found = try search.run(core.scratches, core.workers)
        }
        if dropped > 0 { found.removeAll { ownOperands.contains($0.slot) } }

        let isDistance = examples.combination == .nearest
        let distance = vector.field.distance
        // Of the ranking, the head that passes the threshold; then the offset.
        let head = found.prefix(window)
            .map { (slot: $0.slot, score: isDistance ? distance.shown($0.score) : $0.score) }
            .prefix { answer in request.scoreThreshold.map { distance.passes(answer.score, threshold: $0) } ?? true }
        return try head.dropFirst(request.offset).map { try scored($0.slot, score: $0.score, request) }
    }

    /// A search in the vector at `index` of the view.
    func search(
        _ index: Int, _ query: SearchVectors, _ params: SearchParams, _ accepted: MatchSet?, limit: Int,
        _ deadline: ContinuousClock.Instant?
    ) -> VectorSearch {
        let vector = view.vectors[index]
        let settings = core.searchSettings(vector.field)
        let bytes = vector.bytesPerPoint
        let planner = SearchPlanner(
            matchCount: accepted?.count, liveCount: vector.liveCount,
            fullScanCount: settings.fullScanBytes / bytes,
            // No more answers than there are vectors: memory follows the data, not the request.
            limit: max(1, min(limit, vector.liveCount)), ef: params.hnswEf ?? settings.ef,
            exact: params.exact || !settings.hasGraphs, acorn: params.acorn,
            pointBytes: vector.field.metric.usesCodes ? bytes / MemoryLayout<Float>.size : bytes)
        return VectorSearch(
            vector: vector, query: query, accepted: accepted, planner: planner,
            mostUnindexedRows: params.indexedOnly ? settings.mostUnindexedBytes.map { $0 / bytes } : nil,
            codes: CodeUse(settings.quantization, params.quantization), deadline: deadline)
    }

    /// A search in the sparse vector at `index` of the view.
    private func sparseSearch(
        _ index: Int, _ examples: QueryOperands.Examples, _ params: SearchParams, _ accepted: MatchSet?, limit: Int,
        _ deadline: ContinuousClock.Instant?
    ) throws -> SparseVectorSearch {
        let vector = view.vectors[index]
        let settings = core.searchSettings(vector.field)
        var vectors = examples.vectors.compactMap { if case .sparse(let vector) = $0 { vector } else { nil } }
        if vector.field.modifier == .idf {
            var corpus: SlotBitmap?
            if case .corpus(let filter)? = params.idf { corpus = try matching(filter, deadline)?.bitmap }
            let weights = SparseWeights(vectors, vector, corpus: corpus)
            vectors = vectors.map(weights.applied)
        }
        return SparseVectorSearch(
            vector: vector,
            examples: SparseExamples(
                queries: vectors.map { SparseQuery(indices: $0.indices, weights: $0.values) },
                positiveCount: examples.positiveCount, combination: examples.combination),
            accepted: accepted?.bitmap, acceptedCount: accepted?.count ?? 0,
            limit: max(1, min(limit, vector.liveCount)), exact: params.exact,
            mostUnindexedRows: params.indexedOnly
                ? settings.mostUnindexedBytes.map { $0 / vector.bytesPerPoint } : nil,
            deadline: deadline)
    }

    private func scored(_ slot: UInt32, score: Float, _ request: QueryRequest) throws -> ScoredPoint {
        let entry = try point(slot)
        return ScoredPoint(
            id: entry.id, version: entry.version, score: score, payload: try payload(slot, request.withPayload),
            vectors: try vectors(slot, request.withVectors))
    }
}

extension Distance {
    /// Internal similarity → the score that is shown.
    func shown(_ similarity: Float) -> Float {
        switch self {
        case .cosine, .dot: similarity
        case .euclid: max(0, -similarity).squareRoot()
        case .manhattan: abs(similarity)
        }
    }

    /// Whether a score is on the good side of a threshold; equal is not.
    func passes(_ score: Float, threshold: Float) -> Bool {
        largerIsBetter ? score > threshold : score < threshold
    }
}
