import QuiverModel

extension Filter {
    /// The filter of a stage below a stage with another one. Clause by clause as Qdrant does it: conditions of `should`
    /// become one list, of which one has to hold, and of two `minShould` the larger count.
    static func merged(_ outer: Filter?, _ inner: Filter?) -> Filter? {
        guard let outer else { return inner }
        guard let inner else { return outer }
        var merged = outer
        merged.must += inner.must
        merged.should += inner.should
        merged.mustNot += inner.mustNot
        if let other = inner.minShould {
            if var own = merged.minShould {
                own.conditions += other.conditions
                own.minCount = max(own.minCount, other.minCount)
                merged.minShould = own
            } else {
                merged.minShould = other
            }
        }
        return merged
    }
}
