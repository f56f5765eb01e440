import Logging
import Synchronization

import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload

/// The background work of one collection: seals frozen segments, builds and merges graphs, builds field indexes.
///
/// Files are written aside; the manifest changes in one transaction on the writer's thread, and the files that are
/// replaced are removed after it. What fails is tried again, later each time.
final class Optimizer: Sendable {
    struct Status: Sendable {
        var isBusy = false
        var error: String?
    }

    private enum Stage {
        case idle
        /// Waits for the thread that all collections share.
        case queued
        case running
    }

    /// One kind of work. Each waits after its own failures: a merge that cannot succeed must not hold sealing up, nor
    /// a seal that did make a failed merge forgotten.
    private struct Job {
        var stage = Stage.idle
        var notBefore = ContinuousClock.now
        var failures = 0
        var error: String?

        mutating func note(_ outcome: QuiverError?) {
            guard let outcome else {
                failures = 0
                error = nil
                return
            }
            if outcome.kind == .closed { return }
            failures += 1
            error = outcome.message
            notBefore = .now + .seconds(min(60, 1 << min(failures, 6)))
        }
    }

    private struct State {
        weak var core: CollectionCore?
        var isStopped = false
        var sealing = Job()
        var building = Job()
        /// Field indexes. Several are built at a time.
        var indexing = Job()
        var lastWrite = ContinuousClock.now
        var control: BuildControl?
        var buildingIndexes = 0
        var runs = OptimizationLog()

        var error: String? { sealing.error ?? building.error ?? indexing.error }
        var nextSegmentID: UInt64 = 1
    }

    private let work: BackgroundWork
    private let state = LockedCondition(State())

    /// Idle for so long, a growing segment of at least `idleRows` rows is sealed; after `firstIdle` any of a vector that has
    /// nothing sealed yet, and after `longIdle` any.
    private static let idle = Duration.seconds(1)
    private static let firstIdle = Duration.seconds(2)
    private static let longIdle = Duration.seconds(10)
    private static let idleRows = 1000

    init(work: BackgroundWork) {
        self.work = work
    }

    /// The core owns this object and stops it before it goes.
    func attach(_ core: CollectionCore, nextSegmentID: UInt64) {
        state.change { state in
            state.core = core
            state.nextSegmentID = nextSegmentID
        }
    }

    /// Looks for work that no write brings: what an earlier process left (a long log, flat segments, indexes that are half
    /// built), and what a new configuration asks of rows that are there.
    func start() {
        consider()
        if isWaiting { work.watch(self) }
    }

    func stop() {
        state.change { state in
            state.isStopped = true
            state.control?.cancel()
        }
        // What is only queued finds out that it is not wanted any more.
        state.wait { $0.sealing.stage == .running || $0.building.stage == .running || $0.buildingIndexes > 0 ? nil : () }
        state.change { $0.core = nil }
    }

    private var core: CollectionCore? {
        state.read { $0.isStopped ? nil : $0.core }
    }

    /// Nil as well after a failure of the storage: files would be written and nothing could be done with them.
    private var writableCore: CollectionCore? {
        guard let core, core.writer.readOnlyReason == nil else { return nil }
        return core
    }

    // MARK: Events

    /// After every commit of updates, on the writer's thread.
    func noteWrite() {
        state.change { $0.lastWrite = .now }
        consider()
        work.watch(self)
    }

    /// Starts what is due: sealing when something is frozen, a build when the policy finds one, and the builds of field
    /// indexes that an earlier process or a failure left unfinished.
    func consider() {
        guard let core = writableCore else { return }
        let view = core.view.load()
        let starts: (seal: Bool, build: Bool, indexes: Bool) = state.change { state in
            if state.isStopped { return (false, false, false) }
            let now = ContinuousClock.now
            let seal = state.sealing.stage == .idle && now >= state.sealing.notBefore && view.hasFrozen
            if seal { state.sealing.stage = .queued }
            let build = state.building.stage == .idle && now >= state.building.notBefore
                && Optimizer.plan(view, core.config) != nil
            if build { state.building.stage = .queued }
            return (seal, build, state.buildingIndexes == 0 && now >= state.indexing.notBefore)
        }
        if starts.seal { work.seal { [self] in runSealing() } }
        if starts.build { work.build { [self] in runBuild() } }
        if starts.indexes {
            for index in view.indexes.indexes where !index.isReady { buildIndex(index.field) }
        }
    }

    /// Whether the ticker has something to wait for.
    var isWaiting: Bool {
        guard let core = writableCore else { return false }
        let view = core.view.load()
        if view.hasFrozen || view.hasUnbuiltIndexes || Optimizer.plan(view, core.config) != nil { return true }
        return Optimizer.wantsSealing(view, core.config, rows: 1)
    }

