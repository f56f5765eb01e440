#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A directory that is kept, or one of its own that goes with this object.
final class ScratchDirectory {
    let path: String
    private let isTemporary: Bool

    /// - Parameters:
    ///   - path: nil for a temporary one.
    ///   - parent: what a temporary one is made in; `$TMPDIR` unless given.
    ///   - name: what its name begins with.
    /// - Throws: `CommandFailure` with 73 when there is no room for it.
    init(_ path: String?, below parent: String? = nil, name: String = "quiver") throws(CommandFailure) {
        isTemporary = path == nil
        if let path {
            self.path = path
            return
        }
        let parent = parent ?? ProcessEnvironment.all["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array((parent + "/\(name)-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(
                code: .cannotCreate, message: "a directory below \(parent): \(SystemError.text(errno))")
        }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { if isTemporary { Self.remove(path) } }

    /// What all files below take, in whole blocks.
    var byteCount: Int { Self.byteCount(path) }

    private static func byteCount(_ path: String) -> Int {
        var status = stat()
        guard lstat(path, &status) == 0 else { return 0 }
        guard status.st_mode & S_IFMT == S_IFDIR else { return Int(status.st_blocks) * 512 }
        return names(path).reduce(0) { $0 + byteCount(path + "/" + $1) }
    }

    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in names(path) { remove(path + "/" + name) }
        rmdir(path)
    }

    private static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
