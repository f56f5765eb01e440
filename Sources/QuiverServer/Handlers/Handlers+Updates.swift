import NIOCore
import Quiver
import QuiverModel
import QuiverWire
import Synchronization

extension Handlers {
    func update(_ call: Call, _ decoder: @escaping Decoder<[UpdateOperation]>) throws(Rejection) -> Outcome {
        try submitting(call) { (body) throws(WireError) in
            Submission(operations: try decoder(body), encode: ResponseEncoder.update)
        }
    }

    /// All operations of a batch go into one update, so they are applied together or not at all; each of them is
    /// answered with the update's result.
    func batchUpdate(_ call: Call) throws(Rejection) -> Outcome {
        try submitting(call) { (body) throws(WireError) in
            let batch = try RequestDecoder.batchUpdate(body)
            let count = batch.resultCount
            return Submission(operations: batch.operations) {
                ResponseEncoder.batchUpdate($0, count: count, seconds: $1)
            }
        }
    }

    private struct Submission {
        var operations: [UpdateOperation]
        var encode: Encoder
    }

    private typealias Encoder = @Sendable (UpdateResult, Double) -> [UInt8]

    /// How the answer is written, as soon as the body was read.
    private final class KnownEncoder: Sendable {
        let encoder = Mutex<Encoder>(ResponseEncoder.update)
    }

    /// An update: decoded, checked and queued here or on a worker, depending on its size, and applied by the
    /// collection's writer, whose thread hands in the answer.
    private func submitting(
        _ call: Call, _ decoder: @escaping Decoder<Submission>
    ) throws(Rejection) -> Outcome {
        let collection = try collection(call)
        let status: UpdateStatus = call.query.wait ? .completed : .acknowledged
        let isShort = call.body.readableBytes <= Handlers.shortBodyBytes
        let known = KnownEncoder()
        return .pending(onWorker: !isShort || collection.hasStrictMode, deadline(call, collection, known)) { reply throws(Rejection) in
            let submission = try decode(call.body, decoder)
            if submission.operations.contains(where: \.needsRoom) { try quotaManager.check() }
            let encode = submission.encode
            known.encoder.withLock { $0 = encode }
            try engine(call) { () throws(QuiverError) in
                try collection.submitBlocking(submission.operations) { result in
                    switch result {
                    case .success(let sequence):
                        let result = UpdateResult(operationID: sequence, status: status)
                        reply(.success(.json(encode(result, call.elapsedSeconds))))
                    case .failure(let error): reply(.failure(rejection(error, call)))
                    }
                }
            }
        }
    }

    /// An update that was accepted is applied even when its caller does not wait for it any longer.
    private func deadline(_ call: Call, _ collection: Collection, _ known: KnownEncoder) -> Outcome.Deadline? {
        guard call.query.wait, let timeout = call.query.timeout else { return nil }
        return Outcome.Deadline(after: timeout) {
            let result = UpdateResult(operationID: collection.lastSequence, status: .waitTimeout)
            return .json(known.encoder.withLock { $0 }(result, call.elapsedSeconds))
        }
    }
}

extension UpdateOperation {
    /// All that writes a point anew does, even what makes it smaller; deleting points is the way out of a full disk.
    fileprivate var needsRoom: Bool {
        if case .deletePoints = self { false } else { true }
    }
}
