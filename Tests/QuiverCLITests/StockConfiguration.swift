/// The keys of the configuration file that Qdrant ships in its Docker image, with the values they have there.
let stockConfiguration = """
    log_level: INFO
    telemetry_disabled: false
    per_collection_metrics_enabled: true
    service:
      host: 0.0.0.0
      http_port: 6333
      grpc_port: 6334
      max_request_size_mb: 32
      max_workers: 0
      enable_cors: true
      enable_tls: false
      verify_https_client_certificate: false
    cluster:
      enabled: false
      p2p: {port: 6335, enable_tls: false}
      consensus: {tick_period_ms: 100, compact_wal_entries: 128}
    tls: {cert: ./tls/cert.pem, key: ./tls/key.pem, ca_cert: ./tls/cacert.pem, cert_ttl: 3600}
    storage:
      storage_path: ./storage
      snapshots_path: ./snapshots
      snapshots_config: {snapshots_storage: local}
      temp_path: null
      on_disk_payload: true
      update_concurrency: null
      node_type: "Normal"
      shard_transfer_method: null
      max_collections: null
      wal: {wal_capacity_mb: 32, wal_segments_ahead: 0}
      performance: {max_search_threads: 0, optimizer_cpu_budget: 0, update_rate_limit: null}
      optimizers:
        deleted_threshold: 0.2
        vacuum_min_vector_number: 1000
        default_segment_number: 0
        max_segment_size_kb: null
        indexing_threshold_kb: 10000
        flush_interval_sec: 5
        max_optimization_threads: null
      hnsw_index:
        m: 16
        ef_construct: 100
        full_scan_threshold_kb: 10000
        max_indexing_threads: 0
        on_disk: false
        payload_m: null
      collection:
        replication_factor: 1
        write_consistency_factor: 1
        vectors: {on_disk: null}
        quantization: null

    """
