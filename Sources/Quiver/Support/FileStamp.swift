import Glibc

/// What the file system says of a file. As long as it stays the same nobody has written to the file, nor put another in
/// its place; it says nothing of bits that a disk has lost.
///
/// On disk: inode, size, time of modification and time of change in nanoseconds since 1970, each u64, little-endian.
struct FileStamp: Equatable, Sendable {
    static let byteCount = 32

    var inode: UInt64
    var size: UInt64
    var modified: UInt64
    var changed: UInt64

    /// Nil when there is no such file.
    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        inode = UInt64(truncatingIfNeeded: status.st_ino)
        size = UInt64(truncatingIfNeeded: status.st_size)
        modified = FileStamp.nanoseconds(status.st_mtim)
        changed = FileStamp.nanoseconds(status.st_ctim)
    }

    private static func nanoseconds(_ time: timespec) -> UInt64 {
        UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        for number in [inode, size, modified, changed] { writer.write(number) }
        return writer.takeBytes()
    }

    /// Nil for anything but a stamp: then the file is as one without.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == FileStamp.byteCount else { return nil }
        var reader = unsafe ByteReader(bytes)
        do throws(ByteReader.Malformed) {
            inode = try reader.read()
            size = try reader.read()
            modified = try reader.read()
            changed = try reader.read()
        } catch {
            return nil
        }
    }
}
