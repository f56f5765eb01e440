public import QuiverModel

/// One collection of a database: points with vectors and payload.
///
/// Updates are applied by the collection's writer in the order they come; each is atomic, and on disk when it is
/// answered. Reads see one consistent moment and never wait for writes. The asynchronous methods run on the
/// database's worker threads; their `…Blocking` twins run on the calling one, which has to be one that may block.
public final class Collection: Sendable {
    let core: CollectionCore
    let database: Database

    init(core: CollectionCore, database: Database) {
        self.core = core
        self.database = database
    }

    public var name: String { core.name }

    public var config: CollectionConfig { core.config }

    /// Whether requests are held against limits, which may take more than a moment.
    package var hasStrictMode: Bool { core.strictMode.limits != nil }

    // MARK: Updates

    /// Applies the operations in order, all or none. When this returns they are on disk and visible.
    ///
    /// - Parameters:
    ///   - wait: only tells the status that is answered: `completed`, or `acknowledged`.
    ///   - timeout: after it `waitTimeout` is answered; the update is still applied.
    /// - Throws: `.badInput` for a vector that does not fit the collection, `.notFound` for a missing point,
    ///   `.overloaded`, `.insufficientStorage`, `.readOnly`. The collection is as before then.
    @discardableResult
    public func update(
        _ operations: [UpdateOperation], wait: Bool = true, timeout: Duration? = nil
    ) async throws(QuiverError) -> UpdateResult {
        let pending = try await onWorker { collection throws(QuiverError) in
            try collection.submitBlocking(operations)
        }
        return try await result(of: pending, wait: wait, timeout: timeout)
    }

    /// Waits for an update that was submitted. `wait` and `timeout` as in `update`.
    package func result(
        of pending: PendingUpdate, wait: Bool, timeout: Duration?
    ) async throws(QuiverError) -> UpdateResult {
        try await result(pending.answer, wait: wait, timeout: timeout)
    }

    /// Registers an index on a field and builds it in the background, while the collection is in use.
    ///
    /// - Parameter wait: return when it is built. Should building fail, the index is there all the same, is not used yet,
    ///   and is built when that is possible: the answer is `acknowledged` then.
    @discardableResult
    public func createIndex(
        _ field: PayloadPath, _ params: PayloadIndexParams, wait: Bool = true, timeout: Duration? = nil
    ) async throws(QuiverError) -> UpdateResult {
        try core.admitIndex(on: field)
        let answer = Answer<IndexChange.Created>()
        IndexChange(core: core).create(field.withoutTrailingWildcard, params, wait: wait) { answer.give($0) }
        guard let created = try await answer.value(within: wait ? timeout : nil)?.get() else {
            return UpdateResult(operationID: core.view.load().sequence, status: .waitTimeout)
        }
        return UpdateResult(
            operationID: created.sequence, status: wait && created.isBuilt ? .completed : .acknowledged)
    }

    /// Drops the index of a field; one that does not exist is fine.
    @discardableResult
    public func dropIndex(
        _ field: PayloadPath, wait: Bool = true, timeout: Duration? = nil
    ) async throws(QuiverError) -> UpdateResult {
        try core.admitSmallWrite()
        let answer = Answer<UInt64>()
        IndexChange(core: core).drop(field.withoutTrailingWildcard) { answer.give($0) }
        return try await result(answer, wait: wait, timeout: timeout)
    }

    func result(
        _ answer: Answer<UInt64>, wait: Bool, timeout: Duration?
    ) async throws(QuiverError) -> UpdateResult {
        guard let sequence = try await answer.value(within: wait ? timeout : nil)?.get() else {
            return UpdateResult(operationID: core.view.load().sequence, status: .waitTimeout)
        }
        return UpdateResult(operationID: sequence, status: wait ? .completed : .acknowledged)
    }

    // MARK: Reads

    /// The points of these ids; missing ones are left out, each comes once.
    public func retrieve(
        _ ids: [PointID], withPayload: PayloadSelector = .all, withVectors: VectorSelector = .none,
        timeout: Duration? = nil
    ) async throws(QuiverError) -> [Record] {
        try await onWorker { collection throws(QuiverError) in
            try collection.retrieveBlocking(ids, withPayload: withPayload, withVectors: withVectors, timeout: timeout)
        }
    }

    /// A page of points in the order of their ids, or by an indexed field.
    public func scroll(_ request: ScrollRequest, timeout: Duration? = nil) async throws(QuiverError) -> ScrollPage {
        try await onWorker { collection throws(QuiverError) in try collection.scrollBlocking(request, timeout: timeout) }
    }

    /// The number of points that match. Not exact: estimated from the indexes.
    public func count(
        filter: Filter? = nil, exact: Bool = true, timeout: Duration? = nil
    ) async throws(QuiverError) -> Int {
        try await onWorker { collection throws(QuiverError) in
            try collection.countBlocking(filter: filter, exact: exact, timeout: timeout)
        }
    }

    /// The points that answer a query best, best first.
    ///
    /// - Throws: `.notFound` for an id that is not there, `.badInput` for a vector that does not fit, `.timeout`.
    public func query(_ request: QueryRequest, timeout: Duration? = nil) async throws(QuiverError) -> [ScoredPoint] {
        try await onWorker { collection throws(QuiverError) in try collection.queryBlocking(request, timeout: timeout) }
    }

    /// Several queries on the same moment of the collection.
    public func queryBatch(
        _ requests: [QueryRequest], timeout: Duration? = nil
    ) async throws(QuiverError) -> [[ScoredPoint]] {
        try await onWorker { collection throws(QuiverError) in
            try collection.queryBatchBlocking(requests, timeout: timeout)
        }
    }

    /// The best points, grouped by a payload field.
    public func queryGroups(
        _ request: GroupsRequest, timeout: Duration? = nil
    ) async throws(QuiverError) -> [PointGroup] {
        try await onWorker { collection throws(QuiverError) in
            try collection.queryGroupsBlocking(request, timeout: timeout)
        }
    }

    /// Counts, status, configuration and field indexes.
    public func info() async throws(QuiverError) -> CollectionInfo {
        try await onWorker { collection throws(QuiverError) in try collection.infoBlocking() }
    }

    private func onWorker<Value: Sendable>(
        _ body: @escaping @Sendable (Collection) throws(QuiverError) -> Value
    ) async throws(QuiverError) -> Value {
        try await database.workers.run { [self] () throws(QuiverError) in try body(self) }
    }
}
