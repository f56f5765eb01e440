import CLMDB
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Everything that can go wrong on this floor. One closed list, so that a `switch` over it is exhaustive.
@usableFromInline
package enum LMDBError: Error, Equatable, Sendable {
    /// The memory map has no room for another page: `Environment.growMap(to:)` and do the transaction again.
    case mapFull
    /// The file system has no room (ENOSPC, EDQUOT, or a write it cut short for that reason). Nothing was committed.
    case diskFull(code: Int32)
    /// Every slot of the reader table (`maxReaders`) holds a transaction.
    case readersFull
    /// `maxDatabases` named databases are open.
    case databasesFull
    /// One transaction changed more pages than LMDB can list (512 MiB with 4 KiB pages, after spilling).
    case transactionFull
    /// A key longer than `LMDBLimits.keyByteCount`.
    case keyTooLong(byteCount: Int)
    /// An empty key, or a value whose size the database's flags do not allow.
    case badSize(keyByteCount: Int, valueByteCount: Int)
    /// An append that does not sort after the last key or the last duplicate.
    case appendOutOfOrder
    /// The pages contradict each other: the file is damaged.
    case corrupted
    /// The file was written by an incompatible version of LMDB.
    case versionMismatch
    /// The file is not an LMDB file, or was cut off.
    case invalidFile(path: String)
    /// A system call failed for a reason that trying again does not remove.
    case ioFailed(code: Int32)
    /// Writing a commit's root failed earlier: the environment must be closed and opened again.
    case environmentFailed
    case permissionDenied(path: String)
    case noSuchFile(path: String)
    /// No database of this name exists in the file.
    case noSuchDatabase(name: String)
    /// The database exists with other flags than asked for, or does not allow the operation.
    case incompatibleDatabase
    /// The database handle is not known in this transaction: it began before the database was opened.
    case badDatabase
    /// An earlier failure spoilt this transaction: it can only be aborted.
    case badTransaction
    case badReaderSlot
    /// Transactions are still live, or someone else holds what is needed.
    case busy
    /// The environment was closed.
    case closed
    /// This process has the file open already; LMDB's locks allow that only once.
    case alreadyOpen(path: String)
    case outOfMemory
    /// Another LMDB code (negative) or errno (positive).
    case other(code: Int32)

    /// True when the data is sound and the same transaction can succeed after more room is made.
    package var isRecoverable: Bool {
        switch self {
        case .mapFull, .diskFull, .readersFull, .transactionFull, .databasesFull, .busy: true
        case .keyTooLong, .badSize, .appendOutOfOrder, .noSuchDatabase, .incompatibleDatabase, .badDatabase,
            .corrupted, .versionMismatch, .invalidFile, .ioFailed, .environmentFailed, .permissionDenied, .noSuchFile,
            .badTransaction, .badReaderSlot, .closed, .alreadyOpen, .outOfMemory, .other:
            false
        }
    }
}

extension LMDBError: CustomStringConvertible {
    @usableFromInline
    package var description: String {
        switch self {
        case .mapFull: "the database's memory map is full"
        case .diskFull(let code): "no space left on the device: \(systemMessage(code))"
        case .readersFull: "too many read transactions are open at once"
        case .databasesFull: "too many named databases are open in one environment"
        case .transactionFull: "one transaction changes too many pages"
        case .keyTooLong(let byteCount):
            "a key of \(byteCount) bytes is longer than the \(LMDBLimits.keyByteCount) bytes allowed"
        case .badSize(let keyByteCount, let valueByteCount):
            "a key of \(keyByteCount) bytes with a value of \(valueByteCount) bytes does not fit this database"
        case .appendOutOfOrder: "an appended entry does not sort after the last one"
        case .corrupted: "the database file is damaged"
        case .versionMismatch: "the database file was written by an incompatible version of LMDB"
        case .invalidFile(let path): "\(path) is not a database file"
        case .ioFailed(let code): "reading or writing the database failed: \(systemMessage(code))"
        case .environmentFailed: "an earlier commit failed while its root was written; the database must be reopened"
        case .permissionDenied(let path): "permission denied: \(path)"
        case .noSuchFile(let path): "no such file: \(path)"
        case .noSuchDatabase(let name): "the environment has no database named '\(name)'"
        case .incompatibleDatabase: "the database has other flags than this operation needs"
        case .badDatabase: "the database handle is not known in this transaction"
        case .badTransaction: "the transaction failed earlier and can only be aborted"
        case .badReaderSlot: "a read transaction's slot in the reader table was taken over"
        case .busy: "transactions are still open"
        case .closed: "the database is closed"
        case .alreadyOpen(let path): "\(path) is already open in this process"
        case .outOfMemory: "out of memory"
        case .other(let code): "LMDB reported code \(code): \(libraryMessage(code))"
        }
    }
}

/// The limits LMDB 0.9 sets as it is built by the distributions.
@usableFromInline
package enum LMDBLimits {
    /// The longest key, and the longest value of a `dupSort` database.
    @inlinable package static var keyByteCount: Int { 511 }
}

extension LMDBError {
    /// The error for a non-zero LMDB return code. Sizes and path are told by the caller, who knows them.
    @usableFromInline
    static func from(
        code: Int32, path: String = "", keyByteCount: Int = 0, valueByteCount: Int = 0
    ) -> LMDBError {
        switch code {
        case MDB_MAP_FULL: .mapFull
        case ENOSPC, EDQUOT: .diskFull(code: code)
        case MDB_READERS_FULL: .readersFull
        case MDB_DBS_FULL: .databasesFull
        case MDB_TXN_FULL: .transactionFull
        case MDB_BAD_VALSIZE where keyByteCount > LMDBLimits.keyByteCount: .keyTooLong(byteCount: keyByteCount)
        case MDB_BAD_VALSIZE: .badSize(keyByteCount: keyByteCount, valueByteCount: valueByteCount)
        case MDB_KEYEXIST: .appendOutOfOrder
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_CURSOR_FULL: .corrupted
        case MDB_VERSION_MISMATCH: .versionMismatch
        case MDB_INVALID: .invalidFile(path: path)
        case MDB_PANIC: .environmentFailed
        case EACCES, EPERM, EROFS: .permissionDenied(path: path)
        case ENOENT: .noSuchFile(path: path)
        case MDB_INCOMPATIBLE: .incompatibleDatabase
        case MDB_BAD_DBI: .badDatabase
        case MDB_BAD_TXN: .badTransaction
        case MDB_BAD_RSLOT: .badReaderSlot
        case EAGAIN, EBUSY: .busy
        case ENOMEM: .outOfMemory
        case EINVAL: .other(code: code)
        case 1...: .ioFailed(code: code)
        default: .other(code: code)
        }
    }

    /// Throws for every code but success. The hot callers test the code themselves.
    static func check(_ code: Int32, path: String = "") throws(LMDBError) {
        if code != MDB_SUCCESS { throw from(code: code, path: path) }
    }
}

private func systemMessage(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "errno \(code)" }
    return unsafe String(cString: text)
}

private func libraryMessage(_ code: Int32) -> String {
    guard let text = unsafe mdb_strerror(code) else { return "unknown" }
    return unsafe String(cString: text)
}
