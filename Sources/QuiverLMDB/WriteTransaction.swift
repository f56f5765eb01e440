import CLMDB
import Synchronization
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The one transaction that may change the environment. It belongs to the OS thread that began it; `commit` makes its
/// changes durable all at once, anything else undoes them.
///
/// Cursors opened on it must be closed before it ends (LMDB frees them then): `commit` and the rest trap otherwise.
@safe @usableFromInline
package struct WriteTransaction: ~Copyable, Readable {
    @usableFromInline let transaction: OpaquePointer
    @usableFromInline package let environment: Environment
    private let isChild: Bool
    private var isLive = true
    private var hasFailed = false
    /// The cursors that were open when it began: a child leaves those of its parent alone.
    private let outerCursorCount: Int

    fileprivate init(transaction: OpaquePointer, environment: Environment, isChild: Bool) {
        unsafe self.transaction = transaction
        self.environment = environment
        self.isChild = isChild
        outerCursorCount = unsafe environment.writeCursorCount.pointee
    }

    @inlinable package var handle: TransactionHandle {
        unsafe TransactionHandle(transaction: transaction, writeCursorCount: environment.writeCursorCount)
    }

    /// Writes and fsyncs the changes. Returns the number of the commit readers see from now on; without changes
    /// that is still the one before.
    /// - Throws: `.diskFull` (nothing happened, later transactions may succeed), `.ioFailed`, `.environmentFailed`.
    ///   The transaction is gone in every case.
    @discardableResult
    package consuming func commit() throws(LMDBError) -> Int {
        preconditionNoCursors()
        let id = unsafe mdb_txn_id(transaction)
        // LMDB frees the transaction whether or not it can commit it.
        isLive = false
        hasFailed = true
        if isChild {
            try unsafe environment.commitRaw(transaction)
        } else {
            try unsafe environment.commitStamped(transaction, id: id)
            environment.settleOpenedDatabases(committed: true)
        }
        hasFailed = false
        return id
    }

    /// Undoes everything.
    package consuming func abort() {}

    deinit {
        if isLive {
            preconditionNoCursors()
            let id = unsafe mdb_txn_id(transaction)
            unsafe mdb_txn_abort(transaction)
            if !isChild { environment.noteStamp(.atRest, transaction: id - 1) }
        }
        if !isChild {
            // After a commit there are none left.
            environment.settleOpenedDatabases(committed: false)
            environment.gate.leaveAsWriter()
            if hasFailed { environment.reopenIfFailed() }
        }
    }

    private borrowing func preconditionNoCursors() {
        precondition(
            unsafe environment.writeCursorCount.pointee == outerCursorCount,
            "a cursor outlives its write transaction")
    }

    /// Runs `body` in a transaction inside this one: kept if it returns, undone if it throws, while this one goes on
    /// either way. So one request of a batch fails without disturbing its neighbours.
    /// - Throws: what LMDB says of beginning or keeping the child; this transaction should be aborted then.
    package mutating func withChild<Answer, Failure: Error>(
        _ body: (inout WriteTransaction) throws(Failure) -> Answer
    ) throws(LMDBError) -> Result<Answer, Failure> {
        var begun: OpaquePointer?
        try unsafe LMDBError.check(mdb_txn_begin(environment.environment, transaction, 0, &begun), path: environment.path)
        guard let raw = unsafe begun else { throw .outOfMemory }
        var child = unsafe WriteTransaction(transaction: raw, environment: environment, isChild: true)
        let outcome: Result<Answer, Failure>
        do throws(Failure) {
            outcome = .success(try body(&child))
        } catch {
            outcome = .failure(error)
        }
        if case .success = outcome { try child.commit() }
        return outcome
    }

    /// The handle of `name`, opened in this transaction: others know it once this one commits. Not inside a child.
    package mutating func openDatabase(
        _ name: String, flags: Database.Flags = [], creating: Bool = false
    ) throws(LMDBError) -> Database {
        if let known = try environment.knownDatabase(name, flags: flags) { return known }
        if let pending = environment.databases.withLock({ $0.pending[DatabaseName(name)] }) {
            if pending.flags != flags { throw .incompatibleDatabase }
            return pending
        }
        precondition(!isChild, "databases are opened in the outermost transaction")
        let database = try unsafe Environment.openRaw(transaction, name: name, flags: flags, creating: creating)
        environment.databases.withLock { $0.pending[DatabaseName(name)] = database }
        return database
    }
}

extension Environment {
    /// Begins the write transaction on this thread, after waiting for that of another thread or process.
    /// A thread that has one already traps.
    package func beginWrite() throws(LMDBError) -> WriteTransaction {
        try gate.enterAsWriter()
        if !isDurable {
            gate.leaveAsWriter()
            throw .environmentFailed
        }
        var begun: OpaquePointer?
        let code = unsafe mdb_txn_begin(environment, nil, 0, &begun)
        guard code == MDB_SUCCESS, let transaction = unsafe begun else {
            gate.leaveAsWriter()
            throw .from(code: code, path: path)
        }
        unsafe noteStamp(.underWay, transaction: mdb_txn_id(transaction) - 1)
        return unsafe WriteTransaction(transaction: transaction, environment: self, isChild: false)
    }

    /// Commits the outermost transaction and stamps the file.
    func commitStamped(_ transaction: OpaquePointer, id: Int) throws(LMDBError) {
        do throws(LMDBError) {
            try unsafe commitRaw(transaction)
        } catch {
            // Where there was no room nothing has happened; else only reading the file tells what it holds.
            noteStamp(error.isRecoverable ? .atRest : .failed, transaction: id - 1)
            throw error
        }
        // A transaction without changes leaves the number as it was.
        let last = lastTransactionID ?? id
        noteStamp(.atRest, transaction: last)
    }

    fileprivate func settleOpenedDatabases(committed: Bool) {
        databases.withLock { table in
            if table.pending.isEmpty { return }
            if committed { table.byName.merge(table.pending) { _, new in new } }
            table.pending = [:]
        }
    }

    /// Commits, and tells a full disk from a broken one.
    ///
    /// LMDB reports a write that the system cut short as EIO, although no call has failed with that. A full file system
    /// does just that to a long write before it says ENOSPC, so it is taken for a full disk. The root page was
    /// not written, or the environment is opened anew (`reopenIfFailed`): the last commit stands.
    func commitRaw(_ transaction: OpaquePointer) throws(LMDBError) {
        errno = 0
        let code = unsafe mdb_txn_commit(transaction)
        if code == MDB_SUCCESS { return }
        if code == EIO && errno != EIO { throw .diskFull(code: ENOSPC) }
        throw .from(code: code, path: path)
    }
}
