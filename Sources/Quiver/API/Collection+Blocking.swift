public import QuiverModel

/// An update that the collection's writer has in its queue.
package struct PendingUpdate: Sendable {
    let answer: Answer<UInt64>
}

/// The same on the calling thread, for callers that may block it: threads of one's own, never tasks, which run on
/// Swift's few. It saves the way to a worker and back.
extension Collection {
    /// Checks and normalises an update and puts it into the writer's queue.
    package func submitBlocking(_ operations: [UpdateOperation]) throws(QuiverError) -> PendingUpdate {
        let pending = PendingUpdate(answer: Answer())
        try submitBlocking(operations) { pending.answer.give($0) }
        return pending
    }

    /// The same for a caller that wants to be called: with the sequence number of the update, once it is durable and
    /// visible. `completion` runs on the writer's thread, which has to go on, or on this one when the queue refuses.
    package func submitBlocking(
        _ operations: [UpdateOperation], completion: @escaping @Sendable (Result<UInt64, QuiverError>) -> Void
    ) throws(QuiverError) {
        try core.admit(operations)
        let (fields, generation) = core.preparedFields
        let prepared = try UpdatePreparation(fields: fields).prepare(operations)
        core.writer.submit(
            .init(
                operations: prepared.operations, fields: fields, vectorGeneration: generation,
                byteCount: prepared.byteCount, completion: completion))
    }

    /// Of the newest commit.
    package var lastSequence: UInt64 { core.view.load().sequence }

    public func retrieveBlocking(
        _ ids: [PointID], withPayload: PayloadSelector = .all, withVectors: VectorSelector = .none,
        timeout: Duration? = nil
    ) throws(QuiverError) -> [Record] {
        try core.admitRead(timeout, cost: ids.count) { _ throws(QuiverError) in }
        return try reading { reader in try reader.retrieve(ids, withPayload, withVectors, Collection.deadline(timeout)) }
    }

    public func scrollBlocking(_ request: ScrollRequest, timeout: Duration? = nil) throws(QuiverError) -> ScrollPage {
        try core.admitRead(timeout, cost: RateCost.filtered(request.filter)) { check throws(QuiverError) in
            try check.scroll(request)
        }
        return try reading { reader in try reader.scroll(request, Collection.deadline(timeout)) }
    }

    public func countBlocking(
        filter: Filter? = nil, exact: Bool = true, timeout: Duration? = nil
    ) throws(QuiverError) -> Int {
        try core.admitRead(timeout, cost: RateCost.filtered(filter)) { check throws(QuiverError) in
            try check.count(filter, exact: exact)
        }
        return try reading { reader in try reader.count(filter, exact: exact, Collection.deadline(timeout)) }
    }

    public func queryBlocking(_ request: QueryRequest, timeout: Duration? = nil) throws(QuiverError) -> [ScoredPoint] {
        try core.admitRead(timeout, cost: RateCost.query(request)) { check throws(QuiverError) in
            try check.query(request)
        }
        return try reading { reader in try reader.query(request, Collection.deadline(timeout), lookup) }
    }

    public func queryBatchBlocking(
        _ requests: [QueryRequest], timeout: Duration? = nil
    ) throws(QuiverError) -> [[ScoredPoint]] {
        try core.admitRead(timeout, cost: requests.reduce(0) { $0 + RateCost.query($1) }) { check throws(QuiverError) in
            try check.searchBatch(requests.count)
            for request in requests { try check.query(request) }
        }
        let deadline = Collection.deadline(timeout)
        return try reading { reader in
            try QueryRules.checkBatch(requests, pointCount: reader.view.pointCount)
            var answers: [[ScoredPoint]] = []
            for request in requests { answers.append(try reader.query(request, deadline, lookup)) }
            return answers
        }
    }

    public func queryGroupsBlocking(
        _ request: GroupsRequest, timeout: Duration? = nil
    ) throws(QuiverError) -> [PointGroup] {
        try core.admitRead(timeout, cost: RateCost.query(request.query)) { check throws(QuiverError) in
            try check.groups(request)
        }
        return try reading { reader in try reader.groups(request, Collection.deadline(timeout), lookup) }
    }

    public func infoBlocking() throws(QuiverError) -> CollectionInfo {
        if core.loss != nil, let unavailable = database.unavailableCollection(core.name) { return unavailable.info }
        return try reading { reader in try reader.info() }
    }

    private func lookup(_ name: String) throws(QuiverError) -> CollectionCore {
        do throws(QuiverError) {
            return try database.core(name)
        } catch {
            throw error.kind == .notFound ? .notFound("Collection \(name) not found") : error
        }
    }

    private static func deadline(_ timeout: Duration?) -> ContinuousClock.Instant? {
        timeout.map { .now + $0 }
    }

    /// Runs a read on one moment of the collection. The read transaction ends with it.
    func reading<Value>(
        _ body: (borrowing CollectionReader) throws -> Value
    ) throws(QuiverError) -> Value {
        do {
            return try core.reading(body)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }
}
