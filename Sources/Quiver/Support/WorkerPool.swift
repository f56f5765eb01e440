import DequeModule

package import QuiverModel

/// A fixed number of operating-system threads that run queries and decode large bodies.
///
/// Page faults, fsync, graph walks and megabytes of JSON block their thread, so none of them may run
/// on an event loop or on Swift's cooperative pool, which has only as many threads as there are cores.
package final class WorkerPool: Sendable {
    private struct State {
        var queue = Deque<@Sendable () -> Void>()
        var stopping = false
    }

    private let state = LockedCondition(State())
    private let threads: [OSThread]
    private let maxQueueLength: Int

    init(threads count: Int, maxQueueLength: Int = Limits.queryQueueLength) {
        self.maxQueueLength = maxQueueLength
        let state = self.state
        threads = (0..<max(1, count)).map { _ in
            OSThread {
                while let work = WorkerPool.next(state) { work() }
            }
        }
    }

    private static func next(_ state: LockedCondition<State>) -> (@Sendable () -> Void)? {
        state.wait { state in
            if let work = state.queue.popFirst() { return .some(work) }
            return state.stopping ? .some(nil) : nil
        }
    }

    /// Runs `body` on a worker thread. Throws `.overloaded` when the queue is full, `.closed` after `stop`.
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(QuiverError) -> Value
    ) async throws(QuiverError) -> Value {
        let result: Result<Value, QuiverError> = unsafe await withUnsafeContinuation { continuation in
            let refusal: QuiverError? = state.changeForOne { state in
                if state.stopping { return QuiverError(.closed, "the database is closed") }
                if state.queue.count >= maxQueueLength {
                    return QuiverError(
                        .overloaded(retryAfterSeconds: 1),
                        "\(maxQueueLength) requests are waiting for a worker; try again later")
                }
                state.queue.append {
                    do throws(QuiverError) {
                        unsafe continuation.resume(returning: .success(try body()))
                    } catch {
                        unsafe continuation.resume(returning: .failure(error))
                    }
                }
                return nil
            }
            if let refusal { unsafe continuation.resume(returning: .failure(refusal)) }
        }
        return try result.get()
    }

    var count: Int { threads.count }

    /// Runs `body` on the calling thread and, at the same time, on up to `width - 1` workers. Bodies share work, not
    /// split it: workers that are busy until the caller is done do not take part. Returns when nobody runs it any more.
    func share(among width: Int, _ body: @escaping @Sendable () -> Void) {
        let helpers = min(width - 1, threads.count)
        guard helpers > 0 else { return body() }
        let party = LockedCondition(Party())
        state.change { state in
            if state.stopping { return }
            for _ in 0..<helpers {
                state.queue.append {
                    guard party.read({ $0.join() }) else { return }
                    body()
                    party.change { $0.running -= 1 }
                }
            }
        }
        body()
        party.change { $0.isOver = true }
        party.wait { $0.running == 0 ? () : nil }
    }

    private struct Party {
        var running = 0
        var isOver = false

        mutating func join() -> Bool {
            if isOver { return false }
            running += 1
            return true
        }
    }

    /// Lets queued work finish, then ends the threads. Must not be called from one of them.
    func stop() {
        state.change { $0.stopping = true }
        for thread in threads { thread.join() }
    }
}
