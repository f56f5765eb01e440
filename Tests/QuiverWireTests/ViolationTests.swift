import QuiverModel
import QuiverWire
import Testing

/// In which order the faults of one body are told, and that all broken rules are.
@Suite struct ViolationTests {
    @Test(arguments: [
        Refusal("query", #"{"limit":0,"params":{"hnsw_ef":0},"filter":{"must":[{"key":"a"},{"has_id":[1]},{"key":"b"}]}}"#,
            "internal.filter.must[0].match: Validation error: At least one field condition must be specified [{}]; internal.filter.must[2].match: Validation error: At least one field condition must be specified [{}]; internal.params.hnsw_ef: value 0 invalid, must be 1 or larger; internal.limit: value 0 invalid, must be 1 or larger"),
        Refusal("queryBatch", #"{"searches":[{"limit":0},{},{"limit":0}]}"#, "searches[0].internal.limit: value 0 invalid, must be 1 or larger; searches[2].internal.limit: value 0 invalid, must be 1 or larger"),
        Refusal("query", #"{"prefetch":[{"limit":0},{"prefetch":{"params":{"quantization":{"oversampling":0.5}}},"query":1}],"query":1}"#,
            "internal.prefetch[0].limit: value 0 invalid, must be 1 or larger; internal.prefetch[1].prefetch[0].params.quantization.oversampling: value 0.5 invalid, must be 1.0 or larger"),
        Refusal("query", #"{"prefetch":{"limit":0},"query":1}"#, "internal.prefetch[0].limit: value 0 invalid, must be 1 or larger"),
        Refusal("createCollection", #"{"vectors":{"size":0,"distance":"Dot","memory":"pinned"},"hnsw_config":{"ef_construct":1},"strict_mode_config":{"max_timeout":0}}"#,
            "vectors.size: value 0 invalid, must be from 1 to 65536; vectors.memory: `pinned` memory placement is not supported for dense vector storage; hnsw_config.ef_construct: value 1 invalid, must be 4 or larger; strict_mode_config.max_timeout: value 0 invalid, must be 1 or larger"),
        Refusal("upsert", #"{"points":[{"id":1,"vector":[]},{"id":2,"vector":[1]},{"id":3,"vector":[[1],[2,3]]}]}"#,
            "points[0].vector.vector: dense vector must not be empty; points[2].vector.data: all vectors must have the same dimension, found vector with dimension 2"),
        // Of one point's named vectors, and of a batch's, Qdrant tells the first.
        Refusal("upsert", #"{"points":[{"id":1,"vector":{"a":[],"b":[]}},{"id":2,"vector":{"b":[]}}]}"#,
            "points[0].vector.?.vector: dense vector must not be empty; points[1].vector.?.vector: dense vector must not be empty"),
        Refusal("upsert", #"{"batch":{"ids":[1,2],"vectors":{"a":[[],[[1],[2,3]]]}}}"#, "batch.?.vector: dense vector must not be empty"),
        Refusal("updateVectors", #"{"points":[{"id":1,"vector":[]},{"id":2,"vector":{"s":{"indices":[1,1],"values":[1,2]}}}],"update_filter":{"must":{"key":"a"}}}"#,
            "points[0].vector: must specify vectors to update for point; points[1].vector.?.indices: Validation error: must be unique [{}]; update_filter.must[0].match: Validation error: At least one field condition must be specified [{}]"),
        Refusal("query", #"{"query":{"recommend":{"positive":[{"indices":[1,1],"values":[1,2]},[[1],[]]]}}}"#, "internal.query.recommend.indices: Validation error: must be unique [{}]"),
        Refusal("query", #"{"query":{"discover":{"target":{"indices":[1],"values":[]},"context":[{"positive":1,"negative":[[]]}]}}}"#,
            "internal.query.discover.target.values: Validation error: must be the same length as indices [{}]; internal.query.discover.context[0].negative.data: all vectors must be non-empty"),
        Refusal("query", #"{"query":{"context":[{"positive":1,"negative":2},{"positive":[[]],"negative":[[]]}]}}"#, "internal.query.context.data: all vectors must be non-empty"),
        Refusal("query", #"{"query":{"relevance_feedback":{"target":[1],"feedback":[],"strategy":{"naive":{"a":1,"b":-1,"c":1}}}}}"#,
            "internal.query.relevance_feedback.strategy.naive.b: value -1.0 invalid, must be 0.0 or larger; internal.query.relevance_feedback.__all__: feedback elements must be non-empty"),
        Refusal("query", #"{"query":{"nearest":[[1],[]],"mmr":{"diversity":1.5,"candidates_limit":16385}}}"#,
            "internal.query.nearest.data: all vectors must be non-empty; internal.query.mmr.diversity: value 1.5 invalid, must be from 0.0 to 1.0; internal.query.mmr.candidates_limit: value 16385 invalid, must be 16384 or smaller"),
        Refusal("query", #"{"prefetch":{},"query":{"rrf":{"k":0}}}"#, "internal.query.rrf.k: value 0 invalid, must be 1 or larger"),
        Refusal("matrix", #"{"sample":1,"limit":0}"#, "search_request.sample: value 1 invalid, must be 2 or larger; search_request.limit: value 0 invalid, must be 1 or larger"),
        Refusal("facet", #"{"key":"a","limit":0,"filter":{"must":[{"key":"b"}]}}"#,
            "facet_request.limit: value 0 invalid, must be 1 or larger; facet_request.filter.must[0].match: Validation error: At least one field condition must be specified [{}]"),
        Refusal("discover", #"{"target":1,"limit":0}"#, "discover_request.limit: value 0 invalid, must be 1 or larger"),
        Refusal("count", #"{"filter":{"must":[{"slice":{"total":4,"index":4}}]}}"#, "count_request.filter.must[0].slice.index: value 4 invalid, must be from 0 to 3"),
        Refusal("createVectorName", #"{"dense":{"size":0,"distance":"Dot"}}"#, "dense.size: value 0 invalid, must be from 1 to 65536"),
        Refusal("createVectorName", #"{"dense":{"size":65537,"distance":"Dot"}}"#, "dense.size: value 65537 invalid, must be from 1 to 65536"),
        Refusal("createVectorName", #"{"sparse":{"datatype":"turbo4"}}"#, "sparse.datatype: sparse vectors do not support the `turbo4` datatype"),
        Refusal("updateCollection", #"{"strict_mode_config":{"max_query_limit":0,"read_rate_limit":0,"write_rate_limit":0,"max_points_count":0,"max_resident_memory_percent":101}}"#,
            "strict_mode_config.max_query_limit: value 0 invalid, must be 1 or larger; strict_mode_config.max_points_count: value 0 invalid, must be 1 or larger; strict_mode_config.read_rate_limit: value 0 invalid, must be 1 or larger; strict_mode_config.write_rate_limit: value 0 invalid, must be 1 or larger; strict_mode_config.max_resident_memory_percent: value 101 invalid, must be from 1 to 100"),
        Refusal("createCollection", #"{"strict_mode_config":{"multivector_config":{"b":{"max_vectors":0},"a":{"max_vectors":1}},"sparse_config":{"s":{"max_length":0}}}}"#,
            "strict_mode_config.multivector_config.config[1].max_vectors: value 0 invalid, must be 1 or larger; strict_mode_config.sparse_config.config[0].max_length: value 0 invalid, must be 1 or larger"),
        Refusal("query", #"{"query":{"text":"a","model":""}}"#, #"internal.query.model: value "" invalid, must be at least 1 characters"#),
    ])
    func everyBrokenRuleIsTold(_ refusal: Refusal) throws {
        let error = try fault(refusal.body, decoder(refusal.decoder))
        #expect(error.status == 422)
        #expect(error.message == "Validation error in JSON body: [\(refusal.text)]")
    }

    /// What is malformed comes before rules, wherever it stands, and rules before what makes no sense.
    @Test(arguments: [
        (#"{"limit":0,"offset":true}"#, 400, "Format error in JSON body: invalid type: boolean `true`, expected usize"),
        (#"{"score_threshold":1,"limit":0}"#, 422, "Validation error in JSON body: [internal.limit"),
        (#"{"prefetch":{"query":1},"limit":0}"#, 422, "Validation error in JSON body: [internal.limit"),
        (#"{"shard_key":"a","limit":0}"#, 422, "Validation error in JSON body: [internal.limit"),
        (#"{"shard_key":true,"limit":0}"#, 400, "Format error in JSON body: data did not match any variant of untagged enum ShardKeySelector"),
        (#"{"query":{"text":"a","model":"m"},"limit":0}"#, 422, "Validation error in JSON body: [internal.limit"),
        (#"{"query":{"text":"a","model":"m"},"score_threshold":"x"}"#, 400, "Format error in JSON body: invalid type: string"),
        (#"{"prefetch":{"query":1},"score_threshold":1}"#, 400, "Bad request: A query is needed to merge the prefetches."),
        (#"{"prefetch":{"prefetch":{}},"query":1}"#, 400, "Bad request: A query is needed to merge the prefetches."),
        (#"{"prefetch":{"score_threshold":1},"query":1}"#, 400, "Bad request: A query is needed to use the score_threshold."),
        (#"{"query":{"fusion":"rrf"},"using":"a"}"#, 400, "Bad request: Fusion queries cannot be combined with the 'using' field."),
        (#"{"query":{"rrf":{}},"using":"a"}"#, 400, "Bad request: Fusion queries cannot be combined with the 'using' field."),
    ])
    func faultsHaveAnOrder(_ body: String, _ status: Int, _ text: String) {
        let error = fault(body, RequestDecoder.query)
        #expect(error.status == status && error.message.hasPrefix(text), "\(error)")
    }

    @Test(arguments: [
        (#"{"limit":1}"#, "target and/or context_pairs must be specified"),
        (#"{"context":[],"limit":1}"#, "target and/or context_pairs must be specified"),
    ])
    func discoveriesNeedSomething(_ body: String, _ text: String) {
        #expect(fault(body, RequestDecoder.discover) == WireError(status: 400, message: "Bad request: \(text)"))
    }

    @Test func orderedPagesHaveNoOffset() {
        #expect(
            fault(#"{"order_by":"a","offset":1}"#, RequestDecoder.scroll)
                == WireError(
                    status: 400,
                    message:
                        "Wrong input: Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value"
                ))
    }

    // MARK: Shard keys

    @Test(arguments: [
        ("retrieve", #"{"ids":[1],"#), ("scroll", "{"), ("count", "{"), ("query", "{"), ("queryGroups", #"{"group_by":"a","#),
        ("search", #"{"vector":[1],"limit":1,"#), ("recommend", #"{"positive":[1],"limit":1,"#),
        ("discover", #"{"target":1,"limit":1,"#), ("facet", #"{"key":"a","#), ("matrix", "{"),
    ])
    func readsKnowNoShardKeys(_ name: String, _ start: String) throws {
        let decoder = try decoder(name)
        #expect(
            fault(start + #""shard_key":"a"}"#, decoder)
                == WireError(status: 400, message: #"Bad request: Shard key "a" not found"#))
        #expect(
            fault(start + #""shard_key":[7,"b"]}"#, decoder) == WireError(status: 400, message: "Bad request: Shard key 7 not found"))
        #expect(
            fault(start + #""shard_key":{"target":1,"fallback":"b"}}"#, decoder)
                == WireError(status: 404, message: #"Not found: Neither target shard key 1 nor fallback shard key "b" exist"#))
        for wrong in ["-1", "1.5", "true", "{}", "[[]]", #"{"target":1}"#] {
            let error = fault(start + #""shard_key":\#(wrong)}"#, decoder)
            #expect(error.status == 400 && error.message.contains("untagged enum ShardKeySelector"), "\(error)")
        }
        _ = try decode(start + #""shard_key":null}"#, decoder)
        _ = try decode(start + #""shard_key":[]}"#, decoder)
    }

    /// A list without keys names no shards.
    @Test func noShardsHoldNothing() throws {
        #expect(try decode(#"{"shard_key":[]}"#, RequestDecoder.count).filter == Filter(must: [.hasID([])]))
        #expect(try decode(#"{"ids":[1],"shard_key":[]}"#, RequestDecoder.retrieve).ids.isEmpty)
    }

    @Test(arguments: [
        ("upsert", #"{"points":[{"id":1,"vector":[1]}],"#), ("updateVectors", #"{"points":[{"id":1,"vector":[1]}],"#),
        ("deleteVectors", #"{"points":[1],"vector":["a"],"#), ("deletePoints", #"{"points":[1],"#),
        ("setPayload", #"{"payload":{},"points":[1],"#), ("overwritePayload", #"{"payload":{},"points":[1],"#),
        ("deletePayload", #"{"keys":[],"points":[1],"#), ("clearPayload", #"{"points":[1],"#),
    ])
    func updatesKnowNoShardKeys(_ name: String, _ start: String) throws {
        let decoder = try decoder(name)
        #expect(
            fault(start + #""shard_key":"a"}"#, decoder)
                == WireError(status: 400, message: #"Wrong input: Shard key "a" not found"#))
        _ = try decode(start + #""shard_key":[]}"#, decoder)
        _ = try decode(start + #""shard_key":null}"#, decoder)
    }
}
