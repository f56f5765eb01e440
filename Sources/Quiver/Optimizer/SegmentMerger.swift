import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Rewrites sealed segments of one vector into one, with or without a graph.
struct SegmentMerger {
    let core: CollectionCore
    let optimizer: Optimizer
    let work: BackgroundWork

    func run(_ vector: VectorView, _ plan: MergePolicy.Plan, _ control: BuildControl) throws {
        let inputs = vector.sealed.filter { plan.inputs.contains($0.segment.id) }
        guard inputs.count == plan.inputs.count else { return }
        // Damage must not be carried on into a new file with checksums that fit. What is repaired is another segment, which
        // the next plan takes.
        var repaired = false
        for input in inputs where try SegmentRepair(core: core, optimizer: optimizer).run(vector.field, input) {
            repaired = true
        }
        if repaired { return }
        let rows = liveRows(inputs)
        var segment: SealedSegment?
        if !rows.isEmpty {
            segment = try write(vector.field, inputs, rows, plan.builds ? indexPlan(vector, control) : nil)
        }
        do {
            // The name was dropped meanwhile, with the inputs.
            guard try swap(vector.field, inputs, segment, rows) else {
                if let segment { core.discard([segment]) }
                return
            }
        } catch {
            if let segment { core.discard([segment]) }
            throw error
        }
        // Open readers keep their maps; the space returns when the last is gone.
        for input in inputs { Files.remove(input.segment.path) }
    }

    private func liveRows(_ inputs: [SealedView]) -> [SegmentRow] {
        var rows: [SegmentRow] = []
        rows.reserveCapacity(inputs.reduce(0) { $0 + $1.liveCount })
        for (source, input) in inputs.enumerated() {
            for row in 0..<input.segment.pointCount where !input.dead.contains(UInt32(row)) {
                rows.append(
                    SegmentRow(
                        slot: unsafe input.segment.slots.slots[row], source: UInt32(source), row: UInt32(row)))
            }
        }
        rows.sort { $0.slot < $1.slot }
        return rows
    }

    private func indexPlan(_ vector: VectorView, _ control: BuildControl) throws -> IndexPlan {
        let field = vector.field
        let config = core.config
        let hnsw = config.hnsw.applying(config.vectors?.byName[field.name]?.hnswConfig)
        var threads = hnsw.maxIndexingThreads > 0 ? min(hnsw.maxIndexingThreads, work.cores) : work.buildThreads
        if let most = config.optimizers.maxOptimizationThreads { threads = min(threads, max(1, most)) }
        var plan = IndexPlan(indexing: SegmentIndexing(field, config), threads: threads, control: control)
        if plan.indexing.linksPerValue != nil {
            plan.leastGroupRows = max(2, hnsw.fullScanThreshold * 1024 / vector.bytesPerPoint)
            plan.payloadGroups = try payloadGroups(atLeast: plan.leastGroupRows)
        }
        return plan
    }

    /// The slots of each value of an index that many points have.
    private func payloadGroups(atLeast least: Int) throws -> [[UInt32]] {
        let reader = try core.reader()
        return try reader.view.indexes.indexes.filter(\.linksEqualValues).flatMap { index in
            try index.valueGroups(atLeast: least, in: reader.transaction.handle)
        }
    }

    private func write(
        _ field: VectorField, _ inputs: [SealedView], _ rows: [SegmentRow], _ plan: IndexPlan?
    ) throws -> SealedSegment {
        let id = optimizer.takeSegmentID()
        optimizer.noteOutput(id)
        let path = core.store.segmentPath(id)
        let entry = try SegmentWriter(
            path: path, field: field, sources: inputs.map { .sealed($0.segment) }, rows: rows,
            numbers: try PointNumbers.column(rows, core.store)
        ).write(plan)
        return try SealedSegment(
            id: id, path: path, entry: entry, placement: core.placement(field.name))
    }

    private func swap(
        _ field: VectorField, _ inputs: [SealedView], _ segment: SealedSegment?, _ rows: [SegmentRow]
    ) throws -> Bool {
        try core.replace(inputs, of: field, by: segment, rows)
    }
}

extension CollectionCore {
    /// Puts a segment in the place of others in one commit; nil: nothing of them lives.
    ///
    /// - Parameter rows: of the segment, with the rows of `inputs` that they were.
    /// - Returns: false when there is no such vector any more.
    func replace(
        _ inputs: [SealedView], of field: VectorField, by segment: SealedSegment?, _ rows: [SegmentRow]
    ) throws -> Bool {
        try checkMaps(inputs.map(\.segment))
        let store = store
        let isDropped = SharedFlag()
        try writer.perform { context in
            let state = context.state
            guard let index = state.index(of: field) else {
                isDropped.set()
                return
            }
            let ids = inputs.map(\.segment.id)
            if let segment {
                var result = SealedState(segment: segment)
                // Rows that died while the file was written.
                let dead = ids.map { id in
                    state.vectors[index].sealed.first { $0.segment.id == id }?.dead ?? ChunkedBitmap()
                }
                if zip(dead, inputs).contains(where: { $0.count != $1.dead.count }) {
                    for (row, source) in rows.enumerated() where dead[Int(source.source)].contains(source.row) {
                        result.dead.insert(UInt32(row))
                        try store.addDead(UInt32(row), of: segment.id, &state.counters, &context.transaction)
                    }
                }
                try store.register(segment, &context.transaction)
                state.counters.nextSegmentID = max(state.counters.nextSegmentID, segment.id + 1)
                state.vectors[index].sealed.append(result)
            }
            for id in ids {
                try store.forget(segment: id, &state.counters, &context.transaction)
            }
            state.vectors[index].sealed.removeAll { ids.contains($0.segment.id) }
        }
        return !isDropped.isSet
    }
}
