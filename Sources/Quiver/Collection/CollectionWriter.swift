import DequeModule
import Synchronization

import QuiverLMDB
import QuiverModel
import QuiverPayload

/// The one writer of a collection: a queue, and a thread that is there as long as there is something to do.
///
/// The thread takes all that waits, up to a bound, as one batch: one LMDB transaction, one fsync, one new view, and
/// then all the answers (group commit). A request that does not fit the state fails alone.
///
/// After a failed commit that is not for want of room the collection takes no more updates and says
/// why: what the disk holds then is known only after it has been opened again.
final class CollectionWriter: Sendable {
    struct Update {
        var operations: [UpdateOperation]
        /// That the operations were prepared for.
        var fields: [VectorField]
        /// Of the vector set that `fields` are.
        var vectorGeneration: UInt64
        var byteCount: Int
        /// Given where the operations are those of a record of the log: they have to become its moment again.
        var replayed: LogMoment?
        var completion: @Sendable (Result<UInt64, QuiverError>) -> Void
    }

    /// Work of the engine's own in a transaction of its own: swapping segments, steps of index builds.
    struct Maintenance {
        /// Changes the state and the transaction.
        var apply: (inout MaintenanceContext) throws -> Void
        /// After the commit and the new view, or with what went wrong.
        var completion: @Sendable (Result<Void, QuiverError>) -> Void
    }

    /// Keeps the writer between two commits for as long as `body` runs, on the writer's thread and without a transaction.
    struct Hold {
        /// With nil when the writer rests, or else with what keeps it from ever resting.
        var body: @Sendable (QuiverError?) -> Void
    }

    struct MaintenanceContext: ~Copyable {
        var transaction: WriteTransaction
        let state: CollectionState
        var indexes: FieldIndexSet
    }

    private struct Queue {
        var updates = Deque<Update>()
        var maintenance = Deque<Maintenance>()
        /// Before everything else.
        var holds = Deque<Hold>()
        var updateBytes = 0
        var hasThread = false
        var isClosed = false
        /// Set while sealing is too far behind: updates wait.
        var isHeld = false
        var readOnlyReason: String?
        /// Updates that were taken from the queue and not answered yet.
        var inFlight = 0
    }

    /// Seconds that the thread waits for more before it ends.
    private static let idleSeconds = 5.0

    private let queue = LockedCondition(Queue())
    private let batch: WriterThreadState
    private let mostQueuedBytes: Int
    private let commitHandler = Mutex<@Sendable () -> Void>({})

    init(state: CollectionState, indexes: FieldIndexSet, view: ViewBox, growingBytes: Int, mostQueuedBytes: Int) {
        batch = WriterThreadState(state: state, indexes: indexes, view: view, growingBytes: growingBytes)
        self.mostQueuedBytes = mostQueuedBytes
    }

    /// Called on the writer's thread after each commit of updates, before they are answered.
    func onCommit(_ handler: @escaping @Sendable () -> Void) {
        commitHandler.withLock { $0 = handler }
    }

    // MARK: For everyone

    func submit(_ update: Update) {
        let refusal: QuiverError? = queue.change { queue in
            if queue.isClosed { return QuiverError(.closed, "the collection is closed") }
            if let reason = queue.readOnlyReason { return CollectionWriter.readOnly(reason) }
            if queue.updateBytes + update.byteCount > mostQueuedBytes, !queue.updates.isEmpty {
                return QuiverError(
                    .overloaded(retryAfterSeconds: 1),
                    "\(queue.updateBytes >> 20) MiB of updates are waiting to be written; try again later")
            }
            queue.updates.append(update)
            queue.updateBytes += update.byteCount
            startThread(&queue)
            return nil
        }
        if let refusal { update.completion(.failure(refusal)) }
    }

    func submit(_ maintenance: Maintenance) {
        let refusal: QuiverError? = queue.change { queue in
            if queue.isClosed { return QuiverError(.closed, "the collection is closed") }
            if let reason = queue.readOnlyReason { return CollectionWriter.readOnly(reason) }
            queue.maintenance.append(maintenance)
            startThread(&queue)
            return nil
        }
        if let refusal { maintenance.completion(.failure(refusal)) }
    }

    /// A writer that takes no more updates rests as well.
    func submit(_ hold: Hold) {
        let refusal: QuiverError? = queue.change { queue in
            if queue.isClosed { return QuiverError(.closed, "the collection is closed") }
            queue.holds.append(hold)
            startThread(&queue)
            return nil
        }
        if let refusal { hold.body(refusal) }
    }

