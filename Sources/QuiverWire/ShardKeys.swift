import QuiverJSON

/// The member `shard_key`: one key, a list of keys, or `{target, fallback}`.
///
/// Shards have keys where an operator gave them some, for which Qdrant wants a cluster. A collection of one node has
/// none, and Qdrant says so of each that is named.
enum ShardKeys {
    /// For reads.
    ///
    /// - Returns: False for a list without keys, which names no shards, so that nothing is found.
    static func namesShards(in object: JSONNode) throws(WireFault) -> Bool {
        guard let node = try object.given("shard_key") else { return true }
        guard let first = try check(node) else { return false }
        try fault(first, in: node, .badRequest).raise()
        return true
    }

    /// For updates, which a list without keys changes nothing about.
    static func refuseInUpdate(_ object: JSONNode) throws(WireFault) {
        guard let node = try object.given("shard_key"), let first = try check(node) else { return }
        try fault(first, in: node, .wrongInput).raise()
    }

    private static func fault(_ key: JSONNode, in node: JSONNode, _ kind: WireFault.Kind) -> WireFault {
        if node.isObject, let fallback = node.member("fallback") {
            return key.fault(
                .notFound,
                "Neither target shard key \(key.excerpt) nor fallback shard key \(fallback.excerpt) exist")
        }
        return key.fault(kind, "Shard key \(key.excerpt) not found")
    }

    /// The first key; nil when there is none.
    private static func check(_ node: JSONNode) throws(WireFault) -> JSONNode? {
        if isKey(node) { return node }
        if node.isArray {
            for item in node.elements where !isKey(item) { throw node.noVariant("ShardKeySelector") }
            return node.element(at: 0)
        }
        guard node.isObject, let target = try node.field("target"), let fallback = try node.field("fallback"),
            isKey(target), isKey(fallback)
        else { throw node.noVariant("ShardKeySelector") }
        return target
    }

    private static func isKey(_ node: JSONNode) -> Bool { node.isString || node.uint64 != nil }
}
