import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func retrieveRequest(_ node: JSONNode) throws(WireFault) -> RetrieveRequest {
        try node.requireObject("struct PointRequest")
        try refuseShardKey(node)
        return RetrieveRequest(
            ids: try node.required("ids").pointIDs(), withPayload: try payloadSelector(node, absent: .all),
            withVectors: try vectorSelector(node))
    }

    static func scrollRequest(_ node: JSONNode) throws(WireFault) -> ScrollRequest {
        try node.requireObject("struct ScrollRequest")
        try refuseShardKey(node)
        do throws(WireFault) {
            return ScrollRequest(
                filter: try filter(node),
                limit: try window(limit: node.given("limit"), offset: nil, absent: 10).limit,
                offset: try node.given("offset")?.pointID(),
                withPayload: try payloadSelector(node, absent: .all), withVectors: try vectorSelector(node),
                orderBy: try node.given("order_by").map { (order) throws(WireFault) in try orderBy(order) })
        } catch {
            throw error.flattened("scroll_request", at: node.byteOffset)
        }
    }

    static func countRequest(_ node: JSONNode) throws(WireFault) -> CountRequest {
        try node.requireObject("struct CountRequest")
        try refuseShardKey(node)
        do throws(WireFault) {
            return CountRequest(filter: try filter(node), exact: try node.optionalBool("exact") ?? true)
        } catch {
            throw error.flattened("count_request", at: node.byteOffset)
        }
    }
}
