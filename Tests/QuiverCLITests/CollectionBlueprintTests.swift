import QuiverJSON
import QuiverModel
import QuiverWire
import Testing

@testable import QuiverCLI

struct CollectionBlueprintTests {
    /// Every member that a configuration of ours can have.
    private static let everything = """
        {"vectors": {
           "a": {"size": 8, "distance": "Cosine", "hnsw_config": {"m": 24, "ef_construct": 64, "full_scan_threshold": 20,
                 "max_indexing_threads": 1, "on_disk": true, "payload_m": 4, "inline_storage": false},
                 "quantization_config": {"scalar": {"type": "int8", "quantile": 0.5, "always_ram": true}}, "on_disk": true,
                 "datatype": "float16"},
           "b": {"size": 2, "distance": "Manhattan", "multivector_config": {"comparator": "max_sim"}, "memory": "cold",
                 "quantization_config": {"product": {"compression": "x8", "memory": "cached"}}},
           "c": {"size": 3, "distance": "Euclid", "datatype": "uint8",
                 "quantization_config": {"binary": {"encoding": "two_bits", "query_encoding": "scalar8bits"}}},
           "d": {"size": 4, "distance": "Dot", "datatype": "turbo4"}},
         "sparse_vectors": {"s": {"modifier": "idf", "index": {"full_scan_threshold": 7, "on_disk": true,
                                  "datatype": "float16"}}, "t": {"index": {"memory": "cached"}}, "u": {}},
         "shard_number": 2, "replication_factor": 3, "write_consistency_factor": 2, "on_disk_payload": false,
         "payload": {"memory": "cold"},
         "hnsw_config": {"m": 0, "ef_construct": 4, "full_scan_threshold": 10, "max_indexing_threads": 2, "on_disk": true,
                         "memory": "cached", "payload_m": 8, "inline_storage": false},
         "optimizers_config": {"deleted_threshold": 0.25, "vacuum_min_vector_number": 100, "default_segment_number": 3,
                               "max_segment_size": 5, "memmap_threshold": 6, "indexing_threshold": 0,
                               "flush_interval_sec": 9, "max_optimization_threads": 1, "prevent_unoptimized": true},
         "wal_config": {"wal_capacity_mb": 1, "wal_segments_ahead": 2, "wal_retain_closed": 3},
         "quantization_config": {"turbo": {"bits": "bits2", "always_ram": false}},
         "strict_mode_config": {"enabled": true, "max_query_limit": 30, "max_timeout": 5,
             "unindexed_filtering_retrieve": false, "unindexed_filtering_update": true, "search_max_hnsw_ef": 9,
             "search_allow_exact": false, "search_max_oversampling": 1.5, "upsert_max_batchsize": 20,
             "search_max_batchsize": 4, "max_collection_vector_size_bytes": 11, "read_rate_limit": 12,
             "write_rate_limit": 13, "max_collection_payload_size_bytes": 14, "max_points_count": 15,
             "filter_max_conditions": 16, "condition_max_size": 17, "multivector_config": {"b": {"max_vectors": 18}},
             "sparse_config": {"s": {"max_length": 19}}, "max_payload_index_count": 21, "max_resident_memory_percent": 22},
         "metadata": {"null": null, "list": [1, 2.5, "x"]}}
        """

    private static func config(_ body: String) throws -> CollectionConfig {
        try Array(body.utf8).withUnsafeBytes { try RequestDecoder.createCollection($0) }
    }

    private static func info(_ config: CollectionConfig) throws -> JSONValue {
        let info = CollectionInfo(
            status: .green, optimizerError: nil, pointsCount: 3, indexedVectorsCount: 0, segmentsCount: 0, config: config,
            payloadSchema: [:], updateQueueLength: 0)
        return try #require(try JSONValue(parsing: ResponseEncoder.collectionInfo(info, seconds: 0))["result"])
    }

