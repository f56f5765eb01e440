import QuiverLMDB
import QuiverModel

/// The `wal` database: records in parts, in the order of their sequence numbers.
enum WriteAheadLog {
    private static func key(_ sequence: UInt64, part: UInt32) -> ShortKey {
        var key = ShortKey(sequence)
        key.append(part)
        return key
    }

    static func append(
        _ record: [UInt8], sequence: UInt64, to store: CollectionStore, _ transaction: inout WriteTransaction
    ) throws(LMDBError) {
        var part: UInt32 = 0
        var start = 0
        while start < record.count {
            let end = min(record.count, start + CollectionStore.logPartBytes)
            let stored = unsafe record.withUnsafeBytes { bytes in
                Result { () throws(LMDBError) in
                    _ = try unsafe transaction.putChecked(
                        store.log, key(sequence, part: part), UnsafeRawBufferPointer(rebasing: bytes[start..<end]),
                        .append)
                }
            }
            try stored.get()
            start = end
            part += 1
        }
    }

    /// Removes the records up to `sequence`.
    static func trim(
        through sequence: UInt64, _ store: CollectionStore, _ transaction: inout WriteTransaction
    ) throws(LMDBError) {
        var keys: [ShortKey] = []
        repeat {
            keys.removeAll(keepingCapacity: true)
            try collectKeys(&keys, through: sequence, store, transaction.handle)
            for key in keys { try transaction.delete(store.log, key) }
        } while !keys.isEmpty
    }

    /// The first keys of the log, a bounded number of them: a cursor must not outlive a change.
    private static func collectKeys(
        _ keys: inout [ShortKey], through sequence: UInt64, _ store: CollectionStore, _ transaction: TransactionHandle
    ) throws(LMDBError) {
        var cursor = try transaction.openCursor(store.log)
        var entry = unsafe try cursor.first()
        while let found = unsafe entry, keys.count < 1024 {
            guard unsafe found.key.count == 12 else { throw .corrupted }
            let number = unsafe UInt64(bigEndian: found.key.loadUnaligned(as: UInt64.self))
            let part = unsafe UInt32(bigEndian: found.key.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            if number > sequence { return }
            keys.append(key(number, part: part))
            unsafe entry = try cursor.next()
        }
    }

    /// The number of the oldest record; nil when there is none.
    static func firstSequence(
        _ store: CollectionStore, _ transaction: TransactionHandle
    ) throws(LMDBError) -> UInt64? {
        var cursor = try transaction.openCursor(store.log)
        guard let entry = unsafe try cursor.first() else { return nil }
        guard unsafe entry.key.count == 12 else { throw .corrupted }
        return unsafe UInt64(bigEndian: entry.key.loadUnaligned(as: UInt64.self))
    }

    /// Of the log's pages.
    static func byteCount(_ store: CollectionStore, _ transaction: TransactionHandle) throws(LMDBError) -> Int {
        try transaction.pageCount(store.log) * store.environment.info().pageSizeBytes
    }

    /// Calls `body` with each record behind `sequence`, in order.
    static func forEach(
        after sequence: UInt64, _ store: CollectionStore, _ transaction: TransactionHandle,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var record: [UInt8] = []
        var current: UInt64?
        func finish() throws {
            guard let current else { return }
            unsafe try record.withUnsafeBytes { bytes in unsafe try body(current, bytes) }
        }
        var cursor = try transaction.openCursor(store.log)
        var entry = unsafe try cursor.firstNotBelow(key(sequence &+ 1, part: 0))
        while let found = unsafe entry {
            guard unsafe found.key.count == 12 else { throw LMDBError.corrupted }
            let number = unsafe UInt64(bigEndian: found.key.loadUnaligned(as: UInt64.self))
            if number != current {
                try finish()
                current = number
                record.removeAll(keepingCapacity: true)
            }
            unsafe record.append(contentsOf: try CheckedValue.verified(found.value, key: found.key))
            unsafe entry = try cursor.next()
        }
        try finish()
    }
}
