/// The operations that Qdrant 1.19 documents, by method and path: what a client may ask for.
enum DocumentedOperations {
    static let all = """
        GET /
        GET /aliases
        GET /cluster
        DELETE /cluster/peer/{peer_id}
        POST /cluster/recover
        GET /cluster/telemetry
        GET /collections
        POST /collections/aliases
        GET /collections/{collection_name}
        PUT /collections/{collection_name}
        PATCH /collections/{collection_name}
        DELETE /collections/{collection_name}
        GET /collections/{collection_name}/aliases
        GET /collections/{collection_name}/cluster
        POST /collections/{collection_name}/cluster
        GET /collections/{collection_name}/exists
        POST /collections/{collection_name}/facet
        PUT /collections/{collection_name}/index
        DELETE /collections/{collection_name}/index/{field_name}
        GET /collections/{collection_name}/optimizations
        POST /collections/{collection_name}/points
        PUT /collections/{collection_name}/points
        POST /collections/{collection_name}/points/batch
        POST /collections/{collection_name}/points/count
        POST /collections/{collection_name}/points/delete
        POST /collections/{collection_name}/points/payload
        PUT /collections/{collection_name}/points/payload
        POST /collections/{collection_name}/points/payload/clear
        POST /collections/{collection_name}/points/payload/delete
        POST /collections/{collection_name}/points/query
        POST /collections/{collection_name}/points/query/batch
        POST /collections/{collection_name}/points/query/groups
        POST /collections/{collection_name}/points/scroll
        POST /collections/{collection_name}/points/search/matrix/offsets
        POST /collections/{collection_name}/points/search/matrix/pairs
        PUT /collections/{collection_name}/points/vectors
        POST /collections/{collection_name}/points/vectors/delete
        GET /collections/{collection_name}/points/{id}
        PUT /collections/{collection_name}/shards
        GET /collections/{collection_name}/shards
        POST /collections/{collection_name}/shards/delete
        GET /collections/{collection_name}/shards/{shard_id}/snapshot
        GET /collections/{collection_name}/shards/{shard_id}/snapshots
        POST /collections/{collection_name}/shards/{shard_id}/snapshots
        PUT /collections/{collection_name}/shards/{shard_id}/snapshots/recover
        POST /collections/{collection_name}/shards/{shard_id}/snapshots/upload
        DELETE /collections/{collection_name}/shards/{shard_id}/snapshots/{snapshot_name}
        GET /collections/{collection_name}/shards/{shard_id}/snapshots/{snapshot_name}
        GET /collections/{collection_name}/snapshots
        POST /collections/{collection_name}/snapshots
        PUT /collections/{collection_name}/snapshots/recover
        POST /collections/{collection_name}/snapshots/upload
        DELETE /collections/{collection_name}/snapshots/{snapshot_name}
        GET /collections/{collection_name}/snapshots/{snapshot_name}
        PUT /collections/{collection_name}/vectors/{vector_name}
        DELETE /collections/{collection_name}/vectors/{vector_name}
        GET /healthz
        GET /issues
        DELETE /issues
        GET /livez
        GET /metrics
        GET /quotas
        PUT /quotas
        GET /readyz
        GET /snapshots
        POST /snapshots
        DELETE /snapshots/{snapshot_name}
        GET /snapshots/{snapshot_name}
        GET /telemetry
        """
        .split(separator: "\n").map(String.init)

    /// Served by Qdrant without being documented, and used by clients older than 1.10.
    static let legacy = ["search", "search/batch", "search/groups", "recommend", "recommend/batch", "recommend/groups"]
        .map { "POST /collections/{collection_name}/points/\($0)" }
}
