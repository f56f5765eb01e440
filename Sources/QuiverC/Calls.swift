public import CQuiver
import Quiver
import QuiverModel
import QuiverWire

@c @implementation
public func quiver_call(
    _ collection: OpaquePointer?, _ operation: UnsafePointer<CChar>?, _ body: UnsafePointer<CChar>?,
    _ timeout_seconds: Double, _ answer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> quiver_status {
    answering { () throws(Refusal) in
        guard let target = unsafe answer else { throw .missing("answer") }
        let call = Call(
            collection: unsafe try Handles.collections.object(collection),
            timeout: Duration(timeoutSeconds: timeout_seconds))
        let operation = unsafe try Texts.string(operation, "operation")
        let body = unsafe try Texts.bytes(body, "body")
        var bytes = try unsafe call.read(operation, body)
        if bytes == nil { bytes = try unsafe call.update(operation, body) }
        guard let bytes else {
            throw Refusal(QUIVER_ERROR_ARGUMENT, "there is no operation \"\(operation)\" of collections")
        }
        unsafe try Texts.answer(bytes, to: target)
    }
}

/// One operation by its name.
private struct Call {
    let collection: Collection
    let timeout: Duration?
    let clock = Stopwatch()

    typealias Body = UnsafeRawBufferPointer

    /// Nil when it is none of the reads.
    func read(_ operation: String, _ body: Body) throws(Refusal) -> [UInt8]? {
        switch operation {
        case "points":
            try unsafe run(body, RequestDecoder.retrieve) { (request) throws(QuiverError) in
                let records = try collection.retrieveBlocking(
                    request.ids, withPayload: request.withPayload, withVectors: request.withVectors)
                return ResponseEncoder.records(records, seconds: clock.seconds)
            }
        case "points/scroll":
            try unsafe run(body, RequestDecoder.scroll) { (request) throws(QuiverError) in
                ResponseEncoder.scroll(
                    try collection.scrollBlocking(request, timeout: timeout), seconds: clock.seconds)
            }
        case "points/count":
            try unsafe run(body, RequestDecoder.count) { (request) throws(QuiverError) in
                ResponseEncoder.count(
                    try collection.countBlocking(filter: request.filter, exact: request.exact), seconds: clock.seconds)
            }
        case "points/query": try unsafe query(body, RequestDecoder.query, ResponseEncoder.query)
        case "points/search": try unsafe query(body, RequestDecoder.search, ResponseEncoder.search)
        case "points/recommend": try unsafe query(body, RequestDecoder.recommend, ResponseEncoder.search)
        case "points/query/batch": try unsafe batch(body, RequestDecoder.queryBatch, ResponseEncoder.queryBatch)
        case "points/search/batch": try unsafe batch(body, RequestDecoder.searchBatch, ResponseEncoder.searchBatch)
        case "points/recommend/batch":
            try unsafe batch(body, RequestDecoder.recommendBatch, ResponseEncoder.searchBatch)
        case "points/query/groups": try unsafe groups(body, RequestDecoder.queryGroups)
        case "points/search/groups": try unsafe groups(body, RequestDecoder.searchGroups)
        case "points/recommend/groups": try unsafe groups(body, RequestDecoder.recommendGroups)
        case "points/discover": try unsafe query(body, RequestDecoder.discover, ResponseEncoder.search)
        case "points/discover/batch":
            try unsafe batch(body, RequestDecoder.discoverBatch, ResponseEncoder.searchBatch)
        case "points/search/matrix/pairs": try unsafe matrix(body, ResponseEncoder.matrixPairs)
        case "points/search/matrix/offsets": try unsafe matrix(body, ResponseEncoder.matrixOffsets)
        case "facet":
            try unsafe run(body, RequestDecoder.facet) { (request) throws(QuiverError) in
                ResponseEncoder.facet(
                    try collection.facetBlocking(request, timeout: timeout), seconds: clock.seconds)
            }
        default: nil
        }
    }

    /// Nil when it is none of the updates.
    func update(_ operation: String, _ body: Body) throws(Refusal) -> [UInt8]? {
        let decoder: (Body) throws(WireError) -> [UpdateOperation]
        switch operation {
        case "points/upsert": unsafe decoder = RequestDecoder.upsert
        case "points/delete": unsafe decoder = RequestDecoder.deletePoints
        case "points/vectors/update": unsafe decoder = RequestDecoder.updateVectors
        case "points/vectors/delete": unsafe decoder = RequestDecoder.deleteVectors
        case "points/payload/set": unsafe decoder = RequestDecoder.setPayload
        case "points/payload/overwrite": unsafe decoder = RequestDecoder.overwritePayload
        case "points/payload/delete": unsafe decoder = RequestDecoder.deletePayload
        case "points/payload/clear": unsafe decoder = RequestDecoder.clearPayload
        case "points/batch":
            return try unsafe run(body, RequestDecoder.batchUpdate) { (request) throws(QuiverError) in
                let result = try collection.updateBlocking(request.operations)
                return ResponseEncoder.batchUpdate(result, count: request.resultCount, seconds: clock.seconds)
            }
        default: return nil
        }
        return try unsafe run(body, decoder) { (operations) throws(QuiverError) in
            ResponseEncoder.update(try collection.updateBlocking(operations), seconds: clock.seconds)
        }
    }

    private func query(
        _ body: Body, _ decoder: (Body) throws(WireError) -> QueryRequest, _ encode: ([ScoredPoint], Double) -> [UInt8]
    ) throws(Refusal) -> [UInt8] {
        try unsafe run(body, decoder) { (request) throws(QuiverError) in
            encode(try collection.queryBlocking(request, timeout: timeout), clock.seconds)
        }
    }

    private func batch(
        _ body: Body, _ decoder: (Body) throws(WireError) -> [QueryRequest],
        _ encode: ([[ScoredPoint]], Double) -> [UInt8]
    ) throws(Refusal) -> [UInt8] {
        try unsafe run(body, decoder) { (requests) throws(QuiverError) in
            encode(try collection.queryBatchBlocking(requests, timeout: timeout), clock.seconds)
        }
    }

    private func groups(
        _ body: Body, _ decoder: (Body) throws(WireError) -> GroupsRequest
    ) throws(Refusal) -> [UInt8] {
        try unsafe run(body, decoder) { (request) throws(QuiverError) in
            ResponseEncoder.groups(
                try collection.queryGroupsBlocking(request, timeout: timeout), seconds: clock.seconds)
        }
    }

    private func matrix(_ body: Body, _ encode: (DistanceMatrix, Double) -> [UInt8]) throws(Refusal) -> [UInt8] {
        try unsafe run(body, RequestDecoder.matrix) { (request) throws(QuiverError) in
            encode(try collection.matrixBlocking(request, timeout: timeout), clock.seconds)
        }
    }

    private func run<Request>(
        _ body: Body, _ decoder: (Body) throws(WireError) -> Request,
        _ answer: (Request) throws(QuiverError) -> [UInt8]
    ) throws(Refusal) -> [UInt8] {
        let request = try decoding { () throws(WireError) in try unsafe decoder(body) }
        return try engine { () throws(QuiverError) in try answer(request) }
    }
}
