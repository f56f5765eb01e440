/// Lets through so many tokens a minute: a bucket that holds a minute's worth, begins full, and fills up steadily.
struct TokenBucket {
    enum Refusal: Error, Equatable {
        /// More than the bucket ever holds.
        case neverEnough
        case notYet(available: Double, seconds: Double)
    }

    let perMinute: Double
    private var tokens: Double
    private var lastFill: ContinuousClock.Instant

    init(perMinute: Int, now: ContinuousClock.Instant) {
        self.perMinute = Double(perMinute)
        tokens = Double(perMinute)
        lastFill = now
    }

    mutating func take(_ count: Int, now: ContinuousClock.Instant) throws(Refusal) {
        let wanted = Double(count)
        if wanted > perMinute { throw .neverEnough }
        tokens = min(perMinute, tokens + perMinute / 60 * ((now - lastFill) / .seconds(1)))
        lastFill = now
        if tokens < wanted { throw .notYet(available: tokens, seconds: (wanted - tokens) * 60 / perMinute) }
        tokens -= wanted
    }
}
