/// How `GET /metrics` and `GET /telemetry` tell what they tell.
package struct ReportParameters: Hashable, Sendable {
    /// Names of collections, vectors and fields are replaced by digests.
    package var anonymize = false
    /// Requests are told by collection too.
    package var perCollection = false
    /// 0 to 10: how much telemetry tells.
    package var detailsLevel = 0

    package init() {}

    /// The name, or what stands for it: the same in every report of every process.
    func shown(_ name: String) -> String {
        guard anonymize, !name.isEmpty else { return name }
        let digits = String(Digest.of(name), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

/// FNV-1a of 64 bits.
enum Digest {
    static func of(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
