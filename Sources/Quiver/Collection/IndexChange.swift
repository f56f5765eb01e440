import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Creates and drops field indexes on a live collection.
struct IndexChange {
    let core: CollectionCore
    /// Given where the change is that of a record of the log.
    var replayed: LogMoment?

    typealias Completion = @Sendable (Result<UInt64, QuiverError>) -> Void

    struct Created {
        var sequence: UInt64
        /// False while it is being built, and when building failed: that is tried again in the background.
        var isBuilt: Bool
    }

    /// The index is there once its registration is on disk, whatever becomes of building it.
    func create(
        _ field: PayloadPath, _ params: PayloadIndexParams, wait: Bool,
        completion: @escaping @Sendable (Result<Created, QuiverError>) -> Void
    ) {
        let nameBytes = FieldIndex.databaseName(field).utf8
        guard nameBytes.count <= Limits.databaseNameBytes, !nameBytes.contains(0) else {
            completion(.failure(.badRequest("the name of an indexed field is too long or has a zero byte in it")))
            return
        }
        let needsBuild = SharedFlag()
        let core = core
        let replayed = replayed
        core.writer.submit(
            .init(
                apply: { context in
                    let state = context.state
                    let stored = try StoredConfig.encode(params)
                    try state.append(.makeFieldIndex, replayed: replayed, &context.transaction) { log in
                        log.write(text: field.text)
                        log.write(block: stored)
                    }
                    let existing = context.indexes[field]
                    if let existing, existing.params == params {
                        // The same index again: it is there already, or will be when its build has ended.
                        if !existing.isReady { needsBuild.set() }
                        return
                    }
                    guard context.indexes.indexes.count < Limits.payloadIndexes || existing != nil else {
                        throw QuiverError.badRequest("a collection has at most \(Limits.payloadIndexes) field indexes")
                    }
                    if let existing { try erase(existing, &context) }
                    let index = try FieldIndex.create(
                        field, params, isReady: state.pointCount == 0, in: &context.transaction)
                    try context.transaction.putChecked(state.store.indexes, field.text, stored)
                    context.indexes = context.indexes.with(index)
                    if !index.isReady { needsBuild.set() }
                },
                completion: { result in
                    let sequence = core.view.load().sequence
                    guard case .success = result, needsBuild.isSet else {
                        completion(result.map { Created(sequence: sequence, isBuilt: true) })
                        return
                    }
                    if wait {
                        core.optimizer.buildIndex(field) { built in
                            let isBuilt = if case .success = built { true } else { false }
                            completion(.success(Created(sequence: sequence, isBuilt: isBuilt)))
                        }
                    } else {
                        core.optimizer.buildIndex(field)
                        completion(.success(Created(sequence: sequence, isBuilt: false)))
                    }
                }))
    }

    func drop(_ field: PayloadPath, completion: @escaping Completion) {
        let core = core
        let replayed = replayed
        core.writer.submit(
            .init(
                apply: { context in
                    try context.state.append(.dropFieldIndex, replayed: replayed, &context.transaction) { log in
                        log.write(text: field.text)
                    }
                    guard let index = context.indexes[field] else { return }
                    try erase(index, &context)
                    context.indexes = context.indexes.without(field)
                },
                completion: { result in completion(result.map { core.view.load().sequence }) }))
    }

    /// By the name it was made with: one path can be written in several ways.
    private func erase(_ index: FieldIndex, _ context: inout CollectionWriter.MaintenanceContext) throws {
        try index.erase(in: &context.transaction)
        try context.transaction.delete(context.state.store.indexes, index.field.text)
    }
}
