#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Changes a file that nobody has open, past LMDB.
package enum EnvironmentRepair {
    /// Empties a named database whose pages are damaged, so that LMDB does not follow them. The pages it had belong to
    /// nobody afterwards: the file does not use them again.
    ///
    /// Durable when it returns. Should the machine go down meanwhile, the record may be written in part: then the database
    /// is still damaged, and nothing else is.
    package static func empty(_ database: EnvironmentCheck.NamedDatabase, path: String) throws(LMDBError) {
        let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
        if descriptor < 0 { throw .from(code: errno, path: path) }
        defer { _ = closeRepaired(descriptor) }
        var record = [UInt8](repeating: 0, count: TreeRecord.byteCount)
        unsafe record.withUnsafeMutableBytes { bytes in
            unsafe bytes.storeBytes(of: UInt16(truncatingIfNeeded: database.flags.rawValue), toByteOffset: 4, as: UInt16.self)
            unsafe bytes.storeBytes(of: TreeRecord.noPage, toByteOffset: 40, as: UInt64.self)
        }
        let count = unsafe pwrite(descriptor, record, record.count, off_t(database.recordOffset))
        if count < 0 { throw .from(code: errno, path: path) }
        if count != record.count { throw .ioFailed(code: EIO) }
        if fsync(descriptor) != 0 { throw .from(code: errno, path: path) }
    }
}

private func closeRepaired(_ descriptor: Int32) -> Int32 { close(descriptor) }
