#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension S3Credentials {
    /// From a file if one is named, else from the environment, else from the file of the AWS tools; nil when none of them
    /// has any.
    ///
    /// - Throws: `.refused` for a named file without them.
    package static func find(file: String? = nil) throws(ObjectStoreError) -> S3Credentials? {
        if let file {
            guard let text = read(file) else { throw .refused("cannot read the credentials in `\(file)`") }
            guard let found = parse(text, profile: profile) else {
                throw .refused("`\(file)` has no credentials of the profile `\(profile)`")
            }
            return found
        }
        if let id = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") {
            return S3Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: value("AWS_SESSION_TOKEN"))
        }
        let path = value("AWS_SHARED_CREDENTIALS_FILE") ?? value("HOME").map { $0 + "/.aws/credentials" }
        return path.flatMap { read($0) }.flatMap { parse($0, profile: profile) }
    }

    private static var profile: String { value("AWS_PROFILE") ?? "default" }

    /// `[profile]` sections with lines `name = value`.
    static func parse(_ text: String, profile: String) -> S3Credentials? {
        var section = ""
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let line = trimmed(line)
            if line.hasPrefix("["), line.hasSuffix("]") {
                section = trimmed(line.dropFirst().dropLast())
            } else if section == profile, !line.hasPrefix("#"), !line.hasPrefix(";"), let mark = line.firstIndex(of: "=") {
                values[trimmed(line[..<mark]).lowercased()] = trimmed(line[line.index(after: mark)...])
            }
        }
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else { return nil }
        return S3Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: values["aws_session_token"])
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace ?? false { text.removeFirst() }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text)
    }

    private static func value(_ name: String) -> String? {
        guard let value = getenv(name), value[0] != 0 else { return nil }
        return String(cString: value)
    }

    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
