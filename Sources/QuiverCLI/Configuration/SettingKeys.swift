import Logging
import QuiverModel
import QuiverServer

/// The table of keys: the one source for reading, for the nearest name of a misspelt key, and for the listing of
/// `quiver serve --print-config`. Layout and names are Qdrant's; a new option is one line here.
enum SettingKeys {
    static let all: [SettingKey] = service + security + storage + snapshots + optimizers + hnsw + general + notYet + withoutEffect

    static let byPath: [String: SettingKey] = Dictionary(
        all.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })

    /// Every prefix of a key: what may be a section in a file.
    static let sections: Set<String> = Set(
        all.flatMap { key -> [String] in
            let parts = key.path.split(separator: ".")
            return (1..<max(parts.count, 1)).map { parts[..<$0].joined(separator: ".") }
        })

    private static let service = [
        key("service.host", .text, "0.0.0.0", "Address to listen on.") { $0.server.host = $1.text },
        key("service.http_port", .integer(0...65_535), "6333", "Port of the REST interface; 0: any free one.") {
            $0.server.port = $1.integer
        },
        key("service.max_request_size_mb", .integer(1...1024), "32", "Largest body of a request, in MiB.") {
            $0.server.maximumRequestBytes = $1.integer << 20
        },
        key("service.max_workers", .integer(0...1024), "0", "Threads that serve connections; 0: one per core.") {
            $0.server.eventLoopThreads = $1.integer
        },
        key("service.enable_cors", .boolean, "true", "Whether pages of any origin may call from a browser.") {
            $0.server.enableCORS = $1.boolean
        },
        key(
            "service.enable_compression", .boolean, "true",
            "Whether long answers are compressed for clients that accept it."
        ) { $0.server.enableCompression = $1.boolean },
        key(
            "service.metrics_port", .integer(0...65_535), "0",
            "Port that answers /metrics and the health checks alone, without a key; 0: none."
        ) { $0.server.metricsPort = $1.integer },
        key("service.metrics_prefix", .text, "", "Stands before the names of metrics.") {
            $0.server.metricsPrefix = $1.text
        },
    ]

    private static let security = [
        secret("service.api_key", "Key that callers have to show.") { $0.apiKey = $1 },
        secret("service.alt_api_key", "Second key, for changing keys.") { $0.alternativeAPIKey = $1 },
        secret("service.read_only_api_key", "Key that may only read.") { $0.readOnlyAPIKey = $1 },
        key("service.jwt_rbac", .boolean, "false", "Access by tokens that are signed with the key.") {
            $0.server.security.acceptsTokens = $1.boolean
        },
    ]

    private static let storage = [
        key("storage.storage_path", .text, "./storage", "Directory of all data.") { $0.storagePath = $1.text },
        key("storage.performance.max_search_threads", .integer(0...1024), "0", "Threads for queries; 0: one per core.")
        {
            $0.searchThreads = $1.integer
        },
        key(
            "storage.performance.optimizer_cpu_budget", .integer(-1024...1024), "0",
            "Cores for sealing, indexing and merging; 0: chosen, negative: so many left free."
        ) { $0.optimizerCPUBudget = $1.integer },
        key(
            "storage.quotas.enabled", .boolean, "false",
            "Whether the quotas below hold; PUT /quotas sets others, which win."
        ) { $0.server.quotas.isEnabled = $1.boolean },
        key(
            "storage.quotas.max_resident_memory_percent", .integer(1...100), nil,
            "Updates are refused while the process takes so much of its memory."
        ) { $0.server.quotas.maximumResidentMemoryPercent = $1.integer },
        key(
            "storage.quotas.max_disk_usage_percent", .integer(1...100), nil,
            "Updates are refused while the storage's file system is so full."
        ) { $0.server.quotas.maximumDiskUsagePercent = $1.integer },
        key(
            "storage.quotas.release_margin_percent", .integer(0...100), nil,
            "So far below its quota a resource has to fall again; absent: 5."
        ) { $0.server.quotas.releaseMarginPercent = $1.integer },
        key(
            "storage.kept_log_mb", .integer(0...1 << 20), "1024",
            "Log that is kept of a collection for its next backup, in MiB; with more, that copies it anew."
        ) { $0.keptLogMegabytes = $1.integer },
        key(
            "storage.scrub_interval_hours", .integer(0...87_600), "24",
            "Hours until all segment files are read again, which finds what the disk has lost; 0: never."
        ) { $0.scrubIntervalHours = $1.integer },
        key(
            "storage.scrub_mb_per_second", .integer(1...1 << 20), "32",
            "Most that this reads in a second, in MiB."
        ) { $0.scrubMegabytesPerSecond = $1.integer },
        key("storage.on_disk_payload", .boolean, "true", "Default of new collections.") {
            $0.server.collectionDefaults.onDiskPayload = $1.boolean
        },
        key("storage.wal.wal_capacity_mb", .integer(1...(.max)), "32", "Default of new collections; echoed only.") {
            $0.server.collectionDefaults.wal.walCapacityMb = $1.integer
        },
        key("storage.wal.wal_segments_ahead", .integer(0...(.max)), "0", "Default of new collections; echoed only.") {
            $0.server.collectionDefaults.wal.walSegmentsAhead = $1.integer
        },
        key("storage.wal.wal_retain_closed", .integer(1...(.max)), "1", "Default of new collections; echoed only.") {
            $0.server.collectionDefaults.wal.walRetainClosed = $1.integer
        },
        key(
            "storage.collection.replication_factor", .integer(1...(.max)), "1",
            "Default of new collections; echoed only."
        ) {
            $0.server.collectionDefaults.replicationFactor = $1.integer
        },
        key(
            "storage.collection.write_consistency_factor", .integer(1...(.max)), "1",
            "Default of new collections; echoed only."
        ) { $0.server.collectionDefaults.writeConsistencyFactor = $1.integer },
    ]

    private static let snapshots = [
        key(
            "service.enable_snapshot_url_recovery", .boolean, "true",
            "Whether collections may be recovered from snapshots of other servers."
        ) { $0.server.allowsSnapshotURLs = $1.boolean },
        key(
            "storage.snapshots_path", .text, nil, "Directory of snapshots; absent: snapshots in the storage directory."
        ) { $0.snapshotsPath = $1.text.isEmpty ? nil : $1.text },
        key(
            "storage.snapshots_config.snapshots_storage", .choice(["local", "s3"]), "local",
            "Where snapshots are kept: in the directory, or in a bucket of S3."
        ) { $0.snapshotsAreInS3 = $1.text == "s3" },
        s3("bucket", "Bucket of the snapshots.") { $0.bucket = $1 },
        s3("region", "Region of the bucket; absent: us-east-1.") { $0.region = $1 },
        s3("endpoint_url", "URL of an S3 that is not Amazon's.") { $0.endpointURL = $1 },
        s3("access_key", "Key of S3; absent: AWS_ACCESS_KEY_ID of the environment.", isSecret: true) { $0.accessKey = $1 },
        s3("secret_key", "Secret of the key; absent: AWS_SECRET_ACCESS_KEY of the environment.", isSecret: true) {
            $0.secretKey = $1
        },
    ]

    private static func s3(
        _ name: String, _ about: String, isSecret: Bool = false,
        _ apply: @escaping @Sendable (inout Settings.S3, String?) -> Void
    ) -> SettingKey {
        var key = key("storage.snapshots_config.s3_config." + name, .text, nil, about) {
            apply(&$0.s3, $1.text.isEmpty ? nil : $1.text)
        }
        key.isSecret = isSecret
        return key
    }

    private static let optimizers = [
        key(
            "storage.optimizers.deleted_threshold", .real(0...1), "0.2",
            "Share of dead vectors above which a segment is rewritten."
        ) { $0.server.collectionDefaults.optimizers.deletedThreshold = $1.real },
        key(
            "storage.optimizers.vacuum_min_vector_number", .integer(100...(.max)), "1000",
            "Segments with fewer vectors are not rewritten for their dead ones."
        ) { $0.server.collectionDefaults.optimizers.vacuumMinVectorNumber = $1.integer },
        key(
            "storage.optimizers.default_segment_number", .integer(0...(.max)), "0",
            "Segments that merging aims at; 0: chosen."
        ) { $0.server.collectionDefaults.optimizers.defaultSegmentNumber = $1.integer },
        key(
            "storage.optimizers.max_segment_size_kb", .integer(1...(.max)), nil,
            "Larger segments are not merged further."
        ) {
            $0.server.collectionDefaults.optimizers.maxSegmentSize = $1.integer
        },
        key("storage.optimizers.memmap_threshold_kb", .integer(0...(.max)), nil, "Echoed; segments are always mapped.")
        {
            $0.server.collectionDefaults.optimizers.memmapThreshold = $1.integer
        },
        key("storage.optimizers.indexing_threshold_kb", .integer(0...(.max)), "10000", "Smaller segments get no graph.")
        {
            $0.server.collectionDefaults.optimizers.indexingThreshold = $1.integer
        },
        key(
            "storage.optimizers.flush_interval_sec", .integer(0...(.max)), "5",
            "Echoed; every write is durable at once."
        ) {
            $0.server.collectionDefaults.optimizers.flushIntervalSec = $1.integer
        },
        key(
            "storage.optimizers.max_optimization_threads", .integer(0...1024), nil,
            "Threads of one collection's background work; absent: the budget's."
        ) { $0.server.collectionDefaults.optimizers.maxOptimizationThreads = $1.integer },
    ]

    private static let hnsw = [
        key("storage.hnsw_index.m", .integer(0...10_000), "16", "Links of a node; twice as many on the ground level.") {
            $0.server.collectionDefaults.hnsw.m = $1.integer
        },
        key("storage.hnsw_index.ef_construct", .integer(4...100_000), "100", "Candidates looked at when building.") {
            $0.server.collectionDefaults.hnsw.efConstruct = $1.integer
        },
        key(
            "storage.hnsw_index.full_scan_threshold_kb", .integer(0...(.max)), "10000",
            "Below it matching points are scanned, not walked."
        ) { $0.server.collectionDefaults.hnsw.fullScanThreshold = $1.integer },
        key("storage.hnsw_index.max_indexing_threads", .integer(0...1024), "0", "Threads of one graph; 0: chosen.") {
            $0.server.collectionDefaults.hnsw.maxIndexingThreads = $1.integer
        },
        key("storage.hnsw_index.on_disk", .boolean, "false", "Default of new collections.") {
            $0.server.collectionDefaults.hnsw.onDisk = $1.boolean
        },
        key("storage.hnsw_index.payload_m", .integer(0...10_000), nil, "Default of new collections.") {
            $0.server.collectionDefaults.hnsw.payloadM = $1.integer
        },
    ]

    private static let general = [
        key(
            "log_level", .choice(["trace", "debug", "info", "warn", "warning", "error"]), "info",
            "Least level that is logged."
        ) {
            $0.logLevel = $1.text == "warn" ? .warning : Logger.Level(rawValue: $1.text) ?? .info
        },
        key("log_format", .choice(Settings.LogFormat.allCases.map(\.rawValue)), "text", "Lines of text, or of JSON.") {
            $0.logFormat = Settings.LogFormat(rawValue: $1.text) ?? .text
        },
        key("logger.format", .choice(Settings.LogFormat.allCases.map(\.rawValue)), nil, "The same by Qdrant's name.") {
            $0.logFormat = Settings.LogFormat(rawValue: $1.text) ?? .text
        },
    ]

    /// Options for what is not there yet. Security options above all must never be ignored silently.
    private static let notYet = [
        refused("service.enable_tls", .boolean, ["false"], "HTTPS."),
        refused("service.verify_https_client_certificate", .boolean, ["false"], "Client certificates."),
        refused("service.hardware_reporting", .boolean, ["false"], "Hardware use in each answer."),
        refused("cluster.enabled", .boolean, ["false"], "Running as part of a cluster."),
        refused("cluster.p2p.enable_tls", .boolean, ["false"], "TLS between the members of a cluster."),
        refused("storage.node_type", .choice(["Normal", "Listener"]), ["Normal"], "Role in a cluster."),
        refused("storage.optimizers_overwrite", .text, [""], "Settings that win over those of collections."),
        refused("storage.max_collections", .integer(0...(.max)), [], "Most collections."),
        refused("storage.low_memory_mode", .text, ["", "disabled", "false"], "Starting with little memory."),
        refused("storage.recovery_mode", .text, [""], "Starting without loading the collections."),
        refused("storage.handle_collection_load_errors", .boolean, ["false"], "Starting with broken collections."),
        refused("storage.collection.vectors.on_disk", .boolean, [], "Default of new vectors."),
        refused("storage.collection.quantization", .text, [""], "Default of new collections."),
        refused("storage.collection.shard_number_per_node", .integer(1...(.max)), ["1"], "Default of new collections."),
        refused("storage.collection.strict_mode.enabled", .boolean, ["false"], "Limits of new collections."),
        refused("audit.enabled", .boolean, ["false"], "A log of who did what."),
        refused("logger.on_disk.enabled", .boolean, ["false"], "A log file."),
        refused("gpu.indexing", .boolean, ["false"], "Building indexes on a graphics processor."),
        refused("inference.address", .text, [""], "Vectors from a model."),
    ]

    /// The text after the kind is the value in Qdrant's own configuration file, about which there is nothing to say.
    private static let withoutEffect =
        [
            idle("service.static_content_dir", .text, "./static", "there is no dashboard"),
            idle("service.enable_static_content", .boolean, "true", "there is no dashboard"),
            idle("storage.temp_path", .text, "", "no temporary files are written, snapshots neither"),
            idle("storage.update_concurrency", .integer(0...(.max)), nil, "there are no replicas"),
            idle("storage.performance.update_rate_limit", .integer(0...(.max)), nil, "there is no cluster"),
            idle("storage.performance.incoming_shard_transfers_limit", .integer(0...(.max)), "1", "there is no cluster"),
            idle("storage.performance.outgoing_shard_transfers_limit", .integer(0...(.max)), "1", "there is no cluster"),
            idle("storage.performance.async_scorer", .boolean, "false", "vectors are read from mapped memory"),
            idle("storage.performance.max_concurrent_collection_loads", .integer(1...(.max)), "1", loading),
            idle("storage.performance.max_concurrent_shard_loads", .integer(1...(.max)), "1", loading),
            idle("storage.performance.max_concurrent_segment_loads", .integer(1...(.max)), "8", loading),
            idle("storage.shard_transfer_method", .text, "", "there is no cluster"),
            idle("telemetry_disabled", .boolean, "false", "nothing is ever sent"),
            idle("per_collection_metrics_enabled", .boolean, "true", "requests are always counted by collection"),
            idle("tls.cert", .text, "./tls/cert.pem", "TLS is not supported yet"),
            idle("tls.key", .text, "./tls/key.pem", "TLS is not supported yet"),
            idle("tls.ca_cert", .text, "./tls/cacert.pem", "TLS is not supported yet"),
            idle("tls.cert_ttl", .integer(0...(.max)), "3600", "TLS is not supported yet"),
            idle("cluster.p2p.port", .integer(0...65_535), "6335", "there is no cluster"),
            idle("cluster.consensus.tick_period_ms", .integer(0...(.max)), "100", "there is no cluster"),
            idle("cluster.consensus.compact_wal_entries", .integer(0...(.max)), "128", "there is no cluster"),
            idle("logger.on_disk.log_file", .text, "", "there is no log file"),
            idle("logger.on_disk.log_level", .text, "INFO", "there is no log file"),
            idle("logger.on_disk.format", .text, "text", "there is no log file"),
            idle("logger.on_disk.buffer_size_bytes", .integer(0...(.max)), "1024", "there is no log file"),
            idle("audit.dir", .text, "./storage/audit", "there is no audit log yet"),
            idle("audit.rotation", .text, "daily", "there is no audit log yet"),
            idle("audit.max_log_files", .integer(0...(.max)), "7", "there is no audit log yet"),
            idle("audit.trust_forwarded_headers", .boolean, "false", "there is no audit log yet"),
            SettingKey(
                path: "service.grpc_port", kind: .integer(0...65_535), defaultText: nil,
                about: "Port of the gRPC interface, which is not served yet.",
                effect: .unserved("gRPC is not served yet: nothing listens on port", unless: ["0"])),
        ]
        + [
            "max_query_limit", "max_timeout", "unindexed_filtering_retrieve", "unindexed_filtering_update",
            "search_max_hnsw_ef", "search_allow_exact", "search_max_oversampling",
        ].map { idle("storage.collection.strict_mode." + $0, .text, "", "strict mode is not enabled") }

    private static let loading = "collections are loaded one after the other, in no time"

    private static func key(
        _ path: String, _ kind: SettingKey.Kind, _ defaultText: String?, _ about: String,
        _ apply: @escaping @Sendable (inout Settings, SettingValue) -> Void
    ) -> SettingKey {
        SettingKey(path: path, kind: kind, defaultText: defaultText, about: about, effect: .set(apply))
    }

    /// An empty one counts as none.
    private static func secret(
        _ path: String, _ about: String, _ apply: @escaping @Sendable (inout ServerOptions.Security, String?) -> Void
    ) -> SettingKey {
        var key = key(path, .text, nil, about) { apply(&$0.server.security, $1.text.isEmpty ? nil : $1.text) }
        key.isSecret = true
        return key
    }

    private static func refused(
        _ path: String, _ kind: SettingKey.Kind, _ harmless: [String], _ about: String
    ) -> SettingKey {
        SettingKey(
            path: path, kind: kind, defaultText: nil, about: about + " Not supported yet.",
            effect: .refused(unless: harmless))
    }

    private static func idle(
        _ path: String, _ kind: SettingKey.Kind, _ stock: String?, _ reason: String
    ) -> SettingKey {
        SettingKey(
            path: path, kind: kind, defaultText: nil, about: "No effect: \(reason).",
            effect: .idle(reason, stock: stock))
    }
}
