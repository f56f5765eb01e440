import QuiverJSON
import QuiverModel

// The search and recommend endpoints that clients before 1.10 call, as queries.
extension RequestDecoder {
    static func searchRequest(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        try node.requireObject("struct SearchRequest")
        return try WireFault.changing({ $0.flattened("search_request", at: node.byteOffset) }) { () throws(WireFault) in
            try windowed(node, try searchFields(node))
        }
    }

    static func searchGroupsRequest(_ node: JSONNode) throws(WireFault) -> GroupsRequest {
        try node.requireObject("struct SearchGroupsRequest")
        return try WireFault.changing({ $0.flattened("search_group_request", at: node.byteOffset) }) {
            () throws(WireFault) in
            try groups(node, try searchFields(node), groupSize: nil, limit: nil)
        }
    }

    static func recommendRequest(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        try node.requireObject("struct RecommendRequest")
        return try WireFault.changing({ $0.flattened("recommend_request", at: node.byteOffset) }) { () throws(WireFault) in
            try windowed(node, try recommendFields(node))
        }
    }

    static func recommendGroupsRequest(_ node: JSONNode) throws(WireFault) -> GroupsRequest {
        try node.requireObject("struct RecommendGroupsRequest")
        return try WireFault.changing({ $0.flattened("recommend_group_request", at: node.byteOffset) }) {
            () throws(WireFault) in
            try groups(node, try recommendFields(node), groupSize: nil, limit: nil)
        }
    }

    /// With a target a discovery, else a context query.
    static func discoverRequest(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        try node.requireObject("struct DiscoverRequest")
        return try WireFault.changing({ $0.flattened("discover_request", at: node.byteOffset) }) {
            () throws(WireFault) in
            var request = try sharedFields(node)
            // There is no threshold here, so the member is one that Qdrant does not know and ignores.
            request.scoreThreshold = nil
            let target = try node.given("target").map { (node) throws(WireFault) in try example(node) }
            let context = try node.given("context").map { (list) throws(WireFault) in
                try list.list("a sequence") { (item) throws(WireFault) in try contextPair(item, example) }
            }
            request.using = try node.optionalString("using") ?? ""
            request.lookupFrom = try lookupLocation(node)
            if let target {
                request.query = .discover(DiscoverInput(target: target, context: context ?? []))
            } else {
                if (context ?? []).isEmpty {
                    try node.badRequest("target and/or context_pairs must be specified").raise()
                }
                request.query = .context(context ?? [])
            }
            return try windowed(node, request)
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
                guard values.holdsSparse else { throw values.noVariant("NamedVectorStruct") }
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

    /// An id, or a dense or sparse vector; neither rows nor anything for a model.
    private static func example(_ node: JSONNode) throws(WireFault) -> VectorInput {
        if node.holdsRows { throw node.noVariant("RecommendExample") }
        if node.isObject, !node.holdsSparse { throw node.noVariant("RecommendExample") }
        return try vectorInput(node, "RecommendExample")
    }

    private static func examples(_ node: JSONNode) throws(WireFault) -> [VectorInput] {
        try node.list("a sequence") { (item) throws(WireFault) in try example(item) }
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
        request.scoreThreshold = try node.optionalFloat("score_threshold")
        if try !ShardKeys.namesShards(in: node) { request.filter = nothing(request.filter) }
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
