package import QuiverLMDB

extension FieldIndex {
    package enum BuildProgress: Equatable, Sendable {
        /// Slots below it are in the index.
        case builtBelow(UInt32)
        /// All are: `FieldIndex.ready` is the index to use once the transaction has committed.
        case finished
    }

    /// Takes the next `maxPoints` payloads into the index. Where to go on is stored with the index, so that building
    /// survives a restart, and writers of the same transaction or later ones leave the slots above to it.
    /// - Precondition: no `FieldIndexWriter` of this transaction has unflushed changes.
    package func buildStep(
        payloads: Database, maxPoints: Int, in transaction: inout WriteTransaction
    ) throws(PayloadError) -> BuildProgress {
        let start = try progress(in: transaction.handle)
        if start == FieldKey.ready { return .finished }
        // The writer takes slots below the progress it is told; here that is all of them.
        var writer = try FieldIndexWriter(FieldIndexSet([ready]), transaction.handle)
        var next: UInt32? = nil
        do throws(LMDBError) {
            var cursor = try transaction.openCursor(payloads)
            var entry = try unsafe withUnsafeBytes(of: start) { (raw) throws(LMDBError) in
                try unsafe cursor.firstNotBelow(raw)
            }
            var count = 0
            while let found = unsafe entry {
                guard unsafe found.key.count == 4 else { throw .corrupted }
                let slot = unsafe found.key.loadUnaligned(as: UInt32.self)
                if count >= max(1, maxPoints) || writer.pendingByteCount > 16 << 20 {
                    next = slot
                    break
                }
                unsafe writer.insert(slot, try CheckedValue.verified(found.value, key: found.key))
                count += 1
                unsafe entry = try cursor.next()
            }
        } catch {
            throw .storage(error)
        }
        try writer.flush(&transaction)
        try storing { () throws(LMDBError) in
            let key = FieldKey.special(FieldKey.progress)
            try transaction.delete(database, key)
            try transaction.addPosting(database, key, next ?? FieldKey.ready)
            var cursor = try transaction.openCursor(database)
            try IndexDigest.add(
                IndexDigest.member(key, next ?? FieldKey.ready) &- IndexDigest.member(key, start), &cursor)
        }
        if let next { return .builtBelow(next) }
        return .finished
    }
}
