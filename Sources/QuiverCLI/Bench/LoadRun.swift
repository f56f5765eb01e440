import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Drives a server with prepared requests from threads, one a connection.
///
/// Closed loop: a connection sends its next request when the last one was answered. Open loop: requests have times at
/// which they are due, whatever the server does, and latency counts from then; so a server that stops for a second is
/// charged for every request that would have come in that second (no coordinated omission).
struct LoadRun: Sendable {
    struct Options: Sendable {
        var connections = 1
        /// Requests a second over all connections; nil: closed loop.
        var rate: Double?
        /// Requests before this time are sent and not counted.
        var warmUpSeconds = 0.0
        /// The run ends after this time, or when `mostRequests` were sent.
        var seconds: Double?
        var mostRequests: Int?
        /// Of all requests, how many are queries, when there are both.
        var queryShare = 0.5
        var timeoutSeconds = 60
    }

    struct Outcome: Sendable {
        var histogram = LatencyHistogram()
        var sent = 0
        var points = 0
        /// By status code, or by what went wrong below HTTP.
        var errors: [String: Int] = [:]

        mutating func add(_ other: Outcome) {
            histogram.add(other.histogram)
            sent += other.sent
            points += other.points
            errors.merge(other.errors, uniquingKeysWith: +)
        }
    }

    struct Result: Sendable {
        var byKind: [LoadRequests.Kind: Outcome] = [:]
        /// Without the warm-up.
        var seconds = 0.0
        /// Of all threads of the generator.
        var clientCPUSeconds = 0.0
        /// The first answer that was an error, for people.
        var firstError: String?
    }

    private let requests: [LoadRequests]
    private let options: Options
    private let address: ServerAddress

    init(_ requests: [LoadRequests], options: Options, address: ServerAddress) {
        self.requests = requests
        self.options = options
        self.address = address
    }

    /// Blocks until the run is over.
    /// - Parameter onMeasuring: called when the warm-up is over, from one of the threads.
    func run(onMeasuring: @escaping @Sendable () -> Void = {}) -> Result {
        let shared = Shared(start: Clock.now + 2_000_000, onMeasuring: onMeasuring)
        let threads = (0..<options.connections).map { number in
            LoadThread { drive(number, shared) }
        }
        for thread in threads { thread.join() }
        return shared.result.withLock { $0 }
    }

    /// What the threads have in common.
    private final class Shared: Sendable {
        /// Nanoseconds of the monotonic clock.
        let start: UInt64
        let onMeasuring: @Sendable () -> Void
        let next = Atomic<Int>(0)
        let measuring = Atomic<Bool>(false)
        let result = Mutex(Result())

        init(start: UInt64, onMeasuring: @escaping @Sendable () -> Void) {
            self.start = start
            self.onMeasuring = onMeasuring
        }

        func beginMeasuring() {
            if !measuring.exchange(true, ordering: .relaxed) { onMeasuring() }
        }
    }

    private func drive(_ number: Int, _ shared: Shared) {
        let connection = LoadConnection(address, timeoutSeconds: options.timeoutSeconds)
        var outcomes = requests.map { _ in Outcome() }
        var cursors = requests.map { $0.count * number / options.connections }
        let measuredFrom = shared.start + UInt64(options.warmUpSeconds * 1e9)
        let end = options.seconds.map { measuredFrom + UInt64($0 * 1e9) } ?? .max
        var firstError: String?
        var cpuBefore: Double?
        var sequence = number
        Clock.sleep(until: shared.start)
        while true {
            var begin = Clock.now
            if let rate = options.rate {
                let due = shared.start + UInt64(Double(sequence) * 1e9 / rate)
                sequence += options.connections
                if due >= end { break }
                if due > begin { Clock.sleep(until: due) }
                begin = due
            }
            if begin >= end { break }
            let isMeasured = begin >= measuredFrom
            let order = isMeasured ? shared.next.add(1, ordering: .relaxed).oldValue : 0
            if isMeasured {
                if let most = options.mostRequests, order >= most { break }
                if cpuBefore == nil {
                    cpuBefore = Clock.threadCPUSeconds
                    shared.beginMeasuring()
                }
            }
            let kind = pickKind(order: isMeasured ? order : sequence &+ cursors[0])
            let index = nextIndex(kind, &cursors, order: order, isMeasured: isMeasured)
            let range = requests[kind].range(index)
            var fault: String?
            do throws(LoadConnection.Failure) {
                let status = try connection.exchange(requests[kind].bytes, range)
                if !(200..<300).contains(status) {
                    fault = String(status)
                    if firstError == nil {
                        let text = connection.withLastBody { String(decoding: $0.prefix(300), as: UTF8.self) }
                        firstError = "\(status) \(text)"
                    }
                }
            } catch {
                fault = error.rawValue
                if firstError == nil { firstError = error.rawValue }
                // A server that is gone must not make this a loop of failed connects.
                if options.rate == nil { Clock.sleep(until: Clock.now + 10_000_000) }
            }
            if !isMeasured { continue }
            outcomes[kind].sent += 1
            if let fault {
                outcomes[kind].errors[fault, default: 0] += 1
            } else {
                outcomes[kind].points += requests[kind].pointsPerRequest
                outcomes[kind].histogram.record(nanoseconds: Clock.now - begin)
            }
        }
        let finished = Clock.now
        let cpu = cpuBefore.map { Clock.threadCPUSeconds - $0 } ?? 0
        shared.result.withLock { result in
            for (requests, outcome) in zip(requests, outcomes) {
                result.byKind[requests.kind, default: Outcome()].add(outcome)
            }
            result.clientCPUSeconds += cpu
            result.seconds = max(result.seconds, Double(finished - min(finished, measuredFrom)) / 1e9)
            result.firstError = result.firstError ?? firstError
        }
    }

    /// Spreads queries evenly among updates.
    private func pickKind(order: Int) -> Int {
        guard requests.count == 2 else { return 0 }
        let share = options.queryShare
        let isQuery = (Double(order + 1) * share).rounded(.down) > (Double(order) * share).rounded(.down)
        return requests.firstIndex { ($0.kind == .query) == isQuery } ?? 0
    }

    /// A run of one kind that counts its requests sends each once, in order, over all connections; others walk around.
    private func nextIndex(_ kind: Int, _ cursors: inout [Int], order: Int, isMeasured: Bool) -> Int {
        if requests.count == 1, isMeasured { return order % requests[0].count }
        cursors[kind] = (cursors[kind] + 1) % requests[kind].count
        return cursors[kind]
    }
}

/// A thread that may block.
private final class LoadThread {
    private var handle = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(run: body))
        let code = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        precondition(code == 0, "the system refused a thread: \(code)")
    }

    func join() { _ = pthread_join(handle, nil) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

/// The monotonic clock, and the processor time of threads.
enum Clock {
    /// Nanoseconds.
    static var now: UInt64 { clock_gettime_nsec(CLOCK_MONOTONIC) }

    static var threadCPUSeconds: Double { Double(clock_gettime_nsec(CLOCK_THREAD_CPUTIME_ID)) / 1e9 }

    private static func clock_gettime_nsec(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func sleep(until time: UInt64) {
        while true {
            let current = now
            guard current < time else { return }
            let wait = time - current
            var rest = timespec(tv_sec: Int(wait / 1_000_000_000), tv_nsec: Int(wait % 1_000_000_000))
            nanosleep(&rest, nil)
        }
    }
}
