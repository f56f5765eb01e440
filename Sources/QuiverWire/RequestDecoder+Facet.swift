import QuiverJSON
import QuiverModel

// Requests that count and compare points.
extension RequestDecoder {
    static func facetRequest(_ node: JSONNode) throws(WireFault) -> FacetRequest {
        try node.requireObject("struct FacetRequest")
        return try WireFault.changing({ $0.flattened("facet_request", at: node.byteOffset) }) { () throws(WireFault) in
            var request = FacetRequest(key: try node.required("key").path())
            request.limit = try node.given("limit")?.limit() ?? request.limit
            request.filter = try filter(node)
            request.exact = try node.optionalBool("exact") ?? request.exact
            if try !ShardKeys.namesShards(in: node) { request.filter = nothing(request.filter) }
            return request
        }
    }

    static func matrixRequest(_ node: JSONNode) throws(WireFault) -> MatrixRequest {
        try node.requireObject("struct SearchMatrixRequest")
        return try WireFault.changing({ $0.flattened("search_request", at: node.byteOffset) }) { () throws(WireFault) in
            var request = MatrixRequest()
            request.filter = try filter(node)
            request.sample = try node.given("sample")?.count(from: 2, bound: Limits.resultWindow) ?? request.sample
            request.limit = try node.given("limit")?.limit() ?? request.limit
            request.using = try node.optionalString("using") ?? ""
            if try !ShardKeys.namesShards(in: node) { request.filter = nothing(request.filter) }
            return request
        }
    }
}
