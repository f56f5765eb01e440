import QuiverWire

/// Where a snapshot to recover from is.
enum SnapshotLocation: Equatable {
    /// An absolute path.
    case file(String)
    /// `http` or `https`.
    case remote(String)
    /// Of a shard: the name of one of its snapshots.
    case named(String)

    /// - Throws: `Rejection` in Qdrant's words.
    init(_ text: String, ofShard: Bool) throws(Rejection) {
        guard SnapshotRecovery.hasScheme(text), let colon = text.firstIndex(of: ":") else {
            self = .named(text)
            return
        }
        let scheme = text[..<colon].lowercased()
        switch scheme {
        case "http", "https": self = .remote(text)
        case _ where ofShard:
            throw Rejection(
                status: 400,
                text: "Wrong input: Invalid snapshot URL \(text): URLs with \(scheme) scheme are not supported")
        case "file": self = .file(try Self.path(text[text.index(after: colon)...]))
        default:
            throw Rejection(status: 400, text: "Bad request: URL \(text) with scheme \(scheme) is not supported")
        }
    }

    /// Of `///path`, `//localhost/path` or `/path` (RFC 8089).
    private static func path(_ text: Substring) throws(Rejection) -> String {
        var path = text.prefix { $0 != "?" && $0 != "#" }
        if path.hasPrefix("//") {
            path = path.dropFirst(2)
            let host = path.prefix { $0 != "/" }
            guard host.isEmpty || host.lowercased() == "localhost" else { throw notAbsolute }
            path = path.dropFirst(host.count)
        }
        guard path.hasPrefix("/"), let decoded = PercentCoding.decode(path), !decoded.utf8.contains(0) else {
            throw notAbsolute
        }
        return decoded
    }

    private static let notAbsolute = Rejection(
        status: 400, text: "Bad request: Invalid snapshot URI, file path must be absolute or on localhost")
}
