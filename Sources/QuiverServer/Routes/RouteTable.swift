/// Every route there is, in one place: what it does, who may call it, which parameters it reads, whether it is measured,
/// and how it compares with Qdrant's. docs/COMPATIBILITY.md is written from it.
///
/// A new endpoint is one line here, a case in `Operation` and its handler. The names in braces are those of Qdrant's
/// interface description, so that a test can compare the two lists.
package enum RouteTable {
    /// By the headings of docs/COMPATIBILITY.md.
    package static let groups: [(title: String, routes: [Route])] = [
        ("Service", service), ("Collections, aliases, indexes", collections), ("Updates", updates), ("Reads", reads),
        ("Reads of clients before 1.10", legacy), ("Snapshots", snapshots), ("Without documentation", undocumented),
        ("Quiver's own: backups of a running server", backups),
    ]

    package static let routes: [Route] = groups.flatMap(\.routes)

    private static let service: [Route] = [
        Route(.get, "/", .root, .open, .same("`version` is that of the interface; `commit` is zeros")),
        Route(.get, "/healthz", .health, .open),
        Route(.get, "/livez", .health, .open),
        Route(
            .get, "/readyz", .ready, .open,
            .same("the port opens when every collection is open, so it is ready when it answers")),
        Route(
            .get, "/metrics", .metrics, .globalRead, [.anonymize, .perCollection, .timeout],
            .differs(
                "no `collection_hardware_metric_*` and no `grpc_*`; beside Qdrant's, `quiver_component_bytes` and others by "
                    + "collection, vector and component")),
        Route(
            .get, "/telemetry", .telemetry, .listing, [.anonymize, .detailsLevel, .perCollection, .timeout],
            .differs("one shard; a segment holds the vectors of one name; no hardware is counted; `quarantined_files` of a collection whose damaged files were replaced, `quarantined_catalogs` and `nameless_collections` where a damaged catalogue was")),
        Route(.get, "/issues", .issues, .listing, .differs("always an empty list")),
        Route(.delete, "/issues", .clearIssues, .globalManage),
        Route(.get, "/quotas", .quotas, .globalRead),
        Route(
            .put, "/quotas", .updateQuotas, .globalManage, [.wait],
            .differs("what a quota refuses is points and indexes, not new collections")),
        Route(.get, "/cluster", .clusterStatus, .globalRead, .same("`disabled`")),
        Route(
            .get, "/cluster/telemetry", .clusterTelemetry, .listing, [.detailsLevel, .timeout],
            .same("500, which is Qdrant's answer without clustering")),
        .clusterOnly(.post, "/cluster/recover", .globalManage),
        .clusterOnly(.delete, "/cluster/peer/{peer_id}", .globalManage, [.timeout, .force]),
    ]

    private static let collections: [Route] = [
        Route(.get, "/collections", .listCollections, .listing),
        Route(
            .get, "/collections/{collection_name}", .getCollection, .collectionRead,
            .same("counts are exact; `red` with the reason in `optimizer_status` where the files are damaged, and 500 for the rest")),
        Route(.put, "/collections/{collection_name}", .createCollection, .globalManage, [.timeout]),
        Route(
            .patch, "/collections/{collection_name}", .updateCollection, .globalManage, [.timeout],
            .differs("graphs follow when their segment is next written; `on_disk` of a vector, too")),
        Route(.delete, "/collections/{collection_name}", .deleteCollection, .globalManage, [.timeout]),
        Route(.get, "/collections/{collection_name}/exists", .collectionExists, .collectionRead),
        Route(.post, "/collections/aliases", .updateAliases, .globalManage, [.timeout]),
        Route(.get, "/aliases", .listAliases, .listing),
        Route(.get, "/collections/{collection_name}/aliases", .listCollectionAliases, .collectionRead),
        Route(
            .put, "/collections/{collection_name}/index", .createIndex, .collectionManage, .update, isMeasured: true),
        Route(
            .delete, "/collections/{collection_name}/index/{field_name}", .deleteIndex, .collectionManage, .update),
        Route(
            .put, "/collections/{collection_name}/vectors/{vector_name}", .createVectorName, .collectionManage,
            .update, isMeasured: true),
        Route(
            .delete, "/collections/{collection_name}/vectors/{vector_name}", .deleteVectorName, .collectionManage,
            .update, isMeasured: true),
        Route(
            .get, "/collections/{collection_name}/optimizations", .optimizations, .collectionRead,
            [.with, .completedLimit], .differs("a segment holds the vectors of one name")),
        Route(
            .get, "/collections/{collection_name}/cluster", .collectionCluster, .collectionExtras,
            .differs("one shard, whatever `shard_number` says")),
        .clusterOnly(.post, "/collections/{collection_name}/cluster", .globalManage, [.timeout]),
        Route(.get, "/collections/{collection_name}/shards", .shardKeys, .collectionRead, .same("there are no keys")),
        .clusterOnly(.put, "/collections/{collection_name}/shards", .globalManage, [.timeout]),
        .clusterOnly(.post, "/collections/{collection_name}/shards/delete", .globalManage, [.timeout]),
    ]

    private static let updates: [Route] = [
        update(.put, "", .upsertPoints, .same("list and batch form")),
        update(.post, "/delete", .deletePoints),
        update(.put, "/vectors", .updateVectors),
        update(.post, "/vectors/delete", .deleteVectors),
        update(.post, "/payload", .setPayload),
        update(.put, "/payload", .overwritePayload),
        update(.post, "/payload/delete", .deletePayload),
        update(.post, "/payload/clear", .clearPayload),
        update(.post, "/batch", .batchUpdate, .differs("all operations together or none, see below")),
    ]

    private static let reads: [Route] = [
        read(.post, "", .retrievePoints),
        Route(
            .get, "/collections/{collection_name}/points/{id}", .retrievePoint, .collectionRead, [.consistency]),
        read(.post, "/scroll", .scroll),
        read(.post, "/count", .count),
        read(.post, "/query", .query),
        read(.post, "/query/batch", .queryBatch, .same("the queries see the same moment")),
        read(.post, "/query/groups", .queryGroups),
        Route(.post, "/collections/{collection_name}/facet", .facet, .collectionRead, .read),
        read(.post, "/search/matrix/pairs", .matrixPairs),
        read(.post, "/search/matrix/offsets", .matrixOffsets),
    ]

    /// What clients older than 1.10 speak; Qdrant serves it without documenting it.
    private static let legacy: [Route] = [
        read(.post, "/search", .search),
        read(.post, "/search/batch", .searchBatch),
        read(.post, "/search/groups", .searchGroups),
        read(.post, "/recommend", .recommend),
        read(.post, "/recommend/batch", .recommendBatch),
        read(.post, "/recommend/groups", .recommendGroups),
        read(.post, "/discover", .discover),
        read(.post, "/discover/batch", .discoverBatch),
    ]

    private static let snapshots: [Route] =
        [
            Route(.get, "/snapshots", .listSnapshots(.storage), .globalRead),
            Route(.post, "/snapshots", .createSnapshot(.storage), .globalManage, [.wait], .differs(archive)),
            Route(.get, "/snapshots/{snapshot_name}", .downloadSnapshot(.storage), .globalRead)
                .streaming(.download),
            Route(.delete, "/snapshots/{snapshot_name}", .deleteSnapshot(.storage), .globalManage, [.wait]),
        ] + snapshots(of: "/collections/{collection_name}", .collection)
        + snapshots(of: "/collections/{collection_name}/shards/{shard_id}", .shard)
        + [
            Route(
                .get, "/collections/{collection_name}/shards/{shard_id}/snapshot", .streamShardSnapshot,
                .collectionManage, .differs(archive)
            ).streaming(.download)
        ]

    /// Quiver's own: docs/BACKUP-INTERFACE.md.
    private static let backups: [Route] = {
        let session = "/quiver/backups/{session}"
        let records = session + "/{identity}/records"
        let segment = session + "/{identity}/segments/{segment_id}"
        return [
            Route(.post, "/quiver/backups", .openBackup, .globalManage, .same("pins all or some collections at one moment")),
            Route(.get, session, .backupManifest, .globalManage, .same("what was pinned")),
            Route(.delete, session, .closeBackup, .globalManage, .same("lets go of it")),
            Route(.get, records, .backupRecords, .globalManage, .same("the records of a collection, streamed"))
                .streaming(.download),
            Route(.delete, records, .releaseBackupRecords, .globalManage, .same("lets go of them")),
            Route(.get, segment, .backupSegment, .globalManage, .same("a segment file, or a range of it"))
                .streaming(.download),
            Route(.delete, segment, .releaseBackupSegment, .globalManage, .same("lets go of it")),
            Route(
                .get, session + "/{identity}/log", .backupLog, .globalManage, [.after],
                .same("the updates behind a sequence number, streamed")
            ).streaming(.download),
            Route(
                .get, session + "/journal", .backupJournal, .globalManage, [.after],
                .same("the changes of collections and aliases behind a number")),
            Route(
                .post, session + "/saved", .backupSaved, .globalManage,
                .same("the copy is there: earlier log records need not be kept")),
            Route(
                .put, "/quiver/log_retention", .logRetention, .globalManage,
                .same("whether logs are kept for backups to come")),
        ]
    }()

    private static let undocumented: [Route] = [
        Route(.get, "/logger", .logger, .globalRead),
        Route(.post, "/logger", .updateLogger, .globalManage, .differs("only `log_level`; 501 for the rest")),
        Route(.get, "/stacktrace", .stackTrace, .globalManage, .differs("the threads and their names, without frames")),
        Route(.get, "/debugger", .debugger, .globalManage, .same("nothing is configured")),
        Route(.patch, "/debugger", .updateDebugger, .globalManage, .refused("501, unless it switches Pyroscope off")),
        Route(
            .get, "/profiler/slow_requests", .slowRequests, .globalManage, [.limit, .request],
            .differs("requests by route, without their bodies")),
        Route(.post, "/audit/logs", .auditLogs, .globalManage, [.timeout], .same("400: there is no audit log")),
        .clusterOnly(.get, "/cluster/metadata/keys", .globalRead),
        .clusterOnly(.get, "/cluster/metadata/keys/{key}", .globalRead),
        .clusterOnly(.put, "/cluster/metadata/keys/{key}", .globalManage, [.wait]),
        .clusterOnly(.delete, "/cluster/metadata/keys/{key}", .globalManage, [.wait]),
        Route(
            .get, "/collections/{collection_name}/memory", .collectionMemory, .collectionRead,
            .differs("ids and the log are under `other`; what is expected to be cached is what is searched")),
        Route(
            .post, "/collections/{collection_name}/truncate_unapplied_wal", .truncateLog, .globalManage,
            .same("0: no update waits in the log, each is applied when it is answered")),
        Route(
            .post, "/collections/{collection_name}/shards/{shard_id}/points", .shardRetrieve, .collectionRead, .read),
        Route(
            .post, "/collections/{collection_name}/shards/{shard_id}/points/scroll", .shardScroll, .collectionRead,
            .read),
        Route(
            .post, "/collections/{collection_name}/shards/{shard_id}/points/count", .shardCount, .collectionRead,
            .read),
        Route(
            .post, "/collections/{collection_name}/shards/{shard_id}/cleanup", .shardCleanup, .globalManage,
            [.wait, .timeout], .same("nothing to clean")),
        .missing(
            .post, "/collections/{collection_name}/shards/{shard_id}/snapshot/partial/create",
            "Creating a partial snapshot", .collectionManage),
        .missing(
            .post, "/collections/{collection_name}/shards/{shard_id}/snapshot/partial/recover",
            "Recovering from a partial snapshot", .globalManage),
        .missing(
            .post, "/collections/{collection_name}/shards/{shard_id}/snapshot/partial/recover_from",
            "Recovering from a partial snapshot", .globalManage),
        .missing(
            .get, "/collections/{collection_name}/shards/{shard_id}/snapshot/partial/manifest",
            "The manifest of a partial snapshot", .collectionExtras),
    ]

    // MARK: Forms of lines

    private static func update(
        _ method: Route.Method, _ end: String, _ operation: Operation, _ compatibility: Route.Compatibility = .same()
    ) -> Route {
        Route(
            method, "/collections/{collection_name}/points" + end, operation, .collectionWrite, .update,
            isMeasured: true, compatibility)
    }

    private static func read(
        _ method: Route.Method, _ end: String, _ operation: Operation, _ compatibility: Route.Compatibility = .same()
    ) -> Route {
        Route(
            method, "/collections/{collection_name}/points" + end, operation, .collectionRead, .read, isMeasured: true,
            compatibility)
    }

    /// About archives, wherever one is made or read.
    private static let archive = "the archive is Quiver's own; Qdrant's are not read"

    private static func snapshots(of owner: String, _ kind: SnapshotKind) -> [Route] {
        [
            Route(.get, owner + "/snapshots", .listSnapshots(kind), .collectionExtras),
            Route(.post, owner + "/snapshots", .createSnapshot(kind), .collectionManage, [.wait], .differs(archive)),
            Route(
                .put, owner + "/snapshots/recover", .recoverSnapshot(kind), .globalManage, [.wait], .differs(archive)),
            Route(
                .post, owner + "/snapshots/upload", .uploadSnapshot(kind), .globalManage,
                [.wait, .priority, .checksum], .differs(archive + "; restored while it comes, not kept")
            ).streaming(.upload),
            Route(.get, owner + "/snapshots/{snapshot_name}", .downloadSnapshot(kind), .collectionExtras)
                .streaming(.download),
            Route(.delete, owner + "/snapshots/{snapshot_name}", .deleteSnapshot(kind), .collectionManage, [.wait]),
        ]
    }
}
