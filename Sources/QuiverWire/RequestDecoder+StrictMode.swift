import QuiverJSON
import QuiverModel

extension RequestDecoder {
    /// The member `strict_mode_config`.
    static func strictMode(of object: JSONNode) throws(WireFault) -> StrictModeConfig? {
        guard let node = try object.given("strict_mode_config") else { return nil }
        try node.requireObject("struct StrictModeConfig")
        var config = StrictModeConfig()
        config.enabled = try node.optionalBool("enabled")
        config.maxQueryLimit = try node.optionalCount("max_query_limit", from: 1)
        config.maxTimeout = try node.optionalCount("max_timeout", from: 1)
        config.unindexedFilteringRetrieve = try node.optionalBool("unindexed_filtering_retrieve")
        config.unindexedFilteringUpdate = try node.optionalBool("unindexed_filtering_update")
        config.searchMaxHNSWEf = try node.optionalCount("search_max_hnsw_ef")
        config.searchAllowExact = try node.optionalBool("search_allow_exact")
        config.searchMaxOversampling = try node.given("search_max_oversampling")?.number()
        config.upsertMaxBatchSize = try node.optionalCount("upsert_max_batchsize")
        config.searchMaxBatchSize = try node.optionalCount("search_max_batchsize")
        config.maxCollectionVectorSizeBytes = try node.optionalCount("max_collection_vector_size_bytes")
        config.maxCollectionPayloadSizeBytes = try node.optionalCount("max_collection_payload_size_bytes")
        config.maxPointsCount = try node.optionalCount("max_points_count", from: 1)
        config.readRateLimit = try node.optionalCount("read_rate_limit", from: 1)
        config.writeRateLimit = try node.optionalCount("write_rate_limit", from: 1)
        config.filterMaxConditions = try node.optionalCount("filter_max_conditions")
        config.conditionMaxSize = try node.optionalCount("condition_max_size")
        config.multivector = try limits(node.given("multivector_config")) { (limit) throws(WireFault) in
            StrictModeConfig.MultivectorLimit(maxVectors: try limit.optionalCount("max_vectors", from: 1))
        }
        config.sparse = try limits(node.given("sparse_config")) { (limit) throws(WireFault) in
            StrictModeConfig.SparseLimit(maxLength: try limit.optionalCount("max_length", from: 1))
        }
        config.maxPayloadIndexCount = try node.optionalCount("max_payload_index_count")
        if let percent = try node.given("max_resident_memory_percent") {
            guard try percent.unsigned("u8") <= UInt8.max else { throw percent.invalidValue("u8") }
            config.maxResidentMemoryPercent = try percent.count(from: 1, to: 100)
        }
        return config
    }

    /// By vector name; Qdrant's paths tell the place of the name in their order.
    private static func limits<Limit>(
        _ node: JSONNode?, _ read: (JSONNode) throws(WireFault) -> Limit
    ) throws(WireFault) -> [String: Limit]? {
        guard let node else { return nil }
        try node.requireObject("a map")
        var named: [String: Limit] = [:]
        for member in node.members {
            let change = { (fault: WireFault) -> WireFault in
                fault.anonymising(member.byteOffset, as: "config[\(place(of: member, in: node))]")
            }
            named[member.key] = try WireFault.changing(change) { () throws(WireFault) in
                try member.requireObject("a map")
                return try read(member)
            }
        }
        return named
    }

    /// Where a member's name stands when the names are sorted.
    static func place(of member: JSONNode, in object: JSONNode) -> Int {
        let key = member.key
        return object.members.count { $0.key.utf8.lexicographicallyPrecedes(key.utf8) }
    }
}
