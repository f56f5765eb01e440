import QuiverLMDB
import QuiverModel
import QuiverPayload

extension CollectionReader {
    /// Candidates asked for at once may not exceed this; with fewer groups than wanted, rounds end there.
    private static let mostCandidates = 1 << 20

    /// Takes the best candidates, more each round, until every group that counts is full or no more candidates come.
    ///
    /// What prefetches find grows with it: in the first round each finds as many times its limit as there are groups
    /// wanted, as in Qdrant.
    func groups(
        _ request: GroupsRequest, _ deadline: ContinuousClock.Instant?, _ lookup: Lookup
    ) throws -> [PointGroup] {
        try CollectionReader.checkWindow(limit: request.limit)
        try CollectionReader.checkWindow(limit: request.groupSize)
        var query = request.query
        query.offset = 0
        query.withPayload = .none
        query.withVectors = .none
        if GroupRounds.choosesAmongFew(query) {
            // Points without a group would take the places of others.
            query.filter = Filter.merged(query.filter, Filter(mustNot: [.isEmpty(request.groupBy)]))
        }
        var rounds = GroupRounds(
            wanted: max(1, request.limit) * max(1, request.groupSize), growth: max(1, request.limit),
            most: Self.mostCandidates)
        while true {
            let candidates = try ranking(rounds.widened(query), deadline, lookup)
            let (groups, complete) = try collect(candidates, request)
            if complete || !rounds.grow(query, found: candidates.count) { return try finish(groups, request, lookup) }
        }
    }

    /// The first `limit` groups in the order of their best hits, and whether all of them are full.
    private func collect(
        _ candidates: [RankedSlot], _ request: GroupsRequest
    ) throws -> (groups: [SlotGroup], complete: Bool) {
        var groups: [SlotGroup] = []
        var places: [GroupID: Int] = [:]
        let path = CompiledPath(request.groupBy)
        for candidate in candidates {
            guard let payload = unsafe try transaction.getChecked(store.payload, SlotKey(candidate.slot)) else { continue }
            for key in unsafe PayloadText.groupKeys(payload, at: path) {
                if let place = places[key] {
                    // A point with several values to order by comes once for each.
                    if groups[place].hits.count < request.groupSize,
                        !groups[place].hits.contains(where: { $0.slot == candidate.slot })
                    {
                        groups[place].hits.append(candidate)
                    }
                } else if groups.count < request.limit {
                    places[key] = groups.count
                    groups.append(SlotGroup(id: key, hits: [candidate]))
                }
            }
        }
        let complete = groups.count == request.limit && groups.allSatisfy { $0.hits.count == request.groupSize }
        return (groups, complete)
    }

    private struct SlotGroup {
        let id: GroupID
        var hits: [RankedSlot]
    }

    private func finish(_ found: [SlotGroup], _ request: GroupsRequest, _ lookup: Lookup) throws -> [PointGroup] {
        var groups: [PointGroup] = []
        for group in found {
            var hits: [ScoredPoint] = []
            for hit in group.hits { hits.append(try scored(hit, request.query)) }
            groups.append(PointGroup(id: group.id, hits: hits))
        }
        if let source = request.withLookup {
            let other = try lookup(source.collection)
            // A second transaction on the same environment would wait behind whoever waits for this one to end.
            if other === core {
                try addLookups(source, to: &groups)
            } else {
                try other.reading { reader in try reader.addLookups(source, to: &groups) }
            }
        }
        return groups
    }

    /// Adds the points of this collection that the groups' values name.
    private func addLookups(_ source: GroupLookup, to groups: inout [PointGroup]) throws {
        for group in groups.indices {
            guard let id = groups[group].id.pointID else { continue }
            groups[group].lookup = try retrieve([id], source.withPayload, source.withVectors, nil).first
        }
    }
}

extension GroupID {
    /// The point that a group's value names.
    var pointID: PointID? {
        switch self {
        case .string(let text): PointUUID(text).map(PointID.uuid)
        case .integer(let number): UInt64(exactly: number).map(PointID.number)
        case .unsigned(let number): .number(number)
        }
    }
}
