import Glibc
import Logging
import NIOCore
import Quiver
import QuiverModel
import QuiverWire
import Synchronization

/// Snapshots: listing, making, deleting and downloading them. Everything here waits for disks or for a store elsewhere,
/// so it runs on threads of its own.
extension Handlers {
    func listSnapshots(_ call: Call, _ kind: SnapshotKind) throws(Rejection) -> Outcome {
        let scope = try scope(call, kind)
        return .thread { reply throws(Rejection) in
            let found = try engine(call) { () throws(QuiverError) in
                try database.snapshots.list(scope, in: database)
            }
            reply(.success(report(.array(found.map(\.report)), call)))
        }
    }

    func createSnapshot(_ call: Call, _ kind: SnapshotKind) throws(Rejection) -> Outcome {
        let scope = try scope(call, kind)
        if kind != .storage { _ = try collection(call) }
        return background(call, "snapshot") { () throws(Rejection) in
            let made = try engine(call) { () throws(QuiverError) in
                try snapshotActivity.creating(scope.collection) { () throws(QuiverError) in
                    try database.snapshots.create(scope, in: database, peer: UInt64(peer))
                }
            }
            logger.info(
                "snapshot made",
                metadata: ["of": "\(scope.collection ?? "the storage")", "name": "\(made.name)", "bytes": "\(made.size)"])
            return report(made.report, call)
        }
    }

    func deleteSnapshot(_ call: Call, _ kind: SnapshotKind) throws(Rejection) -> Outcome {
        let scope = try scope(call, kind)
        let name = call.path["snapshot_name"] ?? ""
        return background(call, "deletion of a snapshot") { () throws(Rejection) in
            try engine(call) { () throws(QuiverError) in
                try database.snapshots.delete(scope, name: name, in: database)
            }
            return .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
        }
    }

    func downloadSnapshot(_ call: Call, _ kind: SnapshotKind) throws(Rejection) -> Outcome {
        let scope = try scope(call, kind)
        let name = call.path["snapshot_name"] ?? ""
        return .thread { reply throws(Rejection) in
            let content = try engine(call) { () throws(QuiverError) in
                try database.snapshots.open(scope, name: name, in: database)
            }
            let stored = StoredContent(
                fileName: name, byteCount: Int(clamping: content.byteCount), modifiedSeconds: content.modifiedSeconds,
                tag: content.tag
            ) { offset, target in
                try content.read(at: UInt64(offset), into: target)
            }
            reply(.success(stored.answer(call.transfer ?? TransferFields())))
        }
    }

    /// Streamed while it is made: nothing of it is kept.
    func streamShardSnapshot(_ call: Call) throws(Rejection) -> Outcome {
        let scope = try scope(call, .shard)
        _ = try collection(call)
        let name = "\(call.collectionName)-shard-\(Self.shardNumber)-\(Self.fileTime()).snapshot"
        var answer = Answer(status: 200, body: [], contentType: .binary)
        answer.fields.append(("Content-Disposition", ContentDisposition.attachment(name)))
        answer.stream = StreamedBody(byteCount: nil) { sink in
            try snapshotActivity.creating(scope.collection) { () throws(QuiverError) in
                try database.snapshots.stream(scope, of: database, to: SinkAdapter(sink))
            }
        }
        return .answer(answer)
    }

    // MARK: Parts

    /// - Throws: `Rejection` when collection or shard are not there.
    func scope(_ call: Call, _ kind: SnapshotKind) throws(Rejection) -> SnapshotScope {
        if kind == .storage { return .storage }
        if kind == .shard { try checkShard(call) }
        // One that cannot be opened has its snapshots all the same.
        let name = try engine { () throws(QuiverError) in try database.collectionName(call.collectionName) }
        return kind == .shard ? .shard(name, UInt32(Self.shardNumber)) : .collection(name)
    }

    /// Work that its caller waits for, unless it said `wait=false`: then it is told that the work has begun, and how it
    /// ends stands in the log.
    func background(
        _ call: Call, _ what: String, _ work: @escaping @Sendable () throws(Rejection) -> Answer
    ) -> Outcome {
        .thread { reply throws(Rejection) in
            if call.query.saidWait ?? true { return reply(.success(try work())) }
            reply(.success(accepted(call)))
            do throws(Rejection) {
                _ = try work()
            } catch {
                note(error, what, call)
            }
        }
    }

    func accepted(_ call: Call) -> Answer {
        .json(ResponseEncoder.accepted(seconds: call.elapsedSeconds), status: 202)
    }

    func note(_ error: Rejection, _ what: String, _ call: Call) {
        logger.error(
            "\(what) failed",
            metadata: ["route": "\(call.route.label)", "collection": "\(call.collectionName)", "cause": "\(error.text)"])
    }

    /// As in the names of snapshots, UTC.
    private static func fileTime() -> String {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "-\(two(parts.tm_hour))-\(two(parts.tm_min))-\(two(parts.tm_sec))"
    }
}

/// From the engine's sink to that of a connection.
private final class SinkAdapter: SnapshotSink {
    private let sink: BodySink

    init(_ sink: BodySink) { self.sink = sink }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try sink.write(bytes) }
}

extension SnapshotScope {
    /// Nil: all of them.
    var collection: String? {
        switch self {
        case .storage: nil
        case .collection(let name), .shard(let name, _): name
        }
    }
}

extension SnapshotDescription {
    var report: ReportValue {
        .object([
            ("name", .text(name)), ("creation_time", creationTime.map { .text($0) } ?? .null),
            ("size", .int(Int(clamping: size))), ("checksum", checksum.map { .text($0) } ?? .null),
        ])
    }
}
