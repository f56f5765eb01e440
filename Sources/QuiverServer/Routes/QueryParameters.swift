import QuiverModel
import QuiverWire

/// The parameters behind the `?` of a request.
///
/// One machine has one replica, so `ordering` and `consistency` are checked and change nothing. Parameters that a route
/// does not have are ignored, as in Qdrant.
package struct QueryParameters: Hashable, Sendable {
    /// Whether an update is answered when it is applied, or when it is durable.
    package var wait = false
    /// The same, where it matters whether it was said.
    package var saidWait: Bool?
    package var timeout: Duration?
    /// Of recoveries from snapshots.
    package var priority: String?
    package var checksum: String?
    /// Of a backup: log records behind this sequence.
    package var after: UInt64 = 0
    /// Of `/metrics` and `/telemetry`.
    package var report = ReportParameters()
    /// What the list of optimizations shall hold besides, as it was written.
    package var with = ""
    package var completedLimit = 16
    /// Of the list of slow requests.
    package var limit = 10
    package var request: String?

    package init() {}

    /// - Throws: `Rejection` with 400 for a value that cannot be read, with 422 for one out of bounds.
    package init(
        _ query: (some StringProtocol)?, accepting accepted: ParameterNames = [.wait, .ordering, .timeout, .consistency]
    ) throws(Rejection) {
        guard let query, !query.isEmpty, !accepted.isEmpty else { return }
        for pair in query.split(separator: "&") {
            let name = pair.prefix { $0 != "=" }
            guard let parameter = ParameterNames.spellings.first(where: { $0.name == name })?.parameter,
                accepted.contains(parameter)
            else { continue }
            guard let value = PercentCoding.decode(pair.dropFirst(name.count + 1), plusIsSpace: true) else {
                throw .malformed("query parameters", "invalid percent sequence in `\(name)`")
            }
            try read(parameter, value)
        }
    }

    private mutating func read(_ parameter: ParameterNames, _ value: String) throws(Rejection) {
        switch parameter {
        case .wait:
            wait = try Self.bool(value)
            saidWait = wait
        case .priority:
            guard SnapshotRecovery.priorities.contains(value) else {
                let names = SnapshotRecovery.priorities.map { "`\($0)`" }.joined(separator: ", ")
                throw .malformed("query parameters", "unknown variant `\(value)`, expected one of \(names)")
            }
            priority = value
        case .checksum:
            guard SnapshotRecovery.isChecksum(value) else {
                throw .invalid("query parameters", "checksum: \(SnapshotRecovery.checksumRule)")
            }
            checksum = value
        case .after: after = try Self.unsigned(value)
        case .timeout: timeout = .seconds(try Self.seconds(value))
        case .ordering:
            guard ["weak", "medium", "strong"].contains(value) else {
                throw .malformed(
                    "query parameters", "unknown variant `\(value)`, expected one of `weak`, `medium`, `strong`")
            }
        case .consistency: try Self.checkConsistency(value)
        case .anonymize: report.anonymize = try Self.bool(value)
        case .perCollection: report.perCollection = try Self.bool(value)
        case .detailsLevel:
            let level = try Self.unsigned(value)
            guard level <= 10 else {
                throw .invalid("query parameters", "details_level: value \(level) invalid, must be from 0 to 10")
            }
            report.detailsLevel = Int(level)
        case .with: with = value
        case .completedLimit: completedLimit = Int(clamping: try Self.unsigned(value))
        case .limit: limit = Int(clamping: try Self.unsigned(value))
        case .request: request = value
        case .force: _ = try Self.bool(value)
        default: break
        }
    }

    private static func bool(_ value: String) throws(Rejection) -> Bool {
        switch value {
        case "true": return true
        case "false": return false
        default: throw .malformed("query parameters", "provided string was not `true` or `false`")
        }
    }

    private static func unsigned(_ value: String) throws(Rejection) -> UInt64 {
        guard let number = UInt64(value) else {
            throw .malformed(
                "query parameters",
                value.isEmpty ? "cannot parse integer from empty string" : "invalid digit found in string")
        }
        return number
    }

    private static func seconds(_ value: String) throws(Rejection) -> UInt32 {
        let seconds = try unsigned(value)
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
