#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Counts the transactions that are live in this process, so that the few operations that LMDB allows only
/// without any (`mdb_env_set_mapsize`, forgetting a database, closing) can wait for that moment.
///
/// LMDB does not check this itself: growing the map under a live reader unmaps the pages it is reading.
/// One mutex guards all fields; entering and leaving cost an uncontended lock each.
///
/// Sendable because every field is only touched under `mutex`.
@safe
final class TransactionGate: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var liveCount = 0
    private var isHeldExclusively = false
    private var isClosed = false
    /// The thread in or before a write transaction: a second one on it would wait for itself for ever.
    private var writer: pthread_t?

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    /// Counts one more transaction; waits while the gate is held exclusively.
    func enter() throws(LMDBError) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while isHeldExclusively && !isClosed { unsafe pthread_cond_wait(changed, mutex) }
        if isClosed { throw .closed }
        liveCount += 1
    }

    func leave() {
        unsafe pthread_mutex_lock(mutex)
        liveCount -= 1
        let mayWake = liveCount == 0 && isHeldExclusively
        unsafe pthread_mutex_unlock(mutex)
        if mayWake { unsafe pthread_cond_broadcast(changed) }
    }

    /// Enters as the writer: one at a time, so that the thread can be remembered.
    func enterAsWriter() throws(LMDBError) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        if let writer {
            precondition(pthread_equal(writer, pthread_self()) == 0, "this thread already has a write transaction")
        }
        while (isHeldExclusively || writer != nil) && !isClosed { unsafe pthread_cond_wait(changed, mutex) }
        if isClosed { throw .closed }
        writer = pthread_self()
        liveCount += 1
    }

    func leaveAsWriter() {
        unsafe pthread_mutex_lock(mutex)
        writer = nil
        liveCount -= 1
        unsafe pthread_mutex_unlock(mutex)
        unsafe pthread_cond_broadcast(changed)
    }

    /// Traps when called inside a write transaction of this very thread, which the caller would wait for.
    func preconditionNotWriter() {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        if let writer {
            precondition(pthread_equal(writer, pthread_self()) == 0, "called inside a write transaction of this thread")
        }
    }

    /// Blocks new transactions, waits until none is live, and returns with the gate held.
    /// `.busy` when that takes longer than `timeoutMs`; the gate is open again then.
    func holdExclusively(timeoutMs: Int) throws(LMDBError) {
        var deadline = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &deadline)
        let nanoseconds = deadline.tv_nsec + (timeoutMs % 1000) * 1_000_000
        deadline.tv_sec += timeoutMs / 1000 + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000

        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while isHeldExclusively && !isClosed {
            if unsafe pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT { throw .busy }
        }
        if isClosed { throw .closed }
        isHeldExclusively = true
        while liveCount > 0 {
            if unsafe pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT && liveCount > 0 {
                isHeldExclusively = false
                unsafe pthread_cond_broadcast(changed)
                throw .busy
            }
        }
    }

    func releaseExclusively(closing: Bool = false) {
        unsafe pthread_mutex_lock(mutex)
        isHeldExclusively = false
        if closing { isClosed = true }
        unsafe pthread_mutex_unlock(mutex)
        unsafe pthread_cond_broadcast(changed)
    }
}
