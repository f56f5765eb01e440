#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Synchronization

import QuiverModel

/// Objects as files below one directory.
///
/// An object is written to a file of another name beside the others (`.partial-…`), fsynced, renamed, and its directory
/// fsynced. Files of that kind that a killed process left are removed once they are a day old.
package final class DirectoryObjectStore: ObjectStore {
    private let root: String
    private let counter = Atomic<Int>(0)
    private static let partialPrefix = ".partial-"
    private static let partialLifeSeconds = 86_400

    /// Makes the directory unless `mustExist`.
    package init(_ directory: String, mustExist: Bool = false) throws(ObjectStoreError) {
        root = directory
        if mustExist {
            guard access(directory, F_OK) == 0 else { throw .notFound(directory) }
        } else {
            try makeDirectories(directory)
        }
    }

    package var place: String { root }

    package func put(_ key: String, _ bytes: [UInt8]) throws(ObjectStoreError) {
        try put(key) { writer in try bytes.withUnsafeBytes { try writer.write($0) } }
    }

    package func put(_ key: String, _ body: (any ObjectWriter) throws -> Void) throws(ObjectStoreError) {
        try ObjectKey.check(key)
        let path = root + "/" + key
        let folder = parent(of: path)
        try makeDirectories(folder)
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let partial = "\(folder)/\(Self.partialPrefix)\(getpid())-\(number)"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("create", partial) }
        var isOpen = true
        do {
            try body(FileWriter(descriptor: descriptor, path: partial))
            guard fsync(descriptor) == 0 else { throw failure("fsync", partial) }
            isOpen = false
            guard close(descriptor) == 0 else { throw failure("close", partial) }
            guard rename(partial, path) == 0 else { throw failure("rename", partial) }
        } catch {
            if isOpen { close(descriptor) }
            unlink(partial)
            throw .wrap(error)
        }
        try synchronise(folder)
    }

    package func get(
        _ key: String, range: Range<Int>?, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws(ObjectStoreError) {
        try ObjectKey.check(key)
        let path = root + "/" + key
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw errno == ENOENT ? .notFound(key) : failure("open", path) }
        defer { close(descriptor) }
        var place = range?.lowerBound ?? 0
        let end = range?.upperBound ?? .max
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while place < end {
            let count = pread(descriptor, buffer.baseAddress, min(buffer.count, end - place), off_t(place))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return }
            do { try body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) } catch { throw .wrap(error) }
            place += count
        }
    }

    package func head(_ key: String) throws(ObjectStoreError) -> ObjectInfo? {
        try ObjectKey.check(key)
        var status = stat()
        guard stat(root + "/" + key, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure("look at", key)
        }
        return status.st_mode & S_IFMT == S_IFREG ? info(key, status) : nil
    }

    package func list(prefix: String) throws(ObjectStoreError) -> [ObjectInfo] {
        var found: [ObjectInfo] = []
        // The deepest directory that all keys with the prefix lie in.
        let folder = prefix.lastIndex(of: "/").map { String(prefix[..<$0]) } ?? ""
        try collect(folder, prefix, &found)
        return found.sorted { $0.key < $1.key }
    }

    package func delete(_ keys: [String]) throws(ObjectStoreError) {
        var folders: Set<String> = []
        for key in keys {
            try ObjectKey.check(key)
            let path = root + "/" + key
            if unlink(path) == 0 {
                folders.insert(parent(of: path))
            } else if errno != ENOENT, errno != ENOTDIR {
                throw failure("remove", path)
            }
        }
        for folder in folders { try synchronise(folder) }
    }

    /// Also one that cannot be read.
    package func move(_ key: String, to other: String) throws(ObjectStoreError) {
        try ObjectKey.check(key)
        try ObjectKey.check(other)
        let (from, to) = (root + "/" + key, root + "/" + other)
        try makeDirectories(parent(of: to))
        guard rename(from, to) == 0 else { throw errno == ENOENT ? .notFound(key) : failure("rename", from) }
        try synchronise(parent(of: to))
        try synchronise(parent(of: from))
    }

    // MARK: Inside

    private func collect(_ folder: String, _ prefix: String, _ found: inout [ObjectInfo]) throws(ObjectStoreError) {
        let path = folder.isEmpty ? root : root + "/" + folder
        guard let stream = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw failure("list", path)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            let key = folder.isEmpty ? name : folder + "/" + name
            var status = stat()
            guard lstat(path + "/" + name, &status) == 0 else { continue }
            if name.hasPrefix(Self.partialPrefix) {
                if time(nil) - Int(status.st_mtim.tv_sec) > Self.partialLifeSeconds { unlink(path + "/" + name) }
            } else if status.st_mode & S_IFMT == S_IFDIR {
                if (key + "/").hasPrefix(prefix) || prefix.hasPrefix(key + "/") {
                    try collect(key, prefix, &found)
                }
            } else if status.st_mode & S_IFMT == S_IFREG, key.hasPrefix(prefix) {
                found.append(info(key, status))
            }
        }
    }

    private func info(_ key: String, _ status: stat) -> ObjectInfo {
        let micros = Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1_000
        return ObjectInfo(
            key: key, byteCount: Int(status.st_size), modified: Timestamp(microsecondsSinceEpoch: micros))
    }

    private func makeDirectories(_ path: String) throws(ObjectStoreError) {
        if path.isEmpty || access(path, F_OK) == 0 { return }
        let above = parent(of: path)
        if above != path { try makeDirectories(above) }
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("create directory", path) }
        try synchronise(above)
    }

    private func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func synchronise(_ directory: String) throws(ObjectStoreError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", directory) }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw failure("fsync", directory) }
    }

    private func failure(_ operation: String, _ path: String) -> ObjectStoreError {
        fileFailure(operation, path)
    }
}

private func fileFailure(_ operation: String, _ path: String) -> ObjectStoreError {
    let code = errno
    let text = "cannot \(operation) `\(path)`: \(String(cString: strerror(code)))"
    switch code {
    case ENOSPC, EDQUOT: return .full(text)
    case EACCES, EPERM, EROFS: return .refused(text)
    default: return .inputOutput(text)
    }
}

private struct FileWriter: ObjectWriter {
    let descriptor: Int32
    let path: String

    func write(_ bytes: UnsafeRawBufferPointer) throws(ObjectStoreError) {
        var place = 0
        while place < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: place), bytes.count - place)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw fileFailure("write", path) }
            place += count
        }
    }
}
