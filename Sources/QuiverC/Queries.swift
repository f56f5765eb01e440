public import CQuiver
import Quiver
import QuiverModel
import QuiverWire

@c @implementation
public func quiver_query(
    _ collection: OpaquePointer?, _ vector_name: UnsafePointer<CChar>?, _ vector: UnsafePointer<Float>?,
    _ dimension: Int, _ k: Int, _ ef: Int, _ filter: UnsafePointer<CChar>?, _ params: UnsafePointer<CChar>?,
    _ ids: UnsafeMutablePointer<UInt64>?, _ scores: UnsafeMutablePointer<Float>?, _ found: UnsafeMutablePointer<Int>?
) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        guard let vector = unsafe vector else { throw .missing("vector") }
        guard let ids = unsafe ids else { throw .missing("ids") }
        guard let found = unsafe found else { throw .missing("found") }
        let query = unsafe try NearestQuery(vector_name, dimension: dimension, k: k, ef: ef, filter, params)
        let target = unsafe AnswerColumns(ids: ids, scores: scores)
        unsafe found.pointee = try nearest { () throws(QuiverError) in
            unsafe try collection.nearestBlocking(query, vector, into: target)
        }
    }
}

@c @implementation
public func quiver_query_many(
    _ collection: OpaquePointer?, _ vector_name: UnsafePointer<CChar>?, _ vectors: UnsafePointer<Float>?,
    _ count: Int, _ dimension: Int, _ k: Int, _ ef: Int, _ filter: UnsafePointer<CChar>?,
    _ params: UnsafePointer<CChar>?, _ threads: Int, _ ids: UnsafeMutablePointer<UInt64>?,
    _ scores: UnsafeMutablePointer<Float>?, _ found: UnsafeMutablePointer<Int>?
) -> quiver_status {
    answering { () throws(Refusal) in
        let collection = unsafe try Handles.collections.object(collection)
        guard count >= 0, threads >= 0 else {
            throw Refusal(QUIVER_ERROR_ARGUMENT, "count and threads must not be negative")
        }
        if count == 0 { return }
        guard let vectors = unsafe vectors else { throw .missing("vectors") }
        guard let ids = unsafe ids else { throw .missing("ids") }
        guard let found = unsafe found else { throw .missing("found") }
        let query = unsafe try NearestQuery(vector_name, dimension: dimension, k: k, ef: ef, filter, params)
        let (cells, overflow) = count.multipliedReportingOverflow(by: max(k, dimension))
        guard !overflow, cells < Int.max / 8 else {
            throw Refusal(QUIVER_ERROR_ARGUMENT, "\(count) queries are too many")
        }
        let target = unsafe AnswerColumns(ids: ids, scores: scores)
        try nearest { () throws(QuiverError) in
            unsafe try collection.nearestManyBlocking(
                query, vectors, count: count, threads: threads, into: target, found: found)
        }
    }
}

@c @implementation
public func quiver_query_json(
    _ collection: OpaquePointer?, _ body: UnsafePointer<CChar>?,
    _ answer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> quiver_status {
    answering { () throws(Refusal) in
        guard let target = unsafe answer else { throw .missing("answer") }
        let clock = Stopwatch()
        let collection = unsafe try Handles.collections.object(collection)
        let body = unsafe try Texts.bytes(body, "body")
        let request = try decoding { () throws(WireError) in try unsafe RequestDecoder.query(body) }
        let points = try engine { () throws(QuiverError) in try collection.queryBlocking(request) }
        unsafe try Texts.answer(ResponseEncoder.query(points, seconds: clock.seconds), to: target)
    }
}

extension NearestQuery {
    init(
        _ name: UnsafePointer<CChar>?, dimension: Int, k: Int, ef: Int, _ filter: UnsafePointer<CChar>?,
        _ params: UnsafePointer<CChar>?
    ) throws(Refusal) {
        guard (1...Limits.vectorSize).contains(dimension) else {
            throw Refusal(QUIVER_ERROR_ARGUMENT, "a dimension of \(dimension): from 1 to \(Limits.vectorSize)")
        }
        guard (1...Limits.resultWindow).contains(k), (0...Limits.resultWindow).contains(ef) else {
            throw Refusal(QUIVER_ERROR_ARGUMENT, "k \(k) from 1, and ef \(ef) from 0, to \(Limits.resultWindow)")
        }
        self.init(dimension: dimension, limit: k)
        if unsafe name != nil { vectorName = unsafe try Texts.string(name, "vector_name") }
        if let text = unsafe Texts.optionalBytes(filter) {
            self.filter = try decoding { () throws(WireError) in try unsafe RequestDecoder.filter(text) }
        }
        if let text = unsafe Texts.optionalBytes(params) {
            self.params = try decoding { () throws(WireError) in try unsafe RequestDecoder.searchParams(text) }
        }
        if ef > 0 { self.params.hnswEf = ef }
    }
}

/// A point whose id does not fit into the answer has a status of its own.
@inline(__always)
private func nearest<Value>(_ body: () throws(QuiverError) -> Value) throws(Refusal) -> Value {
    do throws(QuiverError) {
        return try body()
    } catch {
        throw error == .idIsNoNumber ? Refusal(QUIVER_ERROR_UUID, error.message) : Refusal(error)
    }
}
