import QuiverJSON
import QuiverModel

extension RequestDecoder {
    /// `with_payload`: a boolean, a list of paths (to keep), `{include}` or `{exclude}` and nothing else.
    static func payloadSelector(
        _ object: JSONNode, _ name: StaticString = "with_payload", absent: PayloadSelector
    ) throws(WireFault) -> PayloadSelector {
        guard let node = try object.given(name) else { return absent }
        switch node.kind {
        case .true: return .all
        case .false: return .none
        case .array: return .include(try node.paths())
        case .object:
            guard node.count == 1, let only = node.members.first(where: { _ in true }) else { break }
            if only.isKey("include") { return .include(try only.paths()) }
            if only.isKey("exclude") { return .exclude(try only.paths()) }
        default: break
        }
        throw node.noVariant("WithPayloadInterface")
    }

    /// `with_vector`, also written `with_vectors`: a boolean or a list of names.
    static func vectorSelector(_ object: JSONNode) throws(WireFault) -> VectorSelector {
        guard let node = try object.given("with_vector", or: "with_vectors") else { return .none }
        switch node.kind {
        case .true: return .all
        case .false: return .none
        case .array: return .names(try node.strings())
        default: throw node.noVariant("WithVector")
        }
    }

    static func lookupLocation(_ object: JSONNode) throws(WireFault) -> LookupLocation? {
        guard let node = try object.given("lookup_from") else { return nil }
        try node.requireObject("struct LookupLocation")
        _ = try ShardKeys.namesShards(in: node)
        return LookupLocation(
            collection: try node.required("collection").text(), vector: try node.optionalString("vector"))
    }

    static func searchParams(_ object: JSONNode) throws(WireFault) -> SearchParams {
        guard let node = try object.given("params") else { return SearchParams() }
        return try searchParams(at: node)
    }

    static func searchParams(at node: JSONNode) throws(WireFault) -> SearchParams {
        try node.requireObject("struct SearchParams")
        var params = SearchParams()
        params.hnswEf = try node.optionalCount("hnsw_ef", from: 1, bound: Limits.resultWindow)
        params.exact = try node.optionalBool("exact") ?? false
        params.indexedOnly = try node.optionalBool("indexed_only") ?? false
        if let quantization = try node.given("quantization") {
            try quantization.requireObject("struct QuantizationSearchParams")
            params.quantization = QuantizationSearchParams(
                ignore: try quantization.optionalBool("ignore") ?? false,
                rescore: try quantization.optionalBool("rescore"),
                oversampling: try quantization.given("oversampling")?.number(from: 1))
        }
        if let acorn = try node.given("acorn") {
            try acorn.requireObject("struct AcornSearchParams")
            params.acorn = ACORNParams(
                enable: try acorn.optionalBool("enable") ?? false,
                maxSelectivity: try acorn.given("max_selectivity")?.number(from: 0, to: 1)
                    ?? ACORNParams.defaultMaxSelectivity)
        }
        params.idf = try node.given("idf").map { (node) throws(WireFault) in try idfScope(node) }
        return params
    }

    /// `"global"`, or `{corpus: filter}`.
    private static func idfScope(_ node: JSONNode) throws(WireFault) -> IDFScope {
        if node.isString("global") { return .global }
        guard node.isObject, let corpus = try node.field("corpus") else { throw node.noVariant("IdfParams") }
        return .corpus(try filter(at: corpus))
    }

    /// `filter`, and nothing at all matches.
    static func nothing(_ filter: Filter?) -> Filter {
        var filter = filter ?? Filter()
        filter.must.append(.hasID([]))
        return filter
    }

    static func filter(_ object: JSONNode) throws(WireFault) -> Filter? {
        guard let node = try object.given("filter") else { return nil }
        return try filter(at: node)
    }

    /// `limit` and `offset` of one window: the limit ends where the window does.
    static func window(
        limit: JSONNode?, offset: JSONNode?, absent: Int
    ) throws(WireFault) -> (limit: Int, offset: Int) {
        let limitCount = try limit?.limit() ?? absent
        let offsetCount = try offset?.count(from: 0, bound: Limits.resultWindow) ?? 0
        return (min(limitCount, Limits.resultWindow - offsetCount), offsetCount)
    }
}
