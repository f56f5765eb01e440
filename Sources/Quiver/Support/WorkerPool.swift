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
        /// Threads that run something.
        var running = 0
        /// Calls of `share` that are under way.
        var parties = 0
    }

    private let state = LockedCondition(State())
    private let threads: [OSThread]
    private let maxQueueLength: Int

    package var threadCount: Int { threads.count }

    init(threads count: Int, maxQueueLength: Int = Limits.queryQueueLength) {
        self.maxQueueLength = maxQueueLength
        let state = self.state
        threads = (0..<max(1, count)).map { _ in
            OSThread {
                var isRunning = false
                while let work = WorkerPool.next(state, isRunning) {
                    work()
                    isRunning = true
                }
            }
        }
    }

    /// - Parameter isDone: the thread has just run what it took before.
    private static func next(_ state: LockedCondition<State>, _ isDone: Bool) -> (@Sendable () -> Void)? {
        var isDone = isDone
        return state.wait { state in
            if isDone { state.running -= 1 }
            isDone = false
            if let work = state.queue.popFirst() {
                state.running += 1
                return .some(work)
            }
            return state.stopping ? .some(nil) : nil
        }
    }

    /// Runs `body` on a worker thread. Throws `.overloaded` when the queue is full, `.closed` after `stop`.
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(QuiverError) -> Value
    ) async throws(QuiverError) -> Value {
        let result: Result<Value, QuiverError> = unsafe await withUnsafeContinuation { continuation in
            let refusal = submit {
                do throws(QuiverError) {
                    unsafe continuation.resume(returning: .success(try body()))
                } catch {
                    unsafe continuation.resume(returning: .failure(error))
                }
            }
            if let refusal { unsafe continuation.resume(returning: .failure(refusal)) }
        }
        return try result.get()
    }

    var count: Int { threads.count }

    /// Runs `body` on the calling thread and, at the same time, on workers that have nothing to do, `width` threads at
    /// most. Bodies share work, not split it. Returns when nobody runs it any more.
    ///
    /// The calling thread may be a worker or not: threads that run and calls that share both count as busy cores.
    func share(among width: Int, _ body: @escaping @Sendable () -> Void) {
        let party = LockedCondition(Party())
        state.change { state in
            state.parties += 1
            let busy = max(state.running, state.parties) + state.queue.count
            let helpers = state.stopping ? 0 : min(width - 1, threads.count - busy)
            for _ in 0..<max(0, helpers) {
                state.queue.append {
                    guard party.read({ $0.join() }) else { return }
                    body()
                    party.change { $0.running -= 1 }
                }
            }
        }
        body()
        state.read { $0.parties -= 1 }
        party.read { $0.isOver = true }
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

    /// Queues `work` for a worker thread; it runs unless this returns why not.
    package func submit(_ work: @escaping @Sendable () -> Void) -> QuiverError? {
        state.changeForOne { state in
            if state.stopping { return QuiverError(.closed, "the database is closed") }
            if state.queue.count >= maxQueueLength {
                return QuiverError(
                    .overloaded(retryAfterSeconds: 1),
                    "\(maxQueueLength) requests are waiting for a worker; try again later")
            }
            state.queue.append(work)
            return nil
        }
    }

    /// Lets queued work finish, then ends the threads. Must not be called from one of them.
    func stop() {
        state.change { $0.stopping = true }
        for thread in threads { thread.join() }
    }
}
