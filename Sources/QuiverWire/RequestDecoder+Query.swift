import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func queryRequest(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        try node.requireObject("struct QueryRequest")
        try refuseShardKey(node)
        do throws(WireFault) {
            var request = try queryFields(node)
            let window = try window(limit: node.given("limit"), offset: node.given("offset"), absent: 10)
            request.limit = window.limit
            request.offset = window.offset
            return request
        } catch {
            throw error.flattened("internal", at: node.byteOffset)
        }
    }

    static func queryBatchRequest(_ node: JSONNode) throws(WireFault) -> [QueryRequest] {
        try node.requireObject("struct QueryRequestBatch")
        return try node.required("searches").list("a sequence") { (item) throws(WireFault) in try queryRequest(item) }
    }

    static func queryGroupsRequest(_ node: JSONNode) throws(WireFault) -> GroupsRequest {
        try node.requireObject("struct QueryGroupsRequest")
        try refuseShardKey(node)
        do throws(WireFault) {
            let query = try queryFields(node)
            return try groups(node, query, groupSize: 3, limit: 10)
        } catch {
            throw error.flattened("search_group_request", at: node.byteOffset)
        }
    }

    /// The fields that queries share, without their window.
    private static func queryFields(_ node: JSONNode) throws(WireFault) -> QueryRequest {
        if let prefetch = try node.given("prefetch"), !prefetch.isArray || prefetch.count > 0 {
            guard let query = try node.given("query") else {
                throw node.badRequest(
                    "A query is needed to merge the prefetches. Can't have prefetches without defining a query.")
            }
            throw prefetch.unsupported(try unsupportedQuery(query).map { "\($0.name) with prefetch" } ?? "prefetch")
        }
        var request = QueryRequest()
        if let query = try node.given("query") { request.query = try self.query(query) }
        request.using = try node.optionalString("using") ?? ""
        request.filter = try filter(node)
        request.params = try searchParams(node)
        request.scoreThreshold = try node.given("score_threshold")?.float()
        request.withPayload = try payloadSelector(node, absent: .none)
        request.withVectors = try vectorSelector(node)
        request.lookupFrom = try lookupLocation(node)
        if request.scoreThreshold != nil {
            switch request.query {
            case nil:
                throw node.badRequest(
                    "A query is needed to use the score_threshold. "
                        + "Can't have score_threshold without defining a query.")
            case .orderBy: throw node.badRequest("Can't use score_threshold with an order_by query.")
            default: break
            }
        }
        return request
    }

    /// `group_by`, `group_size`, `limit` and `with_lookup`; a nil default is a field that has to be there.
    static func groups(
        _ node: JSONNode, _ query: QueryRequest, groupSize: Int?, limit: Int?
    ) throws(WireFault) -> GroupsRequest {
        do throws(WireFault) {
            let key = try node.required("group_by")
            if unsafe key.isString && key.stringBytes.isEmpty { throw key.broken("must be at least 1 characters") }
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
                throw (sizeNode ?? limitNode ?? node).broken(
                    "value \(size) invalid, group_size times limit must be at most \(Limits.resultWindow)")
            }
            return GroupsRequest(
                query: query, groupBy: try key.path(), groupSize: size, limit: most, withLookup: try groupLookup(node))
        } catch {
            throw error.flattened("group_request", at: node.byteOffset)
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

    /// A vector or an id stands for itself; the other kinds are told by their member.
    private static func query(_ node: JSONNode) throws(WireFault) -> Query {
        guard node.isObject else { return .nearest(try vectorInput(node, "QueryInterface")) }
        if let nearest = try node.field("nearest") {
            try node.refuse("mmr", "mmr")
            return .nearest(try vectorInput(nearest))
        }
        if let recommend = try node.field("recommend") { return .recommend(try recommendInput(recommend)) }
        if let order = try node.field("order_by") { return .orderBy(try orderBy(order)) }
        if let (query, name) = try unsupportedQuery(node) { throw query.unsupported(name) }
        return .nearest(try vectorInput(node, "QueryInterface"))
    }

    private static func unsupportedQuery(_ node: JSONNode) throws(WireFault) -> (query: JSONNode, name: String)? {
        for (member, name) in unsupportedQueries {
            if let query = try node.field(member) { return (query, name) }
        }
        return nil
    }

    private static let unsupportedQueries: [(StaticString, String)] = [
        ("discover", "discover query"), ("context", "context query"), ("fusion", "fusion query"),
        ("rrf", "rrf query"), ("formula", "formula query"), ("sample", "sample query"),
        ("relevance_feedback", "relevance_feedback query"),
    ]

    private static func recommendInput(_ node: JSONNode) throws(WireFault) -> RecommendInput {
        try node.requireObject("struct RecommendInput")
        let positive = try node.given("positive")
        let negative = try node.given("negative")
        let strategy = try recommendStrategy(node)
        let input: RecommendInput
        do throws(WireFault) {
            input = RecommendInput(
                positive: try positive.map { (list) throws(WireFault) in try vectorInputs(list) } ?? [],
                negative: try negative.map { (list) throws(WireFault) in try vectorInputs(list) } ?? [],
                strategy: strategy)
        } catch {
            throw error.hoisted(to: node)
        }
        if input.positive.isEmpty && input.negative.isEmpty {
            throw node.broken(
                "Validation error: At least one positive or negative vector/id must be provided [{}]",
                suffix: "positives, negatives")
        }
        return input
    }

    /// Ids and vectors, mixed.
    private static func vectorInputs(_ node: JSONNode) throws(WireFault) -> [VectorInput] {
        try node.list("a sequence") { (item) throws(WireFault) in try vectorInput(item) }
    }

    static func recommendStrategy(_ node: JSONNode) throws(WireFault) -> RecommendStrategy {
        guard let strategy = try node.given("strategy") else { return .averageVector }
        let name = try strategy.text()
        guard let known = RecommendStrategy(rawValue: name) else {
            throw strategy.unknownVariant(name, ["average_vector", "best_score", "sum_scores"])
        }
        return known
    }

    /// A key, or `{key, direction?, start_from?}`.
    static func orderBy(_ node: JSONNode) throws(WireFault) -> OrderBy {
        if node.isString { return OrderBy(key: try node.path()) }
        guard node.isObject else { throw node.noVariant("OrderByInterface") }
        var order = OrderBy(key: try node.required("key").path())
        if let direction = try node.given("direction") {
            let name = try direction.text()
            guard let known = OrderBy.Direction(rawValue: name) else {
                throw direction.unknownVariant(name, ["asc", "desc"])
            }
            order.direction = known
        }
        if let start = try node.given("start_from") {
            order.startFrom =
                switch start.kind {
                case .int64: .integer(start.int64 ?? 0)
                case .uint64, .double: .float(try start.number())
                case .string: .datetime(try start.timestamp())
                default: throw start.noVariant("StartFrom")
                }
        }
        return order
    }
}