    /// Runs maintenance work and waits for it. Not on the writer's thread, nor on the cooperative pool.
    func perform(_ apply: @escaping (inout MaintenanceContext) throws -> Void) throws(QuiverError) {
        let outcome = LockedCondition<Result<Void, QuiverError>?>(nil)
        submit(Maintenance(apply: apply) { result in outcome.change { $0 = result } })
        try outcome.wait { $0 }.get()
    }

    /// As after a failure of the storage.
    func refuseUpdates(because reason: String) {
        queue.change { queue in
            if queue.readOnlyReason == nil { queue.readOnlyReason = reason }
        }
    }

    var pendingUpdates: Int { queue.read { $0.updates.count + $0.inFlight } }

    var readOnlyReason: String? { queue.read { $0.readOnlyReason } }

    /// Refuses what comes, finishes what waits, and returns when the thread is gone.
    func close() {
        queue.change { queue in
            queue.isClosed = true
            queue.isHeld = false
        }
        queue.wait { $0.hasThread ? nil : () }
    }

    private static func readOnly(_ reason: String) -> QuiverError {
        QuiverError(.readOnly, "the collection is read-only after a failure of its storage: \(reason)")
    }

    // MARK: The thread

    private func startThread(_ queue: inout Queue) {
        if queue.hasThread { return }
        queue.hasThread = true
        OSThread.detach { [self] in
            while let work = takeWork() { run(work) }
        }
    }

    private enum Work {
        case updates([Update])
        case maintenance(Maintenance)
        case hold(Hold)
    }

    private func takeWork() -> Work? {
        let work: Work?? = queue.wait(atMostSeconds: CollectionWriter.idleSeconds) { queue in
            if let hold = queue.holds.popFirst() { return .some(.hold(hold)) }
            if let maintenance = queue.maintenance.popFirst() { return .some(.maintenance(maintenance)) }
            if !queue.isHeld, !queue.updates.isEmpty { return .some(.updates(CollectionWriter.takeBatch(&queue))) }
            return queue.isClosed ? .some(nil) : nil
        }
        if let work, let work { return work }
        // Between the wait and this, something may have come.
        return queue.change { queue in
            if let hold = queue.holds.popFirst() { return .hold(hold) }
            if queue.maintenance.isEmpty, queue.updates.isEmpty || queue.isHeld {
                queue.hasThread = queue.isHeld && !queue.updates.isEmpty && !queue.isClosed
                return queue.hasThread ? .some(.updates([])) : nil
            }
            if let maintenance = queue.maintenance.popFirst() { return .maintenance(maintenance) }
            return .updates(CollectionWriter.takeBatch(&queue))
        }
    }

    private static func takeBatch(_ queue: inout Queue) -> [Update] {
        var taken: [Update] = []
        var bytes = 0
        while let next = queue.updates.first, taken.isEmpty || bytes + next.byteCount <= Limits.writeBatchBytes {
            queue.updates.removeFirst()
            bytes += next.byteCount
            taken.append(next)
        }
        queue.updateBytes -= bytes
        queue.inFlight += taken.count
        return taken
    }

    private func run(_ work: Work) {
        switch work {
        case .updates(let updates):
            if updates.isEmpty { return }
            let results = batch.run(updates)
            noteState()
            commitHandler.withLock { $0 }()
            queue.change { $0.inFlight -= updates.count }
            for (update, result) in zip(updates, results) { update.completion(result) }
        case .maintenance(let maintenance):
            let result = batch.run(maintenance)
            noteState()
            maintenance.completion(result)
        case .hold(let hold):
            hold.body(nil)
        }
    }

    /// Updates wait while too many growing segments are frozen: that bounds memory. After a failure nothing will be
    /// sealed any more, and they are to be refused.
    private func noteState() {
        let failure = batch.failure
        let isHeld = batch.frozenCount > Limits.frozenSegments && failure == nil
        queue.change { queue in
            queue.isHeld = isHeld && !queue.isClosed
            if let failure { queue.readOnlyReason = failure }
        }
    }
}

/// Where the newest view is found.
final class ViewBox: Sendable {
    private let view: Mutex<CollectionView>

    init(_ view: CollectionView) { self.view = Mutex(view) }

    func load() -> CollectionView { view.withLock { $0 } }

    func store(_ new: CollectionView) {
        // The old view is let go outside the lock: it may be the last that holds a large segment.
        _ = view.withLock { view in
            let old = view
            view = new
            return old
        }
    }
}
