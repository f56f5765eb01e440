import Quiver
import QuiverModel
import QuiverWire

extension Handlers {
    func retrievePoints(_ call: Call) async throws(Rejection) -> Answer {
        try await read(call, RequestDecoder.retrieve) { (collection, request) throws(QuiverError) in
            let records = try collection.retrieveBlocking(
                request.ids, withPayload: request.withPayload, withVectors: request.withVectors)
            return ResponseEncoder.records(records, seconds: call.elapsedSeconds)
        }
    }

    func retrievePoint(_ call: Call) async throws(Rejection) -> Answer {
        let text = call.path["id"] ?? ""
        guard let id = PointID(pathComponent: text) else {
            throw Rejection(status: 400, text: "Wrong input: Can not recognize \"\(text)\" as point id")
        }
        let collection = try collection(call)
        return try await onWorker { () throws(QuiverError) in
            guard let record = try collection.retrieveBlocking([id], withPayload: .all, withVectors: .all).first else {
                throw QuiverError.notFound("Point with id \(id) does not exists!")
            }
            return .json(ResponseEncoder.record(record, seconds: call.elapsedSeconds))
        }
    }

    func scroll(_ call: Call) async throws(Rejection) -> Answer {
        try await read(call, RequestDecoder.scroll) { (collection, request) throws(QuiverError) in
            let page = try collection.scrollBlocking(request, timeout: call.query.timeout)
            return ResponseEncoder.scroll(page, seconds: call.elapsedSeconds)
        }
    }

    func count(_ call: Call) async throws(Rejection) -> Answer {
        try await read(call, RequestDecoder.count) { (collection, request) throws(QuiverError) in
            let count = try collection.countBlocking(
                filter: request.filter, exact: request.exact, timeout: call.query.timeout)
            return ResponseEncoder.count(count, seconds: call.elapsedSeconds)
        }
    }

    /// `points`: `{"points":[…]}` as the universal query answers; `list`: the bare list of the older endpoints.
    enum HitsForm: Sendable {
        case points, list
    }

    func query(
        _ call: Call, _ decoder: @escaping Decoder<QueryRequest>, answeredAs form: HitsForm
    ) async throws(Rejection) -> Answer {
        try await read(call, decoder) { (collection, request) throws(QuiverError) in
            let hits = try collection.queryBlocking(request, timeout: call.query.timeout)
            return switch form {
            case .points: ResponseEncoder.query(hits, seconds: call.elapsedSeconds)
            case .list: ResponseEncoder.search(hits, seconds: call.elapsedSeconds)
            }
        }
    }

    func queryBatch(
        _ call: Call, _ decoder: @escaping Decoder<[QueryRequest]>, answeredAs form: HitsForm
    ) async throws(Rejection) -> Answer {
        try await read(call, decoder) { (collection, requests) throws(QuiverError) in
            let hits = try collection.queryBatchBlocking(requests, timeout: call.query.timeout)
            return switch form {
            case .points: ResponseEncoder.queryBatch(hits, seconds: call.elapsedSeconds)
            case .list: ResponseEncoder.searchBatch(hits, seconds: call.elapsedSeconds)
            }
        }
    }

    func queryGroups(_ call: Call, _ decoder: @escaping Decoder<GroupsRequest>) async throws(Rejection) -> Answer {
        try await read(call, decoder) { (collection, request) throws(QuiverError) in
            let groups = try collection.queryGroupsBlocking(request, timeout: call.query.timeout)
            return ResponseEncoder.groups(groups, seconds: call.elapsedSeconds)
        }
    }

    /// A read: decoded, run and encoded on one worker thread.
    private func read<Request>(
        _ call: Call, _ decoder: @escaping Decoder<Request>,
        _ run: @escaping @Sendable (Collection, Request) throws(QuiverError) -> [UInt8]
    ) async throws(Rejection) -> Answer {
        let collection = try collection(call)
        return try await onWorker(rejecting: { () throws(Rejection) in
            let request = try decode(call.body, decoder)
            return .json(try engine { () throws(QuiverError) in try run(collection, request) })
        })
    }
}
