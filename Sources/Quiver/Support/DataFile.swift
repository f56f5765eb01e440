import Glibc

import QuiverArchive

/// A file that is read by `pread`: a page that the disk cannot give is an error then, where touching a map would end
/// the process.
struct DataFile: ~Copyable {
    let path: String
    private let descriptor: Int32
    let byteCount: Int
    private let isDirect: Bool

    private static let bufferBytes = 1 << 20
    /// What direct reading wants of offsets, lengths and memory.
    private static let directAlignment = 4096

    /// Linux's `O_DIRECT`, which the system's module does not show.
    private static var directFlag: Int32? {
        #if os(Linux) && arch(x86_64)
        0o40000
        #elseif os(Linux) && arch(arm64)
        0o200000
        #else
        nil
        #endif
    }

    /// - Parameter isDirect: past the system's cache where the file system can: what the disk holds is read, and nothing
    ///   that is cached has to make room for it.
    init(_ path: String, isDirect: Bool = false) throws(FileError) {
        var descriptor: Int32 = -1
        var direct = false
        if isDirect, let flag = DataFile.directFlag {
            descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | flag)
            direct = descriptor >= 0
        }
        if descriptor < 0 { descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, code: errno) }
        try self.init(descriptor: descriptor, path, isDirect: direct)
    }

    /// Of a descriptor, which it closes in any case.
    init(descriptor: Int32, _ path: String) throws(FileError) {
        try self.init(descriptor: descriptor, path, isDirect: false)
    }

    private init(descriptor: Int32, _ path: String, isDirect: Bool) throws(FileError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            let code = errno
            _ = Glibc.close(descriptor)
            throw FileError(operation: "stat", path: path, code: code)
        }
        self.path = path
        self.descriptor = descriptor
        byteCount = Int(status.st_size)
        self.isDirect = isDirect
    }

    deinit { _ = Glibc.close(descriptor) }

    var stamp: FileStamp? {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? FileStamp(status) : nil
    }

    /// The bytes of `range`; fewer where the file ends before.
    func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        unsafe try forEachPart(range) { unsafe bytes.append(contentsOf: $0) }
        return bytes
    }

    /// The SHA-256 of the bytes of `range`; nil where the file ends before, or without memory.
    ///
    /// - Parameter progress: called with the length of each part that was read; to go slowly, it waits.
    func sha256(
        _ range: Range<Int>, progress: (Int) throws(FileError) -> Void = { _ throws(FileError) in }
    ) throws(FileError) -> [UInt8]? {
        guard range.lowerBound >= 0, range.upperBound <= byteCount, var digest = StreamDigest() else { return nil }
        var count = 0
        unsafe try forEachPart(range) { (part) throws(FileError) in
            unsafe digest.update(part)
            count += part.count
            try progress(part.count)
        }
        return count == range.count ? digest.value() : nil
    }

    private func forEachPart(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        let alignment = DataFile.directAlignment
        guard let buffer = unsafe aligned_alloc(alignment, DataFile.bufferBytes) else {
            throw FileError(operation: "read", path: path, code: ENOMEM)
        }
        defer { unsafe free(buffer) }
        var offset = range.lowerBound
        while offset < range.upperBound {
            // Direct reads begin and end on whole pages.
            let start = isDirect ? offset / alignment * alignment : offset
            let wanted = min(DataFile.bufferBytes, range.upperBound - start)
            let length = isDirect ? (wanted + alignment - 1) / alignment * alignment : wanted
            let count = unsafe pread(descriptor, buffer, length, off_t(start))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(operation: "read", path: path, code: errno)
            }
            let end = min(start + count, range.upperBound)
            if end <= offset { return }
            unsafe try body(UnsafeRawBufferPointer(start: buffer + (offset - start), count: end - offset))
            offset = end
        }
    }
}
