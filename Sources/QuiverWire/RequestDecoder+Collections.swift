import QuiverJSON
import QuiverModel

extension RequestDecoder {
    static func collectionConfig(
        _ node: JSONNode, defaults: CollectionConfig
    ) throws(WireFault) -> CollectionConfig {
        try node.requireObject("struct CreateCollection")
        var config = defaults
        if let vectors = try node.given("vectors") { config.vectors = try vectorsConfig(vectors) }
        if let sparse = try node.given("sparse_vectors") {
            config.sparseVectors = try sparseVectors(sparse) { "[\($0)]" }
        }
        if let count = try node.optionalCount("shard_number", from: 1, bound: Int(UInt32.max)) {
            config.shardNumber = count
        }
        if let method = try node.given("sharding_method") {
            let name = try method.text()
            guard name == "auto" || name == "custom" else { throw method.unknownVariant(name, ["auto", "custom"]) }
            guard name == "auto" else { throw method.unsupported("custom sharding") }
        }
        if let factor = try node.optionalCount("replication_factor", from: 1, bound: Int(UInt32.max)) {
            config.replicationFactor = factor
        }
        if let factor = try node.optionalCount("write_consistency_factor", from: 1, bound: Int(UInt32.max)) {
            config.writeConsistencyFactor = factor
        }
        if let onDisk = try node.optionalBool("on_disk_payload") { config.onDiskPayload = onDisk }
        config.payloadMemory = try payloadMemory(node) ?? config.payloadMemory
        if let hnsw = try node.given("hnsw_config") { config.hnsw = config.hnsw.applying(try hnswPatch(hnsw)) }
        if let wal = try node.given("wal_config") { config.wal = try walConfig(wal, defaults: config.wal) }
        if let optimizers = try node.given("optimizers_config", or: "optimizer_config") {
            config.optimizers = config.optimizers.applying(try optimizersPatch(optimizers))
        }
        config.quantization = try quantization(of: node) ?? config.quantization
        config.strictMode = try strictMode(of: node) ?? config.strictMode
        config.metadata = try metadata(node) ?? config.metadata
        try checkVectorNames(of: config, in: node)
        return config
    }

    static func collectionPatch(_ node: JSONNode) throws(WireFault) -> CollectionPatch {
        try node.requireObject("struct UpdateCollection")
        var patch = CollectionPatch()
        if let vectors = try node.given("vectors") {
            try vectors.requireObject("a map")
            for member in vectors.members {
                patch.vectors[member.key] = try WireFault.changing({ $0.anonymising(member.byteOffset) }) {
                    () throws(WireFault) in try vectorPatch(member)
                }
            }
        }
        if let sparse = try node.given("sparse_vectors") {
            patch.sparseVectors = try sparseVectors(sparse) { _ in "?" }
        }
        if let optimizers = try node.given("optimizers_config", or: "optimizer_config") {
            patch.optimizers = try optimizersPatch(optimizers)
        }
        if let params = try node.given("params") {
            try params.requireObject("struct CollectionParamsDiff")
            patch.replicationFactor = try params.optionalCount("replication_factor", from: 1, bound: Int(UInt32.max))
            patch.writeConsistencyFactor = try params.optionalCount(
                "write_consistency_factor", from: 1, bound: Int(UInt32.max))
            // How reads fan out to replicas: there is one replica, so nothing fans out.
            _ = try params.optionalCount("read_fan_out_factor")
            _ = try params.optionalCount("read_fan_out_delay_ms")
            patch.onDiskPayload = try params.optionalBool("on_disk_payload")
            patch.payloadMemory = try payloadMemory(params)
        }
        if let hnsw = try node.given("hnsw_config") { patch.hnsw = try hnswPatch(hnsw) }
        patch.quantization = try quantizationPatch(of: node)
        patch.strictMode = try strictMode(of: node)
        patch.metadata = try metadata(node)
        return patch
    }

