import QuiverIndex
import QuiverModel
import QuiverPayload

/// Maximal marginal relevance (Carbonell and Goldstein 1998).
extension CollectionReader {
    private struct Candidate {
        let point: RankedSlot
        let vector: VectorValue
        /// Similarity to the query.
        let relevance: Float
        /// The largest similarity to a point that was picked.
        var nearestPicked = -Float.infinity
    }

    /// Picks from candidates: first the most similar to the query, then each time the one with the most of
    /// λ · similarity to the query − (1 − λ) · largest similarity to a picked one, λ = 1 − diversity.
    ///
    /// - Returns: in the order they were picked, with the scores they came with.
    func diverse(
        _ candidates: [RankedSlot], _ stage: QueryStage, _ params: MMRParams, limit: Int, _ scope: QueryScope
    ) throws -> [RankedSlot] {
        guard let query = stage.query, let index = view.vectorIndex(named: stage.using) else {
            throw QuiverError.vectorNameUnknown(stage.using)
        }
        let vector = view.vectors[index]
        guard let examples = try stage.operands.examples(query, vector.field) else { return [] }
        let slots = MatchSet(slots: Set(candidates.map(\.slot)).sorted(), bitCount: Int(view.slotCount))
        let relevance = try similarities(of: slots, to: examples.vectors[0], index, scope)
        // Points without the vector are passed over.
        var left = candidates.compactMap { point in
            vector.value(ofSlot: point.slot).map {
                Candidate(point: point, vector: $0, relevance: relevance[point.slot] ?? 0)
            }
        }
        if left.count < 2 { return left.map(\.point) }
        let lambda = 1 - (params.diversity ?? MMRParams.defaultDiversity)
        var picked: [RankedSlot] = []
        while picked.count < limit, !left.isEmpty {
            var best = 0
            var bestScore = -Float.infinity
            for (place, candidate) in left.enumerated() {
                let score = picked.isEmpty
                    ? candidate.relevance : lambda * candidate.relevance - (1 - lambda) * candidate.nearestPicked
                if score > bestScore { (best, bestScore) = (place, score) }
            }
            let next = left.remove(at: best)
            picked.append(next.point)
            if picked.count < limit { try compare(&left, with: next, slots, index, scope) }
        }
        return picked
    }

    private func compare(
        _ left: inout [Candidate], with picked: Candidate, _ slots: MatchSet, _ index: Int, _ scope: QueryScope
    ) throws {
        // Of multivectors it matters which of the two is the query: the candidate is.
        if view.vectors[index].field.kind == .multi {
            let only = MatchSet(slots: [picked.point.slot], bitCount: Int(view.slotCount))
            for place in left.indices {
                let near = try similarities(of: only, to: left[place].vector, index, scope)
                left[place].nearestPicked = max(left[place].nearestPicked, near[picked.point.slot] ?? 0)
            }
            return
        }
        let near = try similarities(of: slots, to: picked.vector, index, scope)
        for place in left.indices {
            left[place].nearestPicked = max(left[place].nearestPicked, near[left[place].point.slot] ?? 0)
        }
    }

    /// Internal similarities of points to a vector, without weights of rare terms; sparse ones that share nothing with
    /// it are left out.
    private func similarities(
        of slots: MatchSet, to vector: VectorValue, _ index: Int, _ scope: QueryScope
    ) throws -> [UInt32: Float] {
        let found = try similar(
            index, .nearest(vector), SearchParams(exact: true), slots, limit: slots.count, usesIDF: false, scope.deadline)
        return Dictionary(found.map { ($0.slot, $0.score) }) { first, _ in first }
    }
}
