import Quiver
import QuiverModel
import QuiverWire

/// What a server says of clustering that has none: each collection is one shard, and it is here.
extension Handlers {
    static let shardNumber = 0

    func clusterStatus(_ call: Call) -> Answer {
        report(.object([("status", .text("disabled"))]), call)
    }

    /// There are no peers to ask.
    func clusterTelemetry() -> Rejection {
        Rejection(status: 500, text: "Service internal error: Could not get telemetry from cluster")
    }

    func collectionCluster(_ call: Call) throws(Rejection) -> Outcome {
        let collection = try collection(call)
        return .worker { () throws(Rejection) in
            let info = try engine(call) { () throws(QuiverError) in try collection.infoBlocking() }
            return report(
                .object([
                    ("peer_id", .int(peer)), ("shard_count", .int(1)),
                    (
                        "local_shards",
                        .array([
                            .object([
                                ("shard_id", .int(Self.shardNumber)), ("points_count", .int(info.pointsCount)),
                                ("state", .text("Active")),
                            ])
                        ])
                    ),
                    ("remote_shards", .array([])), ("shard_transfers", .array([])),
                ]), call)
        }
    }

    /// The same for the same directory, and exact in a double.
    var peer: Int { Int(truncatingIfNeeded: Digest.of(database.path) & (1 << 53 - 1)) | 1 }

    /// Only collections that are sharded by hand have keys.
    func shardKeys(_ call: Call) throws(Rejection) -> Answer {
        _ = try collection(call)
        return report(.object([]), call)
    }

    /// The one shard of the collection is meant.
    /// - Throws: `Rejection` with 404 when another one is.
    func checkShard(_ call: Call) throws(Rejection) {
        let text = call.path["shard_id"] ?? ""
        guard let number = UInt32(text) else {
            throw .malformed("path parameters", "can not parse \"\(text)\" to a u32")
        }
        _ = try engine { () throws(QuiverError) in try database.collectionName(call.collectionName) }
        if Int(number) != Self.shardNumber { throw Rejection(status: 404, text: "Not found: Shard \(number) not found") }
    }

    /// A shard that is the whole collection has no points of others.
    func shardCleanup(_ call: Call) throws(Rejection) -> Answer {
        try checkShard(call)
        let status: UpdateStatus = call.query.wait ? .completed : .acknowledged
        return .json(
            ResponseEncoder.update(UpdateResult(operationID: 0, status: status), seconds: call.elapsedSeconds))
    }

    /// An update is applied when it is answered, so none waits in the log.
    func truncateLog(_ call: Call) throws(Rejection) -> Answer {
        _ = try collection(call)
        return report(.int(0), call)
    }
}
