/// The parts of an absolute URL of http or https, as they are written.
package struct WebAddress: Hashable, Sendable {
    package var scheme: String
    /// An IPv6 address with its brackets.
    package var host: String
    package var port: Int
    /// From the first `/`, without the query; `/` at least.
    package var path: String
    /// Without `?`; nil when there is none.
    package var query: String?

    package init?(_ url: String) {
        guard let colon = url.firstRange(of: "://") else { return nil }
        scheme = url[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = url[colon.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest[authority.endIndex...]
        let mark = tail.firstIndex(of: "?")
        path = String(tail[..<(mark ?? tail.endIndex)])
        query = mark.map { String(tail[tail.index(after: $0)...]) }
        if path.isEmpty { path = "/" }
        guard !authority.contains("@"), url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let standard = scheme == "https" ? 443 : 80
        let hostEnd = authority.hasPrefix("[")
            ? authority.firstIndex(of: "]").map { authority.index(after: $0) } : authority.firstIndex(of: ":")
        host = String(authority[..<(hostEnd ?? authority.endIndex)]).lowercased()
        let portText = authority[(hostEnd ?? authority.endIndex)...]
        guard let port = portText.isEmpty ? standard : (portText.hasPrefix(":") ? Int(portText.dropFirst()) : nil),
            (1...65_535).contains(port), !host.isEmpty
        else { return nil }
        self.port = port
    }

    /// What the `host` header says: the port only where it is not the scheme's own.
    package var authority: String {
        port == (scheme == "https" ? 443 : 80) ? host : "\(host):\(port)"
    }

    package var origin: String { "\(scheme)://\(host):\(port)" }

    /// A `location` as seen from here (RFC 3986, without `.` and `..`).
    package func resolve(_ location: String) -> String {
        let location = String(location.prefix { $0 != "#" })
        if location.contains("://"), !location.hasPrefix("/"), !location.hasPrefix("?") { return location }
        if location.hasPrefix("//") { return scheme + ":" + location }
        let base = scheme + "://" + authority
        if location.hasPrefix("/") { return base + location }
        if location.hasPrefix("?") { return base + path + location }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
        return base + folder + location
    }
}
