#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The 32 bytes that a repository is encrypted with. Its description has nothing of them.
package struct RepositoryKey: Sendable, CustomStringConvertible {
    let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard bytes.count == ChunkCipher.keyBytes else { return nil }
        self.bytes = bytes
    }

    /// 64 hexadecimal digits, or 44 characters of Base64; blanks and line ends around them do not matter.
    package init?(text: String) {
        let trimmed = text.split(whereSeparator: \.isWhitespace)
        guard trimmed.count == 1, let text = trimmed.first else { return nil }
        if let bytes = Digest.bytes(hex: text), let key = RepositoryKey(bytes) {
            self = key
        } else if let bytes = Self.base64(text), let key = RepositoryKey(bytes) {
            self = key
        } else {
            return nil
        }
    }

    /// A file of exactly 32 bytes, or of the key as text.
    package init(file path: String) throws(BackupError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .key("cannot read the key file `\(path)`: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        let content = Array(buffer[..<max(0, count)])
        if let key = RepositoryKey(content) ?? RepositoryKey(text: String(decoding: content, as: UTF8.self)) {
            self = key
        } else {
            throw .key("`\(path)` holds no key: 32 bytes, 64 hexadecimal digits, or 44 characters of Base64")
        }
    }

    package var description: String { "a key" }

    private static func base64(_ text: Substring) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        guard text.utf8.count == 44, text.hasSuffix("=") else { return nil }
        var bytes: [UInt8] = []
        var (bits, count) = (0, 0)
        for character in text.utf8.dropLast() {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
                bits &= (1 << count) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }
}

/// What a repository's key is used for, each with a key of its own (HKDF with the repository's id as salt).
struct RepositorySecrets: Sendable {
    let names: [UInt8]
    let contents: [UInt8]
    /// Stands in the repository, so that another key is told at once.
    let check: String

    init(_ key: RepositoryKey, repository id: [UInt8]) {
        names = Digest.derivedKey(secret: key.bytes, salt: id, use: "quiver backup: names")
        contents = Digest.derivedKey(secret: key.bytes, salt: id, use: "quiver backup: contents")
        let check = Digest.derivedKey(secret: key.bytes, salt: id, use: "quiver backup: check")
        self.check = Digest.hex(Digest.hmac(key: check, id))
    }
}
