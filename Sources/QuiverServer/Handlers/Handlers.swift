import Logging
import NIOCore
import Quiver
import QuiverModel
import QuiverWire

/// The handlers of all operations, one extension per group of routes.
///
/// A handler is called on the event loop of its connection and says in its `Outcome` where the rest is to run. Bodies of
/// some size are read, and whatever may take long is done and written, on the database's worker threads, in one hop:
/// neither megabytes of JSON nor a scan ever runs on an event loop.
struct Handlers: Sendable {
    let database: Database
    let options: ServerOptions
    let quotaManager: QuotaManager
    let pace = Pace()
    let metrics = RequestMetrics()
    let slowRequests = SlowRequests()
    let longWork = LongWork()
    let snapshotActivity = SnapshotActivity()
    let backupSessions = BackupSessions()
    let logger: Logger
    let identity = ProcessIdentity()

    /// Bodies up to this size are read on the event loop, which takes some tens of microseconds.
    static let shortBodyBytes = 64 << 10

    /// - Throws: `ServerFailure` when the quotas that were set cannot be read.
    init(
        database: Database, options: ServerOptions, logger: Logger = Logger(label: "quiver")
    ) throws(ServerFailure) {
        self.database = database
        self.options = options
        self.logger = logger
        quotaManager = try QuotaManager(directory: database.path, configured: options.quotas)
    }

    func outcome(_ call: Call) throws(Rejection) -> Outcome {
        switch call.route.operation {
        case .root: .answer(root())
        case .health: .answer(.text("healthz check passed"))
        case .ready: .answer(.text("all shards are ready"))
        case .metrics: metrics(call)
        case .telemetry: telemetry(call)
        case .issues: .answer(issues(call))
        case .clearIssues: .answer(clearIssues(call))
        case .quotas: quotas(call)
        case .updateQuotas: updateQuotas(call)
        case .clusterStatus: .answer(clusterStatus(call))
        case .clusterTelemetry: throw clusterTelemetry()
        case .logger: .answer(logger(call))
        case .updateLogger: .answer(try updateLogger(call))
        case .stackTrace: stackTrace(call)
        case .debugger: .answer(debugger(call))
        case .updateDebugger: .answer(try updateDebugger(call))
        case .slowRequests: .answer(slowRequests(call))
        case .auditLogs: .answer(try auditLogs(call))

        case .listCollections: .answer(listCollections(call))
        case .getCollection: try getCollection(call)
        case .createCollection: createCollection(call)
        case .updateCollection: updateCollection(call)
        case .deleteCollection: deleteCollection(call)
        case .collectionExists: .answer(collectionExists(call))
        case .updateAliases: updateAliases(call)
        case .listAliases: .answer(try listAliases(call, collection: nil))
        case .listCollectionAliases: .answer(try listAliases(call, collection: call.collectionName))
        case .createIndex: try createIndex(call)
        case .deleteIndex: try deleteIndex(call)
        case .createVectorName: try createVectorName(call)
        case .deleteVectorName: try deleteVectorName(call)
        case .collectionCluster: try collectionCluster(call)
        case .optimizations: try optimizations(call)
        case .shardKeys: .answer(try shardKeys(call))
        case .collectionMemory: try collectionMemory(call)
        case .truncateLog: .answer(try truncateLog(call))

        case .upsertPoints: try update(call, call.isPadded ? RequestDecoder.upsertInPlace : RequestDecoder.upsert)
        case .deletePoints: try update(call, RequestDecoder.deletePoints)
        case .updateVectors: try update(call, RequestDecoder.updateVectors)
        case .deleteVectors: try update(call, RequestDecoder.deleteVectors)
        case .setPayload: try update(call, RequestDecoder.setPayload)
        case .overwritePayload: try update(call, RequestDecoder.overwritePayload)
        case .deletePayload: try update(call, RequestDecoder.deletePayload)
        case .clearPayload: try update(call, RequestDecoder.clearPayload)
        case .batchUpdate: try batchUpdate(call)

        case .retrievePoints: try retrievePoints(call)
        case .retrievePoint: try retrievePoint(call)
        case .scroll: try scroll(call)
        case .count: try count(call)
        case .query: try query(call, RequestDecoder.query, answeredAs: .points)
        case .queryBatch: try queryBatch(call, RequestDecoder.queryBatch, answeredAs: .points)
        case .queryGroups: try queryGroups(call, RequestDecoder.queryGroups)
        case .search: try query(call, RequestDecoder.search, answeredAs: .list)
        case .searchBatch: try queryBatch(call, RequestDecoder.searchBatch, answeredAs: .list)
        case .searchGroups: try queryGroups(call, RequestDecoder.searchGroups)
        case .recommend: try query(call, RequestDecoder.recommend, answeredAs: .list)
        case .recommendBatch: try queryBatch(call, RequestDecoder.recommendBatch, answeredAs: .list)
        case .recommendGroups: try queryGroups(call, RequestDecoder.recommendGroups)
        case .discover: try query(call, RequestDecoder.discover, answeredAs: .list)
        case .discoverBatch: try queryBatch(call, RequestDecoder.discoverBatch, answeredAs: .list)
        case .facet: try facet(call)
        case .matrixPairs: try matrix(call, ResponseEncoder.matrixPairs)
        case .matrixOffsets: try matrix(call, ResponseEncoder.matrixOffsets)

        case .shardRetrieve: try inShard(call, retrievePoints)
        case .shardScroll: try inShard(call, scroll)
        case .shardCount: try inShard(call, count)
        case .shardCleanup: .answer(try shardCleanup(call))

        case .listSnapshots(let kind): try listSnapshots(call, kind)
        case .createSnapshot(let kind): try createSnapshot(call, kind)
        case .deleteSnapshot(let kind): try deleteSnapshot(call, kind)
        case .downloadSnapshot(let kind): try downloadSnapshot(call, kind)
        case .recoverSnapshot(let kind): try recoverSnapshot(call, kind)
        case .uploadSnapshot(let kind): try uploadSnapshot(call, kind)
        case .streamShardSnapshot: try streamShardSnapshot(call)

        case .openBackup: openBackup(call)
        case .backupManifest: .answer(try backupManifest(call))
        case .closeBackup: .answer(try closeBackup(call))
        case .backupRecords: .answer(try backupRecords(call))
        case .releaseBackupRecords: .answer(try releaseBackupRecords(call))
        case .backupSegment: .answer(try backupSegment(call))
        case .releaseBackupSegment: .answer(try releaseBackupSegment(call))
        case .backupLog: .answer(try backupLog(call))
        case .backupJournal: try backupJournal(call)
        case .backupSaved: try backupSaved(call)
        case .logRetention: try logRetention(call)

        case .unavailable(let what): throw .unavailable(what)
        case .clusterOnly: throw .clusterOnly
        }
    }

