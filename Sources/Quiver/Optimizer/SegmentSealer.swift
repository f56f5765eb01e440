import Synchronization

import QuiverLMDB
import QuiverModel

/// Moves the oldest frozen growing segments, one of each vector, into flat segment files.
struct SegmentSealer {
    let core: CollectionCore
    let optimizer: Optimizer

    struct Sealed {
        var field: VectorField
        var segment: SealedSegment
        /// In the order of the segment's rows.
        var rows: [SegmentRow]
    }

    /// Written files that are not in the manifest yet.
    struct Group {
        /// The vectors that had a frozen segment.
        var fields: [VectorField]
        var sealed: [Sealed] = []
    }

    func sealOldest() throws {
        if let group = try write() { try commit(group) }
    }

    /// Nil when nothing is frozen.
    func write() throws -> Group? {
        let view = core.view.load()
        guard view.hasFrozen else { return nil }
        let frozen = view.vectors.filter { $0.growing.count > 1 }
        var group = Group(fields: frozen.map(\.field))
        do {
            for vector in frozen {
                if let written = try write(vector) { group.sealed.append(written) }
            }
        } catch {
            core.discard(group.sealed.map(\.segment))
            throw error
        }
        return group
    }

    func commit(_ group: Group) throws {
        do {
            try swap(group.sealed, of: group.fields)
        } catch {
            core.discard(group.sealed.map(\.segment))
            throw error
        }
    }

    private func write(_ vector: VectorView) throws -> Sealed? {
        let growing = vector.growing[0]
        var rows: [SegmentRow] = []
        rows.reserveCapacity(growing.liveCount)
        for row in 0..<growing.count where !growing.dead.contains(UInt32(row)) {
            rows.append(SegmentRow(slot: growing.slot(row), source: 0, row: UInt32(row)))
        }
        guard !rows.isEmpty else { return nil }
        rows.sort { $0.slot < $1.slot }
        let id = optimizer.takeSegmentID()
        let path = core.store.segmentPath(id)
        let entry = try SegmentWriter(
            path: path, field: vector.field, sources: [.growing(growing)], rows: rows,
            numbers: try PointNumbers.column(rows, core.store)
        ).write(nil)
        let segment = try SealedSegment(id: id, path: path, entry: entry, placement: core.placement(vector.field.name))
        return Sealed(field: vector.field, segment: segment, rows: rows)
    }

    /// Puts the files in the place of the frozen segments of `group`, the vectors that had one to seal.
    private func swap(_ sealed: [Sealed], of group: [VectorField]) throws {
        let store = core.store
        let unwanted = UnwantedSegments()
        try core.writer.perform { context in
            let state = context.state
            // Frozen segments go with the last vector name, and what is frozen then is another group.
            guard let sequence = state.frozenSequences.first, group.contains(where: { state.index(of: $0) != nil }) else {
                unwanted.segments.withLock { $0 = sealed.map(\.segment) }
                return
            }
            for entry in sealed {
                guard let index = state.index(of: entry.field) else {
                    // Its name was dropped while the file was written.
                    unwanted.segments.withLock { $0.append(entry.segment) }
                    continue
                }
                // Rows that died while the file was written.
                let dead = state.vectors[index].growing[0].dead
                var result = SealedState(segment: entry.segment)
                for (row, source) in entry.rows.enumerated() where dead.contains(source.row) {
                    result.dead.insert(UInt32(row))
                    try store.addDead(UInt32(row), of: entry.segment.id, &state.counters, &context.transaction)
                }
                try store.register(entry.segment, &context.transaction)
                state.counters.nextSegmentID = max(state.counters.nextSegmentID, entry.segment.id + 1)
                state.vectors[index].sealed.append(result)
            }
            try state.trimLog(through: sequence, &context.transaction)
            state.counters.sealedSequence = sequence
            state.removeOldestFrozen()
        }
        core.discard(unwanted.segments.withLock { $0 })
    }
}

/// Files that a commit left out of the manifest, for the thread that waits for it.
private final class UnwantedSegments: Sendable {
    let segments = Mutex<[SealedSegment]>([])
}
