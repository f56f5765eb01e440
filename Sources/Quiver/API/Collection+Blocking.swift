package import QuiverModel

/// An update that the collection's writer has in its queue.
package struct PendingUpdate: Sendable {
    let answer: Answer<UInt64>
}

/// Work on the calling thread, for callers that are on a worker thread already.
extension Collection {
    /// Checks and normalises an update and puts it into the writer's queue.
    package func submitBlocking(_ operations: [UpdateOperation]) throws(QuiverError) -> PendingUpdate {
        let prepared = try UpdatePreparation(fields: core.fields).prepare(operations)
        let pending = PendingUpdate(answer: Answer())
        core.writer.submit(
            .init(
                operations: prepared.operations, byteCount: prepared.byteCount,
                completion: { pending.answer.give($0) }))
        return pending
    }

    package func retrieveBlocking(
        _ ids: [PointID], withPayload: PayloadSelector = .all, withVectors: VectorSelector = .none
    ) throws(QuiverError) -> [Record] {
        try reading { reader in try reader.retrieve(ids, withPayload, withVectors) }
    }

    package func scrollBlocking(_ request: ScrollRequest, timeout: Duration? = nil) throws(QuiverError) -> ScrollPage {
        try reading { reader in try reader.scroll(request, Collection.deadline(timeout)) }
    }

    package func countBlocking(
        filter: Filter? = nil, exact: Bool = true, timeout: Duration? = nil
    ) throws(QuiverError) -> Int {
        try reading { reader in try reader.count(filter, exact: exact, Collection.deadline(timeout)) }
    }

    package func queryBlocking(_ request: QueryRequest, timeout: Duration? = nil) throws(QuiverError) -> [ScoredPoint] {
        try reading { reader in try reader.query(request, Collection.deadline(timeout), lookup) }
    }

    package func queryBatchBlocking(
        _ requests: [QueryRequest], timeout: Duration? = nil
    ) throws(QuiverError) -> [[ScoredPoint]] {
        let deadline = Collection.deadline(timeout)
        return try reading { reader in
            var answers: [[ScoredPoint]] = []
            for request in requests { answers.append(try reader.query(request, deadline, lookup)) }
            return answers
        }
    }

    package func queryGroupsBlocking(
        _ request: GroupsRequest, timeout: Duration? = nil
    ) throws(QuiverError) -> [PointGroup] {
        try reading { reader in try reader.groups(request, Collection.deadline(timeout), lookup) }
    }

    package func infoBlocking() throws(QuiverError) -> CollectionInfo {
        try reading { reader in try reader.info() }
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
            let reader = try core.reader()
            return try body(reader)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }
}
