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
        try core.writer.perform { context in
            let state = context.state
            state.counters.sequence += 1
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
        try core.writer.perform { context in
            let state = context.state
            guard let index = state.vectors.firstIndex(where: { vector in dropped.map(vector.field.isSame) ?? false })
            else { return }
            state.counters.sequence += 1
            let segments = state.vectors[index].sealed.map(\.segment)
            for segment in segments {
                try state.store.forget(segment: segment.id, &context.transaction)
            }
            var log = LogRecordWriter()
            log.begin(.dropVectorName)
            log.write(text: name)
            let record = log.finish()
            try WriteAheadLog.append(record, sequence: state.counters.sequence, to: state.store, &context.transaction)
            state.logBytes += record.count
            try set.write(to: state.store, &context.transaction)
            if state.vectors.count == 1 {
                // Without vectors nothing waits to be sealed, and no log is needed.
                try WriteAheadLog.trim(through: state.counters.sequence, state.store, &context.transaction)
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

/// What a commit took out of the manifest, for the thread that waits for it.
private final class DroppedFiles: Sendable {
    let paths = Mutex<[String]>([])
}
