import CLMDB
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How a value is put.
@usableFromInline
package struct PutFlags: OptionSet, Sendable {
    // The numbers of lmdb.h.
    @usableFromInline package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Leaves an existing key as it is.
    @inlinable package static var noOverwrite: PutFlags { PutFlags(rawValue: 0x10) }
    /// In a `dupSort` database: leaves an existing key and value pair as it is.
    @inlinable package static var noDuplicate: PutFlags { PutFlags(rawValue: 0x20) }
    /// The key sorts after every other: no search, and full pages. Else `.appendOutOfOrder`.
    @inlinable package static var append: PutFlags { PutFlags(rawValue: 0x20000) }
    /// The value sorts after every other of its key. Else `.appendOutOfOrder`.
    @inlinable package static var appendDuplicate: PutFlags { PutFlags(rawValue: 0x40000) }
}

extension WriteTransaction {
    /// Stores `value` under `key`, replacing the value there, or adding one in a `dupSort` database.
    /// Returns false when `noOverwrite` or `noDuplicate` found it there already.
    ///
    /// After an error other than of sizes and order the transaction can only be aborted.
    @inlinable @discardableResult
    package mutating func put(
        _ database: Database, _ key: some ByteSource, _ value: some ByteSource, _ flags: PutFlags = []
    ) throws(LMDBError) -> Bool {
        let (code, keyByteCount, valueByteCount) = unsafe key.withBytes { keyBytes in
            unsafe value.withBytes { valueBytes in
                let code = unsafe rawPut(transaction, database.identifier, keyBytes, valueBytes, flags.rawValue)
                return (code, keyBytes.count, valueBytes.count)
            }
        }
        if code == Code.success { return true }
        if code == Code.keyExists && flags.isDisjoint(with: [.append, .appendDuplicate]) { return false }
        throw .writing(code, keyByteCount: keyByteCount, valueByteCount: valueByteCount)
    }

    /// Makes room for a value of `byteCount` bytes under `key`, for the caller to fill before the next change. What
    /// is not filled holds whatever was there. Not for `dupSort`. nil when `noOverwrite` found the key there already.
    @inlinable
    package mutating func putReserving(
        _ database: Database, _ key: some ByteSource, byteCount: Int, _ flags: PutFlags = []
    ) throws(LMDBError) -> UnsafeMutableRawBufferPointer? {
        precondition(byteCount >= 0 && !database.flags.contains(.dupSort), "room is reserved for single values")
        let (code, memory, keyByteCount) = unsafe key.withBytes { bytes in
            let (code, memory) = unsafe rawReserve(
                transaction, database.identifier, bytes, byteCount, flags.rawValue)
            return unsafe (code, memory, bytes.count)
        }
        if code == Code.success { return unsafe UnsafeMutableRawBufferPointer(start: memory, count: byteCount) }
        if code == Code.keyExists && flags.isDisjoint(with: .append) { return nil }
        throw .writing(code, keyByteCount: keyByteCount, valueByteCount: byteCount)
    }

    /// Removes `key` with all its values. Returns false when it was not there.
    @inlinable @discardableResult
    package mutating func delete(_ database: Database, _ key: some ByteSource) throws(LMDBError) -> Bool {
        let (code, keyByteCount) = unsafe key.withBytes { bytes in
            unsafe (rawDelete(transaction, database.identifier, bytes), bytes.count)
        }
        if code == Code.success { return true }
        if code == Code.notFound { return false }
        throw .writing(code, keyByteCount: keyByteCount, valueByteCount: 0)
    }

    /// Removes one value of `key` in a `dupSort` database. Returns false when it was not there.
    @inlinable @discardableResult
    package mutating func delete(
        _ database: Database, _ key: some ByteSource, value: some ByteSource
    ) throws(LMDBError) -> Bool {
        // Without dupSort LMDB ignores the value and would remove whatever is there.
        precondition(database.flags.contains(.dupSort), "only a dupSort database has values to choose from")
        let (code, keyByteCount, valueByteCount) = unsafe key.withBytes { keyBytes in
            unsafe value.withBytes { valueBytes in
                let code = unsafe rawDelete(transaction, database.identifier, keyBytes, valueBytes)
                return (code, keyBytes.count, valueBytes.count)
            }
        }
        if code == Code.success { return true }
        if code == Code.notFound { return false }
        throw .writing(code, keyByteCount: keyByteCount, valueByteCount: valueByteCount)
    }

    /// Adds `slot` to the posting of `key`. Returns false when it was there already.
    @inlinable @discardableResult
    package mutating func addPosting(
        _ database: Database, _ key: some ByteSource, _ slot: UInt32
    ) throws(LMDBError) -> Bool {
        var slot = slot
        return try unsafe withUnsafeMutableBytes(of: &slot) { (bytes) throws(LMDBError) in
            try unsafe put(database, key, UnsafeRawBufferPointer(bytes), .noDuplicate)
        }
    }

    /// Takes `slot` out of the posting of `key`. Returns false when it was not there.
    @inlinable @discardableResult
    package mutating func removePosting(
        _ database: Database, _ key: some ByteSource, _ slot: UInt32
    ) throws(LMDBError) -> Bool {
        var slot = slot
        return try unsafe withUnsafeMutableBytes(of: &slot) { (bytes) throws(LMDBError) in
            try unsafe delete(database, key, value: UnsafeRawBufferPointer(bytes))
        }
    }

    /// Empties a database. Its pages are free for use from the second commit after this one, as the commit before must
    /// survive a crash, or once no older reader is live. `Environment.deleteDatabase` removes it whole.
    package mutating func removeAll(_ database: Database) throws(LMDBError) {
        let code = unsafe mdb_drop(transaction, database.identifier, 0)
        if code != Code.success { throw .writing(code, keyByteCount: 0, valueByteCount: 0) }
    }
}

extension LMDBError {
    @usableFromInline @inline(never)
    static func writing(_ code: Int32, keyByteCount: Int, valueByteCount: Int) -> LMDBError {
        code == EINVAL
            ? .badDatabase : .from(code: code, keyByteCount: keyByteCount, valueByteCount: valueByteCount)
    }
}
