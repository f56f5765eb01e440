import ArgumentParser
import Quiver
import QuiverArchive

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Brings a snapshot into a file, or to standard output, and holds its bytes against its checksum.
///
/// The file is `<path>.part` until it is whole. What an earlier try left of it is kept: reading goes on behind it.
struct SnapshotDownload {
    var place: any SnapshotPlace
    var scope: SnapshotScope
    var description: SnapshotDescription
    var progress: Progress

    func run(to path: String, overwriting: Bool) async throws {
        guard overwriting || access(path, F_OK) != 0 else {
            throw CommandFailure(code: .cannotCreate, message: "\(path) is there already; --overwrite replaces it")
        }
        let partial = path + ".part"
        let descriptor = open(partial, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(.cannotCreate, partial) }
        defer { _ = close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw CommandFailure(code: .cannotCreate, message: "another process is writing \(partial)")
        }
        let size = Int(description.size)
        var digest = try Self.emptyDigest()
        var done = try Self.digestOfStart(partial, descriptor, atMost: size, &digest)
        progress.begin("downloading \(description.name)", total: size, unit: .bytes, before: done)
        try await place.read(
            scope, description.name, from: done,
            restart: {
                digest = try Self.emptyDigest()
                done = 0
                progress.reach(0)
                guard ftruncate(descriptor, 0) == 0 else { throw Self.failure(.inputOutput, partial) }
            }
        ) { bytes in
            try Self.write(bytes, descriptor, at: done, partial)
            digest.update(bytes)
            done += bytes.count
            progress.advance(bytes.count)
        }
        progress.end()
        do {
            try check(digest.value(), byteCount: done)
        } catch {
            unlink(partial)
            throw error
        }
        guard ftruncate(descriptor, off_t(done)) == 0, fsync(descriptor) == 0, rename(partial, path) == 0 else {
            throw Self.failure(.inputOutput, path)
        }
    }

    func runToStandardOutput() async throws {
        var digest = try Self.emptyDigest()
        var done = 0
        progress.begin("downloading \(description.name)", total: Int(description.size), unit: .bytes)
        try await place.read(
            scope, description.name, from: 0,
            restart: { throw CommandFailure(code: .unavailable, message: "\(place.name) cannot go on where it was") }
        ) { bytes in
            try Self.write(bytes, STDOUT_FILENO, at: nil, "standard output")
            digest.update(bytes)
            done += bytes.count
            progress.advance(bytes.count)
        }
        progress.end()
        try check(digest.value(), byteCount: done)
    }

    private func check(_ digest: [UInt8], byteCount: Int) throws(CommandFailure) {
        let name = description.name
        guard byteCount == Int(description.size) else {
            throw CommandFailure(
                code: .dataError, message: "\(name) has \(byteCount) bytes and not \(description.size), as \(place.name) said")
        }
        let found = Hexadecimal.text(digest)
        if let expected = description.checksum, expected.lowercased() != found {
            throw CommandFailure(code: .dataError, message: "\(name) has the SHA-256 \(found) and not \(expected)")
        }
    }

    private static func emptyDigest() throws(CommandFailure) -> StreamDigest {
        guard let digest = StreamDigest() else { throw CommandFailure(code: .software, message: "no memory is left") }
        return digest
    }

    /// - Returns: how much of it is there already; 0 where that cannot be a beginning.
    private static func digestOfStart(
        _ path: String, _ descriptor: Int32, atMost size: Int, _ digest: inout StreamDigest
    ) throws(CommandFailure) -> Int {
        let file = try InputFile(path)
        guard file.byteCount <= size else {
            guard ftruncate(descriptor, 0) == 0 else { throw failure(.inputOutput, path) }
            return 0
        }
        var done = 0
        while done < file.byteCount {
            try Interruption.check()
            let bytes = try file.read(at: done, count: min(1 << 20, file.byteCount - done))
            guard !bytes.isEmpty else { break }
            bytes.withUnsafeBytes { digest.update($0) }
            done += bytes.count
        }
        return done
    }

    /// - Parameter offset: nil: where the descriptor stands.
    private static func write(
        _ bytes: UnsafeRawBufferPointer, _ descriptor: Int32, at offset: Int?, _ path: String
    ) throws(CommandFailure) {
        var written = 0
        while written < bytes.count {
            let start = bytes.baseAddress.map { $0 + written }
            let left = bytes.count - written
            let count =
                offset.map { pwrite(descriptor, start, left, off_t($0 + written)) } ?? writeBytes(descriptor, start, left)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(.inputOutput, path) }
            written += count
        }
    }

    private static func failure(_ code: ExitCode, _ path: String) -> CommandFailure {
        CommandFailure(code: code, message: "\(path): \(SystemError.text(errno))")
    }
}

private let writeBytes: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { write($0, $1, $2) }
