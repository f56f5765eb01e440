import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Creates and drops field indexes on a live collection.
struct IndexChange {
    let core: CollectionCore

    typealias Completion = @Sendable (Result<UInt64, QuiverError>) -> Void

    func create(
        _ field: PayloadPath, _ params: PayloadIndexParams, wait: Bool, completion: @escaping Completion
    ) {
        let needsBuild = SharedFlag()
        let core = core
        core.writer.submit(
            .init(
                apply: { context in
                    let state = context.state
                    state.counters.sequence += 1
                    // The same index again is there already.
                    if let existing = context.indexes[field], existing.params == params { return }
                    guard context.indexes.indexes.count < Limits.payloadIndexes || context.indexes[field] != nil else {
                        throw QuiverError.badRequest("a collection has at most \(Limits.payloadIndexes) field indexes")
                    }
                    let index = try FieldIndex.create(
                        field, params, isReady: state.pointCount == 0, in: &context.transaction)
                    try context.transaction.put(state.store.indexes, field.text, try StoredConfig.encode(params))
                    context.indexes = context.indexes.with(index)
                    if !index.isReady { needsBuild.set() }
                },
                completion: { result in
                    let sequence = core.view.load().sequence
                    guard case .success = result, needsBuild.isSet else {
                        completion(result.map { sequence })
                        return
                    }
                    if wait {
                        core.optimizer.buildIndex(field) { built in completion(built.map { sequence }) }
                    } else {
                        core.optimizer.buildIndex(field)
                        completion(.success(sequence))
                    }
                }))
    }

    func drop(_ field: PayloadPath, completion: @escaping Completion) {
        let core = core
        core.writer.submit(
            .init(
                apply: { context in
                    context.state.counters.sequence += 1
                    guard let index = context.indexes[field] else { return }
                    try index.erase(in: &context.transaction)
                    try context.transaction.delete(context.state.store.indexes, field.text)
                    context.indexes = context.indexes.without(field)
                },
                completion: { result in completion(result.map { core.view.load().sequence }) }))
    }
}
