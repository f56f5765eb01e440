import QuiverLMDB
import QuiverModel
import QuiverPayload

/// What the writer's thread works with. Used by one thread at a time: the writer's.
final class WriterThreadState: @unchecked Sendable {
    // @unchecked: `CollectionWriter` has at most one thread, and each hands over to the next under its lock.
    private let state: CollectionState
    private var indexes: FieldIndexSet
    private let view: ViewBox
    private let growingBytes: Int

    /// Why the collection cannot be written any more.
    private(set) var failure: String?

    init(state: CollectionState, indexes: FieldIndexSet, view: ViewBox, growingBytes: Int) {
        self.growingBytes = growingBytes
        self.state = state
        self.indexes = indexes
        self.view = view
    }

    private var store: CollectionStore { state.store }

    var frozenCount: Int { state.frozenSequences.count }

    // MARK: Updates

    /// Applies requests in one transaction; each gets its sequence number or what was wrong with it.
    func run(_ requests: [CollectionWriter.Update]) -> [Result<UInt64, QuiverError>] {
        if let failure { return requests.map { _ in .failure(readOnly(failure)) } }
        do {
            return try withRoom { try runOnce(requests) }
        } catch {
            if requests.count > 1, WriterThreadState.isTooLarge(error) {
                // Nothing was written. One of them is too large for any transaction, or all are for one.
                let middle = requests.count / 2
                return run(Array(requests[..<middle])) + run(Array(requests[middle...]))
            }
            noteFailure(error)
            return Array(repeating: .failure(QuiverError(wrapping: error)), count: requests.count)
        }
    }

    private static func isTooLarge(_ error: any Error) -> Bool {
        switch error {
        case LMDBError.transactionFull, PayloadError.storage(.transactionFull): true
        default: false
        }
    }

    private func runOnce(_ requests: [CollectionWriter.Update]) throws -> [Result<UInt64, QuiverError>] {
        let start = state.mark()
        do {
            return try applyAndCommit(requests)
        } catch {
            state.rollBack(to: start)
            throw error
        }
    }

    private func applyAndCommit(_ requests: [CollectionWriter.Update]) throws -> [Result<UInt64, QuiverError>] {
        var transaction = try store.environment.beginWrite()
        var indexWriter = try FieldIndexWriter(indexes, transaction.handle)
        var results: [Result<UInt64, QuiverError>] = []
        var changed = false
        let now = Database.microsecondsNow()
        for request in requests {
            let result: Result<UInt64, QuiverError>
            if let refusal = outdated(request) {
                result = .failure(refusal)
            } else {
                result = try apply(request, now, &transaction, &indexWriter)
            }
            if case .success = result { changed = true }
            results.append(result)
        }
        guard changed else {
            transaction.abort()
            return results
        }
        try indexWriter.flush(&transaction)
        // A growing segment that has reached its size is not written to again. Updates of payload alone do not fill it,
        // but the log.
        if state.activeBytes >= growingBytes || state.logBytes >= Limits.logToGrowing * growingBytes {
            try freeze(&transaction)
        }
        try commit(transaction, indexes.after(indexWriter))
        return results
    }

    /// Vectors of a request that was prepared for a vector name as it was before it was dropped, and perhaps made anew:
    /// there was a moment in which the name was not there.
    private func outdated(_ request: CollectionWriter.Update) -> QuiverError? {
        if request.vectorGeneration == state.vectorGeneration { return nil }
        for operation in request.operations {
            let names: [String]
            switch operation {
            case .upsert(let batch), .updateVectors(let batch): names = batch.vectorNames
            default: continue
            }
            for name in names {
                let prepared = request.fields.first { $0.name == name }
                if prepared.flatMap(state.index) == nil { return .vectorNameUnknown(name) }
            }
        }
        return nil
    }

    private func freeze(_ transaction: inout WriteTransaction) throws(LMDBError) {
        if !state.vectors.isEmpty {
            state.freeze()
            return
        }
        // Without vectors there is nothing to be sealed: what is committed needs no log.
        try state.trimLog(through: state.counters.sequence, &transaction)
        state.counters.sealedSequence = state.counters.sequence
        state.logBytes = 0
    }

