#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file that is only read, at any place, by any thread.
final class InputFile: Sendable {
    let path: String
    let byteCount: Int
    private let descriptor: Int32

    /// - Throws: `CommandFailure` with 66 when it cannot be opened or is no regular file.
    init(_ path: String) throws(CommandFailure) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure(code: .noInput, message: "\(path): \(SystemError.text(errno))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw CommandFailure(code: .noInput, message: "\(path) is not a file")
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `buffer` from the given place; the count is smaller only at the end of the file.
    /// - Throws: `CommandFailure` with 74 when the disk fails.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CommandFailure) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(offset + filled))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandFailure(code: .inputOutput, message: "\(path): \(SystemError.text(errno))")
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    func read(at offset: Int, count: Int) throws(CommandFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(CommandFailure) in try read(at: offset, into: buffer) }
        }
        let filled = try result.get()
        bytes.removeLast(count - filled)
        return bytes
    }
}

enum InputDirectory {
    /// - Throws: `CommandFailure` with 66 when there is none.
    static func check(_ path: String) throws(CommandFailure) {
        guard try isDirectory(path) else {
            throw CommandFailure(code: .noInput, message: "\(path) is not a directory")
        }
    }

    /// - Throws: `CommandFailure` with 66 when there is nothing.
    static func isDirectory(_ path: String) throws(CommandFailure) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw CommandFailure(code: .noInput, message: "\(path): \(SystemError.text(errno))")
        }
        return status.st_mode & S_IFMT == S_IFDIR
    }
}
