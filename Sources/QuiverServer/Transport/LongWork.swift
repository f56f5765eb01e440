import Quiver

/// Threads for what takes as long as a disk, a network or a client likes: snapshots, and streamed bodies. They are no
/// worker threads, so that queries go on beside them, and there is a bound on how many there are.
final class LongWork: Sendable {
    static let mostThreads = 128

    private let running = LockedCondition(0)

    /// Takes the place of a thread, to be used by `run` or given back.
    func reserve() -> Bool {
        running.read { running in
            if running >= Self.mostThreads { return false }
            running += 1
            return true
        }
    }

    func release() { running.change { $0 -= 1 } }

    /// In a place that was reserved.
    func run(_ body: @escaping @Sendable () -> Void) {
        OSThread.detach { [self] in
            body()
            release()
        }
    }

    /// False when too many threads run.
    func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        guard reserve() else { return false }
        run(body)
        return true
    }

    /// Blocks until nothing runs, or the time is over.
    func waitUntilIdle(atMostSeconds seconds: Double) -> Bool {
        running.wait(atMostSeconds: seconds) { $0 == 0 ? true : nil } ?? false
    }

    static let refusal = Rejection(
        status: 429, text: "Rate limiting exceeded: Too many transfers and snapshots are under way",
        retryAfterSeconds: 1)
}