    /// One request: all of its operations, or none.
    private func apply(
        _ request: CollectionWriter.Update, _ now: UInt64, _ transaction: inout WriteTransaction,
        _ indexWriter: inout FieldIndexWriter
    ) throws -> Result<UInt64, QuiverError> {
        let moment: LogMoment
        do throws(QuiverError) {
            moment = try state.nextMoment(now: now, replayed: request.replayed)
            if request.replayed != nil { try checkShapes(of: request.operations) }
        } catch {
            return .failure(error)
        }
        let mark = state.mark()
        let operations = request.operations
        if operations.count == 1 {
            // Such a request is validated before its first change, so nothing needs undoing in the transaction.
            do {
                try write(operations, moment, &transaction, &indexWriter)
                return .success(moment.sequence)
            } catch {
                guard let refusal = WriterThreadState.refusal(error) else { throw error }
                state.rollBack(to: mark)
                return .failure(refusal)
            }
        }
        // What earlier requests collected must not be written inside the child, which may be undone.
        try indexWriter.flush(&transaction)
        var own = try FieldIndexWriter(indexes, transaction.handle)
        var storage: (any Error)?
        let outcome = try transaction.withChild { (child) throws(QuiverError) in
            do {
                try write(operations, moment, &child, &own)
                try own.flush(&child)
            } catch {
                if WriterThreadState.refusal(error) == nil { storage = error }
                throw QuiverError(wrapping: error)
            }
        }
        indexWriter.noteChanges(of: own)
        if let storage { throw storage }
        switch outcome {
        case .success: return .success(moment.sequence)
        case .failure(let refusal):
            state.rollBack(to: mark)
            return .failure(refusal)
        }
    }

    /// The error when it is about the request alone, nil when it concerns the whole transaction.
    private static func refusal(_ error: any Error) -> QuiverError? {
        switch error {
        case let refusal as QuiverError: refusal
        case PayloadError.storage, PayloadError.corrupted: nil
        case let refusal as PayloadError: QuiverError(refusal)
        default: nil
        }
    }

    private func write(
        _ operations: [UpdateOperation], _ moment: LogMoment, _ transaction: inout WriteTransaction,
        _ indexWriter: inout FieldIndexWriter
    ) throws {
        var applier = UpdateApplier(state: state, indexes: indexes, moment: moment)
        for operation in operations { try applier.apply(operation, &transaction, &indexWriter) }
        try state.append(applier.finishRecord(), at: moment, &transaction)
    }

    /// The vectors of a record were prepared when it was written, for fields that may have been others.
    private func checkShapes(of operations: [UpdateOperation]) throws(QuiverError) {
        for operation in operations {
            let batch: PointBatch
            switch operation {
            case .upsert(let points), .updateVectors(let points): batch = points
            default: continue
            }
            var fields: [VectorField] = []
            for name in batch.vectorNames {
                guard let vector = state.vectors.first(where: { $0.field.name == name }) else {
                    throw .vectorNameUnknown(name)
                }
                fields.append(vector.field)
            }
            var fits = true
            for vector in batch.vectors { batch.withNumbers(of: vector) { fits = fits && fields[vector.name].fits($0) } }
            guard fits else { throw .badInput("a vector does not fit the collection") }
        }
    }

    // MARK: Maintenance

    func run(_ maintenance: CollectionWriter.Maintenance) -> Result<Void, QuiverError> {
        if let failure { return .failure(readOnly(failure)) }
        do {
            try withRoom { try runOnce(maintenance) }
            return .success(())
        } catch {
            noteFailure(error)
            return .failure(QuiverError(wrapping: error))
        }
    }

    /// The work changes segment lists only as its last step, after everything that can fail.
    private func runOnce(_ maintenance: CollectionWriter.Maintenance) throws {
        let vectors = state.vectors
        let start = state.mark()
        do {
            var context = CollectionWriter.MaintenanceContext(
                transaction: try store.environment.beginWrite(), state: state, indexes: indexes)
            try maintenance.apply(&context)
            let changed = context.indexes
            try commit(context.transaction, changed)
        } catch {
            state.vectors = vectors
            state.rollBack(to: start)
            throw error
        }
    }

    // MARK: Commit

    /// - Parameter changed: the indexes as they are after the transaction.
    private func commit(_ transaction: consuming WriteTransaction, _ changed: FieldIndexSet) throws {
        var transaction = transaction
        try transaction.putChecked(store.meta, StoreState.key, state.counters.encoded())
        let id = try transaction.commit()
        indexes = changed
        state.forgetJournal()
        view.store(state.makeView(transactionID: id, indexes: indexes, previous: view.load()))
    }

    /// Doublings of the map for one batch: from the least map to more than any batch.
    private static let mostDoublings = 8

    /// Runs a step that undoes itself when it fails, and again with a larger map when there was no room in it.
    private func withRoom<Value>(_ step: () throws -> Value) throws -> Value {
        for _ in 0..<WriterThreadState.mostDoublings {
            do {
                return try step()
            } catch LMDBError.mapFull, PayloadError.storage(.mapFull) {
                try growMap()
            }
        }
        return try step()
    }

    private func growMap() throws {
        let size = try store.environment.info().mapSizeBytes
        try store.environment.growMap(to: size * 2)
    }

    private func noteFailure(_ error: any Error) {
        switch error {
        case let error as LMDBError where !error.isRecoverable: failure = "\(error)"
        case PayloadError.storage(let error) where !error.isRecoverable: failure = "\(error)"
        default: break
        }
    }

    private func readOnly(_ reason: String) -> QuiverError {
        QuiverError(.readOnly, "the collection is read-only after a failure of its storage: \(reason)")
    }
}
