import CLMDB

// Only for cursors of a write transaction; on others LMDB answers with `.permissionDenied`.
extension Cursor {
    /// Like `WriteTransaction.put`, leaving the cursor at the entry. Appending through one cursor saves the search.
    @inlinable @discardableResult
    package mutating func put(
        _ key: some ByteSource, _ value: some ByteSource, _ putFlags: PutFlags = []
    ) throws(LMDBError) -> Bool {
        remainingPostingCount = 0
        let (code, keyByteCount, valueByteCount) = unsafe key.withBytes { keyBytes in
            unsafe value.withBytes { valueBytes in
                let code = unsafe rawCursorPut(pointer, keyBytes, valueBytes, putFlags.rawValue)
                return (code, keyBytes.count, valueBytes.count)
            }
        }
        if code == Code.success { return true }
        if code == Code.keyExists && putFlags.isDisjoint(with: [.append, .appendDuplicate]) { return false }
        throw .writing(code, keyByteCount: keyByteCount, valueByteCount: valueByteCount)
    }

    /// Removes the entry at the cursor; `next` then gives the one after it. `allDuplicates`: the key with all values.
    package mutating func deleteCurrent(allDuplicates: Bool = false) throws(LMDBError) {
        remainingPostingCount = 0
        let isWhole = allDuplicates && flags.contains(.dupSort)
        let code = unsafe mdb_cursor_del(pointer, isWhole ? UInt32(MDB_NODUPDATA) : 0)
        if code != Code.success { throw .writing(code, keyByteCount: 0, valueByteCount: 0) }
    }

    /// Adds many slots to the posting of `key` in one call (`MDB_MULTIPLE`). Those there already are left alone.
    @inlinable
    package mutating func putPostings(
        _ key: some ByteSource, _ slots: UnsafeBufferPointer<UInt32>
    ) throws(LMDBError) {
        precondition(flags.isSuperset(of: .postings), "not a database of postings")
        remainingPostingCount = 0
        if slots.isEmpty { return }
        let code = unsafe key.withBytes { unsafe rawCursorPutMany(pointer, $0, slots) }
        if code != Code.success { throw .writing(code, keyByteCount: 0, valueByteCount: 4) }
    }
}
