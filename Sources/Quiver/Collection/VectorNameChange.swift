import Synchronization

import QuiverLMDB
import QuiverModel

/// Adds vector names to a live collection and takes them away, on the writer's thread like any other change.
///
/// One commit holds all of it: the new `VectorSet`, the manifest without the segments of a dropped name, and the log
/// record that keeps the log's older records from bringing its vectors back. Readers keep the view they have; whoever
/// writes a segment of a name meanwhile finds at the end that the name is not there, or is another by its generation.
struct VectorNameChange {
    let core: CollectionCore
    /// Given where the change is that of a record of the log.
    var replayed: LogMoment?

    /// The collection's configuration after the change, and the number of the change.
    struct Outcome {
        var config: CollectionConfig
        var sequence: UInt64
    }

    func create(_ name: String, _ config: VectorNameConfig) throws(QuiverError) -> Outcome {
        let (before, generation) = core.vectorConfig
        guard let after = try before.adding(name, config) else {
            return Outcome(config: before, sequence: core.view.load().sequence)
        }
        let set = VectorSet(generation: generation + 1, after)
        var field: VectorField
        switch config {
        case .dense(let params): field = VectorField(name: name, params: params)
        case .sparse(let params): field = VectorField(name: name, params: params)
        }
        field.generation = set.generation
        let added = field
        let replayed = replayed
        let (tag, params) = try config.stored()
        try core.writer.perform { context in
            let state = context.state
            try state.append(.makeVectorName, replayed: replayed, &context.transaction) { log in
                log.write(text: name)
                log.write(tag: tag)
                log.write(block: params)
            }
            try set.write(to: state.store, &context.transaction)
            state.add(added)
        }
        return finish(after, set)
    }

    /// Fine for a name that is not there.
    func drop(_ name: String) throws(QuiverError) -> Outcome {
        let (before, generation) = core.vectorConfig
        guard let after = before.removing(name) else {
            return Outcome(config: before, sequence: core.view.load().sequence)
        }
        let set = VectorSet(generation: generation + 1, after)
        let dropped = core.view.load().vectors.first { $0.field.name == name }?.field
        let files = DroppedFiles()
        let replayed = replayed
        try core.writer.perform { context in
            let state = context.state
            guard let index = state.vectors.firstIndex(where: { vector in dropped.map(vector.field.isSame) ?? false })
            else { return }
            let segments = state.vectors[index].sealed.map(\.segment)
            for segment in segments {
                try state.store.forget(segment: segment.id, &state.counters, &context.transaction)
            }
            try state.append(.dropVectorName, replayed: replayed, &context.transaction) { $0.write(text: name) }
            try set.write(to: state.store, &context.transaction)
            if state.vectors.count == 1 {
                // Without vectors nothing waits to be sealed, and no log is needed.
                try state.trimLog(through: state.counters.sequence, &context.transaction)
            }
            state.removeVector(at: index, generation: set.generation)
            files.paths.withLock { $0 = segments.map(\.path) }
        }
        // Open readers keep their maps.
        for path in files.paths.withLock({ $0 }) { Files.remove(path) }
        return finish(after, set)
    }

    private func finish(_ config: CollectionConfig, _ set: VectorSet) -> Outcome {
        let view = core.view.load()
        core.changeVectors(config, generation: set.generation, fields: view.vectors.map(\.field))
        core.optimizer.start()
        return Outcome(config: config, sequence: view.sequence)
    }
}

extension VectorNameConfig {
    /// As a record of the log has it: which of the two it is, and its JSON.
    fileprivate func stored() throws(QuiverError) -> (tag: UInt8, params: [UInt8]) {
        switch self {
        case .dense(let params): (0, try StoredConfig.encode(params))
        case .sparse(let params): (1, try StoredConfig.encode(params))
        }
    }

    init(tag: UInt8, params: UnsafeRawBufferPointer) throws(QuiverError) {
        switch tag {
        case 0: self = .dense(unsafe try StoredConfig.decode(VectorParams.self, from: params))
        case 1: self = .sparse(unsafe try StoredConfig.decode(SparseVectorParams.self, from: params))
        default: throw QuiverError(.corrupted, "a vector name has kind \(tag), which this version does not know")
        }
    }
}

/// What a commit took out of the manifest, for the thread that waits for it.
private final class DroppedFiles: Sendable {
    let paths = Mutex<[String]>([])
}
