/// The parameters of `GET /metrics` and `GET /telemetry` behind the `?`. Others are ignored, as in Qdrant.
package struct ReportParameters: Hashable, Sendable {
    /// Names of collections, vectors and fields are replaced by digests.
    package var anonymize = false
    /// Requests are told by collection too.
    package var perCollection = false
    /// 0 to 10: how much telemetry tells.
    package var detailsLevel = 0

    package init() {}

    /// - Throws: `Rejection` with 400 for a value that cannot be read, with 422 for one out of bounds.
    package init(_ query: (some StringProtocol)?) throws(Rejection) {
        for pair in (query.map { String($0) } ?? "").split(separator: "&") {
            let name = pair.prefix { $0 != "=" }
            guard ["anonymize", "per_collection", "details_level"].contains(String(name)) else { continue }
            guard let value = PercentCoding.decode(pair.dropFirst(name.count + 1), plusIsSpace: true) else {
                throw .malformed("query parameters", "invalid percent sequence in `\(name)`")
            }
            switch name {
            case "anonymize": anonymize = try Self.bool(value)
            case "per_collection": perCollection = try Self.bool(value)
            default:
                guard let level = UInt64(value) else {
                    throw .malformed("query parameters", "invalid digit found in string")
                }
                guard level <= 10 else {
                    throw .invalid("query parameters", "details_level: value \(level) invalid, must be from 0 to 10")
                }
                detailsLevel = Int(level)
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

    /// The name, or what stands for it: the same in every report of every process (FNV-1a of 64 bits).
    func shown(_ name: String) -> String {
        guard anonymize, !name.isEmpty else { return name }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
