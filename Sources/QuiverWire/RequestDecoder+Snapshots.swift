import QuiverJSON
import QuiverModel

/// What `PUT …/snapshots/recover` asks for.
package struct SnapshotRecovery: Hashable, Sendable {
    /// A URL; for a shard also the bare name of one of its snapshots.
    package var location: String
    package var priority: String?
    /// 64 hexadecimal digits.
    package var checksum: String?
    /// Sent to the server of `location`.
    package var apiKey: String?

    private enum Priority: String, CaseIterable {
        case noSync = "no_sync"
        case snapshot, replica
    }

    /// The names of priorities.
    package static let priorities = Priority.allCases.map(\.rawValue)

    init(_ node: JSONNode, ofShard: Bool) throws(WireFault) {
        try node.requireObject(ofShard ? "struct ShardSnapshotRecover" : "struct SnapshotRecover")
        let place = try node.required("location")
        location = try place.text()
        if !ofShard, !SnapshotRecovery.hasScheme(location) { throw place.malformed("relative URL without a base") }
        priority = try node.optionalVariant("priority", of: Priority.self)?.rawValue
        if let digest = try node.given("checksum") {
            let text = try digest.text()
            if !SnapshotRecovery.isChecksum(text) { try digest.breaks(SnapshotRecovery.checksumRule) }
            checksum = text
        }
        apiKey = try node.optionalString("api_key")
    }

    package static let checksumRule = "value invalid, must be a SHA-256 digest of 64 hexadecimal digits"

    package static func isChecksum(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"):
                true
            default: false
            }
        }
    }

    /// Whether a text begins as an absolute URL does (RFC 3986, section 3.1).
    package static func hasScheme(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
        let scheme = text.utf8[..<colon]
        guard let first = scheme.first, (first | 0x20) >= 0x61, (first | 0x20) <= 0x7A else { return false }
        return scheme.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}

extension RequestDecoder {
    /// `PUT /collections/{name}/snapshots/recover`
    package static func snapshotRecovery(_ body: UnsafeRawBufferPointer) throws(WireError) -> SnapshotRecovery {
        try unsafe decode(body) { (node) throws(WireFault) in try SnapshotRecovery(node, ofShard: false) }
    }

    /// `PUT /collections/{name}/shards/{id}/snapshots/recover`
    package static func shardSnapshotRecovery(_ body: UnsafeRawBufferPointer) throws(WireError) -> SnapshotRecovery {
        try unsafe decode(body) { (node) throws(WireFault) in try SnapshotRecovery(node, ofShard: true) }
    }

    /// `POST /quiver/backups`: the names of collections, nil for all; and whether logs are kept from now on.
    package static func backupSession(
        _ body: UnsafeRawBufferPointer
    ) throws(WireError) -> (collections: [String]?, keepsLogs: Bool) {
        if body.isEmpty { return (nil, true) }
        return try unsafe decode(body) { (node) throws(WireFault) in
            try node.requireObject("struct BackupSession")
            return (try node.given("collections")?.strings(), try node.optionalBool("keep_logs") ?? true)
        }
    }

    /// `PUT /quiver/log_retention`
    package static func logRetention(_ body: UnsafeRawBufferPointer) throws(WireError) -> Bool {
        try unsafe decode(body) { (node) throws(WireFault) in
            try node.requireObject("struct LogRetention")
            return try node.required("keep").bool()
        }
    }
}
