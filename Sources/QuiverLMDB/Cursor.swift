import CLMDB

/// A place among the sorted entries of one database.
///
/// It must not be used after its transaction has ended. In a write transaction it must also be closed before that
/// (end of scope, or `close()`), because LMDB frees the cursors of a write transaction with it; the count of open ones
/// turns a mistake into a trap instead of a double free.
@safe @usableFromInline
package struct Cursor: ~Copyable {
    /// Keys and values lie in the map: valid until the transaction ends, in a write transaction until its next change.
    @usableFromInline
    package typealias Entry = (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)

    @usableFromInline let pointer: OpaquePointer
    @usableFromInline let writeCursorCount: UnsafeMutablePointer<Int>?
    @usableFromInline let flags: Database.Flags
    /// The values of the current key that `nextPostings` has still to give.
    @usableFromInline var remainingPostingCount = 0

    @usableFromInline
    init(_ handle: TransactionHandle, _ database: Database) throws(LMDBError) {
        var opened: OpaquePointer?
        let code = unsafe mdb_cursor_open(handle.transaction, database.identifier, &opened)
        guard code == MDB_SUCCESS, let pointer = unsafe opened else { throw .reading(code) }
        unsafe self.pointer = pointer
        unsafe writeCursorCount = handle.writeCursorCount
        flags = database.flags
        unsafe writeCursorCount?.pointee += 1
    }

    package consuming func close() {}

    deinit {
        unsafe mdb_cursor_close(pointer)
        unsafe writeCursorCount?.pointee -= 1
    }

    // MARK: Places by key

    /// Moves to the first value of `key`; false, and no place, without the key.
    @inlinable
    package mutating func moveTo(_ key: some ByteSource) throws(LMDBError) -> Bool {
        try unsafe value(of: key) != nil
    }

    /// Moves to `key` and gives its first value.
    @inlinable
    package mutating func value(of key: some ByteSource) throws(LMDBError) -> UnsafeRawBufferPointer? {
        try unsafe find(key, nil as UnsafeRawBufferPointer?, .exactly)?.value
    }

    /// Moves to the first key that is not below `key`.
    @inlinable
    package mutating func firstNotBelow(_ key: some ByteSource) throws(LMDBError) -> Entry? {
        try unsafe find(key, nil as UnsafeRawBufferPointer?, .notBelow)
    }

    /// Moves to this very pair of a `dupSort` database; false without it.
    @inlinable
    package mutating func moveTo(_ key: some ByteSource, value: some ByteSource) throws(LMDBError) -> Bool {
        try unsafe find(key, value, .exactPair) != nil
    }

    /// Moves to the first value of `key` that is not below `value`; gives that value.
    @inlinable
    package mutating func firstValue(
        of key: some ByteSource, notBelow value: some ByteSource
    ) throws(LMDBError) -> UnsafeRawBufferPointer? {
        try unsafe find(key, value, .valueNotBelow)?.value
    }

    // MARK: Places by order

    /// Each gives the entry it moved to, or nil when there is none. Without a place, `next` is `first` and `previous`
    /// is `last`.
    package mutating func first() throws(LMDBError) -> Entry? { try unsafe step(MDB_FIRST) }
    package mutating func last() throws(LMDBError) -> Entry? { try unsafe step(MDB_LAST) }
    package mutating func next() throws(LMDBError) -> Entry? { try unsafe step(MDB_NEXT) }
    package mutating func previous() throws(LMDBError) -> Entry? { try unsafe step(MDB_PREV) }
    /// The first value of the next key.
    package mutating func nextKey() throws(LMDBError) -> Entry? { try unsafe step(MDB_NEXT_NODUP) }
    /// The last value of the key before.
    package mutating func previousKey() throws(LMDBError) -> Entry? { try unsafe step(MDB_PREV_NODUP) }
    /// The next value of the same key.
    package mutating func nextDuplicate() throws(LMDBError) -> Entry? { try unsafe step(MDB_NEXT_DUP) }
    package mutating func current() throws(LMDBError) -> Entry? { try unsafe step(MDB_GET_CURRENT) }

    /// The first value of the same key.
    package mutating func firstDuplicate() throws(LMDBError) -> UnsafeRawBufferPointer? {
        precondition(flags.contains(.dupSort), "only a dupSort database has duplicates")
        // LMDB leaves the answer empty for a key with one value, which is then the current one.
        if try duplicateCount() == 1 { return try unsafe current()?.value }
        return try unsafe step(MDB_FIRST_DUP)?.value
    }

    /// The number of values of the current key. O(1).
    @usableFromInline
    package func duplicateCount() throws(LMDBError) -> Int {
        if !flags.contains(.dupSort) { return 1 }
        var count = 0
        let code = unsafe mdb_cursor_count(pointer, &count)
        if code != MDB_SUCCESS { throw .reading(code) }
        return count
    }

    @inlinable @inline(__always)
    mutating func find(
        _ key: some ByteSource, _ value: (some ByteSource)?, _ move: KeyedMove
    ) throws(LMDBError) -> Entry? {
        remainingPostingCount = 0
        var entry = unsafe Entry(UnsafeRawBufferPointer(start: nil, count: 0), UnsafeRawBufferPointer(start: nil, count: 0))
        let code: Int32 = unsafe key.withBytes { keyBytes in
            unsafe entry.key = unsafe keyBytes
            guard let value else { return unsafe rawMove(pointer, &entry, move) }
            return unsafe value.withBytes { valueBytes in
                unsafe entry.value = unsafe valueBytes
                return unsafe rawMove(pointer, &entry, move)
            }
        }
        if code == Code.success { return unsafe entry }
        if code == Code.notFound { return nil }
        throw .reading(code)
    }

    mutating func step(_ operation: MDB_cursor_op) throws(LMDBError) -> Entry? {
        remainingPostingCount = 0
        var keyValue = unsafe MDB_val()
        var dataValue = unsafe MDB_val()
        let code = unsafe mdb_cursor_get(pointer, &keyValue, &dataValue, operation)
        if code == MDB_SUCCESS {
            return unsafe (UnsafeRawBufferPointer(keyValue), UnsafeRawBufferPointer(dataValue))
        }
        if code == MDB_NOTFOUND { return nil }
        throw .reading(code)
    }
}
