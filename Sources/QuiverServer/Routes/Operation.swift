/// What a route does. The handler switches over it.
package enum Operation: Hashable, Sendable {
    // Service
    case root, health, ready
    case metrics, telemetry, issues, clearIssues, quotas, updateQuotas
    case clusterStatus, clusterTelemetry
    case logger, updateLogger, stackTrace, debugger, updateDebugger, slowRequests, auditLogs

    // Collections and aliases
    case listCollections, getCollection, createCollection, updateCollection, deleteCollection, collectionExists
    case updateAliases, listAliases, listCollectionAliases
    case createIndex, deleteIndex
    case createVectorName, deleteVectorName
    case collectionCluster, optimizations, shardKeys, collectionMemory, truncateLog

    // Points: updates
    case upsertPoints, deletePoints, updateVectors, deleteVectors
    case setPayload, overwritePayload, deletePayload, clearPayload
    case batchUpdate

    // Points: reads
    case retrievePoints, retrievePoint, scroll, count
    case query, queryBatch, queryGroups
    case search, searchBatch, searchGroups
    case recommend, recommendBatch, recommendGroups
    case discover, discoverBatch
    case facet, matrixPairs, matrixOffsets

    // One shard, by its number
    case shardRetrieve, shardScroll, shardCount, shardCleanup

    // Snapshots
    case listSnapshots(SnapshotKind), createSnapshot(SnapshotKind), deleteSnapshot(SnapshotKind)
    case downloadSnapshot(SnapshotKind)
    case recoverSnapshot(SnapshotKind), uploadSnapshot(SnapshotKind)
    case streamShardSnapshot

    // Backups of a running server
    case openBackup, backupManifest, closeBackup
    case backupRecords, releaseBackupRecords, backupSegment, releaseBackupSegment, backupLog
    case backupJournal, backupSaved, logRetention

    /// Part of Qdrant's interface that is not there yet: 501, naming it.
    case unavailable(String)
    /// What Qdrant itself refuses without clustering: 405.
    case clusterOnly
}

/// What a snapshot is of, by the path of its route.
package enum SnapshotKind: Hashable, Sendable {
    case storage, collection, shard
}

/// What a caller needs to be allowed for a route. `Access` decides.
package enum AccessClass: Hashable, Sendable, CaseIterable {
    /// No key.
    case open
    /// Any key; what the key may not see is left out of the answer.
    case listing
    /// Reading what belongs to the whole server.
    case globalRead
    /// Changing it, and changing which collections there are.
    case globalManage
    /// Reading the collection of the path.
    case collectionRead
    /// Reading what is not its points: shards, snapshots.
    case collectionExtras
    /// Changing its points.
    case collectionWrite
    /// Changing what is not its points: indexes, snapshots.
    case collectionManage
}
