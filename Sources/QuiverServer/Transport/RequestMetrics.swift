import Metrics
import Synchronization

/// How long requests took, told to whatever backend the process has given to swift-metrics; without one it costs a
/// look into a dictionary.
///
/// `quiver_rest_responses_duration` by `method`, `endpoint` (the pattern of the route) and `status`.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        var method: String
        var endpoint: String
        var status: Int
    }

    private let timers = Mutex<[Key: Metrics.Timer]>([:])

    func record(method: String, endpoint: String, status: Int, _ duration: Duration) {
        let key = Key(method: method, endpoint: endpoint, status: status)
        let timer = timers.withLock { timers in
            if let timer = timers[key] { return timer }
            let timer = Metrics.Timer(
                label: "quiver_rest_responses_duration",
                dimensions: [("method", method), ("endpoint", endpoint), ("status", "\(status)")])
            timers[key] = timer
            return timer
        }
        let (seconds, attoseconds) = duration.components
        timer.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
