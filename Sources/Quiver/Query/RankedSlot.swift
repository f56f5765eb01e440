import QuiverModel

/// A point in the ranking of one stage of a query.
struct RankedSlot {
    var slot: UInt32
    /// As shown.
    var score: Float
    /// Of a stage that orders by a field; kept by those that fuse its ranking.
    var orderValue: OrderValue?

    init(slot: UInt32, score: Float, orderValue: OrderValue? = nil) {
        self.slot = slot
        self.score = score
        self.orderValue = orderValue
    }

    /// Best first, the order of equal ones kept. What is not a number comes before all numbers, as in Qdrant.
    static func sort(_ ranking: inout [RankedSlot]) {
        var places = Array(ranking.indices)
        places.sort { left, right in
            let (one, other) = (ranking[left].score, ranking[right].score)
            if one == other || one.isNaN && other.isNaN { return left < right }
            return one > other || one.isNaN
        }
        ranking = places.map { ranking[$0] }
    }
}
