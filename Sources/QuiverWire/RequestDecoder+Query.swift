import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func queryRequest(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        try node.requireObject("struct QueryRequest")
        return try WireFault.changing({ $0.flattened("internal", at: node.byteOffset) }) { () throws(WireFault) in
            var request = try queryFields(node)
            let window = try window(limit: node.given("limit"), offset: node.given("offset"), absent: 10)
            request.limit = window.limit
            request.offset = window.offset
            return request
        }
    }

    static func queryBatchRequest(_ node: JSONNode) throws(WireFault) -> [QueryRequest] {
        try node.requireObject("struct QueryRequestBatch")
        return try node.required("searches").list("a sequence") { (item) throws(WireFault) in try queryRequest(item) }
    }

    static func queryGroupsRequest(_ node: JSONNode) throws(WireFault) -> GroupsRequest {
        try node.requireObject("struct QueryGroupsRequest")
        return try WireFault.changing({ $0.flattened("search_group_request", at: node.byteOffset) }) {
            () throws(WireFault) in
            let query = try queryFields(node)
            return try groups(node, query, groupSize: 3, limit: 10)
        }
    }

    /// The fields that queries share, without their window.
    private static func queryFields(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        var request = QueryRequest()
        request.prefetch = try prefetches(node, depth: 1)
        let queryNode = try node.given("query")
        if let queryNode { request.query = try query(queryNode) }
        request.using = try node.optionalString("using") ?? ""
        request.filter = try filter(node)
        request.params = try searchParams(node)
        request.scoreThreshold = try node.optionalFloat("score_threshold")
        request.withPayload = try payloadSelector(node, absent: .none)
        request.withVectors = try vectorSelector(node)
        request.lookupFrom = try lookupLocation(node)
        try checkStage(
            node, request.query, using: request.using, hasPrefetch: !request.prefetch.isEmpty,
            hasThreshold: request.scoreThreshold != nil)
        if try !ShardKeys.namesShards(in: node) { request.filter = nothing(request.filter) }
        return request
    }

    /// One prefetch, or a list of them. `depth` is theirs, from 1.
    private static func prefetches(_ node: JSONNode, depth: Int) throws(WireFault) -> [Prefetch] {
        guard let list = try node.given("prefetch") else { return [] }
        let prefetches = try list.oneOrMany("a sequence of prefetches") { (item) throws(WireFault) in
            try prefetch(item, depth: depth)
        }
        if depth == Limits.prefetchDepth + 1 && !prefetches.isEmpty {
            try list.badRequest("prefetches depth \(depth) exceeds max depth \(Limits.prefetchDepth)").raise()
        }
        return prefetches
    }

    private static func prefetch(_ node: JSONNode, depth: Int) throws(WireFault) -> Prefetch {
        try node.requireObject("struct Prefetch")
        var prefetch = Prefetch()
        prefetch.prefetch = try prefetches(node, depth: depth + 1)
        if let query = try node.given("query") { prefetch.query = try self.query(query) }
        prefetch.using = try node.optionalString("using") ?? ""
        prefetch.filter = try filter(node)
        prefetch.params = try searchParams(node)
        prefetch.scoreThreshold = try node.optionalFloat("score_threshold")
        prefetch.limit = try node.given("limit")?.limit() ?? 10
        prefetch.lookupFrom = try lookupLocation(node)
        try checkStage(
            node, prefetch.query, using: prefetch.using, hasPrefetch: !prefetch.prefetch.isEmpty,
            hasThreshold: prefetch.scoreThreshold != nil)
        return prefetch
    }

    /// What does not go together, in a query as in a prefetch.
    private static func checkStage(
        _ node: JSONNode, _ query: Query?, using: String, hasPrefetch: Bool, hasThreshold: Bool
    ) throws(WireFault) {
        if query == nil && hasPrefetch {
            try node.badRequest(
                "A query is needed to merge the prefetches. Can't have prefetches without defining a query."
            ).raise()
        }
        if hasThreshold {
            switch query {
            case nil:
                try node.badRequest(
                    "A query is needed to use the score_threshold. Can't have score_threshold without defining a query."
                ).raise()
            case .orderBy: try node.badRequest("Can't use score_threshold with an order_by query.").raise()
            default: break
            }
        }
        if case .fusion = query, !using.isEmpty {
            try node.badRequest("Fusion queries cannot be combined with the 'using' field.").raise()
        }
    }

    /// `group_by`, `group_size`, `limit` and `with_lookup`; a nil default is a field that has to be there.
    static func groups(
        _ node: JSONNode, _ query: QueryRequest, groupSize: Int?, limit: Int?
    ) throws(WireFault) -> GroupsRequest {
        try WireFault.changing({ $0.flattened("group_request", at: node.byteOffset) }) { () throws(WireFault) in
            let key = try node.required("group_by")
            let isEmpty = unsafe key.isString && key.stringBytes.isEmpty
            if isEmpty { try key.breaks("must be at least 1 characters") }
            let sizeNode = try node.given("group_size")
            let limitNode = try node.given("limit")
            guard let size = try sizeNode?.count(from: 1, bound: Limits.resultWindow) ?? groupSize else {
                throw node.missing("group_size")
            }
            guard let most = try limitNode?.count(from: 1, bound: Limits.resultWindow) ?? limit else {
                throw node.missing("limit")
            }
            let (hits, overflow) = size.multipliedReportingOverflow(by: most)
            if overflow || hits > Limits.resultWindow {
                try (sizeNode ?? limitNode ?? node).breaks(
                    "value \(size) invalid, group_size times limit must be at most \(Limits.resultWindow)")
            }
            // Any path does where the rule about an empty one was broken.
            let path = isEmpty ? PayloadPath("a") : try key.path()
            guard let path else { throw key.malformed("Invalid json path: ''") }
            return GroupsRequest(
                query: query, groupBy: path, groupSize: size, limit: most, withLookup: try groupLookup(node))
        }
    }

    private static func groupLookup(_ node: JSONNode) throws(WireFault) -> GroupLookup? {
        guard let lookup = try node.given("with_lookup") else { return nil }
        switch lookup.kind {
        case .string: return GroupLookup(collection: lookup.string ?? "")
        case .object:
            guard try lookup.field("collection") != nil else { throw lookup.noVariant("WithLookupInterface") }
            return GroupLookup(
                collection: try lookup.required("collection").text(),
                withPayload: try payloadSelector(lookup, absent: .all), withVectors: try vectorSelector(lookup))
        default: throw lookup.noVariant("WithLookupInterface")
        }
    }
}
