import Glibc
import Metrics
import Synchronization

/// How long requests took: kept for `GET /metrics` and `GET /telemetry`, and told to whatever backend the process has
/// given to swift-metrics, there as `quiver_rest_responses_duration` by `method`, `endpoint` (the pattern of the route)
/// and `status`.
final class RequestMetrics: Sendable {
    struct Key: Hashable, Sendable {
        var method: String
        /// The pattern of the route.
        var endpoint: String
        var status: Int
        /// Nil: of all collections together.
        var collection: String?
    }

    struct Durations: Sendable {
        /// Upper bounds of the histogram's buckets, in microseconds.
        static let boundsMicroseconds = [
            100, 500, 1_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 50_000_000,
        ]

        var count = 0
        var totalNanoseconds: Int64 = 0
        var minNanoseconds = Int64.max
        var maxNanoseconds: Int64 = 0
        /// Since 1970.
        var lastSecond = 0
        /// Of each bound, how many were at most that long and longer than the bound before.
        var buckets = [Int](repeating: 0, count: boundsMicroseconds.count)

        mutating func add(_ nanoseconds: Int64, at second: Int) {
            count += 1
            lastSecond = second
            totalNanoseconds = totalNanoseconds.addingReportingOverflow(nanoseconds).partialValue
            minNanoseconds = min(minNanoseconds, nanoseconds)
            maxNanoseconds = max(maxNanoseconds, nanoseconds)
            if let bucket = Self.boundsMicroseconds.firstIndex(where: { nanoseconds <= Int64($0) * 1000 }) {
                buckets[bucket] += 1
            }
        }
    }

    private struct Entry {
        var timer: Metrics.Timer
        var durations = Durations()
    }

    private struct State {
        var all: [Key: Entry] = [:]
        var byCollection: [Key: Durations] = [:]
    }

    /// Names of collections come and go; those beyond are not told one by one.
    private static let mostKeysByCollection = 10_000

    private let state = Mutex(State())

    /// `collection`: as the path names it.
    func record(method: String, endpoint: String, status: Int, collection: String?, _ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        var now = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &now)
        let second = now.tv_sec
        var key = Key(method: method, endpoint: endpoint, status: status)
        let timer = state.withLock { state in
            if state.all[key] == nil {
                state.all[key] = Entry(
                    timer: Metrics.Timer(
                        label: "quiver_rest_responses_duration",
                        dimensions: [("method", method), ("endpoint", endpoint), ("status", "\(status)")]))
            }
            state.all[key]?.durations.add(nanoseconds, at: second)
            let timer = state.all[key]?.timer
            key.collection = collection
            if collection != nil, state.byCollection[key] != nil || state.byCollection.count < Self.mostKeysByCollection {
                state.byCollection[key, default: Durations()].add(nanoseconds, at: second)
            }
            return timer
        }
        timer?.recordNanoseconds(nanoseconds)
    }

    /// In the order of endpoint, method, status and collection.
    func durations(byCollection: Bool) -> [(key: Key, durations: Durations)] {
        let found = state.withLock { state in
            byCollection
                ? state.byCollection.map { (key: $0.key, durations: $0.value) }
                : state.all.map { (key: $0.key, durations: $0.value.durations) }
        }
        return found.sorted {
            ($0.key.endpoint, $0.key.method, $0.key.status, $0.key.collection ?? "")
                < ($1.key.endpoint, $1.key.method, $1.key.status, $1.key.collection ?? "")
        }
    }
}
