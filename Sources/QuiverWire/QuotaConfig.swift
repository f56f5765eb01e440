import QuiverJSON

/// Bounds for what the server takes of its machine, as `PUT /quotas` sends them and `quota.json` keeps them.
package struct QuotaConfig: Hashable, Sendable {
    package var enabled = false
    /// Of the memory that the process may use, 1 to 100; nil: no bound.
    package var maxResidentMemoryPercent: Int?
    /// Of the file system of the storage, 1 to 100; nil: no bound.
    package var maxDiskUsagePercent: Int?
    /// How far below its bound a resource has to fall before more is taken; nil: 5.
    package var releaseMarginPercent: Int?

    package init() {}

    /// As it is sent and stored.
    package var report: ReportValue {
        var members: [(String, ReportValue)] = [("enabled", .bool(enabled))]
        for (name, value) in [
            ("max_resident_memory_percent", maxResidentMemoryPercent), ("max_disk_usage_percent", maxDiskUsagePercent),
            ("release_margin_percent", releaseMarginPercent),
        ] {
            if let value { members.append((name, .int(value))) }
        }
        return .object(members)
    }
}

extension RequestDecoder {
    /// `PUT /quotas`
    package static func quotaConfig(_ body: UnsafeRawBufferPointer) throws(WireError) -> QuotaConfig {
        try unsafe decode(body) { (node) throws(WireFault) in
            try node.requireObject("struct QuotaConfig")
            var config = QuotaConfig()
            if let enabled = try node.field("enabled") { config.enabled = try enabled.bool() }
            config.maxResidentMemoryPercent = try percent(node.given("max_resident_memory_percent"), from: 1)
            config.maxDiskUsagePercent = try percent(node.given("max_disk_usage_percent"), from: 1)
            config.releaseMarginPercent = try percent(node.given("release_margin_percent"), from: 0)
            return config
        }
    }

    private static func percent(_ node: JSONNode?, from lowest: UInt64) throws(WireFault) -> Int? {
        guard let node else { return nil }
        let value = try node.unsigned("u8")
        guard value <= 255 else { throw node.invalidValue("u8") }
        guard value >= lowest, value <= 100 else {
            let rule = lowest == 0 ? "must be 100 or smaller" : "must be from \(lowest) to 100"
            throw node.broken("value \(value) invalid, \(rule)")
        }
        return Int(value)
    }
}
