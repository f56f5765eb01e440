import QuiverModel
import QuiverWire
import Testing

@Suite struct CollectionTests {
    @Test func readsAnUnnamedVector() throws {
        let config = try decode(#"{"vectors":{"size":4,"distance":"Cosine"}}"#, createCollection)
        #expect(config == CollectionConfig(size: 4, distance: .cosine))
    }

    @Test func readsNamedVectorsAndEveryOption() throws {
        let config = try decode(
            #"""
            {"vectors":{"a":{"size":65536,"distance":"Dot","on_disk":true,"datatype":"float32","hnsw_config":{"m":32,"inline_storage":false},"memory":null},
                        "size":{"size":1,"distance":"Manhattan"}},
             "shard_number":2,"sharding_method":"auto","replication_factor":3,"write_consistency_factor":2,"on_disk_payload":false,"payload":{},
             "hnsw_config":{"m":0,"ef_construct":4,"full_scan_threshold":10,"max_indexing_threads":1,"on_disk":true,"payload_m":16},
             "wal_config":{"wal_capacity_mb":1,"wal_segments_ahead":2,"wal_retain_closed":3},
             "optimizers_config":{"deleted_threshold":0.5,"vacuum_min_vector_number":100,"default_segment_number":2,"max_segment_size":1,
               "memmap_threshold":0,"indexing_threshold":0,"flush_interval_sec":1,"max_optimization_threads":4,"prevent_unoptimized":true},
             "quantization_config":null,"strict_mode_config":{"enabled":false,"max_query_limit":5},"sparse_vectors":{},"metadata":{"k": [1.0]},"init_from":null}
            """#, createCollection)
        var hnsw = HNSWConfigPatch()
        hnsw.m = 32
        hnsw.inlineStorage = false
        #expect(
            config.vectors
                == .named([
                    "a": VectorParams(size: 65536, distance: .dot, hnswConfig: hnsw, onDisk: true, datatype: .float32),
                    "size": VectorParams(size: 1, distance: .manhattan),
                ]))
        #expect(config.shardNumber == 2 && config.replicationFactor == 3 && config.writeConsistencyFactor == 2)
        #expect(!config.onDiskPayload && config.metadata == #"{"k":[1.0]}"#)
        #expect(config.hnsw.m == 0 && config.hnsw.efConstruct == 4 && config.hnsw.fullScanThreshold == 10)
        #expect(config.hnsw.maxIndexingThreads == 1 && config.hnsw.onDisk == true && config.hnsw.payloadM == 16)
        #expect(config.wal.walCapacityMb == 1 && config.wal.walSegmentsAhead == 2 && config.wal.walRetainClosed == 3)
        #expect(config.optimizers.deletedThreshold == 0.5 && config.optimizers.vacuumMinVectorNumber == 100)
        #expect(config.optimizers.indexingThreshold == 0 && config.optimizers.maxOptimizationThreads == 4)
        #expect(config.optimizers.preventUnoptimized == true)
        var strict = StrictModeConfig()
        strict.enabled = false
        strict.maxQueryLimit = 5
        #expect(config.strictMode == strict)
    }

    @Test func whatIsNotSaidStaysAsConfigured() throws {
        var defaults = CollectionConfig()
        defaults.wal.walCapacityMb = 64
        defaults.wal.walSegmentsAhead = 3
        defaults.hnsw.m = 24
        let text = #"{"wal_config":{"wal_segments_ahead":1},"hnsw_config":{"ef_construct":200}}"#
        let config = try decode(text) { (body) throws(WireError) in
            try RequestDecoder.createCollection(body, defaults: defaults)
        }
        var expected = defaults
        expected.wal.walSegmentsAhead = 1
        expected.hnsw.efConstruct = 200
        #expect(config == expected)
    }

    @Test(arguments: ["{}", #"{"vectors":null}"#, #"{"vectors":{}}"#])
    func aCollectionNeedsNoVectors(_ text: String) throws {
        #expect(try decode(text, createCollection) == CollectionConfig())
    }

    @Test func readsPatches() throws {
        let patch = try decode(
            #"""
            {"vectors":{"":{"hnsw_config":{"m":8},"on_disk":false,"quantization_config":"Disabled"}},
             "optimizers_config":{"max_optimization_threads":"auto","indexing_threshold":5},
             "params":{"replication_factor":2,"on_disk_payload":true,"read_fan_out_factor":1},
             "hnsw_config":{"ef_construct":50},"quantization_config":"Disabled","metadata":{"a":null}}
            """#, RequestDecoder.updateCollection)
        #expect(patch.vectors[""]?.hnswConfig?.m == 8 && patch.vectors[""]?.onDisk == false)
        #expect(patch.optimizers?.maxOptimizationThreads == .automatic && patch.optimizers?.indexingThreshold == 5)
        #expect(patch.replicationFactor == 2 && patch.onDiskPayload == true && patch.writeConsistencyFactor == nil)
        #expect(patch.hnsw?.efConstruct == 50 && patch.metadata == #"{"a":null}"#)
        let old = try decode(#"{"optimizer_config":{"flush_interval_sec":3}}"#, RequestDecoder.updateCollection)
        #expect(old.optimizers?.flushIntervalSec == 3)
    }

    @Test func readsAliasActions() throws {
        let actions = try decode(
            #"{"actions":[{"create_alias":{"collection_name":"c","alias_name":"a"}},{"delete_alias":{"alias_name":"b"}},{"rename_alias":{"old_alias_name":"x","new_alias_name":"y"}}]}"#,
            RequestDecoder.aliasActions)
        let shown = actions.map { action in
            switch action {
            case .create(let alias, let collection): "create \(alias) for \(collection)"
            case .delete(let alias): "delete \(alias)"
            case .rename(let old, let new): "rename \(old) to \(new)"
            }
        }
        #expect(shown == ["create a for c", "delete b", "rename x to y"])
    }

    @Test func readsFieldIndexes() throws {
        for type in PayloadIndexType.allCases {
            let short = try decode(
                #"{"field_name":"a.b","field_schema":"\#(type.rawValue)"}"#, RequestDecoder.createIndex)
            #expect(try short.field == path("a.b"))
            #expect(short.params == PayloadIndexParams(type: type))
            let long = try decode(
                #"{"field_name":"a","field_schema":{"type":"\#(type.rawValue)","on_disk":true,"enable_hnsw":false}}"#,
                RequestDecoder.createIndex)
            #expect(long.params.givenAsObject && long.params.onDisk == true && long.params.enableHNSW == false)
        }
        let integer = try decode(
            #"{"field_name":"a","field_type":{"type":"integer","lookup":false,"range":true,"is_principal":true}}"#,
            RequestDecoder.createIndex
        ).params
        #expect(integer.lookup == false && integer.range == true && integer.isPrincipal == true)
        let keyword = try decode(
            #"{"field_name":"a","field_schema":{"type":"keyword","is_tenant":true,"prefix":false}}"#,
            RequestDecoder.createIndex
        ).params
        #expect(keyword.isTenant == true)
    }
}