    static func aliases(_ node: JSONNode) throws(WireFault) -> [AliasAction] {
        try node.requireObject("struct ChangeAliasesOperation")
        return try node.required("actions").list("a sequence") { (action) throws(WireFault) in
            if let create = try action.field("create_alias") {
                try create.requireObject("struct CreateAlias")
                let collection = try create.required("collection_name").text()
                let alias = try create.required("alias_name")
                try checkAliasName(alias)
                return .create(alias: try alias.text(), collection: collection)
            }
            if let delete = try action.field("delete_alias") {
                try delete.requireObject("struct DeleteAlias")
                return .delete(alias: try delete.required("alias_name").text())
            }
            if let rename = try action.field("rename_alias") {
                try rename.requireObject("struct RenameAlias")
                let old = try rename.required("old_alias_name").text()
                let new = try rename.required("new_alias_name")
                try checkAliasName(new)
                return .rename(old: old, new: try new.text())
            }
            throw action.noVariant("AliasOperations")
        }
    }
}

// MARK: Configurations

extension RequestDecoder {
    static func hnswPatch(_ node: JSONNode) throws(WireFault) -> HNSWConfigPatch {
        try node.requireObject("struct HnswConfigDiff")
        var patch = HNSWConfigPatch()
        patch.m = try node.optionalCount("m", bound: Limits.hnswLinks)
        patch.efConstruct = try node.optionalCount("ef_construct", from: 4, bound: Limits.hnswCandidates)
        patch.fullScanThreshold = try node.optionalCount("full_scan_threshold", from: 10)
        patch.maxIndexingThreads = try node.optionalCount("max_indexing_threads")
        patch.onDisk = try node.optionalBool("on_disk")
        patch.memory = try node.optionalVariant("memory", of: MemoryPlacement.self)
        patch.payloadM = try node.optionalCount("payload_m", bound: Limits.hnswLinks)
        patch.inlineStorage = try node.optionalBool("inline_storage")
        return patch
    }

    private static func optimizersPatch(_ node: JSONNode) throws(WireFault) -> OptimizersConfigPatch {
        try node.requireObject("struct OptimizersConfigDiff")
        var patch = OptimizersConfigPatch()
        patch.deletedThreshold = try node.given("deleted_threshold")?.number(from: 0, to: 1)
        patch.vacuumMinVectorNumber = try node.optionalCount("vacuum_min_vector_number", from: 100)
        patch.defaultSegmentNumber = try node.optionalCount("default_segment_number")
        patch.maxSegmentSize = try node.optionalCount("max_segment_size", from: 1)
        patch.memmapThreshold = try node.optionalCount("memmap_threshold")
        patch.indexingThreshold = try node.optionalCount("indexing_threshold")
        patch.flushIntervalSec = try node.optionalCount("flush_interval_sec")
        if let threads = try node.given("max_optimization_threads") {
            if let name = threads.string {
                guard name == "auto" else { throw threads.noVariant("MaxOptimizationThreads") }
                patch.maxOptimizationThreads = .automatic
            } else {
                patch.maxOptimizationThreads = .count(try threads.count())
            }
        }
        patch.preventUnoptimized = try node.optionalBool("prevent_unoptimized")
        return patch
    }

    private static func walConfig(_ node: JSONNode, defaults: WALConfig) throws(WireFault) -> WALConfig {
        try node.requireObject("struct WalConfigDiff")
        var config = defaults
        if let value = try node.optionalCount("wal_capacity_mb", from: 1) { config.walCapacityMb = value }
        if let value = try node.optionalCount("wal_segments_ahead") { config.walSegmentsAhead = value }
        if let value = try node.optionalCount("wal_retain_closed") { config.walRetainClosed = value }
        return config
    }

    /// `payload.memory`
    private static func payloadMemory(_ node: JSONNode) throws(WireFault) -> MemoryPlacement? {
        guard let payload = try node.given("payload") else { return nil }
        try payload.requireObject("struct PayloadStorageParams")
        return try storageMemory(of: payload, "payload storage")
    }

    private static func metadata(_ node: JSONNode) throws(WireFault) -> String? {
        guard let metadata = try node.given("metadata") else { return nil }
        return try metadata.payload()?.text
    }
}