    /// Seals what has grown when no more writes come. Returns `isWaiting`.
    func tick() -> Bool {
        guard let core = writableCore else { return false }
        consider()
        let quiet = state.read { ContinuousClock.now - $0.lastWrite }
        let view = core.view.load()
        let isDue =
            quiet >= Self.longIdle
            ? Optimizer.wantsSealing(view, core.config, rows: 1)
            : quiet >= Self.idle
                && Optimizer.wantsSealing(
                    view, core.config, rows: Self.idleRows, orFirst: quiet >= Self.firstIdle)
        if isDue, !view.hasFrozen {
            core.writer.submit(
                .init(
                    apply: { $0.state.freeze() },
                    completion: { [self] result in if case .success = result { consider() } }))
        }
        return isWaiting
    }

    /// Starts sealing what has grown without waiting for a pause. True when nothing waits to be sealed. Not on the
    /// writer's thread.
    func hasten() throws(QuiverError) -> Bool {
        guard let core = writableCore else { return true }
        let view = core.view.load()
        if !view.hasFrozen, Optimizer.wantsSealing(view, core.config, rows: 1) {
            try core.writer.perform { $0.state.freeze() }
        }
        consider()
        return !core.view.load().hasFrozen
    }

    /// Whether the collection is large enough for graphs and has at least `rows` rows that are not sealed.
    ///
    /// - Parameter orFirst: fewer will do where nothing is sealed yet.
    private static func wantsSealing(
        _ view: CollectionView, _ config: CollectionConfig, rows: Int, orFirst: Bool = false
    ) -> Bool {
        guard config.optimizers.maxOptimizationThreads != 0 else { return false }
        return view.vectors.contains { vector in
            let growing = vector.growing.reduce(0) { $0 + $1.liveCount }
            let least = orFirst && vector.sealed.isEmpty ? 1 : rows
            return growing >= least && policy(vector, config).wantsGraphs(liveRows: vector.liveCount)
        }
    }

    var status: Status {
        guard let core else { return Status() }
        let view = core.view.load()
        let waits = view.hasFrozen || view.hasUnbuiltIndexes || Optimizer.plan(view, core.config) != nil
            || Optimizer.wantsSealing(view, core.config, rows: Self.idleRows, orFirst: true)
        return state.read { state in
            let works = state.sealing.stage != .idle || state.building.stage != .idle || state.buildingIndexes > 0
            return Status(isBusy: works || waits, error: state.error)
        }
    }

    // MARK: Outcome

    private func finish(_ job: WritableKeyPath<State, Job>, _ error: QuiverError?) {
        state.change { state in
            state[keyPath: job].stage = .idle
            state[keyPath: job].note(error)
        }
        if error != nil { work.watch(self) }
        consider()
    }

    /// Of the segment that the rewrite of the moment makes.
    func noteOutput(_ number: UInt64) { state.change { $0.runs.note(outputOf: number) } }

    func takeSegmentID() -> UInt64 {
        state.change { state in
            state.nextSegmentID += 1
            return state.nextSegmentID - 1
        }
    }

    private func runSealing() {
        // Held until the end: a core that is being closed waits for this.
        guard let core = begin(\.sealing, nil) else { return }
        var failure: QuiverError?
        do {
            try SegmentSealer(core: core, optimizer: self).sealOldest()
        } catch {
            failure = QuiverError(wrapping: error)
            core.logger.error("sealing a segment of \(core.name) failed: \(failure?.message ?? "")")
        }
        finish(\.sealing, failure)
    }

    private func runBuild() {
        let control = BuildControl()
        guard let core = begin(\.building, control) else { return }
        var failure: QuiverError?
        do {
            if let (vector, plan, reason) = Optimizer.plan(core.view.load(), core.config) {
                state.change { $0.runs.begin(OptimizationRun(reason, vector, plan)) }
                try SegmentMerger(core: core, optimizer: self, work: work).run(vector, plan, control)
            }
        } catch {
            failure = QuiverError(wrapping: error)
            if failure?.kind != .closed {
                core.logger.error("merging segments of \(core.name) failed: \(failure?.message ?? "")")
            }
        }
        state.change { state in
            state.control = nil
            state.runs.end(failure)
        }
        finish(\.building, failure)
    }

