import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func upsertOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        try node.requireObject("PointInsertOperations")
        let mode = try node.optionalVariant("update_mode", of: UpdateMode.self)
        let updateFilter = try node.given("update_filter").map { (node) throws(WireFault) in try filter(at: node) }
        var batch: PointBatch
        if let columns = try node.field("batch") {
            batch = try self.columns(columns)
        } else {
            guard let points = try node.field("points") else { throw node.noVariant("PointInsertOperations") }
            guard points.isArray else { throw points.invalidType("a sequence") }
            if points.count == 0 { try points.badRequest("Empty update request").raise() }
            batch = try rows(points, withPayload: true) { (content, node) throws(WireFault) in
                // What would be the unnamed vector is a sparse one, which has to have a name.
                _ = try Inference.vector(content, of: node, for: .document)
                try node.badRequest("Sparse vector should be named").raise()
            }
        }
        try ShardKeys.refuseInUpdate(node)
        batch.mode = mode ?? .upsert
        batch.updateFilter = updateFilter
        return [.upsert(batch)]
    }

    static func updateVectorsOperations(_ node: JSONNode) throws(WireFault) -> [UpdateOperation] {
        try node.requireObject("struct UpdateVectors")
        let points = try node.required("points")
        guard points.isArray else { throw points.invalidType("a sequence") }
        if points.count == 0 { try points.breaks("must specify points to update") }
        var batch = try rows(points, withPayload: false) { (content, node) throws(WireFault) in
            try node.fault(.inference, "\(content.name) processing is not supported for point vectors.").raise()
        }
        batch.updateFilter = try node.given("update_filter").map { (node) throws(WireFault) in try filter(at: node) }
        try ShardKeys.refuseInUpdate(node)
        return [.updateVectors(batch)]
    }

    private static func isEmpty(_ vector: JSONNode) -> Bool {
        vector.isObject ? vector.members.allSatisfy(isEmptyVector) : isEmptyVector(vector)
    }

    private static func isEmptyVector(_ node: JSONNode) -> Bool {
        if node.isArray { return node.count == 0 }
        guard let indices = node.member("indices"), node.member("values") != nil else { return false }
        return indices.isArray && indices.count == 0
    }

    /// `[{id, vector, payload?}]`
    ///
    /// - Parameter whole: takes a `vector` that is for a model as a whole.
    private static func rows(
        _ points: JSONNode, withPayload: Bool, _ whole: (Inference.Content, JSONNode) throws(WireFault) -> Void
    ) throws(WireFault) -> PointBatch {
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
            if !withPayload && isEmpty(vector) {
                try vector.breaks("must specify vectors to update for point")
            } else {
                try builder.append(vectorsOf: vector, whole)
            }
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
        let vectorsNode = try node.required("vectors")
        let vectors = try vectorColumns(vectorsNode)
        let payloads = try node.given("payloads")
        if let payloads, !payloads.isArray { throw payloads.invalidType("a sequence") }
        if ids.isEmpty { try idList.badRequest("Empty update request").raise() }

        // Qdrant stops at the first rule that is broken in here: those of the vectors first.
        let isNamed = vectorsNode.isObject
        let change = { (fault: WireFault) -> WireFault in
            fault.hoisted(to: node, prefix: fault.suffix != "batch" && isNamed ? "?." : "")
        }
        return try WireFault.changing(onlyFirst: true, change) { () throws(WireFault) in
            var builder = PointBatchBuilder(capacity: ids.count)
            try fill(&builder, ids, vectors, payloads, isNamed: isNamed)
            let batch = try builder.finish()
            if let column = vectors.first(where: { $0.count != ids.count }) {
                try node.breaks(
                    "number of ids and vectors must be equal (\(ids.count) != \(column.count))", suffix: "batch")
            }
            if let payloads, payloads.count != ids.count {
                try node.breaks(
                    "number of ids and payloads must be equal (\(ids.count) != \(payloads.count))", suffix: "batch")
            }
            return batch
        }
    }

    /// The lists of vectors, one for each name; none where the vectors are for a model, once that has been noted.
    private static func vectorColumns(_ node: JSONNode) throws(WireFault) -> [JSONNode] {
        guard node.isArray else {
            guard node.isObject, node.members.allSatisfy({ $0.isArray }) else {
                throw node.noVariant("BatchVectorStruct")
            }
            return Array(node.members)
        }
        guard let first = node.element(at: 0), let content = try Inference.content(of: first) else { return [node] }
        for vector in node.elements where try Inference.content(of: vector)?.name != content.name {
            throw node.noVariant("BatchVectorStruct")
        }
        try node.fault(.inference, "\(content.name) processing is not supported in batch operations.").raise()
        return []
    }

    private static func fill(
        _ builder: inout PointBatchBuilder, _ ids: [PointID], _ vectors: [JSONNode], _ payloads: JSONNode?,
        isNamed: Bool
    ) throws(WireFault) {
        var names: [Int] = []
        for column in vectors { names.append(builder.nameIndex(isNamed ? column : nil)) }
        var columns = vectors.map { $0.elements.makeIterator() }
        var payloads = payloads?.elements.makeIterator()
        // Vectors without an id are looked at as well, because their faults come before their number.
        for row in 0..<vectors.reduce(ids.count, { max($0, $1.count) }) {
            for index in columns.indices {
                guard let vector = columns[index].next() else { continue }
                if vector.isArray {
                    try builder.append(vector: vector, name: names[index])
                } else if vector.isObject && isNamed {
                    try builder.append(
                        sparse: vector, name: names[index], in: vectors[index], "BatchVectorStruct")
                } else {
                    throw vectors[index].noVariant("BatchVectorStruct")
                }
            }
            if row < ids.count { try builder.append(id: ids[row], payload: payloads?.next()) }
        }
    }
}