    @Test func whatIsToldMakesTheSameAgain() throws {
        let original = try Self.config(Self.everything)
        let info = try Self.info(original)
        let blueprint = try #require(CollectionBlueprint(info: info))
        #expect(blueprint.unknown == [] && blueprint.obstacles == [])
        var copy = try Self.config(blueprint.create.text)
        #expect(copy.strictMode == nil)
        let finish = try #require(blueprint.finish)
        // The limits come by a change; here as if they had been given at once.
        copy.strictMode = try Self.config(finish.text).strictMode
        #expect(try Self.info(copy)["config"] == info["config"])
        #expect(ConfigurationDifference.all(source: blueprint.config, target: try Self.info(copy)["config"]) == [])
        #expect(blueprint.maximumQueryLimit == 30 && blueprint.maximumBatchSize == 20)
        #expect(blueprint.vectors.map(\.name) == ["a", "b", "c", "d"] && blueprint.sparseVectors == ["s", "t", "u"])
        #expect(blueprint.vectors.map(\.kind.datatype) == ["float16", "float32", "uint8", "turbo4"])
        #expect(blueprint.vectors.map { $0.kind.tolerance > 0 } == [true, false, false, true])
        #expect(blueprint.expectedPointBytes == nil)
    }

    @Test func oneVectorWithoutAName() throws {
        let blueprint = try #require(
            CollectionBlueprint(info: try Self.info(try Self.config(#"{"vectors": {"size": 100, "distance": "Dot"}}"#))))
        #expect(blueprint.vectors.map(\.name) == [""] && blueprint.vectors[0].kind.size == 100)
        #expect(blueprint.expectedPointBytes == 1712)
    }

    @Test func aNameMayBeSize() throws {
        let body = #"{"vectors": {"size": {"size": 2, "distance": "Dot"}, "distance": {"size": 3, "distance": "Dot"}}}"#
        let blueprint = try #require(CollectionBlueprint(info: try Self.info(try Self.config(body))))
        #expect(blueprint.vectors.map(\.name).sorted() == ["distance", "size"])
    }

    @Test func whatIsNotKnownIsPassedOnAndTold() throws {
        let info = try JSONValue(parsing: Array("""
            {"config": {"params": {"vectors": {"v": {"size": 1, "distance": "Dot", "speed": "high"}}, "colour": "red",
              "sharding_method": "custom", "read_fan_out_factor": 3, "sparse_vectors": {"s": {"taste": 1}}},
             "optimizer_config": {"max_segment_size": null}, "new_config": {"a": 1}, "quantization_config": null},
             "payload_schema": {"x": {"data_type": "keyword", "params": {"type": "keyword", "is_tenant": null,
              "on_disk": true}, "points": 4}, "y": {"data_type": "integer", "points": 0},
              "z": {"data_type": "text", "params": {"lowercase": true}}}}
            """.utf8))
        let blueprint = try #require(CollectionBlueprint(info: info))
        #expect(blueprint.unknown == [
            "config.params.colour", "config.params.vectors.v.speed", "config.params.sparse_vectors.s.taste",
            "config.new_config",
        ])
        #expect(blueprint.obstacles.count == 1)
        #expect(blueprint.create["colour"]?.string == "red" && blueprint.create["new_config"]?["a"]?.count == 1)
        #expect(blueprint.create["quantization_config"] == nil)
        #expect(blueprint.create["optimizers_config"] == .object([]))
        #expect(blueprint.finish?[path: "params", "read_fan_out_factor"]?.count == 3)
        #expect(blueprint.indexes.map(\.field) == ["x", "y", "z"])
        #expect(blueprint.indexes.map(\.schema.text) == [
            #"{"type":"keyword","on_disk":true}"#, #""integer""#, #"{"type":"text","lowercase":true}"#,
        ])
        #expect(CollectionBlueprint(info: .object([])) == nil)
    }

    @Test func differencesHaveTheirPlaces() throws {
        let source = try JSONValue(parsing: Array(#"{"a": {"b": 1, "c": null, "d": [1, 2]}, "e": "x", "f": 1.0}"#.utf8))
        let target = try JSONValue(parsing: Array(#"{"a": {"b": 2, "d": [1, 2], "new": 1}, "f": 1}"#.utf8))
        #expect(ConfigurationDifference.all(source: source, target: target).map(\.description) == [
            "config.a.b is 1 at the source and 2 at the target",
            #"config.e is "x" at the source and absent at the target"#,
        ])
    }
}
