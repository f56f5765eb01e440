import NIOCore
import Quiver
import QuiverModel
import QuiverWire

/// The handlers of all operations, one extension per group of routes.
///
/// Bodies are read and answers written on the database's worker threads, together with a read itself, in one hop:
/// neither megabytes of JSON nor a page fault ever runs on an event loop or in Swift's cooperative pool.
struct Handlers: Sendable {
    let database: Database
    let options: ServerOptions

    func answer(_ call: Call) async throws(Rejection) -> Answer {
        switch call.route.operation {
        case .root: root()
        case .health: .text("healthz check passed")
        case .ready: .text("all shards are ready")
        case .clusterStatus: clusterStatus(call)
        case .issues: issues(call)
        case .clearIssues: clearIssues(call)

        case .listCollections: listCollections(call)
        case .getCollection: try await getCollection(call)
        case .createCollection: try await createCollection(call)
        case .updateCollection: try await updateCollection(call)
        case .deleteCollection: try await deleteCollection(call)
        case .collectionExists: collectionExists(call)
        case .updateAliases: try await updateAliases(call)
        case .listAliases: try listAliases(call, collection: nil)
        case .listCollectionAliases: try listAliases(call, collection: call.collectionName)
        case .createIndex: try await createIndex(call)
        case .deleteIndex: try await deleteIndex(call)

        case .upsertPoints: try await update(call, RequestDecoder.upsert)
        case .deletePoints: try await update(call, RequestDecoder.deletePoints)
        case .updateVectors: try await update(call, RequestDecoder.updateVectors)
        case .deleteVectors: try await update(call, RequestDecoder.deleteVectors)
        case .setPayload: try await update(call, RequestDecoder.setPayload)
        case .overwritePayload: try await update(call, RequestDecoder.overwritePayload)
        case .deletePayload: try await update(call, RequestDecoder.deletePayload)
        case .clearPayload: try await update(call, RequestDecoder.clearPayload)
        case .batchUpdate: try await batchUpdate(call)

        case .retrievePoints: try await retrievePoints(call)
        case .retrievePoint: try await retrievePoint(call)
        case .scroll: try await scroll(call)
        case .count: try await count(call)
        case .query: try await query(call, RequestDecoder.query, answeredAs: .points)
        case .queryBatch: try await queryBatch(call, RequestDecoder.queryBatch, answeredAs: .points)
        case .queryGroups: try await queryGroups(call, RequestDecoder.queryGroups)
        case .search: try await query(call, RequestDecoder.search, answeredAs: .list)
        case .searchBatch: try await queryBatch(call, RequestDecoder.searchBatch, answeredAs: .list)
        case .searchGroups: try await queryGroups(call, RequestDecoder.searchGroups)
        case .recommend: try await query(call, RequestDecoder.recommend, answeredAs: .list)
        case .recommendBatch: try await queryBatch(call, RequestDecoder.recommendBatch, answeredAs: .list)
        case .recommendGroups: try await queryGroups(call, RequestDecoder.recommendGroups)

        case .unavailable(let what): throw .unavailable(what)
        case .clusterOnly: throw .clusterOnly
        }
    }

    /// Reads a body in the form that the decoder wants it.
    typealias Decoder<Request> = @Sendable (UnsafeRawBufferPointer) throws(WireError) -> Request

    /// Runs on a worker thread; errors of the engine become rejections.
    func onWorker<Value: Sendable>(
        _ body: @escaping @Sendable () throws(QuiverError) -> Value
    ) async throws(Rejection) -> Value {
        try await engine { () async throws(QuiverError) in try await database.workers.run(body) }
    }

    /// The same for a body that decodes, too. A rejection travels inside the value, because the pool's own errors
    /// are the engine's.
    func onWorker<Value: Sendable>(
        rejecting body: @escaping @Sendable () throws(Rejection) -> Value
    ) async throws(Rejection) -> Value {
        let result = try await onWorker { () throws(QuiverError) -> Result<Value, Rejection> in
            Result { () throws(Rejection) in try body() }
        }
        return try result.get()
    }

    func decode<Request>(_ body: ByteBuffer, _ decoder: Decoder<Request>) throws(Rejection) -> Request {
        // The closure of a byte buffer throws untyped; a result carries the type through.
        let result: Result<Request, WireError> = body.withUnsafeReadableBytes { bytes in
            Result { () throws(WireError) in try decoder(bytes) }
        }
        return try rejecting { () throws(WireError) in try result.get() }
    }

    func rejecting<Value>(_ body: () throws(WireError) -> Value) throws(Rejection) -> Value {
        do throws(WireError) {
            return try body()
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

    func collection(_ call: Call) throws(Rejection) -> Collection {
        try engine { () throws(QuiverError) in try database.collection(call.collectionName) }
    }
}
