import QuiverLMDB
import QuiverModel
import QuiverPayload

extension CollectionReader {
    /// Points are scored one by one, with a look at the clock after so many.
    private static let pointsBetweenLooks = 256

    /// The prefetched points by what a formula makes of them.
    func scored(
        _ sources: [[RankedSlot]], by formula: ScoreFormula, _ threshold: Float?, limit: Int, _ scope: QueryScope
    ) throws -> [RankedSlot] {
        let deadline = Deadline(scope.deadline)
        let scorer = try FormulaScorer(formula, resolver, deadline)
        var slots: [UInt32] = []
        var scores: [UInt32: [Float?]] = [:]
        for (source, ranking) in sources.enumerated() {
            for point in ranking {
                if scores[point.slot] == nil {
                    slots.append(point.slot)
                    scores[point.slot] = Array(repeating: nil, count: sources.count)
                }
                scores[point.slot]?[source] = point.score
            }
        }
        var ranking: [RankedSlot] = []
        for (place, slot) in slots.enumerated() {
            if place % Self.pointsBetweenLooks == Self.pointsBetweenLooks - 1 { try deadline.check() }
            guard let payload = unsafe try transaction.getChecked(store.payload, SlotKey(slot)) else { throw LMDBError.corrupted }
            let score = try scorer.score(unsafe .init(slot: slot, payload: payload, scores: scores[slot] ?? []))
            if let threshold, !(score >= threshold) { continue }
            ranking.append(RankedSlot(slot: slot, score: score))
        }
        RankedSlot.sort(&ranking)
        return Array(ranking.prefix(limit))
    }
}
