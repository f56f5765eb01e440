import CLMDB
import Synchronization

/// One consistent state of the environment: that of the last commit when it began. Ends with its lifetime.
///
/// A live one keeps every page of its state from being used again, so it should be short. Sendable because `MDB_NOTLS`
/// binds it to no thread; it is noncopyable, so one thread has it at a time.
@safe @usableFromInline
package struct ReadTransaction: ~Copyable, Readable, @unchecked Sendable {
    @usableFromInline let transaction: OpaquePointer
    package let environment: Environment

    fileprivate init(transaction: OpaquePointer, environment: Environment) {
        unsafe self.transaction = transaction
        self.environment = environment
    }

    @inlinable package var handle: TransactionHandle {
        unsafe TransactionHandle(transaction: transaction, writeCursorCount: nil)
    }

    /// Ends the transaction before its lifetime does.
    package consuming func end() {}

    deinit {
        unsafe environment.pool.giveBack(transaction)
        environment.gate.leave()
    }
}

extension Environment {
    /// Begins a read transaction, renewing an idle one if there is one (no allocation, no lock between processes).
    /// - Throws: `.readersFull` when `maxReaders` transactions are live.
    package func beginRead() throws(LMDBError) -> ReadTransaction {
        try gate.enter()
        do throws(LMDBError) {
            return unsafe ReadTransaction(transaction: try pool.take(environment), environment: self)
        } catch {
            gate.leave()
            throw error
        }
    }
}

/// Read transactions that were reset: they keep their slot in LMDB's reader table but no state, so that the next
/// reader only has to renew one.
final class ReadTransactionPool: Sendable {
    /// Sendable because `MDB_NOTLS` binds a read transaction to no thread, and whoever takes this one owns it.
    @safe
    private struct Idle: @unchecked Sendable {
        let transaction: OpaquePointer
    }

    private struct State {
        var idle: [Idle] = []
        var liveCount = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) {
        self.capacity = capacity
    }

    func take(_ environment: OpaquePointer) throws(LMDBError) -> OpaquePointer {
        let capacity = capacity
        let reused = try state.withLock { (state) throws(LMDBError) -> Idle? in
            if state.liveCount >= capacity { throw .readersFull }
            state.liveCount += 1
            return state.idle.popLast()
        }
        if let reused {
            let code = unsafe mdb_txn_renew(reused.transaction)
            if code == MDB_SUCCESS { return unsafe reused.transaction }
            unsafe mdb_txn_abort(reused.transaction)
            countDown()
            throw .from(code: code)
        }
        var begun: OpaquePointer?
        let code = unsafe mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &begun)
        if code == MDB_SUCCESS, let transaction = unsafe begun { return unsafe transaction }
        countDown()
        throw .from(code: code)
    }

    func giveBack(_ transaction: OpaquePointer) {
        unsafe mdb_txn_reset(transaction)
        let idle = unsafe Idle(transaction: transaction)
        state.withLock {
            $0.liveCount -= 1
            $0.idle.append(idle)
        }
    }

    private func countDown() { state.withLock { $0.liveCount -= 1 } }

    /// Frees the idle transactions; before the environment closes.
    func discardIdle() {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for one in idle { unsafe mdb_txn_abort(one.transaction) }
    }
}
