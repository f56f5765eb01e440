import Quiver
import QuiverModel
import QuiverWire

extension Handlers {
    /// An update: decoded, checked and queued on a worker, applied by the collection's writer.
    func update(_ call: Call, _ decoder: @escaping Decoder<[UpdateOperation]>) async throws(Rejection) -> Answer {
        let collection = try collection(call)
        let pending = try await onWorker(rejecting: { () throws(Rejection) in
            let operations = try decode(call.body, decoder)
            return try engine { () throws(QuiverError) in try collection.submitBlocking(operations) }
        })
        let result = try await result(of: pending, in: collection, call)
        return .json(ResponseEncoder.update(result, seconds: call.elapsedSeconds))
    }

    /// All operations of a batch go into one update, so they are applied together or not at all; each of them is
    /// answered with the update's result.
    func batchUpdate(_ call: Call) async throws(Rejection) -> Answer {
        let collection = try collection(call)
        let (pending, count) = try await onWorker(rejecting: { () throws(Rejection) in
            let batch = try decode(call.body, RequestDecoder.batchUpdate)
            let pending = try engine { () throws(QuiverError) in try collection.submitBlocking(batch.operations) }
            return (pending, batch.resultCount)
        })
        let result = try await result(of: pending, in: collection, call)
        return .json(ResponseEncoder.batchUpdate(result, count: count, seconds: call.elapsedSeconds))
    }

    private func result(
        of pending: PendingUpdate, in collection: Collection, _ call: Call
    ) async throws(Rejection) -> UpdateResult {
        try await engine { () async throws(QuiverError) in
            try await collection.result(of: pending, wait: call.query.wait, timeout: call.query.timeout)
        }
    }
}
