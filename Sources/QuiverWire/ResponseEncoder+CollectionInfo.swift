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
                    writer.member("is_tenant", params.isTenant)
                    writer.member("is_principal", params.isPrincipal)
                    writer.member("on_disk", params.onDisk)
                    writer.member("enable_hnsw", params.enableHNSW)
                }
            }
            writer.member("points", index.points)
        }
    }
}
