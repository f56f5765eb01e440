import Glibc

/// A value behind a mutex, with a condition to wait for changes of it.
///
/// For threads of our own only: waiting blocks the thread.
@safe package final class LockedCondition<Value>: @unchecked Sendable {
    // @unchecked: `value` is touched only while `mutex` is held.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    package init(_ value: sending Value) {
        self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe condition = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe condition.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Reads or changes the value without waking anyone.
    package func read<Result>(_ body: (inout Value) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Changes the value and wakes every waiter. They are woken with the mutex free, lest they wait for it at once.
    @discardableResult
    package func change<Result>(_ body: (inout Value) -> Result) -> Result {
        defer { unsafe pthread_cond_broadcast(condition) }
        return read(body)
    }

    /// The same for a change that only one of the waiters can make use of.
    @discardableResult
    package func changeForOne<Result>(_ body: (inout Value) -> Result) -> Result {
        defer { unsafe pthread_cond_signal(condition) }
        return read(body)
    }

    /// Waits until `body` returns something.
    package func wait<Result>(_ body: (inout Value) -> Result?) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) { return result }
            unsafe pthread_cond_wait(condition, mutex)
        }
    }

    /// Waits until `body` returns something, or the time is over.
    package func wait<Result>(atMostSeconds seconds: Double, _ body: (inout Value) -> Result?) -> Result? {
        var until = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &until)
        let nanoseconds = Int(seconds * 1e9) + until.tv_nsec
        until.tv_sec += nanoseconds / 1_000_000_000
        until.tv_nsec = nanoseconds % 1_000_000_000
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) { return result }
            if unsafe pthread_cond_timedwait(condition, mutex, &until) != 0 { return body(&value) }
        }
    }
}
