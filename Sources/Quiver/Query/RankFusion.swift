import QuiverModel

/// Several rankings as one. In single precision, step by step as Qdrant adds them up.
enum RankFusion {
    /// Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): Σ 1 / ((rank + 1) / weight + k − 1), ranks from 0. A weight
    /// that is not positive adds nothing, but its points stay.
    static func reciprocal(_ sources: [[RankedSlot]], k: Int, _ weights: [Float]?) -> [RankedSlot] {
        let scored = sources.enumerated().map { source, ranking in
            let weight = weights?[source] ?? 1
            return ranking.enumerated().map { rank, point in
                var point = point
                point.score = weight > 0 ? 1 / (Float(rank + 1) / weight + Float(k) - 1) : 0
                return point
            }
        }
        return summed(scored)
    }

    /// Distribution-based score fusion: the scores of each ranking from mean − 3σ to mean + 3σ become 0...1.
    static func distribution(_ sources: [[RankedSlot]]) -> [RankedSlot] { summed(sources.map(normalised)) }

    private static func normalised(_ ranking: [RankedSlot]) -> [RankedSlot] {
        let (least, greatest) = extent(ranking)
        return ranking.map { point in
            var point = point
            let scaled = (point.score - least) / (greatest - least)
            // Equal scores, and such that their spread is beyond single precision.
            point.score = least == greatest || !scaled.isFinite ? 0.5 : scaled
            return point
        }
    }

    /// Mean ∓ 3σ of the sample, by Welford's method; the same number twice for a single score.
    private static func extent(_ ranking: [RankedSlot]) -> (least: Float, greatest: Float) {
        guard ranking.count > 1 else { return (0, 0) }
        var mean: Float = 0
        var squares: Float = 0
        for (place, point) in ranking.enumerated() {
            let before = point.score - mean
            mean += before / Float(place + 1)
            squares += before * (point.score - mean)
        }
        let deviation = (squares / (Float(ranking.count) - 1)).squareRoot()
        return (mean - 3 * deviation, mean + 3 * deviation)
    }

    /// Each point once, with the sum of its scores.
    private static func summed(_ sources: [[RankedSlot]]) -> [RankedSlot] {
        var fused: [RankedSlot] = []
        var places: [UInt32: Int] = [:]
        for point in sources.joined() {
            if let place = places[point.slot] {
                fused[place].score += point.score
            } else {
                places[point.slot] = fused.count
                fused.append(point)
            }
        }
        RankedSlot.sort(&fused)
        return fused
    }
}
