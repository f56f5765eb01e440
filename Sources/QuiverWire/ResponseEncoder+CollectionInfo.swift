import QuiverJSON
package import QuiverModel

extension ResponseEncoder {
    /// `GET /collections/{name}`. The vectors are echoed as they were sent: options that were not given are absent.
    package static func collectionInfo(_ info: CollectionInfo, seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: 2048) { writer in
            writer.beginObject()
            writer.key("status")
            writer.value(info.status.rawValue)
            writer.key("optimizer_status")
            if let error = info.optimizerError {
                writer.beginObject()
                writer.key("error")
                writer.value(error)
                writer.endObject()
            } else {
                writer.value("ok")
            }
            writer.key("indexed_vectors_count")
            writer.value(info.indexedVectorsCount)
            writer.key("points_count")
            writer.value(info.pointsCount)
            writer.key("segments_count")
            writer.value(info.segmentsCount)
            writer.key("config")
            write(info.config, &writer)
            writer.key("payload_schema")
            writer.beginObject()
            for (field, index) in info.payloadSchema.sorted(by: { $0.key < $1.key }) {
                writer.key(named: field)
                write(index, &writer)
            }
            writer.endObject()
            writer.key("update_queue")
            writer.beginObject()
            writer.key("length")
            writer.value(info.updateQueueLength)
            writer.endObject()
            writer.endObject()
        }
    }

    private static func write(_ config: CollectionConfig, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("params")
        writer.beginObject()
        if let vectors = config.vectors {
            writer.key("vectors")
            write(vectors, &writer)
        }
        writer.key("shard_number")
        writer.value(config.shardNumber)
        writer.key("replication_factor")
        writer.value(config.replicationFactor)
        writer.key("write_consistency_factor")
        writer.value(config.writeConsistencyFactor)
        writer.key("on_disk_payload")
        writer.value(config.onDiskPayload)
        writer.endObject()
        writer.key("hnsw_config")
        write(config.hnsw, &writer)
        writer.key("optimizer_config")
        write(config.optimizers, &writer)
        writer.key("wal_config")
        writer.beginObject()
        writer.key("wal_capacity_mb")
        writer.value(config.wal.walCapacityMb)
        writer.key("wal_segments_ahead")
        writer.value(config.wal.walSegmentsAhead)
        writer.key("wal_retain_closed")
        writer.value(config.wal.walRetainClosed)
        writer.endObject()
        writer.key("quantization_config")
        writer.null()
        if let metadata = config.metadata {
            writer.key("metadata")
            writer.value(raw: Array(metadata.utf8))
        }
        writer.endObject()
    }

    private static func write(_ hnsw: HNSWConfig, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("m")
        writer.value(hnsw.m)
        writer.key("ef_construct")
        writer.value(hnsw.efConstruct)
        writer.key("full_scan_threshold")
        writer.value(hnsw.fullScanThreshold)
        writer.key("max_indexing_threads")
        writer.value(hnsw.maxIndexingThreads)
        writeOptional("on_disk", hnsw.onDisk, &writer)
        writeOptional("payload_m", hnsw.payloadM, &writer)
        writer.endObject()
    }

    private static func write(_ optimizers: OptimizersConfig, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("deleted_threshold")
        writer.value(optimizers.deletedThreshold)
        writer.key("vacuum_min_vector_number")
        writer.value(optimizers.vacuumMinVectorNumber)
        writer.key("default_segment_number")
        writer.value(optimizers.defaultSegmentNumber)
        writeNullable("max_segment_size", optimizers.maxSegmentSize, &writer)
        writeNullable("memmap_threshold", optimizers.memmapThreshold, &writer)
        writeNullable("indexing_threshold", optimizers.indexingThreshold, &writer)
        writer.key("flush_interval_sec")
        writer.value(optimizers.flushIntervalSec)
        writeNullable("max_optimization_threads", optimizers.maxOptimizationThreads, &writer)
        writer.endObject()
    }

    static func write(_ vectors: VectorsConfig, _ writer: inout JSONWriter) {
        switch vectors {
        case .unnamed(let params): write(params, &writer)
        case .named(let named):
            writer.beginObject()
            for (name, params) in named.sorted(by: { $0.key < $1.key }) {
                writer.key(named: name)
                write(params, &writer)
            }
            writer.endObject()
        }
    }

    private static func write(_ params: VectorParams, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("size")
        writer.value(params.size)
        writer.key("distance")
        writer.value(params.distance.rawValue)
        if let hnsw = params.hnswConfig {
            writer.key("hnsw_config")
            writer.beginObject()
            writeOptional("m", hnsw.m, &writer)
            writeOptional("ef_construct", hnsw.efConstruct, &writer)
            writeOptional("full_scan_threshold", hnsw.fullScanThreshold, &writer)
            writeOptional("max_indexing_threads", hnsw.maxIndexingThreads, &writer)
            writeOptional("on_disk", hnsw.onDisk, &writer)
            writeOptional("payload_m", hnsw.payloadM, &writer)
            writer.endObject()
        }
        writeOptional("on_disk", params.onDisk, &writer)
        if let datatype = params.datatype {
            writer.key("datatype")
            writer.value(datatype.rawValue)
        }
        writer.endObject()
    }

    /// `params` only where the index was asked for with an object.
    private static func write(_ index: PayloadIndexInfo, _ writer: inout JSONWriter) {
        let params = index.params
        writer.beginObject()
        writer.key("data_type")
        writer.value(params.type.rawValue)
        if params.givenAsObject {
            writer.key("params")
            writer.beginObject()
            writer.key("type")
            writer.value(params.type.rawValue)
            writeOptional("lookup", params.lookup, &writer)
            writeOptional("range", params.range, &writer)
            writeOptional("is_tenant", params.isTenant, &writer)
            writeOptional("is_principal", params.isPrincipal, &writer)
            writeOptional("on_disk", params.onDisk, &writer)
            writeOptional("enable_hnsw", params.enableHNSW, &writer)
            writer.endObject()
        }
        writer.key("points")
        writer.value(index.points)
        writer.endObject()
    }

    private static func writeOptional(_ key: StaticString, _ value: Int?, _ writer: inout JSONWriter) {
        guard let value else { return }
        writer.key(key)
        writer.value(value)
    }

    private static func writeOptional(_ key: StaticString, _ value: Bool?, _ writer: inout JSONWriter) {
        guard let value else { return }
        writer.key(key)
        writer.value(value)
    }

    private static func writeNullable(_ key: StaticString, _ value: Int?, _ writer: inout JSONWriter) {
        writer.key(key)
        if let value { writer.value(value) } else { writer.null() }
    }
}
