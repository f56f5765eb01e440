import QuiverJSON
import QuiverModel

// Updates that name their points by ids or by a filter.
extension RequestDecoder {
    static func setPayloadOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        try node.requireObject("struct SetPayload")
        let (payload, selector) = try payloadChange(node)
        let path = try node.given("key").map { (key) throws(WireFault) in try key.path() }
        return [.setPayload(payload, selector, path: path)]
    }

    /// `key` has no effect here, in Qdrant neither: the whole payload is replaced.
    static func overwritePayloadOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        try node.requireObject("struct SetPayload")
        let (payload, selector) = try payloadChange(node)
        _ = try node.given("key").map { (key) throws(WireFault) in try key.path() }
        return [.overwritePayload(payload, selector)]
    }

    private static func payloadChange(_ node: JSONNode) throws(WireFault) -> (Payload, PointSelector) {
        try ShardKeys.refuseInUpdate(node)
        let given = try node.required("payload")
        guard let payload = try given.payload() else { throw given.invalidType("a map") }
        return (payload, try selector(node))
    }

    static func deletePayloadOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        try node.requireObject("struct DeletePayload")
        try ShardKeys.refuseInUpdate(node)
        let keys = try node.required("keys").paths()
        return [.deletePayload(keys: keys, try selector(node))]
    }

    static func clearPayloadOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        [.clearPayload(try pointsSelector(node))]
    }

    static func deletePointsOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        [.deletePoints(try pointsSelector(node))]
    }

    /// With ids and a filter both are applied, one after the other.
    static func deleteVectorsOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        try node.requireObject("struct DeleteVectors")
        try ShardKeys.refuseInUpdate(node)
        guard let vectors = try node.given("vector", or: "vectors") else { throw node.missing("vector") }
        let names = Set(try vectors.strings()).sorted()
        if names.isEmpty { try vectors.breaks("must specify vector names to delete") }
        var operations: [UpdateOperation] = []
        if let filter = try filter(node) { operations.append(.deleteVectors(.filter(filter), names: names)) }
        if let points = try node.given("points") {
            operations.append(.deleteVectors(.ids(try someIDs(points)), names: names))
        }
        if operations.isEmpty { try node.badRequest("No filter or points provided").raise() }
        return operations
    }

    /// `points` or `filter`; the ids win when both are there.
    private static func selector(_ node: JSONNode) throws(WireFault) -> PointSelector {
        let filter = try filter(node)
        if let points = try node.given("points") { return .ids(try someIDs(points)) }
        guard let filter else { throw node.malformed("Either list of point ids or filter must be provided") }
        return .filter(filter)
    }

    private static func pointsSelector(_ node: JSONNode) throws(WireFault) -> PointSelector {
        guard node.isObject else { throw node.noVariant("PointsSelector") }
        try ShardKeys.refuseInUpdate(node)
        if let points = try node.field("points"), points.isArray { return .ids(try someIDs(points)) }
        guard let filter = try filter(node) else { throw node.noVariant("PointsSelector") }
        return .filter(filter)
    }

    private static func someIDs(_ node: JSONNode) throws(WireFault) -> [PointID] {
        let ids = try node.pointIDs()
        if ids.isEmpty { try node.badRequest("Empty update request").raise() }
        return ids
    }
}

extension RequestDecoder {
    static func batchUpdateOperations(_ node: JSONNode) throws(WireFault) -> BatchUpdate {
        try node.requireObject("struct UpdateOperations")
        let operations = try node.required("operations").list("a sequence") { (item) throws(WireFault) in
            try updateOperation(item)
        }
        return BatchUpdate(operations: operations.flatMap { $0 }, resultCount: operations.count)
    }

    /// The operation is told by its only member.
    private static func updateOperation(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        guard node.isObject else { throw node.noVariant("UpdateOperation") }
        if let body = try node.field("upsert") { return try upsertOperations(body) }
        if let body = try node.field("delete") { return try deletePointsOperations(body) }
        if let body = try node.field("set_payload") { return try setPayloadOperations(body) }
        if let body = try node.field("overwrite_payload") { return try overwritePayloadOperations(body) }
        if let body = try node.field("delete_payload") { return try deletePayloadOperations(body) }
        if let body = try node.field("clear_payload") { return try clearPayloadOperations(body) }
        if let body = try node.field("update_vectors") { return try updateVectorsOperations(body) }
        if let body = try node.field("delete_vectors") { return try deleteVectorsOperations(body) }
        throw node.noVariant("UpdateOperation")
    }
}

extension JSONNode {
    /// An object's text, minified and with each key once; nil for null.
    func payload() throws(WireFault) -> Payload? {
        if isNull { return nil }
        try requireObject("a map")
        var writer = JSONWriter(reservingByteCount: unsafe rawBytes.count + 64)
        writer.value(distinct: self)
        return Payload(validated: writer.bytes)
    }
}
