import Glibc

/// A failed system call on a file: what was tried, on which path, and errno.
struct FileError: Error {
    var operation: String
    var path: String
    var code: Int32
}

/// The few file operations of the engine. Each that changes a directory makes the change durable.
enum Files {
    /// The disk gets a large new file bit by bit, after so many bytes: all of it at once would hold up the commits of
    /// whoever writes meanwhile.
    static let syncedAtOnceBytes = 16 << 20

    static func createDirectory(_ path: String) throws(FileError) {
        if unsafe mkdir(path, 0o755) != 0, errno != EEXIST {
            throw FileError(operation: "create directory", path: path, code: errno)
        }
        try synchronise(directory: parent(of: path))
    }

    /// Creates the parents as well.
    static func createDirectories(_ path: String) throws(FileError) {
        if exists(path) { return }
        let above = parent(of: path)
        if above != path, above != "." { try createDirectories(above) }
        try createDirectory(path)
    }

    static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The names in a directory, without `.` and `..`.
    static func names(in directory: String) throws(FileError) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw FileError(operation: "list", path: directory, code: errno)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a file; a missing one is fine. Its space returns when its last reader is gone.
    static func remove(_ path: String) {
        _ = unsafe unlink(path)
    }

    /// Removes a directory of files and directories.
    static func removeTree(_ path: String) {
        for name in (try? names(in: path)) ?? [] {
            let inner = path + "/" + name
            if unsafe unlink(inner) != 0 { removeTree(inner) }
        }
        _ = unsafe rmdir(path)
    }

    static func rename(_ path: String, to target: String) throws(FileError) {
        guard unsafe Glibc.rename(path, target) == 0 else {
            throw FileError(operation: "rename", path: path, code: errno)
        }
        try synchronise(directory: parent(of: target))
    }

    static func synchronise(directory: String) throws(FileError) {
        let descriptor = open(directory, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: directory, code: errno) }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw FileError(operation: "fsync", path: directory, code: errno) }
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Writes all of `bytes` at the place where the descriptor is.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws(FileError) {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = unsafe Glibc.write(descriptor, base + done, bytes.count - done)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { throw FileError(operation: "write", path: path, code: count < 0 ? errno : ENOSPC) }
            done += count
        }
    }

    /// A short text; nil when there is no such file, or it is longer.
    static func text(_ path: String, atMostBytes most: Int) -> String? {
        let descriptor = open(path, flags: O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if descriptor < 0 { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: most + 1)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0, count <= most else { return nil }
        return String(validating: bytes[..<count], as: UTF8.self)
    }

    /// The path without links and `..`; nil when nothing is there.
    static func canonical(_ path: String) -> String? {
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    private static func open(_ path: String, flags: Int32) -> Int32 {
        unsafe Glibc.open(path, flags)
    }

    /// The length of the file; 0 when there is none.
    static func byteCount(_ path: String) -> Int {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return 0 }
        return Int(status.st_size)
    }

    /// Lengthens a file that is shorter than `byteCount`, with zeros that take no space.
    static func lengthen(_ path: String, to byteCount: Int) throws(FileError) {
        if self.byteCount(path) >= byteCount { return }
        let descriptor = open(path, flags: O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        if ftruncate(descriptor, byteCount) != 0 || fsync(descriptor) != 0 {
            throw FileError(operation: "lengthen", path: path, code: errno)
        }
    }
}
