/// What a route does. The handler switches over it; metrics and access rules will too.
package enum Operation: Hashable, Sendable {
    // Service
    case root, health, ready, clusterStatus, issues, clearIssues, metrics, telemetry

    // Collections and aliases
    case listCollections, getCollection, createCollection, updateCollection, deleteCollection, collectionExists
    case updateAliases, listAliases, listCollectionAliases
    case createIndex, deleteIndex
    case createVectorName, deleteVectorName

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

    /// Part of Qdrant's interface that is not there yet: 501, naming it.
    case unavailable(String)
    /// What Qdrant itself refuses without clustering: 405.
    case clusterOnly
}

/// What a caller needs to be allowed for a route.
package enum AccessClass: String, Hashable, Sendable {
    /// No key needed.
    case open
    /// Reads data.
    case read
    /// Changes points.
    case write
    /// Changes collections, or touches the whole server.
    case manage
}
