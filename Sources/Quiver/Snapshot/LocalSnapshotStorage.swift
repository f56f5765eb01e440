import Glibc
import QuiverArchive
package import QuiverModel

/// Snapshots in a directory: those of a collection in `<collection>/`, those of its shard in `<collection>/shards/<id>/`,
/// those of the whole storage at the top; each with its SHA-256 in hexadecimal digits in `<name>.checksum` beside it.
///
/// A snapshot is written under a name that begins with a dot, made durable and then renamed. Who writes such a file holds
/// a lock on it, so that one that nobody holds is a left-over.
package final class LocalSnapshotStorage: SnapshotStorage {
    package let path: String

    static let suffix = ".snapshot"
    private static let checksumSuffix = ".checksum"
    static let temporarySuffix = ".tmp"
    private static let shardsName = "shards"

    package init(path: String) throws(QuiverError) {
        self.path = path
        sweep(path, depth: 3)
    }

    /// Removes what a process left that ended while it wrote.
    private func sweep(_ directory: String, depth: Int) {
        for name in (try? Files.names(in: directory)) ?? [] {
            let inner = directory + "/" + name
            if name.hasPrefix("."), name.hasSuffix(LocalSnapshotStorage.temporarySuffix) {
                let descriptor = unsafe Glibc.open(inner, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                if descriptor < 0 { continue }
                if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { Files.remove(inner) }
                _ = Glibc.close(descriptor)
            } else if depth > 0, Files.isDirectory(inner) {
                sweep(inner, depth: depth - 1)
            }
        }
    }

    private func directory(_ scope: SnapshotScope) throws(QuiverError) -> String {
        switch scope {
        case .storage: return path
        case .collection(let name): return path + "/" + (try LocalSnapshotStorage.checked(name))
        case .shard(let name, let shard):
            return path + "/" + (try LocalSnapshotStorage.checked(name)) + "/\(LocalSnapshotStorage.shardsName)/\(shard)"
        }
    }

    private static func checked(_ collection: String) throws(QuiverError) -> String {
        guard SnapshotName.isPlain(collection) else {
            throw .badRequest("snapshots of collection \"\(collection)\" have no directory: its name cannot be one")
        }
        return collection
    }

    // MARK: Reading

    package func list(_ scope: SnapshotScope) throws(QuiverError) -> [SnapshotDescription] {
        let directory = try directory(scope)
        if !Files.exists(directory) { return [] }
        do {
            var found: [SnapshotDescription] = []
            for name in try Files.names(in: directory).sorted() where SnapshotName.isValid(name) {
                if let one = describe(directory, name) { found.append(one) }
            }
            return found
        } catch {
            throw QuiverError(error)
        }
    }

    /// Nil for what is no file, or has been deleted.
    private func describe(_ directory: String, _ name: String) -> SnapshotDescription? {
        guard var found = LocalSnapshotStorage.describe(directory + "/" + name) else { return nil }
        let checksum = Files.text(directory + "/" + name + LocalSnapshotStorage.checksumSuffix, atMostBytes: 128)
        found.checksum = checksum.flatMap { Hexadecimal.bytes($0)?.count == Checksum.bytes ? $0 : nil }
        return found
    }

    /// What the file system says of a snapshot.
    static func describe(_ path: String) -> SnapshotDescription? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
        return SnapshotDescription(
            name: name, creationTime: SnapshotName.time(Int64(status.st_mtim.tv_sec)), size: UInt64(max(0, status.st_size)),
            checksum: nil)
    }

    package func open(_ scope: SnapshotScope, name: String) throws(QuiverError) -> any SnapshotContent {
        guard SnapshotName.isValid(name), let content = LocalSnapshotContent(try directory(scope) + "/" + name) else {
            throw SnapshotName.missing(name)
        }
        return content
    }

    package func delete(_ scope: SnapshotScope, name: String) throws(QuiverError) -> Bool {
        guard SnapshotName.isValid(name) else { return false }
        let directory = try directory(scope)
        let path = directory + "/" + name
        // Out of sight first: should the disk not take that, it is put back, and a refusal has changed nothing.
        let hidden = directory + "/." + name + ".deleted" + LocalSnapshotStorage.temporarySuffix
        guard unsafe Glibc.rename(path, hidden) == 0 else {
            if errno == ENOENT { return false }
            throw QuiverError(FileError(operation: "delete", path: path, code: errno))
        }
        do {
            try Files.synchronise(directory: directory)
        } catch {
            _ = unsafe Glibc.rename(hidden, path)
            throw QuiverError(error)
        }
        Files.remove(path + LocalSnapshotStorage.checksumSuffix)
        Files.remove(hidden)
        return true
    }

    // MARK: Writing

    package func create(
        _ scope: SnapshotScope, name: String, _ write: (any SnapshotSink) throws -> Void
    ) throws(QuiverError) -> SnapshotDescription {
        let directory = try directory(scope)
        guard SnapshotName.isValid(name) else { throw .badRequest("\"\(name)\" is no name of a snapshot") }
        do {
            try Files.createDirectories(directory)
            let file = try LocalSnapshotFile(directory, name, LocalSnapshotStorage.temporarySuffix)
            defer { file.discard() }
            try write(file)
            let checksum = try file.finish()
            // Before the snapshot, so that none is ever seen without its checksum.
            let beside = try LocalSnapshotFile(
                directory, name + LocalSnapshotStorage.checksumSuffix, LocalSnapshotStorage.temporarySuffix)
            defer { beside.discard() }
            try unsafe Array(checksum.utf8).withUnsafeBytes { try unsafe beside.write($0) }
            _ = try beside.finish()
            try beside.publish()
            try file.publish()
            guard let description = describe(directory, name) else { throw SnapshotName.missing(name) }
            return description
        } catch {
            throw QuiverError(wrapping: error)
        }
    }
}

