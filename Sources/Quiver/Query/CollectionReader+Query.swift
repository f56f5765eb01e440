import QuiverModel
import QuiverPayload

extension CollectionReader {
    /// Finds another collection for `lookup_from`.
    typealias Lookup = (String) throws(QuiverError) -> CollectionCore

    func query(
        _ request: QueryRequest, _ deadline: ContinuousClock.Instant?, _ lookup: Lookup
    ) throws -> [ScoredPoint] {
        try ranking(request, deadline, lookup).map { try scored($0, request) }
    }

    /// The points of the answer, best first.
    func ranking(
        _ request: QueryRequest, _ deadline: ContinuousClock.Instant?, _ lookup: Lookup
    ) throws -> [RankedSlot] {
        try CollectionReader.checkWindow(limit: request.limit, offset: request.offset)
        try QueryRules.check(request, pointCount: view.pointCount)
        let root = try QueryStage(request, self, lookup)
        let scope = QueryScope(excluded: root.operandSlots, deadline: deadline)
        var offset = request.offset
        // A random draw has no beginning to leave out.
        if case .sample? = request.query, request.prefetch.isEmpty { offset = 0 }
        let ranking = try answer(root, under: nil, limit: request.limit + offset, isRoot: true, scope)
        return Array(ranking.dropFirst(offset).prefix(request.limit))
    }

    func scored(_ ranked: RankedSlot, _ request: QueryRequest) throws -> ScoredPoint {
        let entry = try point(ranked.slot)
        return ScoredPoint(
            id: entry.id, version: entry.version, score: ranked.score,
            payload: try payload(ranked.slot, request.withPayload),
            vectors: try vectors(ranked.slot, request.withVectors), orderValue: ranked.orderValue)
    }

    // MARK: Stages

    /// The ranking of one stage: of the points that match its filter and those above it, or of what its prefetches
    /// found.
    ///
    /// - Parameter limit: that of the stage; at the root with the offset.
    private func answer(
        _ stage: QueryStage, under outer: Filter?, limit: Int, isRoot: Bool, _ scope: QueryScope
    ) throws -> [RankedSlot] {
        let filter = Filter.merged(outer, stage.filter)
        if stage.children.isEmpty { return try leaf(stage, filter, limit: limit, isRoot: isRoot, scope) }
        var sources: [[RankedSlot]] = []
        for child in stage.children {
            sources.append(try answer(child, under: filter, limit: child.limit, isRoot: false, scope))
        }
        return try merged(sources, stage, limit: limit, isRoot: isRoot, scope)
    }

    private func leaf(
        _ stage: QueryStage, _ filter: Filter?, limit: Int, isRoot: Bool, _ scope: QueryScope
    ) throws -> [RankedSlot] {
        guard limit > 0 else { return [] }
        var accepted = try matching(filter, scope.deadline)
        var dropped = scope.excluded
        if !dropped.isEmpty, let all = accepted {
            accepted = all.subtracting(dropped)
            dropped = []
        }
        let selection = Selection(accepted: accepted, dropped: dropped)
        switch stage.query {
        case nil: return try byID(among(selection), limit: limit, scope)
        case .orderBy(let order)?: return try byOrder(order, among(selection), limit: limit, scope)
        case .sample(.random)?: return try randomSample(among(selection), limit: limit, scope)
        case .diverse(_, let mmr)?:
            let candidates = try vectorRanking(
                stage, selection, limit: mmr.candidatesLimit ?? stage.limit, exact: false, scope)
            // What is prefetched is picked from by whoever ranks it.
            return isRoot ? try diverse(candidates, stage, mmr, limit: stage.limit, scope) : candidates
        case .nearest?, .recommend?, .discover?, .context?, .relevanceFeedback?:
            return try vectorRanking(stage, selection, limit: limit, exact: false, scope)
        case .fusion?, .formula?: return []
        }
    }

    /// Ranks anew what the prefetches of a stage found.
    private func merged(
        _ sources: [[RankedSlot]], _ stage: QueryStage, limit: Int, isRoot: Bool, _ scope: QueryScope
    ) throws -> [RankedSlot] {
        switch stage.query {
        case nil: return []
        case .fusion(let fusion)?:
            let fused = switch fusion {
            case .rrf(let k, let weights): RankFusion.reciprocal(sources, k: k ?? Fusion.defaultRankConstant, weights)
            case .dbsf: RankFusion.distribution(sources)
            }
            let passing = fused.prefix { point in stage.scoreThreshold.map { point.score >= $0 } ?? true }
            return Array(passing.prefix(limit))
        case .formula(let formula)?:
            return try scored(sources, by: formula, stage.scoreThreshold, limit: limit, scope)
        case .orderBy(let order)?: return try byOrder(order, union(sources), limit: limit, scope)
        case .sample(.random)?: return try randomSample(union(sources), limit: limit, scope)
        case .diverse(_, let mmr)? where !isRoot:
            var seen: Set<UInt32> = []
            let candidates = sources.joined().filter { seen.insert($0.slot).inserted }
            return try diverse(candidates, stage, mmr, limit: stage.limit, scope)
        case .diverse(_, let mmr)?:
            let selection = Selection(accepted: union(sources), dropped: [])
            let candidates = try vectorRanking(
                stage, selection, limit: mmr.candidatesLimit ?? stage.limit, exact: true, scope)
            return try diverse(candidates, stage, mmr, limit: stage.limit, scope)
        case .nearest?, .recommend?, .discover?, .context?, .relevanceFeedback?:
            let selection = Selection(accepted: union(sources), dropped: [])
            return try vectorRanking(stage, selection, limit: limit, exact: true, scope)
        }
    }

    private func union(_ sources: [[RankedSlot]]) -> MatchSet {
        let slots = Set(sources.joined().map(\.slot)).sorted()
        return MatchSet(slots: slots, bitCount: Int(view.slotCount))
    }

    /// A selection as one set, nil for all points.
    private func among(_ selection: Selection) -> MatchSet? {
        if selection.dropped.isEmpty { return selection.accepted }
        return (selection.accepted ?? MatchSet(copying: view.liveSlots)).subtracting(selection.dropped)
    }

    // MARK: Without vectors

    private func byID(_ accepted: MatchSet?, limit: Int, score: Float = 1, _ scope: QueryScope) throws -> [RankedSlot] {
        try idsInOrder(from: nil, accepted?.bitmap, limit: limit, scope.deadline).map {
            RankedSlot(slot: $0.slot, score: score)
        }
    }

    private func byOrder(
        _ order: OrderBy, _ accepted: MatchSet?, limit: Int, _ scope: QueryScope
    ) throws -> [RankedSlot] {
        try ordered(order, accepted?.bitmap, limit: limit, scope.deadline).map {
            RankedSlot(slot: $0.slot, score: 1, orderValue: $0.value)
        }
    }

    /// Points in a random order.
    func randomSample(_ accepted: MatchSet?, limit: Int, _ scope: QueryScope) throws -> [RankedSlot] {
        let slots = RandomSample.draw(limit, from: accepted?.bitmap ?? view.liveSlots, count: accepted?.count ?? view.pointCount)
        return slots.map { RankedSlot(slot: $0, score: 1) }
    }
}
