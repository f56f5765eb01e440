/// One line of the interface.
package struct Route: Sendable {
    package enum Method: String, Hashable, Sendable, CaseIterable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var method: Method
    /// Segments between slashes; `{name}` takes one segment, percent-decoded.
    package var pattern: String
    package var operation: Operation
    package var access: AccessClass

    /// The name of the route in metrics and logs: no values, so that there are few of them.
    package let label: String

    package init(method: Method, pattern: String, operation: Operation, access: AccessClass) {
        self.method = method
        self.pattern = pattern
        self.operation = operation
        self.access = access
        label = method.rawValue + " " + pattern
    }
}

/// Every route there is, in one place.
///
/// A new endpoint is one line here, a case in `Operation` and its handler. The names in braces are
/// those of Qdrant's interface description, so that a test can compare the two lists.
package enum RouteTable {
    package static let routes: [Route] = service + collections + updates + reads + legacy + unavailable

    private static let service: [Route] = [
        route(.get, "/", .root, .open),
        route(.get, "/healthz", .health, .open),
        route(.get, "/livez", .health, .open),
        route(.get, "/readyz", .ready, .open),
        route(.get, "/cluster", .clusterStatus, .manage),
        route(.get, "/metrics", .metrics, .read),
        route(.get, "/telemetry", .telemetry, .read),
        route(.get, "/issues", .issues, .manage),
        route(.delete, "/issues", .clearIssues, .manage),
    ]

    private static let collections: [Route] = [
        route(.get, "/collections", .listCollections, .read),
        route(.get, "/collections/{collection_name}", .getCollection, .read),
        route(.put, "/collections/{collection_name}", .createCollection, .manage),
        route(.patch, "/collections/{collection_name}", .updateCollection, .manage),
        route(.delete, "/collections/{collection_name}", .deleteCollection, .manage),
        route(.get, "/collections/{collection_name}/exists", .collectionExists, .read),
        route(.post, "/collections/aliases", .updateAliases, .manage),
        route(.get, "/aliases", .listAliases, .read),
        route(.get, "/collections/{collection_name}/aliases", .listCollectionAliases, .read),
        route(.put, "/collections/{collection_name}/index", .createIndex, .manage),
        route(.delete, "/collections/{collection_name}/index/{field_name}", .deleteIndex, .manage),
        route(.put, "/collections/{collection_name}/vectors/{vector_name}", .createVectorName, .manage),
        route(.delete, "/collections/{collection_name}/vectors/{vector_name}", .deleteVectorName, .manage),
    ]

    private static let updates: [Route] = [
        route(.put, "/collections/{collection_name}/points", .upsertPoints, .write),
        route(.post, "/collections/{collection_name}/points/delete", .deletePoints, .write),
        route(.put, "/collections/{collection_name}/points/vectors", .updateVectors, .write),
        route(.post, "/collections/{collection_name}/points/vectors/delete", .deleteVectors, .write),
        route(.post, "/collections/{collection_name}/points/payload", .setPayload, .write),
        route(.put, "/collections/{collection_name}/points/payload", .overwritePayload, .write),
        route(.post, "/collections/{collection_name}/points/payload/delete", .deletePayload, .write),
        route(.post, "/collections/{collection_name}/points/payload/clear", .clearPayload, .write),
        route(.post, "/collections/{collection_name}/points/batch", .batchUpdate, .write),
    ]

    private static let reads: [Route] = [
        route(.post, "/collections/{collection_name}/points", .retrievePoints, .read),
        route(.get, "/collections/{collection_name}/points/{id}", .retrievePoint, .read),
        route(.post, "/collections/{collection_name}/points/scroll", .scroll, .read),
        route(.post, "/collections/{collection_name}/points/count", .count, .read),
        route(.post, "/collections/{collection_name}/points/query", .query, .read),
        route(.post, "/collections/{collection_name}/points/query/batch", .queryBatch, .read),
        route(.post, "/collections/{collection_name}/points/query/groups", .queryGroups, .read),
        route(.post, "/collections/{collection_name}/facet", .facet, .read),
        route(.post, "/collections/{collection_name}/points/search/matrix/pairs", .matrixPairs, .read),
        route(.post, "/collections/{collection_name}/points/search/matrix/offsets", .matrixOffsets, .read),
    ]

    /// What clients older than 1.10 speak.
    private static let legacy: [Route] = [
        route(.post, "/collections/{collection_name}/points/search", .search, .read),
        route(.post, "/collections/{collection_name}/points/search/batch", .searchBatch, .read),
        route(.post, "/collections/{collection_name}/points/search/groups", .searchGroups, .read),
        route(.post, "/collections/{collection_name}/points/recommend", .recommend, .read),
        route(.post, "/collections/{collection_name}/points/recommend/batch", .recommendBatch, .read),
        route(.post, "/collections/{collection_name}/points/recommend/groups", .recommendGroups, .read),
        route(.post, "/collections/{collection_name}/points/discover", .discover, .read),
        route(.post, "/collections/{collection_name}/points/discover/batch", .discoverBatch, .read),
    ]

    /// Known, and answered with the truth: not there yet, or not on a single machine.
    private static let unavailable: [Route] =
        [
            missing(.get, "/quotas", "Reading quotas", .manage),
            missing(.put, "/quotas", "Changing quotas", .manage),
            missing(.get, "/cluster/telemetry", "Cluster telemetry", .manage),
            route(.post, "/cluster/recover", .clusterOnly, .manage),
            route(.delete, "/cluster/peer/{peer_id}", .clusterOnly, .manage),

            missing(.get, "/collections/{collection_name}/cluster", "Cluster information of a collection", .read),
            route(.post, "/collections/{collection_name}/cluster", .clusterOnly, .manage),
            missing(.get, "/collections/{collection_name}/optimizations", "Listing optimizations", .read),
            missing(.get, "/collections/{collection_name}/shards", "Listing shard keys", .read),
            route(.put, "/collections/{collection_name}/shards", .clusterOnly, .manage),
            route(.post, "/collections/{collection_name}/shards/delete", .clusterOnly, .manage),

            missing(.get, "/snapshots", "Listing full snapshots", .manage),
            missing(.post, "/snapshots", "Creating a full snapshot", .manage),
            missing(.get, "/snapshots/{snapshot_name}", "Downloading a full snapshot", .manage),
            missing(.delete, "/snapshots/{snapshot_name}", "Deleting a full snapshot", .manage),
        ] + snapshots(of: "/collections/{collection_name}", "collection snapshot")
        + snapshots(of: "/collections/{collection_name}/shards/{shard_id}", "shard snapshot")
        + [
            missing(
                .get, "/collections/{collection_name}/shards/{shard_id}/snapshot", "Streaming a shard snapshot", .manage
            )
        ]

    private static func snapshots(of owner: String, _ what: String) -> [Route] {
        [
            missing(.get, owner + "/snapshots", "Listing \(what)s", .manage),
            missing(.post, owner + "/snapshots", "Creating a \(what)", .manage),
            missing(.put, owner + "/snapshots/recover", "Recovering from a \(what)", .manage),
            missing(.post, owner + "/snapshots/upload", "Uploading a \(what)", .manage),
            missing(.get, owner + "/snapshots/{snapshot_name}", "Downloading a \(what)", .manage),
            missing(.delete, owner + "/snapshots/{snapshot_name}", "Deleting a \(what)", .manage),
        ]
    }

    private static func route(
        _ method: Route.Method, _ pattern: String, _ operation: Operation, _ access: AccessClass
    ) -> Route {
        Route(method: method, pattern: pattern, operation: operation, access: access)
    }

    /// `what` begins the sentence "… is not supported yet".
    private static func missing(
        _ method: Route.Method, _ pattern: String, _ what: String, _ access: AccessClass
    ) -> Route {
        Route(method: method, pattern: pattern, operation: .unavailable(what), access: access)
    }
}
