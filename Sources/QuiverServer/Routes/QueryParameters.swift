import QuiverModel

/// The parameters behind the `?` of a request: `wait`, `ordering`, `timeout` and `consistency`.
///
/// One machine has one replica, so `ordering` and `consistency` are checked and change nothing.
/// Parameters of other names are ignored, as in Qdrant.
package struct QueryParameters: Hashable, Sendable {
    /// Whether an update is answered when it is applied, or when it is durable.
    package var wait = false
    package var timeout: Duration?

    package init() {}

    /// - Throws: `Rejection` with 400 for a value that cannot be read, with 422 for one out of bounds.
    package init(_ query: (some StringProtocol)?) throws(Rejection) {
        guard let query, !query.isEmpty else { return }
        for pair in query.split(separator: "&") {
            let name = pair.prefix { $0 != "=" }
            guard ["wait", "timeout", "ordering", "consistency"].contains(String(name)) else { continue }
            guard let value = PercentCoding.decode(pair.dropFirst(name.count + 1), plusIsSpace: true) else {
                throw .malformed("query parameters", "invalid percent sequence in `\(name)`")
            }
            switch name {
            case "wait": wait = try Self.bool(value)
            case "timeout": timeout = .seconds(try Self.seconds(value))
            case "ordering":
                guard ["weak", "medium", "strong"].contains(value) else {
                    throw .malformed(
                        "query parameters", "unknown variant `\(value)`, expected one of `weak`, `medium`, `strong`")
                }
            default: try Self.checkConsistency(value)
            }
        }
    }

    private static func bool(_ value: String) throws(Rejection) -> Bool {
        switch value {
        case "true": return true
        case "false": return false
        default: throw .malformed("query parameters", "provided string was not `true` or `false`")
        }
    }

    private static func seconds(_ value: String) throws(Rejection) -> UInt32 {
        guard let seconds = UInt64(value) else {
            throw .malformed("query parameters", "invalid digit found in string")
        }
        guard seconds >= 1 else {
            throw .invalid("query parameters", "timeout: value \(seconds) invalid, must be 1 or larger")
        }
        return UInt32(clamping: seconds)
    }

    private static func checkConsistency(_ value: String) throws(Rejection) {
        if ["majority", "quorum", "all"].contains(value) { return }
        guard let factor = UInt64(value) else {
            throw .malformed(
                "query parameters",
                "failed to deserialize read consistency query parameter value: expected a number of at least 1, "
                    + "`majority`, `quorum` or `all`, got `\(value)`")
        }
        guard factor >= 1 else {
            throw .invalid("query parameters", "consistency: value 0 invalid, must be 1 or larger")
        }
    }
}