    private func inShard(
        _ call: Call, _ handler: (Call) throws(Rejection) -> Outcome
    ) throws(Rejection) -> Outcome {
        try checkShard(call)
        return try handler(call)
    }

    /// Reads a body in the form that the decoder wants it.
    typealias Decoder<Request> = @Sendable (UnsafeRawBufferPointer) throws(WireError) -> Request

    func decode<Request>(_ body: ByteBuffer, _ decoder: Decoder<Request>) throws(Rejection) -> Request {
        // The closure of a byte buffer throws untyped; a result carries the type through.
        let result: Result<Request, WireError> = body.withUnsafeReadableBytes { bytes in
            Result { () throws(WireError) in try decoder(bytes) }
        }
        do throws(WireError) {
            return try result.get()
        } catch {
            throw Rejection(status: error.status, text: error.message)
        }
    }

    func engine<Value>(_ body: () throws(QuiverError) -> Value) throws(Rejection) -> Value {
        do throws(QuiverError) {
            return try body()
        } catch {
            throw ErrorAnswer.rejection(error)
        }
    }

    func engine<Value>(_ body: () async throws(QuiverError) -> Value) async throws(Rejection) -> Value {
        do throws(QuiverError) {
            return try await body()
        } catch {
            throw ErrorAnswer.rejection(error)
        }
    }

    /// Work in a collection that was found before: when it has been deleted since, it is not there.
    func engine<Value>(_ call: Call, _ body: () throws(QuiverError) -> Value) throws(Rejection) -> Value {
        do throws(QuiverError) {
            return try body()
        } catch {
            throw rejection(error, call)
        }
    }

    func engine<Value>(
        _ call: Call, _ body: () async throws(QuiverError) -> Value
    ) async throws(Rejection) -> Value {
        do throws(QuiverError) {
            return try await body()
        } catch {
            throw rejection(error, call)
        }
    }

    func rejection(_ error: QuiverError, _ call: Call) -> Rejection {
        guard error.kind == .closed else { return ErrorAnswer.rejection(error) }
        do throws(QuiverError) {
            _ = try database.collection(call.collectionName)
            return ErrorAnswer.rejection(error)
        } catch let reason {
            return ErrorAnswer.rejection(reason)
        }
    }

    /// A rejection travels inside the value, because the pool's own errors are the engine's.
    func onWorker<Value: Sendable>(
        _ body: @escaping @Sendable () throws(Rejection) -> Value
    ) async throws(Rejection) -> Value {
        let result = try await engine { () async throws(QuiverError) in
            try await database.workers.run { () throws(QuiverError) in
                Result { () throws(Rejection) in try body() }
            }
        }
        return try result.get()
    }

    func collection(_ call: Call) throws(Rejection) -> Collection {
        try engine { () throws(QuiverError) in try database.collection(call.collectionName) }
    }
}
