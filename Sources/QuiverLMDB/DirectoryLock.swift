#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

package enum DirectoryLockError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Someone has the directory. The process number is what the lock file says, nil when it cannot be read.
    case heldBy(processID: Int32?, path: String)
    case failed(code: Int32, path: String)

    package var description: String {
        switch self {
        case .heldBy(let processID?, let path): "\(path) is in use by process \(processID)"
        case .heldBy(nil, let path): "\(path) is in use by another process"
        case .failed(let code, let path):
            "cannot lock \(path): \(unsafe strerror(code).map { unsafe String(cString: $0) } ?? "errno \(code)")"
        }
    }
}

/// The right of one process to a storage directory: a `flock` on the file `LOCK` in it, held until the end of this
/// value's lifetime. The kernel drops it when the process dies, however it dies. The file itself stays, because removing
/// it would let two processes hold locks on two files of the same name.
///
/// `flock` and not `fcntl`: a second attempt in the same process fails too.
package struct DirectoryLock: ~Copyable, Sendable {
    package let path: String
    private let descriptor: Int32

    package init(directory: String) throws(DirectoryLockError) {
        try self.init(directory, O_RDWR | O_CREAT)
    }

    /// For whoever changes nothing: the file keeps its content, and is not made. Where there is none, nobody has ever had
    /// the directory open, and nothing is locked.
    package init(reading directory: String) throws(DirectoryLockError) {
        try self.init(directory, O_RDONLY)
    }

    private init(_ directory: String, _ flags: Int32) throws(DirectoryLockError) {
        path = directory + "/LOCK"
        descriptor = unsafe open(path, flags | O_CLOEXEC, 0o644)
        if descriptor < 0 {
            if flags & O_CREAT == 0, errno == ENOENT { return }
            throw .failed(code: errno, path: path)
        }
        var code = Self.lock(descriptor)
        let processID = code == EWOULDBLOCK ? Self.readProcessID(descriptor) : nil
        if code == 0 {
            code = flags & O_CREAT == 0 ? 0 : Self.writeProcessID(descriptor)
            if code == 0 { return }
        }
        // From here on the value is whole: throwing ends it, and `deinit` closes the descriptor.
        if code == EWOULDBLOCK { throw .heldBy(processID: processID, path: path) }
        throw .failed(code: code, path: path)
    }

    deinit {
        if descriptor >= 0 { _ = closeDescriptor(descriptor) }
    }

    private static func lock(_ descriptor: Int32) -> Int32 {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno != EINTR { return errno }
        }
        return 0
    }

    /// Decimal digits and a newline, as pid files have it.
    private static func writeProcessID(_ descriptor: Int32) -> Int32 {
        if ftruncate(descriptor, 0) != 0 { return errno }
        let text = Array("\(getpid())\n".utf8)
        let written = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        if written < 0 { return errno }
        return written == text.count ? 0 : ENOSPC
    }

    private static func readProcessID(_ descriptor: Int32) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = unsafe text.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        let number = Int32(String(decoding: text[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        // Whoever only reads has not written its own.
        guard let number, number > 0, kill(number, 0) == 0 || errno == EPERM else { return nil }
        return number
    }
}

private func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }
