import QuiverLMDB
import QuiverModel
import QuiverPayload

extension CollectionReader {
    /// Candidates asked for at once may not exceed this; with fewer groups than wanted, rounds end there.
    private static let mostCandidates = 1 << 20

    /// Takes the best candidates, more each round, until every group that counts is full or no more candidates come.
    func groups(
        _ request: GroupsRequest, _ deadline: ContinuousClock.Instant?, _ lookup: Lookup
    ) throws -> [PointGroup] {
        try CollectionReader.checkWindow(limit: request.limit)
        try CollectionReader.checkWindow(limit: request.groupSize)
        var query = request.query
        query.offset = 0
        query.withPayload = .none
        query.withVectors = .none
        var wanted = min(Self.mostCandidates, max(1, request.limit) * max(1, request.groupSize))
        while true {
            query.limit = wanted
            let candidates = try run(query, limit: wanted, deadline, lookup)
            let (groups, complete) = try collect(candidates, request)
            if complete || candidates.count < wanted || wanted >= Self.mostCandidates {
                return try finish(groups, request, lookup)
            }
            wanted = min(Self.mostCandidates, wanted * 4)
        }
    }

    /// The first `limit` groups in the order of their best hits, and whether all of them are full.
    private func collect(
        _ candidates: [ScoredPoint], _ request: GroupsRequest
    ) throws -> (groups: [PointGroup], complete: Bool) {
        var groups: [PointGroup] = []
        var places: [GroupID: Int] = [:]
        let path = CompiledPath(request.groupBy)
        for candidate in candidates {
            guard let slot = try slot(of: candidate.id),
                let payload = unsafe try transaction.get(store.payload, SlotKey(slot))
            else { continue }
            for key in unsafe PayloadText.groupKeys(payload, at: path) {
                if let place = places[key] {
                    if groups[place].hits.count < request.groupSize { groups[place].hits.append(candidate) }
                } else if groups.count < request.limit {
                    places[key] = groups.count
                    groups.append(PointGroup(id: key, hits: [candidate]))
                }
            }
        }
        let complete = groups.count == request.limit && groups.allSatisfy { $0.hits.count == request.groupSize }
        return (groups, complete)
    }

    private func finish(_ groups: [PointGroup], _ request: GroupsRequest, _ lookup: Lookup) throws -> [PointGroup] {
        var groups = groups
        for group in groups.indices {
            for hit in groups[group].hits.indices {
                guard let slot = try slot(of: groups[group].hits[hit].id) else { continue }
                groups[group].hits[hit].payload = try payload(slot, request.query.withPayload)
                groups[group].hits[hit].vectors = try vectors(slot, request.query.withVectors)
            }
        }
        if let source = request.withLookup {
            let other = try lookup(source.collection)
            // A second transaction on the same environment would wait behind whoever waits for this one to end.
            if other === core {
                try addLookups(source, to: &groups)
            } else {
                try CollectionReader(other).addLookups(source, to: &groups)
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
