import CLMDB
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A transaction that can be read: a read transaction, a write transaction, or a handle to either.
@usableFromInline
package protocol Readable: ~Copyable {
    var handle: TransactionHandle { get }
}

/// A trivially copyable reference to a live transaction, so that whatever reads can take either kind without cost.
///
/// It owns nothing: using it after its transaction has ended is undefined, so it must not be kept. It belongs to the
/// thread that uses the transaction at that moment.
@safe @frozen @usableFromInline
package struct TransactionHandle: Readable {
    @usableFromInline let transaction: OpaquePointer
    /// The count of open write cursors; nil for a read transaction.
    @usableFromInline let writeCursorCount: UnsafeMutablePointer<Int>?

    @usableFromInline
    init(transaction: OpaquePointer, writeCursorCount: UnsafeMutablePointer<Int>?) {
        unsafe self.transaction = transaction
        unsafe self.writeCursorCount = writeCursorCount
    }

    @inlinable package var handle: TransactionHandle { self }
}

extension Readable where Self: ~Copyable {
    /// The number of the commit this transaction sees; a write transaction's own number is the one it will commit as.
    package var id: Int { unsafe mdb_txn_id(handle.transaction) }

    /// The value of `key` (the first of several), inside the map: valid until the transaction ends, and in a write
    /// transaction until its next change. Not aligned to more than two bytes.
    @inlinable @inline(__always)
    package func get(_ database: Database, _ key: some ByteSource) throws(LMDBError) -> UnsafeRawBufferPointer? {
        let (code, value) = unsafe key.withBytes { unsafe rawGet(handle.transaction, database.identifier, $0) }
        if code == Code.success { return unsafe value }
        if code == Code.notFound { return nil }
        throw .reading(code)
    }

    @inlinable
    package func contains(_ database: Database, _ key: some ByteSource) throws(LMDBError) -> Bool {
        try unsafe get(database, key) != nil
    }

    /// The number of entries; each duplicate counts. O(1).
    package func entryCount(_ database: Database) throws(LMDBError) -> Int {
        Int(try statistics(database).ms_entries)
    }

    /// The pages a database occupies (branch, leaf and overflow), without those of duplicates kept in trees of
    /// their own. O(1).
    package func pageCount(_ database: Database) throws(LMDBError) -> Int {
        let statistics = try statistics(database)
        return Int(statistics.ms_branch_pages) + Int(statistics.ms_leaf_pages) + Int(statistics.ms_overflow_pages)
    }

    private func statistics(_ database: Database) throws(LMDBError) -> MDB_stat {
        var statistics = MDB_stat()
        let code = unsafe mdb_stat(handle.transaction, database.identifier, &statistics)
        if code != MDB_SUCCESS { throw .reading(code) }
        return statistics
    }

    /// The number of values of `key`; 0 without the key. O(1) in the number of values.
    @inlinable
    package func duplicateCount(_ database: Database, _ key: some ByteSource) throws(LMDBError) -> Int {
        var cursor = try openCursor(database)
        return try cursor.moveTo(key) ? try cursor.duplicateCount() : 0
    }

    /// A new cursor, not on any entry. See `Cursor` for how long it may live.
    @usableFromInline
    package func openCursor(_ database: Database) throws(LMDBError) -> Cursor {
        try Cursor(handle, database)
    }
}

extension LMDBError {
    /// For codes of reading calls. `EINVAL` there means that the transaction does not know the database.
    @usableFromInline @inline(never)
    static func reading(_ code: Int32) -> LMDBError {
        code == EINVAL ? .badDatabase : .from(code: code)
    }
}
