import Glibc

import QuiverArchive
import QuiverLMDB

/// A small file that is written whole: `{"checksum":"<8 hexadecimal digits>","content":<JSON>}` and a line feed, without a
/// byte more. The checksum is the CRC-32C of a key, that says what the file is of, and then of the content's bytes: a sound
/// file in another's place is found out.
enum CheckedFile {
    enum Content: Equatable {
        case missing
        case damaged
        case whole([UInt8])
    }

    private static let head = Array(#"{"checksum":""#.utf8)
    private static let middle = Array(#"","content":"#.utf8)
    private static let tail = Array("}\n".utf8)
    private static let digits = 8
    private static var contentStart: Int { head.count + digits + middle.count }
    /// None is as large.
    static let mostBytes = 256 << 20

    /// - Throws: what is no matter of the content: a disk that does not give it, no descriptors left.
    static func read(_ path: String, key: String) throws(FileError) -> Content {
        guard let bytes = try bytes(of: path) else { return .missing }
        let end = bytes.count - tail.count
        guard end > contentStart, bytes.starts(with: head), bytes[end...].elementsEqual(tail),
            bytes[(head.count + digits)..<contentStart].elementsEqual(middle)
        else { return .damaged }
        let content = Array(bytes[contentStart..<end])
        let checksum = checksum(of: content, key: key)
        return bytes[head.count..<(head.count + digits)].elementsEqual(checksum) ? .whole(content) : .damaged
    }

    static func encoded(_ content: [UInt8], key: String) -> [UInt8] {
        head + checksum(of: content, key: key) + middle + content + tail
    }

    /// The file is there as a whole or as it was before; returns when it is durable, with its name.
    ///
    /// - Parameter aside: where it is written first, in the same directory. It stays there where this fails.
    static func write(_ content: [UInt8], to path: String, key: String, aside: String) throws(FileError) {
        try put(encoded(content, key: key), aside)
        try Files.rename(aside, to: path)
    }

    private static func checksum(of content: [UInt8], key: String) -> [UInt8] {
        let checksum = unsafe content.withUnsafeBytes { content in
            unsafe CRC32C.of(content, after: Array(key.utf8).withUnsafeBytes { unsafe CRC32C.of($0) })
        }
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * $0)) }
        return Array(Hexadecimal.text(bytes).utf8)
    }

    private static func put(_ bytes: [UInt8], _ path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(operation: "create", path: path, code: errno) }
        defer { _ = close(descriptor) }
        var failure: FileError?
        unsafe bytes.withUnsafeBytes { bytes in
            do throws(FileError) {
                try unsafe Files.write(bytes, to: descriptor, path: path)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        if fsync(descriptor) != 0 { throw FileError(operation: "fsync", path: path, code: errno) }
    }

    /// Nil when there is no such file.
    private static func bytes(of path: String) throws(FileError) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileError(operation: "open", path: path, code: errno)
        }
        defer { _ = close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileError(operation: "read", path: path, code: errno) }
        let size = Int(status.st_size)
        if size > mostBytes { return [] }
        var bytes = [UInt8](repeating: 0, count: size)
        var done = 0
        while done < size {
            let count = unsafe bytes.withUnsafeMutableBytes { bytes in
                unsafe Glibc.read(descriptor, bytes.baseAddress.map { unsafe $0 + done }, size - done)
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw FileError(operation: "read", path: path, code: errno) }
            if count == 0 { break }
            done += count
        }
        return Array(bytes[..<done])
    }
}
