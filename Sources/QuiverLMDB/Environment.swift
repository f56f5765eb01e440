import CLMDB
import Synchronization
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One LMDB file, opened and mapped: `path` itself, and `path-lock` beside it unless opened without locks.
///
/// Commits are always fsynced (`MDB_NOSYNC`, `MDB_NOMETASYNC` and `MDB_WRITEMAP` are never used) and readers are
/// objects rather than threads (`MDB_NOTLS`). LMDB allows a file to be open only once in a process, because closing
/// a second one drops the first one's locks: `open` refuses it.
///
/// Sendable because the `MDB_env` is made for use by many threads, `gate` orders the operations that are not, and
/// every mutable field sits behind a lock or changes with the gate held. The counter of open write cursors and the stamp
/// are touched by the one writer only.
@safe @usableFromInline
package final class Environment: @unchecked Sendable {
    package struct Options: Sendable {
        /// Address space to reserve; also the largest size of the file. A multiple of the page size.
        /// nil takes what the file says, or exactly the file's size when it is opened without locks.
        package var mapSizeBytes: Int?
        /// The number of read transactions that may be live at once.
        package var maxReaders = 512
        /// The number of named databases that may be open at once.
        package var maxDatabases = 32
        package var readOnly = false
        /// For write-once files: opens without the lock file. Nobody may write the file while it is open so.
        package var noLock = false
        /// Turns the kernel's read-ahead off, for random access to files larger than memory.
        package var noReadAhead = false
        /// Removes LMDB's lock file first, which may be damaged. Nobody else, in whatever process, may have the file open.
        package var freshLock = false
        /// Keeps an `EnvironmentStamp` beside the file, from `startStamping` on.
        package var stamped = false

        package init(
            mapSizeBytes: Int? = nil, maxReaders: Int = 512, maxDatabases: Int = 32,
            readOnly: Bool = false, noLock: Bool = false, noReadAhead: Bool = false, freshLock: Bool = false,
            stamped: Bool = false
        ) {
            self.mapSizeBytes = mapSizeBytes
            self.maxReaders = maxReaders
            self.maxDatabases = maxDatabases
            self.readOnly = readOnly
            self.noLock = noLock
            self.noReadAhead = noReadAhead
            self.freshLock = freshLock
            self.stamped = stamped
        }

        /// A sealed file that is only read.
        package static let writeOnce = Options(maxReaders: 512, maxDatabases: 8, readOnly: true, noLock: true)
    }

    package let path: String
    package let options: Options
    /// Valid until `close()`; reached only between entering and leaving the gate, which `close()` shuts. Replaced, with
    /// the gate held, by `reopenHeld`.
    var environment: OpaquePointer
    /// False after a failure of the disk that leaves open what it holds: nothing is written any more.
    var isDurable = true
    let gate = TransactionGate()
    let pool: ReadTransactionPool
    let databases = Mutex(DatabaseTable())
    /// How many cursors of the current write transaction are open; see `Cursor`.
    @usableFromInline let writeCursorCount: UnsafeMutablePointer<Int>
    private let fileIdentity: FileIdentity?
    /// Belongs to whoever holds the write transaction.
    private var stamp: StampWriter?

    /// Opens `path`, creating it unless `readOnly`. A new file's directory entry is fsynced too.
    package init(path: String, options: Options = Options()) throws(LMDBError) {
        let existed = FileIdentity(path: path) != nil
        if options.readOnly && !existed { throw .noSuchFile(path: path) }
        let locks = !options.noLock
        if locks, let identity = FileIdentity(path: path), OpenFiles.contains(identity) {
            throw .alreadyOpen(path: path)
        }

        if locks && options.freshLock { _ = unsafe unlink(path + "-lock") }
        let environment = try unsafe Self.makeRaw(path: path, options: options)
        do throws(LMDBError) {
            if !existed { try Self.syncDirectory(of: path) }
            fileIdentity = locks ? FileIdentity(path: path) : nil
            if let fileIdentity, !OpenFiles.insert(fileIdentity) { throw .alreadyOpen(path: path) }
        } catch {
            unsafe mdb_env_close(environment)
            throw error
        }
        self.path = path
        self.options = options
        unsafe self.environment = environment
        pool = ReadTransactionPool(capacity: options.maxReaders)
        unsafe writeCursorCount = .allocate(capacity: 1)
        unsafe writeCursorCount.initialize(to: 0)
    }

    static func makeRaw(path: String, options: Options) throws(LMDBError) -> OpaquePointer {
        var created: OpaquePointer?
        try unsafe LMDBError.check(mdb_env_create(&created))
        guard let environment = unsafe created else { throw .outOfMemory }
        do throws(LMDBError) {
            if !options.noLock && !options.readOnly {
                try Self.reserveLockFile(path + "-lock", maxReaders: options.maxReaders)
            }
            try unsafe Self.configure(environment, path: path, options: options)
            try unsafe Self.openMainDatabase(environment, path: path)
        } catch {
            unsafe mdb_env_close(environment)
            throw error
        }
        return unsafe environment
    }

    private static func configure(_ environment: OpaquePointer, path: String, options: Options) throws(LMDBError) {
        guard let maxReaders = UInt32(exactly: options.maxReaders),
            let maxDatabases = UInt32(exactly: options.maxDatabases)
        else { throw .other(code: EINVAL) }
        try unsafe LMDBError.check(mdb_env_set_maxreaders(environment, maxReaders))
        try unsafe LMDBError.check(mdb_env_set_maxdbs(environment, maxDatabases))
        if let mapSizeBytes = options.mapSizeBytes {
            guard mapSizeBytes > 0 else { throw .other(code: EINVAL) }
            try unsafe LMDBError.check(mdb_env_set_mapsize(environment, mapSizeBytes))
        } else if options.noLock && options.readOnly {
            // LMDB raises a map that is too small to what the file uses: so a sealed file of 1 MB does not
            // reserve the address space its writer had asked for.
            try unsafe LMDBError.check(mdb_env_set_mapsize(environment, Int(getpagesize())))
        }
        var flags = UInt32(MDB_NOSUBDIR) | UInt32(MDB_NOTLS)
        if options.readOnly { flags |= UInt32(MDB_RDONLY) }
        if options.noLock { flags |= UInt32(MDB_NOLOCK) }
        if options.noReadAhead { flags |= UInt32(MDB_NORDAHEAD) }
        let code = unsafe mdb_env_open(environment, path, flags, 0o644)
        try LMDBError.check(code, path: path)
    }

    /// LMDB maps its lock file without giving it blocks: the first touch of a reader's slot on a full disk would end the
    /// process with SIGBUS. Done before LMDB opens the file, because closing a descriptor of it drops the locks on it.
    private static func reserveLockFile(_ path: String, maxReaders: Int) throws(LMDBError) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw .from(code: errno, path: path) }
        defer { _ = closeDescriptor(descriptor) }
        // A header of 192 bytes and 64 bytes for each reader.
        let code = posix_fallocate(descriptor, 0, off_t(192 + 64 * max(0, maxReaders - 1)))
        // A file system that cannot reserve is used as it is.
        if code != 0 && code != EOPNOTSUPP && code != EINVAL { throw .from(code: code, path: path) }
    }

    /// LMDB gives the main database its order of keys only when some database is opened; without that the first
    /// comparison in it calls a null pointer.
    private static func openMainDatabase(_ environment: OpaquePointer, path: String) throws(LMDBError) {
        var begun: OpaquePointer?
        try unsafe LMDBError.check(mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &begun), path: path)
        guard let transaction = unsafe begun else { throw .outOfMemory }
        var identifier: UInt32 = 0
        let code = unsafe mdb_dbi_open(transaction, nil, 0, &identifier)
        unsafe mdb_txn_abort(transaction)
        try LMDBError.check(code, path: path)
    }

    /// LMDB fsyncs the file but not the directory that names it.
    private static func syncDirectory(of path: String) throws(LMDBError) {
        var directory = "."
        if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
            directory = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        let descriptor = Self.openDirectory(directory)
        if descriptor < 0 { throw .from(code: errno, path: directory) }
        defer { _ = closeDescriptor(descriptor) }
        if fsync(descriptor) != 0 { throw .from(code: errno, path: directory) }
    }

    private static func openDirectory(_ path: String) -> Int32 {
        unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }

    /// Waits until no transaction is live, then unmaps and closes the file; closing twice is fine.
    /// - Throws: `.busy` when transactions are still live after `timeoutMs`; the environment stays open then.
    package func close(timeoutMs: Int = 10_000) throws(LMDBError) {
        do throws(LMDBError) {
            try gate.holdExclusively(timeoutMs: timeoutMs)
        } catch .closed {
            return
        }
        tearDown()
        gate.releaseExclusively(closing: true)
    }

    /// Transactions hold the environment, so none is live here.
    deinit {
        if (try? gate.holdExclusively(timeoutMs: 0)) != nil { tearDown() }
        unsafe writeCursorCount.deallocate()
    }

    /// Somebody else may open the file.
    func forgetFile() {
        if let fileIdentity { OpenFiles.remove(fileIdentity) }
    }

    // MARK: The stamp

    /// From now on the file is told to be sound as it is, and its stamp follows each commit. To be called when what LMDB
    /// does not check itself has been checked, with no write transaction under way.
    package func startStamping() throws(LMDBError) {
        guard options.stamped, !options.readOnly, stamp == nil else { return }
        try gate.enterAsWriter()
        defer { gate.leaveAsWriter() }
        guard let last = lastTransactionID else { return }
        stamp = StampWriter(path: EnvironmentStamp.path(of: path))
        noteStamp(.atRest, transaction: last)
    }

    /// Of the last commit; without the gate, which the caller is behind.
    var lastTransactionID: Int? {
        var info = unsafe MDB_envinfo()
        return unsafe mdb_env_info(environment, &info) == 0 ? unsafe info.me_last_txnid : nil
    }

    /// On the writer's thread, before a transaction's first page and after its end.
    func noteStamp(_ state: EnvironmentStamp.State, transaction: Int) {
        guard let stamp else { return }
        var descriptor: mdb_filehandle_t = -1
        guard unsafe mdb_env_get_fd(environment, &descriptor) == 0 else { return }
        stamp.note(state, transaction: UInt64(truncatingIfNeeded: transaction), data: descriptor)
    }

    private func tearDown() {
        pool.discardIdle()
        // A file that was deleted while it was open gives its inode to the next new one once nobody holds it, which
        // must not be before its identity is forgotten. LMDB locks its lock file, so a second descriptor of the data
        // file takes no lock away when it is closed.
        var descriptor: mdb_filehandle_t = -1
        let held = unsafe mdb_env_get_fd(environment, &descriptor) == 0 ? dup(descriptor) : -1
        unsafe mdb_env_close(environment)
        forgetFile()
        if held >= 0 { _ = closeDescriptor(held) }
    }
}

private func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }

/// Device and inode: the name of a file whatever its path.
struct FileIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64

    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
    }
}

/// The files this process has open with locks.
private enum OpenFiles {
    private static let identities = Mutex<Set<FileIdentity>>([])

    static func contains(_ identity: FileIdentity) -> Bool { identities.withLock { $0.contains(identity) } }
    static func insert(_ identity: FileIdentity) -> Bool { identities.withLock { $0.insert(identity).inserted } }
    static func remove(_ identity: FileIdentity) { identities.withLock { _ = $0.remove(identity) } }
}
