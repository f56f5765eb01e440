import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func upsertOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        try node.requireObject("PointInsertOperations")
        try refuseShardKey(node)
        try node.refuse("update_filter", "update_filter")
        if let mode = try node.given("update_mode") {
            let name = try mode.text()
            guard ["upsert", "insert_only", "update_only"].contains(name) else {
                throw mode.unknownVariant(name, ["upsert", "insert_only", "update_only"])
            }
            guard name == "upsert" else { throw mode.unsupported("update_mode \(name)") }
        }
        if let batch = try node.field("batch") { return [.upsert(try columns(batch))] }
        guard let points = try node.field("points") else { throw node.noVariant("PointInsertOperations") }
        guard points.isArray else { throw points.invalidType("a sequence") }
        guard points.count > 0 else { throw points.badRequest("Empty update request") }
        return [.upsert(try rows(points, withPayload: true))]
    }

    static func updateVectorsOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        try node.requireObject("struct UpdateVectors")
        try refuseShardKey(node)
        try node.refuse("update_filter", "update_filter")
        let points = try node.required("points")
        guard points.isArray else { throw points.invalidType("a sequence") }
        guard points.count > 0 else { throw points.broken("must specify points to update") }
        for point in points.elements {
            guard let vector = try point.given("vector", or: "vectors") else { continue }
            let isEmpty = vector.isObject ? vector.members.allSatisfy(isEmptyVector) : isEmptyVector(vector)
            if isEmpty { throw vector.broken("must specify vectors to update for point") }
        }
        return [.updateVectors(try rows(points, withPayload: false))]
    }

    private static func isEmptyVector(_ node: JSONNode) -> Bool {
        if node.isArray { return node.count == 0 }
        guard let indices = node.member("indices"), node.member("values") != nil else { return false }
        return indices.isArray && indices.count == 0
    }

    /// `[{id, vector, payload?}]`
    private static func rows(_ points: JSONNode, withPayload: Bool) throws(WireFault) -> PointBatch {
        var builder = PointBatchBuilder(capacity: points.count)
        for point in points.elements {
            try point.requireObject("struct PointStruct")
            var id: JSONNode?
            var vector: JSONNode?
            var payload: JSONNode?
            for member in point.members {
                if member.isKey("id") {
                    try once(&id, member)
                } else if member.isKey("vector") || member.isKey("vectors") {
                    try once(&vector, member)
                } else if withPayload && member.isKey("payload") {
                    try once(&payload, member)
                }
            }
            guard let id else { throw point.missing("id") }
            guard let vector else { throw point.missing("vector") }
            let pointID = try id.pointID()
            try builder.append(vectorsOf: vector)
            try builder.append(id: pointID, payload: payload)
        }
        return try builder.finish()
    }

    private static func once(_ field: inout JSONNode?, _ member: JSONNode) throws(WireFault) {
        guard field == nil else { throw member.malformed("duplicate field `\(member.key)`") }
        field = member
    }

    /// `{ids, vectors, payloads?}`: vectors in a list, or in a list for each name.
    private static func columns(_ node: JSONNode) throws(WireFault) -> PointBatch {
        try node.requireObject("struct Batch")
        let idList = try node.required("ids")
        let ids = try idList.pointIDs()
        let vectors = try node.required("vectors")
        var builder = PointBatchBuilder(capacity: ids.count)

        var names: [Int] = []
        var columns: [JSONElements.Iterator] = []
        if vectors.isArray {
            names.append(builder.nameIndex(nil))
            columns.append(try column(vectors, of: ids.count, in: node))
        } else {
            guard vectors.isObject else { throw vectors.noVariant("BatchVectorStruct") }
            for member in vectors.members {
                names.append(builder.nameIndex(member))
                columns.append(try column(member, of: ids.count, in: node))
            }
        }
        let payloadList = try node.given("payloads")
        if let payloadList {
            guard payloadList.isArray else { throw payloadList.invalidType("a sequence") }
            guard payloadList.count == ids.count else {
                throw node.broken(
                    "number of ids and payloads must be equal (\(ids.count) != \(payloadList.count))", suffix: "batch")
            }
        }
        guard !ids.isEmpty else { throw idList.badRequest("Empty update request") }

        do throws(WireFault) {
            var payloads = payloadList?.elements.makeIterator()
            for id in ids {
                for index in columns.indices {
                    guard let vector = columns[index].next() else { continue }
                    if vector.isArray {
                        try builder.append(vector: vector, name: names[index])
                    } else if vector.isObject && vectors.isObject {
                        try builder.append(sparse: vector, name: names[index], in: vectors, "BatchVectorStruct")
                    } else {
                        if vector.isObject { try refuseInference(vector) }
                        throw vectors.noVariant("BatchVectorStruct")
                    }
                }
                try builder.append(id: id, payload: payloads?.next())
            }
            return try builder.finish()
        } catch {
            throw error.hoisted(to: node, prefix: vectors.isObject ? "?." : "")
        }
    }

    private static func column(
        _ node: JSONNode, of count: Int, in batch: JSONNode
    ) throws(WireFault) -> JSONElements.Iterator {
        guard node.isArray else { throw node.noVariant("BatchVectorStruct") }
        guard node.count == count else {
            throw batch.broken("number of ids and vectors must be equal (\(count) != \(node.count))", suffix: "batch")
        }
        return node.elements.makeIterator()
    }
}
