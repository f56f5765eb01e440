import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload

extension CollectionReader {
    /// The ranking of a stage that compares vectors, up to its threshold.
    ///
    /// - Parameter exact: compares with each point of the selection, whatever the parameters say.
    func vectorRanking(
        _ stage: QueryStage, _ selection: Selection, limit: Int, exact: Bool, _ scope: QueryScope
    ) throws -> [RankedSlot] {
        guard let query = stage.query else { return [] }
        guard let index = view.vectorIndex(named: stage.using) else {
            throw QuiverError.vectorNameUnknown(stage.using)
        }
        let field = view.vectors[index].field
        if stage.params.idf != nil, core.searchSettings(field).modifier != .idf {
            throw QuiverError.badRequest(
                "the `idf` parameter needs a sparse vector with the modifier `idf`, which `\(stage.using)` has not")
        }
        guard let examples = try stage.operands.examples(query, field) else { return [] }
        if limit == 0 || selection.accepted?.count == 0 { return [] }
        var found: [ScoredSlot]
        if examples.vectors.isEmpty {
            found = try indifferent(index, selection, limit: limit, scope)
        } else {
            var params = stage.params
            if exact {
                params.exact = true
                params.indexedOnly = false
            }
            found = try similar(
                index, examples, params, selection.accepted, limit: limit + selection.dropped.count, scope.deadline)
        }
        if !selection.dropped.isEmpty { found.removeAll { selection.dropped.contains($0.slot) } }
        let isDistance = examples.combination == .nearest
        var ranking: [RankedSlot] = []
        ranking.reserveCapacity(min(limit, found.count))
        for answer in found.prefix(limit) {
            let shown = isDistance ? field.distance.shown(answer.score) : answer.score
            // Squares of large components are infinite, which JSON has no number for.
            let score = max(-Float.greatestFiniteMagnitude, min(shown, Float.greatestFiniteMagnitude))
            // Scores of several vectors are the better the larger they are, but are held against the threshold like
            // distances all the same, as in Qdrant.
            if let threshold = stage.scoreThreshold, !field.distance.passes(score, threshold: threshold) { break }
            ranking.append(RankedSlot(slot: answer.slot, score: score))
        }
        return ranking
    }

    /// The best points by their internal scores.
    func similar(
        _ index: Int, _ examples: QueryOperands.Examples, _ params: SearchParams, _ accepted: MatchSet?, limit: Int,
        usesIDF: Bool = true, _ deadline: ContinuousClock.Instant?
    ) throws -> [ScoredSlot] {
        let field = view.vectors[index].field
        if field.kind == .sparse {
            let search = try sparseSearch(
                index, examples, params, accepted, limit: limit, usesIDF: usesIDF, deadline)
            return try core.scratches.withScratch { (scratch) throws in try search.run(scratch) }
        }
        return try search(index, SearchVectors(examples, field), params, accepted, limit: limit, deadline)
            .run(core.scratches, core.workers)
    }

    /// Without a pair to fulfil every point that has the vector fulfils a context equally well.
    private func indifferent(
        _ index: Int, _ selection: Selection, limit: Int, _ scope: QueryScope
    ) throws -> [ScoredSlot] {
        let slots = SlotBitmap(bitCount: Int(view.slotCount))
        view.vectors[index].markSlots(in: slots)
        if let accepted = selection.accepted { slots.formIntersection(accepted.bitmap) }
        return try idsInOrder(from: nil, slots, limit: limit + selection.dropped.count, scope.deadline).map {
            ScoredSlot(score: 0, slot: $0.slot, segment: VectorSearch.growingNumber, row: 0)
        }
    }

    /// A search in the vector at `index` of the view.
    func search(
        _ index: Int, _ query: SearchVectors, _ params: SearchParams, _ accepted: MatchSet?, limit: Int,
        _ deadline: ContinuousClock.Instant?
    ) -> VectorSearch {
        let vector = view.vectors[index]
        let settings = core.searchSettings(vector.field)
        let bytes = vector.bytesPerPoint
        var planner = SearchPlanner(
            matchCount: accepted?.count, liveCount: vector.liveCount,
            fullScanCount: settings.fullScanBytes / bytes,
            // No more answers than there are vectors: memory follows the data, not the request.
            limit: max(1, min(limit, vector.liveCount)), ef: (params.hnswEf ?? settings.ef).saturatingTimes(query.combination.walkWidth),
            exact: params.exact || !settings.hasGraphs, acorn: params.acorn,
            pointBytes: vector.field.metric.usesCodes ? bytes / MemoryLayout<Float>.size : bytes)
        planner.isCombined = query.combination != .nearest
        return VectorSearch(
            vector: vector, query: query, accepted: accepted, planner: planner,
            mostUnindexedRows: params.indexedOnly ? settings.mostUnindexedBytes.map { $0 / bytes } : nil,
            codes: CodeUse(settings.quantization, params.quantization), deadline: deadline)
    }

    /// A search in the sparse vector at `index` of the view.
    ///
    /// - Parameter usesIDF: where the vector is configured for it.
    private func sparseSearch(
        _ index: Int, _ examples: QueryOperands.Examples, _ params: SearchParams, _ accepted: MatchSet?, limit: Int,
        usesIDF: Bool, _ deadline: ContinuousClock.Instant?
    ) throws -> SparseVectorSearch {
        let vector = view.vectors[index]
        let settings = core.searchSettings(vector.field)
        var vectors = examples.vectors.compactMap { if case .sparse(let vector) = $0 { vector } else { nil } }
        if usesIDF, settings.modifier == .idf {
            var corpus: SlotBitmap?
            if case .corpus(let filter)? = params.idf { corpus = try matching(filter, deadline)?.bitmap }
            let weights = SparseWeights(vectors, vector, corpus: corpus)
            vectors = vectors.map(weights.applied)
        }
        return SparseVectorSearch(
            vector: vector,
            examples: SparseExamples(
                queries: vectors.map { SparseQuery(indices: $0.indices, weights: $0.values) },
                positiveCount: examples.positiveCount, combination: examples.combination,
                weights: examples.weights),
            accepted: accepted?.bitmap, acceptedCount: accepted?.count ?? 0,
            limit: max(1, min(limit, vector.liveCount)), exact: params.exact,
            mostUnindexedRows: params.indexedOnly
                ? settings.mostUnindexedBytes.map { $0 / vector.bytesPerPoint } : nil,
            deadline: deadline)
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

extension Combination {
    /// How many times the candidates of a walk for a single vector one for several keeps. Where the score jumps, the best
    /// points lie behind worse ones.
    fileprivate var walkWidth: Int {
        switch self {
        case .nearest, .sumScores, .weightedSum: 1
        case .bestScore, .discover, .context: 4
        }
    }
}

extension Int {
    fileprivate func saturatingTimes(_ factor: Int) -> Int {
        let (product, overflows) = multipliedReportingOverflow(by: factor)
        return overflows ? self : product
    }
}
