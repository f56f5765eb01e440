/// Searches over one segment's memory. Each leaves what it found, best first, in the scratch's `candidates`;
/// `rescore` turns those into exact scores.
package enum Search {
    /// How a search ended.
    package struct Outcome: Sendable {
        /// The deadline passed: what was found until then is in the scratch.
        package var timedOut = false
        /// Rows whose similarity was computed.
        package var scoredCount = 0

        package init() {}
    }

    /// Expansions or blocks between two looks at the clock.
    static let deadlineInterval = 128

    /// The same for blocks of rows that are compared with many vectors.
    static func deadlineInterval(_ scorer: Scorer) -> Int {
        max(1, deadlineInterval / max(1, scorer.comparisonCount))
    }

    @inline(never)
    static func isPast(_ deadline: ContinuousClock.Instant?) -> Bool {
        guard let deadline else { return false }
        return ContinuousClock.now >= deadline
    }
}
