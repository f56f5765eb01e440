import QuiverJSON
import QuiverModel

// The search and recommend endpoints that clients before 1.10 call, as queries.
extension RequestDecoder {
    static func searchRequest(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        try node.requireObject("struct SearchRequest")
        try refuseShardKey(node)
        do throws(WireFault) {
            return try windowed(node, try searchFields(node))
        } catch {
            throw error.flattened("search_request", at: node.byteOffset)
        }
    }

    static func searchGroupsRequest(_ node: JSONNode) throws(WireFault) -> GroupsRequest {
        try node.requireObject("struct SearchGroupsRequest")
        try refuseShardKey(node)
        do throws(WireFault) {
            return try groups(node, try searchFields(node), groupSize: nil, limit: nil)
        } catch {
            throw error.flattened("search_group_request", at: node.byteOffset)
        }
    }

    static func recommendRequest(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        try node.requireObject("struct RecommendRequest")
        try refuseShardKey(node)
        do throws(WireFault) {
            return try windowed(node, try recommendFields(node))
        } catch {
            throw error.flattened("recommend_request", at: node.byteOffset)
        }
    }

    static func recommendGroupsRequest(_ node: JSONNode) throws(WireFault) -> GroupsRequest {
        try node.requireObject("struct RecommendGroupsRequest")
        try refuseShardKey(node)
        do throws(WireFault) {
            return try groups(node, try recommendFields(node), groupSize: nil, limit: nil)
        } catch {
            throw error.flattened("recommend_group_request", at: node.byteOffset)
        }
    }

    /// `{searches: […]}` of either kind.
    static func searches(
        _ node: JSONNode, _ read: (JSONNode) throws(WireFault) -> QueryRequest
    ) throws(WireFault) -> [QueryRequest] {
        try node.requireObject("a batch of searches")
        return try node.required("searches").list("a sequence", read)
    }

    private static func searchFields(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        let vector = try node.required("vector")
        var request = try sharedFields(node)
        if vector.isObject {
            guard let name = try vector.field("name") else { throw vector.noVariant("NamedVectorStruct") }
            request.using = try name.text()
            let values = try vector.required("vector")
            if values.isObject {
                request.query = .nearest(.sparse(try sparseVector(values, "NamedVectorStruct")))
            } else {
                request.query = .nearest(try dense(values))
            }
        } else {
            request.query = .nearest(try dense(vector))
        }
        return request
    }

    /// A search takes neither ids nor multivectors.
    private static func dense(_ node: JSONNode) throws(WireFault) -> VectorInput {
        guard node.isArray && !node.holdsRows else { throw node.noVariant("NamedVectorStruct") }
        return .dense(try denseVector(node))
    }

    /// Ids, and dense and sparse vectors.
    private static func examples(_ node: JSONNode) throws(WireFault) -> [VectorInput] {
        try node.list("a sequence") { (item) throws(WireFault) in
            guard !item.holdsRows else { throw item.noVariant("RecommendExample") }
            return try vectorInput(item, "RecommendExample")
        }
    }

    private static func recommendFields(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        var request = try sharedFields(node)
        let positive = try node.given("positive").map { (list) throws(WireFault) in try examples(list) } ?? []
        let negative = try node.given("negative").map { (list) throws(WireFault) in try examples(list) } ?? []
        request.query = .recommend(
            RecommendInput(positive: positive, negative: negative, strategy: try recommendStrategy(node)))
        request.using = try node.optionalString("using") ?? ""
        request.lookupFrom = try lookupLocation(node)
        return request
    }

    private static func sharedFields(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        var request = QueryRequest()
        request.filter = try filter(node)
        request.params = try searchParams(node)
        request.withPayload = try payloadSelector(node, absent: .none)
        request.withVectors = try vectorSelector(node)
        request.scoreThreshold = try node.given("score_threshold")?.float()
        return request
    }

    /// `limit`, once called `top`, has to be there.
    private static func windowed(_ node: JSONNode, _ fields: QueryRequest) throws(WireFault) -> QueryRequest {
        guard let limit = try node.given("limit", or: "top") else { throw node.missing("limit") }
        var request = fields
        let window = try window(limit: limit, offset: node.given("offset"), absent: 10)
        request.limit = window.limit
        request.offset = window.offset
        return request
    }
}
