import QuiverLMDB
import QuiverModel

/// Changes what may be changed of a live collection's configuration, as one commit of its own environment: the new
/// configuration, and the log record that brings a copy of the collection to it.
struct ConfigurationChange {
    let core: CollectionCore
    /// Given where the change is that of a record of the log.
    var replayed: LogMoment?

    /// - Parameter config: has the vectors of the present one.
    func apply(_ config: CollectionConfig) throws(QuiverError) {
        let set = VectorSet(generation: core.vectorConfig.generation + 1, config)
        let stored = try StoredConfig.encode(config)
        let replayed = replayed
        try core.writer.perform { context in
            try context.state.append(.changeConfiguration, replayed: replayed, &context.transaction) { log in
                log.write(block: stored)
            }
            try set.write(to: context.state.store, &context.transaction)
            context.state.noteConfiguration(generation: set.generation)
        }
        core.changeConfiguration(config, generation: set.generation)
        core.placeSegments()
        core.optimizer.start()
    }
}
