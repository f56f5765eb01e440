import Glibc

public import QuiverModel

/// Updates whose caller waits on its own thread, for callers without tasks.
extension Collection {
    /// As `update`: when it returns, the operations are on disk and visible.
    public func updateBlocking(_ operations: [UpdateOperation]) throws(QuiverError) -> UpdateResult {
        let outcome = LockedCondition<Result<UInt64, QuiverError>?>(nil)
        try submitBlocking(operations) { result in outcome.change { $0 = result } }
        return UpdateResult(operationID: try outcome.wait { $0 }.get(), status: .completed)
    }

    /// As `createIndex`: returns when the index is built.
    public func createIndexBlocking(_ field: PayloadPath, _ params: PayloadIndexParams) throws(QuiverError) -> UpdateResult {
        try core.admitIndex(on: field)
        let outcome = LockedCondition<Result<IndexChange.Created, QuiverError>?>(nil)
        IndexChange(core: core).create(field.withoutTrailingWildcard, params, wait: true) { result in
            outcome.change { $0 = result }
        }
        let created = try outcome.wait { $0 }.get()
        return UpdateResult(operationID: created.sequence, status: created.isBuilt ? .completed : .acknowledged)
    }

    public func dropIndexBlocking(_ field: PayloadPath) throws(QuiverError) -> UpdateResult {
        try core.admitSmallWrite()
        let outcome = LockedCondition<Result<UInt64, QuiverError>?>(nil)
        IndexChange(core: core).drop(field.withoutTrailingWildcard) { result in outcome.change { $0 = result } }
        return UpdateResult(operationID: try outcome.wait { $0 }.get(), status: .completed)
    }

    /// Has what has grown sealed now rather than after a pause, and waits until no background work is left.
    ///
    /// - Throws: `.timeout` when it takes longer than `timeout`; the work goes on. `.service` with the reason when the
    ///   work fails.
    public func waitUntilOptimizedBlocking(timeout: Duration?) throws(QuiverError) {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        while true {
            if database.isClosed { throw QuiverError(.closed, "the database is closed") }
            let isDone = try core.optimizer.hasten()
            let status = core.optimizer.status
            if let error = core.writer.readOnlyReason ?? status.error { throw .service(error) }
            if isDone, !status.isBusy { return }
            if let deadline, .now >= deadline { throw QuiverError(.timeout, "background work goes on") }
            usleep(Collection.pollMicroseconds)
        }
    }

    private static let pollMicroseconds: UInt32 = 2000
}
