import Logging
import NIOCore
import Quiver
import QuiverArchive
import QuiverModel
import QuiverWire
import Synchronization

/// Collections from snapshots: out of a file, from another server, or as they are uploaded. An archive goes into the
/// engine as it comes, and is nowhere as a whole.
extension Handlers {
    func recoverSnapshot(_ call: Call, _ kind: SnapshotKind) throws(Rejection) -> Outcome {
        if kind == .shard { try checkShard(call) }
        let request = try decode(
            call.body, kind == .shard ? RequestDecoder.shardSnapshotRecovery : RequestDecoder.snapshotRecovery)
        let location = try SnapshotLocation(request.location, ofShard: kind == .shard)
        let name = try recoveredName(call)
        if case .remote = location, !options.allowsSnapshotURLs {
            throw .forbidden("Recovering snapshots from URLs is disabled by service.enable_snapshot_url_recovery")
        }
        return background(call, "recovery from a snapshot") { () throws(Rejection) in
            let read: (UnsafeMutableRawBufferPointer) throws(Rejection) -> Int
            switch location {
            case .file(let path):
                let file = try SnapshotFile(path, inside: database.snapshots.path)
                read = { (target) throws(Rejection) in try file.read(into: target) }
            case .named(let snapshot):
                let content = try engine(call) { () throws(QuiverError) in
                    try database.snapshots.open(.shard(name, UInt32(Self.shardNumber)), name: snapshot, in: database)
                }
                var offset: UInt64 = 0
                read = { (target) throws(Rejection) in
                    let count = try engine(call) { () throws(QuiverError) in try content.read(at: offset, into: target) }
                    offset += UInt64(count)
                    return count
                }
            case .remote(let url):
                let remote = try RemoteSnapshot(url, apiKey: request.apiKey)
                read = { (target) throws(Rejection) in try remote.read(into: target) }
            }
            let stream = SnapshotStream(checksum: request.checksum, mismatch: Self.recoveryMismatch, read: read)
            try recover(stream, into: name, priority: request.priority)
            return .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
        }
    }

    func uploadSnapshot(_ call: Call, _ kind: SnapshotKind) throws(Rejection) -> Outcome {
        if kind == .shard { try checkShard(call) }
        let name = try recoveredName(call)
        let boundary = try multipart { () throws(MultipartError) in try MultipartBoundary.read(call.transfer?.contentType) }
        guard let source = call.source else { throw Rejection(status: 400, text: MultipartError.incomplete.text) }
        return .thread { reply throws(Rejection) in
            let upload = SnapshotUpload(boundary: boundary, source)
            // Who does not wait is answered when everything is received.
            let once = Mutex(false)
            let answer: (Result<Answer, Rejection>) -> Bool = { result in
                let isFirst = once.withLock { isAnswered in
                    defer { isAnswered = true }
                    return !isAnswered
                }
                if isFirst { reply(result) }
                return isFirst
            }
            let waits = call.query.saidWait ?? true
            let stream = SnapshotStream(checksum: call.query.checksum, mismatch: Self.uploadMismatch) {
                (target) throws(Rejection) in
                let count = try upload.read(into: target)
                if count == 0, !waits { _ = answer(.success(accepted(call))) }
                return count
            }
            do throws(Rejection) {
                try recover(stream, into: name, priority: call.query.priority)
                _ = answer(.success(.json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))))
            } catch {
                if !answer(.failure(error)) { note(error, "recovery from an uploaded snapshot", call) }
            }
        }
    }

    /// The collection that is recovered: there already, perhaps under an alias, or to be made.
    private func recoveredName(_ call: Call) throws(Rejection) -> String {
        let name = call.collectionName
        if database.collectionExists(name) {
            return try engine { () throws(QuiverError) in try database.collectionName(name) }
        }
        try CollectionName.check(name, creating: true)
        return name
    }

    private func recover(_ stream: SnapshotStream, into name: String, priority: String?) throws(Rejection) {
        try snapshotActivity.recovering(name) { () throws(Rejection) in
            do throws(QuiverError) {
                try database.snapshots.recover(
                    from: { try stream.next($0) }, into: name, of: database,
                    priority: priority.flatMap(SnapshotPriority.init(rawValue:)))
            } catch {
                // Whether it is the archive that was meant comes before what is wrong with it.
                if stream.failure == nil, stream.hasChecksum { try stream.finish() }
                if let failure = stream.failure { throw failure }
                if error.kind == .badInput, !stream.isArchive {
                    throw Rejection(
                        status: 400,
                        text: "Wrong input: The snapshot does not contain a collection config: \(error.message)")
                }
                throw ErrorAnswer.rejection(error)
            }
        }
        logger.info("collection recovered from a snapshot", metadata: ["collection": "\(name)"])
    }

    private static func recoveryMismatch(_ expected: String, _ actual: String) -> Rejection {
        Rejection(
            status: 400, text: "Wrong input: Snapshot checksum mismatch: expected \(expected), got \(actual)")
    }

    private static func uploadMismatch(_ expected: String, _ actual: String) -> Rejection {
        Rejection(status: 400, text: "Checksum mismatch: expected \(expected), actual \(actual)")
    }
}

private func multipart<Value>(_ body: () throws(MultipartError) -> Value) throws(Rejection) -> Value {
    do throws(MultipartError) { return try body() } catch { throw error.rejection }
}

/// The field `snapshot` of a form that is being received. Other fields are ignored, as are further ones of this name.
private final class SnapshotUpload {
    private var reader: MultipartReader
    private var rest = ByteBuffer()
    private var hasBegun = false
    private var isOver = false

    init(boundary: String, _ source: BodySource) {
        reader = MultipartReader(boundary: boundary) { () throws(BodySource.Failure) in try source.next() }
    }

    /// 0 behind the field, and then the whole form has been received and was well formed.
    func read(into target: UnsafeMutableRawBufferPointer) throws(Rejection) -> Int {
        try multipart { () throws(MultipartError) in
            if isOver { return 0 }
            if !hasBegun {
                hasBegun = true
                while true {
                    guard let part = try reader.nextPart() else { throw .missing(field: "snapshot") }
                    if part.name == "snapshot" { break }
                }
            }
            if rest.readableBytes == 0 {
                guard let more = try reader.nextBytes() else {
                    isOver = true
                    while try reader.nextPart() != nil {}
                    return 0
                }
                rest = more
            }
            let count = min(target.count, rest.readableBytes)
            rest.readWithUnsafeReadableBytes { bytes in
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
                return count
            }
            return count
        }
    }
}
