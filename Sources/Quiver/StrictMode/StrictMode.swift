import Synchronization

import QuiverModel

/// The limits that an operator has set for the requests to one collection.
///
/// Off, as nearly always, it costs a request one relaxed load.
final class StrictMode: Sendable {
    private struct State {
        var config = StrictModeConfig()
        var reads: TokenBucket?
        var writes: TokenBucket?
    }

    private let isOn = Atomic(false)
    private let state = Mutex(State())

    init(_ config: StrictModeConfig?) { change(config) }

    /// The limits, nil when there are none.
    @inline(__always)
    var limits: StrictModeConfig? {
        isOn.load(ordering: .relaxed) ? state.withLock { $0.config } : nil
    }

    /// Buckets of tokens begin anew, full.
    func change(_ config: StrictModeConfig?) {
        let config = config ?? StrictModeConfig()
        state.withLock { state in
            if state.config == config { return }
            state.config = config
            let now = ContinuousClock.now
            state.reads = config.isEnabled ? config.readRateLimit.map { TokenBucket(perMinute: $0, now: now) } : nil
            state.writes = config.isEnabled ? config.writeRateLimit.map { TokenBucket(perMinute: $0, now: now) } : nil
        }
        isOn.store(config.isEnabled, ordering: .relaxed)
    }

    func takeReads(_ cost: Int) throws(QuiverError) { try take(cost, from: \.reads, "Read") }

    func takeWrites(_ cost: Int) throws(QuiverError) { try take(cost, from: \.writes, "Write") }

    private func take(
        _ cost: Int, from bucket: WritableKeyPath<State, TokenBucket?>, _ kind: String
    ) throws(QuiverError) {
        let refusal: TokenBucket.Refusal? = state.withLock { state in
            do throws(TokenBucket.Refusal) {
                try state[keyPath: bucket]?.take(cost, now: .now)
                return nil
            } catch {
                return error
            }
        }
        switch refusal {
        case nil: return
        case .neverEnough?:
            throw QuiverError(
                .rateLimited(retryAfterSeconds: nil),
                "\(kind) rate limit exceeded, request larger than rate limiter capacity, please try to split your request")
        case .notYet(let available, let seconds)?:
            let wait = Int(min(seconds.rounded(.up), 86_400))
            throw QuiverError(
                .rateLimited(retryAfterSeconds: max(wait, 1)),
                "\(kind) rate limit exceeded: Operation requires \(cost) tokens but only "
                    + "\((available * 10).rounded() / 10) were available. Retry after \(wait)s")
        }
    }
}

extension QuiverError {
    /// What broke a limit, and what would help, as Qdrant puts it.
    static func strictMode(_ what: String, help: String) -> QuiverError {
        QuiverError(.forbidden, "\(what). Help: \(help)")
    }
}
