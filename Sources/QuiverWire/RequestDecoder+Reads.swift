import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func retrieveRequest(_ node: JSONNode) throws(WireFault) -> RetrieveRequest {
        try node.requireObject("struct PointRequest")
        let ids = try node.required("ids").pointIDs()
        let withPayload = try payloadSelector(node, absent: .all)
        let withVectors = try vectorSelector(node)
        let namesShards = try ShardKeys.namesShards(in: node)
        return RetrieveRequest(ids: namesShards ? ids : [], withPayload: withPayload, withVectors: withVectors)
    }

    static func scrollRequest(_ node: JSONNode) throws(WireFault) -> ScrollRequest {
        try node.requireObject("struct ScrollRequest")
        return try WireFault.changing({ $0.flattened("scroll_request", at: node.byteOffset) }) { () throws(WireFault) in
            var request = ScrollRequest(
                filter: try filter(node),
                limit: try window(limit: node.given("limit"), offset: nil, absent: 10).limit,
                offset: try node.given("offset")?.pointID(),
                withPayload: try payloadSelector(node, absent: .all), withVectors: try vectorSelector(node),
                orderBy: try node.given("order_by").map { (order) throws(WireFault) in try orderBy(order) })
            if request.orderBy != nil && request.offset != nil {
                try node.wrongInput(
                    "Cannot use an `offset` when using `order_by`. The alternative for paging is to use "
                        + "`order_by.start_from` and a filter to exclude the IDs that you've already seen for the "
                        + "`order_by.start_from` value"
                ).raise()
            }
            if try !ShardKeys.namesShards(in: node) { request.filter = nothing(request.filter) }
            return request
        }
    }

    static func countRequest(_ node: JSONNode) throws(WireFault) -> CountRequest {
        try node.requireObject("struct CountRequest")
        return try WireFault.changing({ $0.flattened("count_request", at: node.byteOffset) }) { () throws(WireFault) in
            var request = CountRequest(filter: try filter(node), exact: try node.optionalBool("exact") ?? true)
            if try !ShardKeys.namesShards(in: node) { request.filter = nothing(request.filter) }
            return request
        }
    }
}
