import CLMDB
import Synchronization

// LMDB gives an environment up for good when the root of a commit could not be written: even reading is refused from
// then on. The last commit is whole all the same, because LMDB puts the old root back; so the file is opened anew.

extension Environment {
    /// Opens the file anew when a commit failed while its root was written. Reading goes on then, and so does writing if
    /// what lies in the system's cache can be made durable, the root that was put back among it.
    ///
    /// Waits for the transactions that are live; not to be called with one. Without success things stay as they are,
    /// and the next failure tries again.
    func reopenIfFailed(timeoutMs: Int = 10_000) {
        guard !options.noLock, !options.readOnly else { return }
        do throws(LMDBError) {
            try gate.holdExclusively(timeoutMs: timeoutMs)
        } catch {
            return
        }
        let isUsable = hasFailedRoot ? reopenHeld(mapSizeBytes: nil) : true
        gate.releaseExclusively(closing: !isUsable)
    }

    private var hasFailedRoot: Bool {
        var begun: OpaquePointer?
        let code = unsafe mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &begun)
        if code == MDB_SUCCESS { unsafe mdb_txn_abort(begun) }
        return code == MDB_PANIC
    }

    /// Opens the file anew, with the gate held. False when that fails: the gate has to be closed for good then.
    func reopenHeld(mapSizeBytes: Int?) -> Bool {
        var options = options
        if let mapSizeBytes {
            options.mapSizeBytes = mapSizeBytes
        } else {
            var info = unsafe MDB_envinfo()
            if unsafe mdb_env_info(environment, &info) == MDB_SUCCESS { unsafe options.mapSizeBytes = info.me_mapsize }
        }
        pool.discardIdle()
        unsafe mdb_env_close(environment)
        do throws(LMDBError) {
            unsafe environment = try Self.makeRaw(path: path, options: options)
        } catch {
            forgetFile()
            return false
        }
        guard reopenDatabases() else {
            unsafe mdb_env_close(environment)
            forgetFile()
            return false
        }
        isDurable = unsafe mdb_env_sync(environment, 1) == MDB_SUCCESS
        return true
    }

    /// The handles that were given out are numbers in the order in which they were first opened, and stay valid.
    private func reopenDatabases() -> Bool {
        let known = databases.withLock { table in table.byName.sorted { $0.value.identifier < $1.value.identifier } }
            .filter { $0.value.identifier != Database.main.identifier }
        var begun: OpaquePointer?
        guard unsafe mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &begun) == MDB_SUCCESS,
            let transaction = unsafe begun
        else { return false }
        for (name, database) in known {
            let opened: Database?
            do throws(LMDBError) {
                opened = try unsafe Self.openRaw(transaction, name: String(decoding: name.bytes, as: UTF8.self), flags: database.flags, creating: false)
            } catch {
                opened = nil
            }
            guard let opened, opened.identifier == database.identifier else {
                unsafe mdb_txn_abort(transaction)
                return false
            }
        }
        // Committing a read transaction is what keeps the handles it opened.
        return unsafe mdb_txn_commit(transaction) == MDB_SUCCESS
    }
}
