import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The file of a `MigrationState`, which belongs to one process at a time.
final class MigrationStateFile: Sendable {
    let path: String
    private let lock: Int32
    private let state: Mutex<MigrationState>
    /// True when an earlier run left it.
    let wasThere: Bool

    /// - Parameter fresh: what it holds when there is no file yet.
    /// - Throws: `CommandFailure` with 73 when another process has it or it cannot be made, 65 when it is another
    ///   migration's.
    init(_ path: String, fresh: MigrationState) throws(CommandFailure) {
        self.path = path
        try Self.makeDirectories(of: path)
        lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw CommandFailure(code: .cannotCreate, message: "\(path).lock: \(SystemError.text(errno))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            _ = close(lock)
            throw CommandFailure(code: .cannotCreate, message: "another process is at this migration (\(path))")
        }
        var found: MigrationState?
        if access(path, F_OK) == 0 {
            let file = try InputFile(path)
            found = MigrationState(bytes: try file.read(at: 0, count: file.byteCount))
            guard let found, found.from == fresh.from, found.to == fresh.to else {
                _ = close(lock)
                throw CommandFailure(
                    code: .dataError,
                    message: "\(path) is not the state of this migration; name another file with --state, or delete it")
            }
        }
        wasThere = found != nil
        state = Mutex(found ?? fresh)
    }

    deinit { _ = close(lock) }

    var current: MigrationState { state.withLock { $0 } }

    /// Changes it in memory and on disk.
    func update(_ change: (inout MigrationState) -> Void) throws(CommandFailure) {
        let result = state.withLock { state in
            change(&state)
            return Result { () throws(CommandFailure) in try Self.write(state.bytes, to: path) }
        }
        try result.get()
    }

    /// Everything is done: nothing has to be remembered.
    func remove() {
        unlink(path)
        unlink(path + ".lock")
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
        let aside = path + ".new"
        func failure() -> CommandFailure {
            CommandFailure(code: .inputOutput, message: "\(aside): \(SystemError.text(errno))")
        }
        let descriptor = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        defer { _ = close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { writeBytes(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure() }
            written += count
        }
        guard fsync(descriptor) == 0, rename(aside, path) == 0 else { throw failure() }
    }

    private static func makeDirectories(of path: String) throws(CommandFailure) {
        for (index, character) in zip(path.indices, path) where character == "/" && index > path.startIndex {
            let directory = String(path[..<index])
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
                throw CommandFailure(code: .cannotCreate, message: "\(directory): \(SystemError.text(errno))")
            }
        }
    }

    /// `$XDG_STATE_HOME/quiver/migrate-….json`, or below `~/.local/state`: one for each pair of servers and choice of
    /// collections.
    static func defaultPath(identity: String, environment: [String: String]) -> String {
        let name = "/quiver/migrate-\(hash(identity)).json"
        if let home = environment["XDG_STATE_HOME"], home.hasPrefix("/") { return home + name }
        if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.local/state" + name }
        return "." + name
    }

    /// FNV-1a, 16 hexadecimal digits: tells texts apart that nobody chose to be alike.
    static func hash(_ text: String) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

private let writeBytes: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { write($0, $1, $2) }
