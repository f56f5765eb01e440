import Glibc

/// A whole file, mapped to be read; the map goes with the object.
@safe final class MappedFile: @unchecked Sendable {
    // @unchecked: memory that nobody writes to.
    let path: String
    let bytes: UnsafeRawBufferPointer
    /// Of the file that is mapped, whatever becomes of its name.
    private let descriptor: Int32
    private let guarded: GuardedMap

    /// - Parameter byteCount: that the file is known to have. A shorter one is refused: touching what is missing would
    ///   end the process.
    init(_ path: String, byteCount: Int) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, code: errno) }
        do throws(FileError) {
            unsafe bytes = try MappedFile.map(descriptor, byteCount, path)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
        guarded = unsafe GuardedMap(bytes)
    }

    /// Whether a page of it could not be read: what was read is worth nothing then.
    var hasLostPages: Bool { guarded.hasFaulted }

    private static func map(
        _ descriptor: Int32, _ byteCount: Int, _ path: String
    ) throws(FileError) -> UnsafeRawBufferPointer {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileError(operation: "stat", path: path, code: errno) }
        guard byteCount > 0, Int(status.st_size) >= byteCount else {
            throw FileError(operation: "map", path: path, code: ENODATA)
        }
        let mapped = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw FileError(operation: "map", path: path, code: errno)
        }
        return unsafe UnsafeRawBufferPointer(start: mapped, count: byteCount)
    }

    /// A descriptor of the file, the caller's own.
    func duplicateDescriptor() throws(FileError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw FileError(operation: "duplicate", path: path, code: errno) }
        return copy
    }

    /// Of the file that is mapped; that of another file may have come to its path.
    var stamp: FileStamp? {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? FileStamp(status) : nil
    }

    deinit {
        guarded.end()
        close(descriptor)
        guard let start = unsafe bytes.baseAddress else { return }
        _ = unsafe munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
}