    /// Marks a stage as running; nil when the collection is being closed.
    private func begin(_ job: WritableKeyPath<State, Job>, _ control: BuildControl?) -> CollectionCore? {
        state.change { state in
            guard !state.isStopped, let core = state.core else {
                state[keyPath: job].stage = .idle
                return nil
            }
            state[keyPath: job].stage = .running
            if let control { state.control = control }
            return core
        }
    }

    // MARK: Plans

    static func policy(_ vector: VectorView, _ config: CollectionConfig) -> MergePolicy {
        let indexing = SegmentIndexing(vector.field, config)
        return MergePolicy(
            optimizers: config.optimizers, buildsGraphs: indexing.isWanted || vector.field.kind == .sparse,
            bytesPerVector: vector.bytesPerPoint,
            linkBytesPerVector: 2 * indexing.m * MemoryLayout<UInt32>.size)
    }

    private typealias Planned = (vector: VectorView, plan: MergePolicy.Plan, reason: OptimizationReason)

    private static func plan(_ view: CollectionView, _ config: CollectionConfig) -> Planned? {
        for vector in view.vectors {
            if let planned = plan(vector, config) { return planned }
        }
        return nil
    }

    private static func plan(_ vector: VectorView, _ config: CollectionConfig) -> Planned? {
        let wanted = SegmentIndexing(vector.field, config)
        let candidates = vector.sealed.map { sealed in
            MergePolicy.Candidate(
                id: sealed.segment.id, rows: sealed.segment.pointCount, liveRows: sealed.liveCount,
                isIndexed: sealed.segment.isIndexed,
                isCurrent: sealed.segment.indexing == wanted || vector.field.kind == .sparse)
        }
        guard let plan = policy(vector, config).plan(candidates, liveRows: vector.liveCount) else { return nil }
        let inputs = candidates.filter { plan.inputs.contains($0.id) }
        let reason: OptimizationReason =
            if plan.builds, inputs.contains(where: { !$0.isIndexed }) {
                .indexing
            } else if inputs.count > 1 {
                .merge
            } else {
                plan.builds && inputs.contains { !$0.isCurrent } ? .configMismatch : .vacuum
            }
        return (vector, plan, reason)
    }

    /// What is rewritten, and was.
    var runs: OptimizationLog { state.read { $0.runs } }

    /// What the segments call for, one rewrite of each vector, whether background work is allowed or not.
    func pending(_ view: CollectionView) -> [OptimizationRun] {
        guard var config = core?.config else { return [] }
        config.optimizers.maxOptimizationThreads = nil
        return view.vectors.compactMap { vector in
            Optimizer.plan(vector, config).map { OptimizationRun($0.reason, $0.vector, $0.plan) }
        }
    }

    /// Work that nothing will begin as long as the collection allows no background work.
    func isSuspended(_ view: CollectionView) -> Bool {
        guard var config = core?.config, config.optimizers.maxOptimizationThreads == 0 else { return false }
        config.optimizers.maxOptimizationThreads = nil
        return Optimizer.plan(view, config) != nil || Optimizer.wantsSealing(view, config, rows: Self.idleRows)
    }

    // MARK: Field indexes

    /// Points that one step of an index build takes.
    private static let indexStepPoints = 2000

    /// Builds a registered index step by step, between updates, each step its own transaction.
    func buildIndex(
        _ field: PayloadPath, completion: @escaping @Sendable (Result<Void, QuiverError>) -> Void = { _ in }
    ) {
        guard let core else {
            completion(.failure(QuiverError(.closed, "the collection is closed")))
            return
        }
        state.change { $0.buildingIndexes += 1 }
        step(field, core) { [self] result in
            state.change { $0.buildingIndexes -= 1 }
            completion(result)
            switch result {
            case .success: finish(\.indexing, nil)
            case .failure(let error): finish(\.indexing, error)
            }
        }
    }

    private func step(
        _ field: PayloadPath, _ core: CollectionCore, _ completion: @escaping @Sendable (Result<Void, QuiverError>) -> Void
    ) {
        let finished = SharedFlag()
        core.writer.submit(
            .init(
                apply: { context in
                    // Dropped or made anew meanwhile: then there is nothing to do, or somebody else does it.
                    guard let index = context.indexes[field], !index.isReady else {
                        finished.set()
                        return
                    }
                    let progress = try index.buildStep(
                        payloads: context.state.store.payload, maxPoints: Optimizer.indexStepPoints,
                        in: &context.transaction)
                    if progress == .finished {
                        context.indexes = context.indexes.with(index.ready)
                        finished.set()
                    }
                },
                completion: { [self] result in
                    if case .success = result, !finished.isSet, self.core != nil {
                        step(field, core, completion)
                    } else {
                        completion(result)
                    }
                }))
    }
}
