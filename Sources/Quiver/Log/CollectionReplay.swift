import QuiverLMDB
import QuiverModel

/// Brings an open collection forward by the records of another's log: from the moment it is a copy of, record by record.
///
/// Records go through the writer as updates do, many in one commit, and write the log of this collection as they wrote
/// that of the original: with the same numbers and times. A field index is complete before the next record counts.
///
/// For one thread, which may block, and a collection that nobody else writes to.
final class CollectionReplay {
    private let core: CollectionCore
    private var next: UInt64
    private let progress = LockedCondition(Progress())

    private struct Progress {
        var pendingBytes = 0
        var failure: QuiverError?
    }

    /// Updates that wait for the writer: enough for one commit under way and one that gathers.
    private static let mostPendingBytes = 2 * Limits.writeBatchBytes

    init(core: CollectionCore) {
        self.core = core
        next = core.view.load().sequence + 1
    }

    /// The number of the last record that was given in; all of them count after `finish()`.
    var sequence: UInt64 { next - 1 }

    /// Gives one record in.
    ///
    /// - Throws: `.corrupted`, naming the record, for one that is damaged or does not follow the last; what went wrong
    ///   with an earlier one. Nothing more can be given in then.
    func replay(_ record: UnsafeRawBufferPointer) throws(QuiverError) {
        if let failure = progress.read({ $0.failure }) { throw failure }
        do throws(QuiverError) {
            let entry: LogEntry
            do throws(QuiverError) {
                entry = unsafe try LogEntry(record)
            } catch {
                throw QuiverError(.corrupted, "record \(next) of the log is damaged: \(error.message)")
            }
            guard entry.moment.sequence == next else {
                throw QuiverError(.corrupted, "record \(entry.moment.sequence) of the log does not follow record \(next - 1)")
            }
            try apply(entry)
            next += 1
        } catch {
            progress.change { $0.failure = $0.failure ?? error }
            throw error
        }
    }

    /// Waits until all records are on disk and visible.
    func finish() throws(QuiverError) {
        try wait { $0.pendingBytes == 0 }
        if let failure = progress.read({ $0.failure }) { throw failure }
    }

    // MARK: Applying

    private func apply(_ entry: LogEntry) throws(QuiverError) {
        if case .updates(let operations, let byteCount) = entry.content {
            try submit(operations, max(1, byteCount), entry.moment)
            return
        }
        // Everything else concerns how the records behind it are read.
        try finish()
        do throws(QuiverError) {
            try change(entry)
        } catch {
            throw CollectionReplay.refusal(error, of: entry.moment)
        }
    }

    private func submit(_ operations: [UpdateOperation], _ byteCount: Int, _ moment: LogMoment) throws(QuiverError) {
        try wait { $0.pendingBytes == 0 || $0.pendingBytes + byteCount <= CollectionReplay.mostPendingBytes }
        let (fields, generation) = core.preparedFields
        let progress = progress
        progress.read { $0.pendingBytes += byteCount }
        core.writer.submit(
            .init(
                operations: operations, fields: fields, vectorGeneration: generation, byteCount: byteCount,
                replayed: moment,
                completion: { result in
                    progress.change { progress in
                        progress.pendingBytes -= byteCount
                        if case .failure(let error) = result, progress.failure == nil {
                            progress.failure = CollectionReplay.refusal(error, of: moment)
                        }
                    }
                }))
    }

    private func change(_ entry: LogEntry) throws(QuiverError) {
        let moment = entry.moment
        switch entry.content {
        case .updates: break
        case .makeFieldIndex(let field, let params):
            let outcome = LockedCondition<Result<IndexChange.Created, QuiverError>?>(nil)
            IndexChange(core: core, replayed: moment).create(field, params, wait: true) { result in
                outcome.change { $0 = result }
            }
            _ = try outcome.wait { $0 }.get()
        case .dropFieldIndex(let field):
            let outcome = LockedCondition<Result<UInt64, QuiverError>?>(nil)
            IndexChange(core: core, replayed: moment).drop(field) { result in outcome.change { $0 = result } }
            _ = try outcome.wait { $0 }.get()
        case .makeVectorName(let name, let config):
            _ = try VectorNameChange(core: core, replayed: moment).create(name, config)
        case .dropVectorName(let name):
            _ = try VectorNameChange(core: core, replayed: moment).drop(name)
        case .changeConfiguration(let config):
            guard config.hasVectors(of: core.config) else {
                throw QuiverError(.corrupted, "it has other vectors than the collection")
            }
            try ConfigurationChange(core: core, replayed: moment).apply(config)
        }
        guard core.view.load().sequence == moment.sequence else {
            throw QuiverError(.corrupted, "the collection stands at \(core.view.load().sequence) after it")
        }
    }

    private static func refusal(_ error: QuiverError, of moment: LogMoment) -> QuiverError {
        switch error.kind {
        // About the record and not about the machine.
        case .badInput, .badRequest, .notFound, .validation, .corrupted:
            QuiverError(.corrupted, "record \(moment.sequence) of the log cannot be applied: \(error.message)")
        default: error
        }
    }

    /// Waits for the writer, which itself may wait for sealing, and that perhaps for room.
    private func wait(until holds: (Progress) -> Bool) throws(QuiverError) {
        while true {
            let failure: QuiverError?? = progress.wait(atMostSeconds: CollectionReplay.patienceSeconds) { progress in
                if let failure = progress.failure { return .some(failure) }
                return holds(progress) ? .some(nil) : nil
            }
            if let failure {
                if let failure { throw failure }
                return
            }
            if let error = core.optimizer.status.error { throw .service(error) }
        }
    }

    private static let patienceSeconds = 5.0
}

extension CollectionConfig {
    /// Whether the names and shapes of the vectors are the same.
    fileprivate func hasVectors(of other: CollectionConfig) -> Bool {
        let fields = VectorField.fields(of: self, generation: 0)
        let others = VectorField.fields(of: other, generation: 0)
        return fields.count == others.count
            && zip(fields, others).allSatisfy { one, other in
                one.name == other.name && one.kind == other.kind && one.dimension == other.dimension
                    && one.distance == other.distance && one.datatype == other.datatype
            }
    }
}
