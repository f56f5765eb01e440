import Synchronization

import QuiverModel

/// An answer that a thread of the engine gives once and a task waits for, perhaps not for ever.
final class Answer<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, QuiverError>?
        var waiter: CheckedContinuation<Result<Value, QuiverError>?, Never>?
        /// The time was over, perhaps before anyone waited.
        var isLate = false
    }

    private let state = Mutex(State())

    func give(_ result: Result<Value, QuiverError>) {
        let waiter = state.withLock { state in
            state.result = result
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: result)
    }

    /// The answer, or nil when `timeout` passes before.
    func value(within timeout: Duration?) async -> Result<Value, QuiverError>? {
        let timer = timeout.map { timeout in
            Task {
                try? await Task.sleep(for: timeout)
                if Task.isCancelled { return }
                let waiter = state.withLock { state in
                    state.isLate = true
                    defer { state.waiter = nil }
                    return state.waiter
                }
                waiter?.resume(returning: nil)
            }
        }
        defer { timer?.cancel() }
        return await withCheckedContinuation { continuation in
            let (result, mustWait) = state.withLock { state in
                let mustWait = state.result == nil && !state.isLate
                if mustWait { state.waiter = continuation }
                return (state.result, mustWait)
            }
            if !mustWait { continuation.resume(returning: result) }
        }
    }
}
