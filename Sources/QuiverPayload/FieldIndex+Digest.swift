package import QuiverLMDB

/// The digest of all postings of an index, kept with them: the `SetDigest` of its keys and slots, and of its numbers as
/// if they were slots. Payloads tell what the postings should be, but reading all of them takes long.
enum IndexDigest {
    /// Of an entry: the digest stands in its key.
    private static let keyByteCount = 10

    static func member(_ key: some ByteSource, _ number: UInt32) -> UInt64 {
        SetDigest.member(unsafe key.withBytes { unsafe SetDigest.seed($0) }, number)
    }

    static func add(_ delta: UInt64, _ cursor: inout Cursor) throws(LMDBError) {
        if delta == 0 { return }
        var before: UInt64 = 0
        if let entry = try unsafe cursor.firstNotBelow(FieldKey.special(FieldKey.digest)),
            let digest = unsafe digest(entry.key)
        {
            before = digest
            try cursor.deleteCurrent()
        }
        var key = FieldKey.special(FieldKey.digest)
        key.append(before &+ delta)
        _ = try unsafe withUnsafeBytes(of: UInt32(0)) { (zero) throws(LMDBError) in try unsafe cursor.put(key, zero) }
    }

    /// What the key of the digest's entry says; nil for any other key.
    static func digest(_ key: UnsafeRawBufferPointer) -> UInt64? {
        guard key.count == keyByteCount, unsafe key[0] == 0, unsafe key[1] == FieldKey.digest else { return nil }
        return unsafe UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
    }
}

extension FieldIndex {
    /// Whether its postings are those that were written, by their digest. Reads the whole index.
    ///
    /// - Parameter slotCount: no slot is as large.
    package func isSound(slotCount: UInt32, in transaction: TransactionHandle) throws(PayloadError) -> Bool {
        do throws(LMDBError) {
            return try hasSoundPostings(slotCount: slotCount, in: transaction)
        } catch {
            // Postings that cannot be read as such.
            if error == .corrupted || error == .incompatibleDatabase { return false }
            throw .storage(error)
        }
    }

    private func hasSoundPostings(
        slotCount: UInt32, in transaction: TransactionHandle
    ) throws(LMDBError) -> Bool {
        var sum: UInt64 = 0
        var stored: UInt64?
        var keys = try transaction.openCursor(database)
        var values = try transaction.openCursor(database)
        var entry = unsafe try keys.first()
        while let found = unsafe entry {
            if let digest = unsafe IndexDigest.digest(found.key) {
                if stored != nil { return false }
                stored = digest
            } else {
                let seed = unsafe SetDigest.seed(found.key)
                let isNumber = unsafe FieldIndex.isNumber(found.key)
                var postings = try unsafe values.postings(of: found.key)
                while let run = postings {
                    for index in 0..<run.count {
                        let slot = run[index]
                        sum &+= SetDigest.member(seed, slot)
                        if slot >= slotCount && !isNumber { return false }
                    }
                    postings = try values.nextPostings()
                }
            }
            unsafe entry = try keys.nextKey()
        }
        guard let stored, stored == sum else { return false }
        return try FieldIndex.number(FieldKey.progress, database, transaction) != nil
    }

    private static func isNumber(_ key: UnsafeRawBufferPointer) -> Bool {
        guard key.count == 2, unsafe key[0] == 0 else { return false }
        return unsafe key[1] == FieldKey.pointCount || key[1] == FieldKey.progress
    }
}
