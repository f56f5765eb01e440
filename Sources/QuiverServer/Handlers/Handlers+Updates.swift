import Quiver
import QuiverModel
import QuiverWire

extension Handlers {
    /// An update: decoded on a worker, applied by the collection's writer.
    func update(_ call: Call, _ decoder: @escaping Decoder<[UpdateOperation]>) async throws(Rejection) -> Answer {
        let collection = try collection(call)
        let operations = try await onWorker { () throws(Rejection) in try decode(call.body, decoder) }
        let result = try await apply(operations, to: collection, call)
        return .json(ResponseEncoder.update(result, seconds: call.elapsedSeconds))
    }

    /// All operations of a batch go into one update, so they are applied together or not at all; each of them is
    /// answered with the update's result.
    func batchUpdate(_ call: Call) async throws(Rejection) -> Answer {
        let collection = try collection(call)
        let batch = try await onWorker { () throws(Rejection) in try decode(call.body, RequestDecoder.batchUpdate) }
        let result = try await apply(batch.operations, to: collection, call)
        return .json(ResponseEncoder.batchUpdate(result, count: batch.resultCount, seconds: call.elapsedSeconds))
    }

    private func apply(
        _ operations: [UpdateOperation], to collection: Collection, _ call: Call
    ) async throws(Rejection) -> UpdateResult {
        try await engine { () async throws(QuiverError) in
            try await collection.update(operations, wait: call.query.wait, timeout: call.query.timeout)
        }
    }
}
