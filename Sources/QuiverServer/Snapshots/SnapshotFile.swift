import Glibc

/// A file to recover from, read from its beginning to its end.
final class SnapshotFile {
    private let descriptor: Int32
    private let path: String

    /// - Parameters:
    ///   - path: absolute.
    ///   - directory: the file has to be inside, wherever links lead.
    /// - Throws: `Rejection` in Qdrant's words.
    init(_ path: String, inside directory: String) throws(Rejection) {
        guard access(path, F_OK) == 0 else {
            throw Rejection(status: 400, text: "Bad request: Snapshot file \(Self.quoted(path)) does not exist")
        }
        guard let real = Self.real(path) else {
            throw Rejection(
                status: 400,
                text: "Bad request: Failed to resolve snapshot path \(Self.quoted(path)): \(String(cString: strerror(errno)))")
        }
        let allowed = Self.real(directory) ?? directory
        guard real.hasPrefix(allowed + "/") else {
            throw .forbidden("Snapshot file path must be inside the snapshots directory \(Self.quoted(allowed))")
        }
        descriptor = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        self.path = real
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Rejection(status: 400, text: "Bad request: Snapshot file \(Self.quoted(path)) cannot be read")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// 0 at the end.
    func read(into target: UnsafeMutableRawBufferPointer) throws(Rejection) -> Int {
        while true {
            let count = Glibc.read(descriptor, target.baseAddress, target.count)
            if count >= 0 { return count }
            if errno != EINTR {
                throw Rejection(
                    status: 500, text: "Service internal error: cannot read \(path): \(String(cString: strerror(errno)))")
            }
        }
    }

    private static func real(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    private static func quoted(_ path: String) -> String {
        var text = "\""
        for scalar in path.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\" + String(scalar)
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
