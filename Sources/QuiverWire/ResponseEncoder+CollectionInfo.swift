import QuiverJSON
package import QuiverModel

extension ResponseEncoder {
    /// `GET /collections/{name}`. The vectors are echoed as they were sent: options that were not given are absent.
    package static func collectionInfo(_ info: CollectionInfo, seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: 2048) { writer in
            writer.object { writer in
                writer.member("status", info.status)
                if let error = info.optimizerError {
                    writer.object("optimizer_status") { $0.member("error", error) }
                } else {
                    writer.member("optimizer_status", "ok")
                }
                writeWarnings(of: info.config, &writer)
                writer.member("indexed_vectors_count", info.indexedVectorsCount)
                writer.member("points_count", info.pointsCount)
                writer.member("segments_count", info.segmentsCount)
                writer.key("config")
                write(info.config, &writer)
                writer.key("payload_schema")
                writer.map(info.payloadSchema, write)
                writer.object("update_queue") { $0.member("length", info.updateQueueLength) }
            }
        }
    }

    static func writeParams(_ config: CollectionConfig, _ writer: inout JSONWriter) {
        writer.object { writer in
            writeVectors(of: config, &writer)
            writer.member("shard_number", config.shardNumber)
            writer.member("replication_factor", config.replicationFactor)
            writer.member("write_consistency_factor", config.writeConsistencyFactor)
            writer.member("on_disk_payload", config.onDiskPayload)
            if let memory = config.payloadMemory { writer.object("payload") { $0.member("memory", memory) } }
            if let sparse = config.sparseVectors {
                writer.key("sparse_vectors")
                writer.map(sparse, write)
            }
        }
    }

    static func write(_ config: CollectionConfig, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("params")
            writeParams(config, &writer)
            writer.key("hnsw_config")
            write(config.hnsw, &writer)
            writer.key("optimizer_config")
            write(config.optimizers, &writer)
            writer.object("wal_config") { writer in
                writer.member("wal_capacity_mb", config.wal.walCapacityMb)
                writer.member("wal_segments_ahead", config.wal.walSegmentsAhead)
                writer.member("wal_retain_closed", config.wal.walRetainClosed)
            }
            writer.key("quantization_config")
            if let quantization = config.quantization { write(quantization, &writer) } else { writer.null() }
            if let strictMode = config.strictMode {
                writer.key("strict_mode_config")
                write(strictMode, &writer)
            }
            if let metadata = config.metadata {
                writer.key("metadata")
                writer.value(raw: Array(metadata.utf8))
            }
        }
    }

    private static func write(_ hnsw: HNSWConfig, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("m", hnsw.m)
            writer.member("ef_construct", hnsw.efConstruct)
            writer.member("full_scan_threshold", hnsw.fullScanThreshold)
            writer.member("max_indexing_threads", hnsw.maxIndexingThreads)
            writer.member("on_disk", hnsw.onDisk)
            writer.member("memory", hnsw.memory)
            writer.member("payload_m", hnsw.payloadM)
            writer.member("inline_storage", hnsw.inlineStorage)
        }
    }

    private static func write(_ optimizers: OptimizersConfig, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("deleted_threshold", optimizers.deletedThreshold)
            writer.member("vacuum_min_vector_number", optimizers.vacuumMinVectorNumber)
            writer.member("default_segment_number", optimizers.defaultSegmentNumber)
            writer.nullable("max_segment_size", optimizers.maxSegmentSize)
            writer.nullable("memmap_threshold", optimizers.memmapThreshold)
            writer.nullable("indexing_threshold", optimizers.indexingThreshold)
            writer.member("flush_interval_sec", optimizers.flushIntervalSec)
            writer.nullable("max_optimization_threads", optimizers.maxOptimizationThreads)
            writer.member("prevent_unoptimized", optimizers.preventUnoptimized)
        }
    }

    /// `params` only where the index was asked for with an object.
    private static func write(_ index: PayloadIndexInfo, _ writer: inout JSONWriter) {
        let params = index.params
        writer.object { writer in
            writer.member("data_type", params.type)
            if params.givenAsObject {
                writer.object("params") { writer in
                    writer.member("type", params.type)
                    writer.member("lookup", params.lookup)
                    writer.member("range", params.range)
                    if let text = params.text { write(text, phraseMatching: params.phraseMatching, &writer) }
                    writer.member("is_tenant", params.isTenant)
                    writer.member("is_principal", params.isPrincipal)
                    writer.member("on_disk", params.onDisk)
                    writer.member("memory", params.memory)
                    writer.member("enable_hnsw", params.enableHNSW)
                    writer.member("prefix", params.prefix)
                }
            }
            writer.member("points", index.points)
        }
    }

    /// The options of a text index; the tokenizer has a default and is there in any case.
    private static func write(_ text: TextOptions, phraseMatching: Bool?, _ writer: inout JSONWriter) {
        writer.member("tokenizer", text.tokenizer ?? .word)
        writer.member("min_token_len", text.minTokenLength)
        writer.member("max_token_len", text.maxTokenLength)
        writer.member("lowercase", text.lowercase)
        writer.member("ascii_folding", text.asciiFolding)
        writer.member("phrase_matching", phraseMatching)
        switch text.stopwords {
        case nil: break
        case .language(let language): writer.member("stopwords", language)
        case .set(let languages, let custom):
            writer.object("stopwords") { writer in
                writer.member("languages", languages?.map(\.rawValue))
                writer.member("custom", custom)
            }
        }
        switch text.stemmer {
        case nil: break
        case .snowball(let language):
            writer.object("stemmer") { writer in
                writer.member("type", "snowball")
                writer.member("language", language)
            }
        case .some(.none): writer.object("stemmer") { $0.member("type", "none") }
        }
    }

    private static func write(_ strict: StrictModeConfig, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("enabled", strict.enabled)
            writer.member("max_query_limit", strict.maxQueryLimit)
            writer.member("max_timeout", strict.maxTimeout)
            writer.member("unindexed_filtering_retrieve", strict.unindexedFilteringRetrieve)
            writer.member("unindexed_filtering_update", strict.unindexedFilteringUpdate)
            writer.member("search_max_hnsw_ef", strict.searchMaxHNSWEf)
            writer.member("search_allow_exact", strict.searchAllowExact)
            writer.member("search_max_oversampling", strict.searchMaxOversampling)
            writer.member("upsert_max_batchsize", strict.upsertMaxBatchSize)
            writer.member("search_max_batchsize", strict.searchMaxBatchSize)
            writer.member("max_collection_vector_size_bytes", strict.maxCollectionVectorSizeBytes)
            writer.member("read_rate_limit", strict.readRateLimit)
            writer.member("write_rate_limit", strict.writeRateLimit)
            writer.member("max_collection_payload_size_bytes", strict.maxCollectionPayloadSizeBytes)
            writer.member("max_points_count", strict.maxPointsCount)
            writer.member("filter_max_conditions", strict.filterMaxConditions)
            writer.member("condition_max_size", strict.conditionMaxSize)
            if let multivector = strict.multivector {
                writer.key("multivector_config")
                writer.map(multivector) { limit, writer in writer.object { $0.member("max_vectors", limit.maxVectors) } }
            }
            if let sparse = strict.sparse {
                writer.key("sparse_config")
                writer.map(sparse) { limit, writer in writer.object { $0.member("max_length", limit.maxLength) } }
            }
            writer.member("max_payload_index_count", strict.maxPayloadIndexCount)
            writer.member("max_resident_memory_percent", strict.maxResidentMemoryPercent)
        }
    }

    /// What was asked for and has no effect; the member is there when there is something to say.
    private static func writeWarnings(of config: CollectionConfig, _ writer: inout JSONWriter) {
        let warnings = config.warnings
        guard !warnings.isEmpty else { return }
        writer.key("warnings")
        writer.beginArray()
        for warning in warnings { writer.object { $0.member("message", warning) } }
        writer.endArray()
    }
}
