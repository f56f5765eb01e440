import Glibc

/// A whole file, mapped to be read; the map goes with the object.
@safe final class MappedFile: @unchecked Sendable {
    // @unchecked: memory that nobody writes to.
    let bytes: UnsafeRawBufferPointer

    /// - Parameter byteCount: that the file is known to have. A shorter one is refused: touching what is missing would
    ///   end the process.
    init(_ path: String, byteCount: Int) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileError(operation: "stat", path: path, code: errno) }
        guard byteCount > 0, Int(status.st_size) >= byteCount else {
            throw FileError(operation: "map", path: path, code: ENODATA)
        }
        let mapped = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw FileError(operation: "map", path: path, code: errno)
        }
        unsafe bytes = UnsafeRawBufferPointer(start: mapped, count: byteCount)
    }

    deinit {
        guard let start = unsafe bytes.baseAddress else { return }
        _ = unsafe munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
}