/// A file that is being written beside its name.
private final class LocalSnapshotFile: SnapshotSink {
    private let path: String
    private let temporary: String
    private var descriptor: Int32
    private var digest: StreamDigest
    private var unsyncedBytes = 0

    init(_ directory: String, _ name: String, _ suffix: String) throws {
        guard let digest = StreamDigest() else { throw QuiverError.service("no memory is left") }
        path = directory + "/" + name
        temporary = directory + "/." + name + "." + String(UInt64.random(in: 0...UInt64.max), radix: 36) + suffix
        descriptor = unsafe Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        self.digest = digest
        guard descriptor >= 0 else { throw FileError(operation: "create", path: temporary, code: errno) }
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try unsafe Files.write(bytes, to: descriptor, path: temporary)
        unsafe digest.update(bytes)
        unsyncedBytes += bytes.count
        if unsyncedBytes >= Files.syncedAtOnceBytes {
            if fdatasync(descriptor) != 0 { throw FileError(operation: "fsync", path: temporary, code: errno) }
            unsyncedBytes = 0
        }
    }

    /// Makes it durable. Its SHA-256 in hexadecimal digits.
    func finish() throws -> String {
        if fsync(descriptor) != 0 { throw FileError(operation: "fsync", path: temporary, code: errno) }
        return Hexadecimal.text(digest.value())
    }

    func publish() throws {
        do throws(FileError) {
            try Files.rename(temporary, to: path)
        } catch {
            // Nobody is to see what may be gone tomorrow.
            if error.operation != "rename" { Files.remove(path) }
            throw error
        }
        close()
    }

    /// After `publish` it does nothing.
    func discard() {
        if descriptor >= 0 { Files.remove(temporary) }
        close()
    }

    private func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    deinit { discard() }
}

/// A snapshot in a file of a library user's choice.
final class SnapshotFile: SnapshotSink {
    private let path: String
    private let file: LocalSnapshotFile

    init(_ path: String) throws(QuiverError) {
        self.path = path
        do {
            let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
            file = try LocalSnapshotFile(Files.parent(of: path), name, LocalSnapshotStorage.temporarySuffix)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try unsafe file.write(bytes) }

    func publish() throws(QuiverError) -> SnapshotDescription {
        do {
            let checksum = try file.finish()
            try file.publish()
            guard var description = LocalSnapshotStorage.describe(path) else { throw SnapshotName.missing(path) }
            description.checksum = checksum
            return description
        } catch {
            throw QuiverError(wrapping: error)
        }
    }

    static func open(_ path: String) throws(QuiverError) -> LocalSnapshotContent {
        guard let content = LocalSnapshotContent(Files.canonical(path) ?? path) else {
            throw .notFound("there is no snapshot at \(path)")
        }
        return content
    }
}

/// A file by a descriptor: it can be read after its name is gone.
final class LocalSnapshotContent: SnapshotContent {
    let byteCount: UInt64
    let modifiedSeconds: Int?
    let tag: String?
    private let descriptor: Int32
    private let path: String

    /// Nil when there is no regular file.
    init?(_ path: String) {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if descriptor < 0 { return nil }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            _ = Glibc.close(descriptor)
            return nil
        }
        byteCount = UInt64(max(0, status.st_size))
        modifiedSeconds = Int(status.st_mtim.tv_sec)
        // Of what Qdrant's is made.
        tag = [UInt64(status.st_ino), byteCount, UInt64(max(0, status.st_mtim.tv_sec)), UInt64(max(0, status.st_mtim.tv_nsec))]
            .map { String($0, radix: 16) }.joined(separator: ":")
        self.descriptor = descriptor
        self.path = path
    }

    deinit { _ = Glibc.close(descriptor) }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(QuiverError) -> Int {
        guard offset < byteCount else { return 0 }
        while true {
            let count = unsafe pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            if errno != EINTR { throw QuiverError(FileError(operation: "read", path: path, code: errno)) }
        }
    }
}

extension SnapshotContent {
    /// From the beginning to the end.
    package func source() -> ArchiveSource {
        var offset: UInt64 = 0
        return { buffer in
            let count = try unsafe read(at: offset, into: buffer)
            offset += UInt64(count)
            return count
        }
    }
}
