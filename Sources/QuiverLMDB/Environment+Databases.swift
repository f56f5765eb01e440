import CLMDB
import Synchronization

// LMDB keeps handles in one table of the environment, which two transactions must not extend at the same time; and a
// handle closed under a reader frees a name that the reader may be looking at. Hence handles are opened by the one
// writer (`WriteTransaction.openDatabase`), or here with the gate held, when no other transaction is live; and they
// are closed only with the gate held. Looking up a known handle takes a short lock.

extension Environment {
    /// The handle of `name`, opened if needed. `creating` makes the database when the file has none.
    ///
    /// A read transaction that began before a handle was first opened does not know it (`.badDatabase`).
    /// The calling thread must hold no transaction, unless the handle is known already.
    /// - Throws: `.noSuchDatabase`, `.incompatibleDatabase` when it exists with other flags, `.busy` when transactions
    ///   are still live after `timeoutMs`.
    package func openDatabase(
        _ name: String, flags: Database.Flags = [], creating: Bool = false, timeoutMs: Int = 10_000
    ) throws(LMDBError) -> Database {
        if let known = try knownDatabase(name, flags: flags) { return known }
        gate.preconditionNotWriter()
        try gate.holdExclusively(timeoutMs: timeoutMs)
        defer { gate.releaseExclusively() }
        // Another thread may have been first.
        if let known = try knownDatabase(name, flags: flags) { return known }
        return try unsafe inRawTransaction(readOnly: !creating) { (transaction) throws(LMDBError) in
            let database = try unsafe Self.openRaw(transaction, name: name, flags: flags, creating: creating)
            return (database, { $0.byName[DatabaseName(name)] = database })
        }
    }

    /// Deletes a database with all its entries and forgets its handle, in a transaction of its own with no other one
    /// live. The calling thread must hold none. `WriteTransaction.removeAll` empties a database without waiting.
    /// - Throws: `.noSuchDatabase`; `.busy` when transactions are still live after `timeoutMs`.
    package func deleteDatabase(_ name: String, timeoutMs: Int = 10_000) throws(LMDBError) {
        gate.preconditionNotWriter()
        try gate.holdExclusively(timeoutMs: timeoutMs)
        defer { gate.releaseExclusively() }
        try unsafe inRawTransaction(readOnly: false) { (transaction) throws(LMDBError) in
            let known = databases.withLock { $0.byName[DatabaseName(name)] }
            let identifier: UInt32
            if let known {
                identifier = known.identifier
            } else {
                identifier = try unsafe Self.openRaw(transaction, name: name, flags: nil, creating: false).identifier
            }
            try unsafe LMDBError.check(mdb_drop(transaction, identifier, 1), path: path)
            return ((), { $0.byName[DatabaseName(name)] = nil })
        }
    }

    /// The handle of `name` if it was opened before; `.incompatibleDatabase` if with other flags.
    func knownDatabase(_ name: String, flags: Database.Flags) throws(LMDBError) -> Database? {
        guard let known = databases.withLock({ $0.byName[DatabaseName(name)] }) else { return nil }
        if known.flags != flags { throw .incompatibleDatabase }
        return known
    }

    /// Runs `body` in a transaction that only this file may begin: the gate is held. Commits, then updates the table.
    private func inRawTransaction<Answer>(
        readOnly: Bool,
        _ body: (OpaquePointer) throws(LMDBError) -> (Answer, (inout DatabaseTable) -> Void)
    ) throws(LMDBError) -> Answer {
        var begun: OpaquePointer?
        try unsafe LMDBError.check(mdb_txn_begin(environment, nil, readOnly ? UInt32(MDB_RDONLY) : 0, &begun), path: path)
        guard let transaction = unsafe begun else { throw .outOfMemory }
        let id = unsafe mdb_txn_id(transaction)
        if !readOnly { noteStamp(.underWay, transaction: id - 1) }
        let answer: (Answer, (inout DatabaseTable) -> Void)
        do throws(LMDBError) {
            answer = try unsafe body(transaction)
        } catch {
            unsafe mdb_txn_abort(transaction)
            if !readOnly { noteStamp(.atRest, transaction: id - 1) }
            throw error
        }
        // Committing a read transaction is what keeps the handle it opened.
        if readOnly { try unsafe commitRaw(transaction) } else { try unsafe commitStamped(transaction, id: id) }
        databases.withLock { answer.1(&$0) }
        return answer.0
    }

    /// Opens a handle in `transaction`, where it stays private until that commits. nil flags accept any.
    static func openRaw(
        _ transaction: OpaquePointer, name: String, flags: Database.Flags?, creating: Bool
    ) throws(LMDBError) -> Database {
        // For LMDB the name ends at the first zero byte.
        if name.utf8.contains(0) { throw .badSize(keyByteCount: name.utf8.count, valueByteCount: 0) }
        var identifier: UInt32 = 0
        let asked = (flags?.rawValue ?? 0) | (creating ? UInt32(MDB_CREATE) : 0)
        let code = unsafe mdb_dbi_open(transaction, name, asked, &identifier)
        if code == MDB_NOTFOUND { throw .noSuchDatabase(name: name) }
        try LMDBError.check(code)
        // An existing database keeps the flags it was made with, whatever was asked for.
        var found: UInt32 = 0
        try unsafe LMDBError.check(mdb_dbi_flags(transaction, identifier, &found))
        if let flags, flags.rawValue != found { throw .incompatibleDatabase }
        return Database(identifier: identifier, flags: Database.Flags(rawValue: found))
    }
}

extension Environment {
    /// All databases whose handles are open, by their names; every transaction that begins from now on knows them.
    package var openDatabases: [(name: String, database: Database)] {
        databases.withLock { table in
            table.byName.map { (name: String(decoding: $0.key.bytes, as: UTF8.self), database: $0.value) }
        }
    }
}
