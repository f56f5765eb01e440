import NIOCore
import Quiver
import QuiverModel
import QuiverWire

extension Handlers {
    func retrievePoints(_ call: Call) throws(Rejection) -> Outcome {
        try read(call, isShort: { $1.ids.count <= 100 }, RequestDecoder.retrieve) { (collection, request) throws(QuiverError) in
            let records = try collection.retrieveBlocking(
                request.ids, withPayload: request.withPayload, withVectors: request.withVectors,
                timeout: call.query.timeout)
            return ResponseEncoder.records(records, seconds: call.elapsedSeconds)
        }
    }

    func retrievePoint(_ call: Call) throws(Rejection) -> Outcome {
        let text = call.path["id"] ?? ""
        guard let id = PointID(pathComponent: text) else {
            throw Rejection(status: 400, text: "Wrong input: Can not recognize \"\(text)\" as point id")
        }
        return try read(call, isShort: { _, _ in true }, { _ in id }) { (collection, id) throws(QuiverError) in
            guard let record = try collection.retrieveBlocking([id], withPayload: .all, withVectors: .all).first else {
                throw QuiverError.notFound("Point with id \(id) does not exists!")
            }
            return ResponseEncoder.record(record, seconds: call.elapsedSeconds)
        }
    }

    func scroll(_ call: Call) throws(Rejection) -> Outcome {
        try read(call, isShort: { _, _ in false }, RequestDecoder.scroll) { (collection, request) throws(QuiverError) in
            let page = try collection.scrollBlocking(request, timeout: call.query.timeout)
            return ResponseEncoder.scroll(page, seconds: call.elapsedSeconds)
        }
    }

    func count(_ call: Call) throws(Rejection) -> Outcome {
        try read(call, isShort: { $1.filter?.isEmpty ?? true }, RequestDecoder.count) { (collection, request) throws(QuiverError) in
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
    ) throws(Rejection) -> Outcome {
        try read(call, isShort: { $0.isShort($1) }, decoder) { (collection, request) throws(QuiverError) in
            try checkLookups(request.lookups, call)
            let hits = try collection.queryBlocking(request, timeout: call.query.timeout)
            return switch form {
            case .points: ResponseEncoder.query(hits, seconds: call.elapsedSeconds)
            case .list: ResponseEncoder.search(hits, seconds: call.elapsedSeconds)
            }
        }
    }

    func queryBatch(
        _ call: Call, _ decoder: @escaping Decoder<[QueryRequest]>, answeredAs form: HitsForm
    ) throws(Rejection) -> Outcome {
        try read(call, isShort: { _, _ in false }, decoder) { (collection, requests) throws(QuiverError) in
            for request in requests { try checkLookups(request.lookups, call) }
            let hits = try collection.queryBatchBlocking(requests, timeout: call.query.timeout)
            return switch form {
            case .points: ResponseEncoder.queryBatch(hits, seconds: call.elapsedSeconds)
            case .list: ResponseEncoder.searchBatch(hits, seconds: call.elapsedSeconds)
            }
        }
    }

    func queryGroups(_ call: Call, _ decoder: @escaping Decoder<GroupsRequest>) throws(Rejection) -> Outcome {
        try read(call, isShort: { _, _ in false }, decoder) { (collection, request) throws(QuiverError) in
            try checkLookups(request.lookups, call)
            let groups = try collection.queryGroupsBlocking(request, timeout: call.query.timeout)
            return ResponseEncoder.groups(groups, seconds: call.elapsedSeconds)
        }
    }

    func facet(_ call: Call) throws(Rejection) -> Outcome {
        try read(call, isShort: { _, _ in false }, RequestDecoder.facet) { (collection, request) throws(QuiverError) in
            let hits = try collection.facetBlocking(request, timeout: call.query.timeout)
            return ResponseEncoder.facet(hits, seconds: call.elapsedSeconds)
        }
    }

    func matrix(
        _ call: Call, _ encode: @escaping @Sendable (DistanceMatrix, Double) -> [UInt8]
    ) throws(Rejection) -> Outcome {
        try read(call, isShort: { _, _ in false }, RequestDecoder.matrix) { (collection, request) throws(QuiverError) in
            let matrix = try collection.matrixBlocking(request, timeout: call.query.timeout)
            return encode(matrix, call.elapsedSeconds)
        }
    }

    /// A read: decoded, run and encoded on one thread. On the event loop's own when its body is small and its
    /// `isShort`; what turns out not to be goes on to a worker, decoded.
    private func read<Request: Sendable>(
        _ call: Call, isShort: (Collection, Request) -> Bool, _ decoder: @escaping Decoder<Request>,
        _ run: @escaping @Sendable (Collection, Request) throws(QuiverError) -> [UInt8]
    ) throws(Rejection) -> Outcome {
        let collection = try collection(call)
        if call.body.readableBytes > Handlers.shortBodyBytes {
            return .worker { () throws(Rejection) in
                let request = try decode(call.body, decoder)
                return .json(try engine(call) { () throws(QuiverError) in try run(collection, request) })
            }
        }
        let request = try decode(call.body, decoder)
        guard pace.allowsInline(call.started), isShort(collection, request) else {
            return .worker { () throws(Rejection) in
                .json(try engine(call) { () throws(QuiverError) in try run(collection, request) })
            }
        }
        let answer = Answer.json(try engine(call) { () throws(QuiverError) in try run(collection, request) })
        pace.ranInline(call.started, until: .now)
        return .answer(answer)
    }
}
