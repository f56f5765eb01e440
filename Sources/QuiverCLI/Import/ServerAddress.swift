/// The address of a server: `[http[s]://]host[:port][/prefix]`. The port is 6333 unless given, as Qdrant's clients have it.
struct ServerAddress: Hashable, Sendable {
    var isSecure = false
    var host: String
    var port: Int
    /// Without a slash at its end.
    var prefix: String

    /// A sentence on what is wrong.
    struct Fault: Error, Hashable { var message: String }

    init(_ text: String) throws(Fault) {
        var rest = text[...]
        if let scheme = rest.firstRange(of: "://") {
            let name = rest[..<scheme.lowerBound].lowercased()
            guard name == "http" || name == "https" else {
                throw Fault(message: "\(name) addresses are not supported, only http and https")
            }
            isSecure = name == "https"
            rest = rest[scheme.upperBound...]
        }
        let authority = rest.prefix { $0 != "/" }
        var path = rest[authority.endIndex...]
        while path.hasSuffix("/") { path.removeLast() }
        guard !authority.contains("@") else { throw Fault(message: "an address with a user name is not supported") }
        guard !path.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }) else {
            throw Fault(message: "\(text) is not the address of a server")
        }
        let isLiteral6 = authority.hasPrefix("[")
        let hostEnd = isLiteral6 ? authority.firstIndex(of: "]") : authority.firstIndex(of: ":") ?? authority.endIndex
        guard let hostEnd else { throw Fault(message: "\(text) is not the address of a server") }
        let host =
            isLiteral6 ? authority[authority.index(after: authority.startIndex)..<hostEnd] : authority[..<hostEnd]
        let behind = isLiteral6 ? authority[authority.index(after: hostEnd)...] : authority[hostEnd...]
        guard !host.isEmpty else { throw Fault(message: "\(text) names no host") }
        if behind.isEmpty {
            port = 6333
        } else {
            guard behind.hasPrefix(":"), let port = UInt16(behind.dropFirst()), port > 0 else {
                throw Fault(message: "\(text) has no valid port")
            }
            self.port = Int(port)
        }
        self.host = String(host)
        prefix = String(path)
    }

    /// In full, without a slash at its end.
    var url: String { "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)\(prefix)" }
}
