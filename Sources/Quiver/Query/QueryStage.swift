import QuiverModel
import QuiverPayload

/// One query of a tree, and the vectors that it compares with.
struct QueryStage {
    let query: Query?
    let using: String
    let filter: Filter?
    let params: SearchParams
    let scoreThreshold: Float?
    /// Of the request, without the offset.
    let limit: Int
    let operands: QueryOperands
    let children: [QueryStage]

    /// - Throws: `.notFound` for an operand that is not there.
    init(
        _ request: QueryRequest, _ reader: borrowing CollectionReader, _ lookup: CollectionReader.Lookup
    ) throws {
        query = request.query
        using = request.using
        filter = request.filter
        params = request.params
        scoreThreshold = request.scoreThreshold
        limit = request.limit
        operands = try QueryOperands(request.query, request.using, request.lookupFrom, reader, lookup)
        children = try QueryStage.stages(request.prefetch, reader, lookup)
    }

    private init(
        _ prefetch: Prefetch, _ reader: borrowing CollectionReader, _ lookup: CollectionReader.Lookup
    ) throws {
        query = prefetch.query
        using = prefetch.using
        filter = prefetch.filter
        params = prefetch.params
        scoreThreshold = prefetch.scoreThreshold
        // More than there can be points is as good as all.
        limit = min(max(0, prefetch.limit), Limits.resultWindow)
        operands = try QueryOperands(prefetch.query, prefetch.using, prefetch.lookupFrom, reader, lookup)
        children = try QueryStage.stages(prefetch.prefetch, reader, lookup)
    }

    private static func stages(
        _ prefetches: [Prefetch], _ reader: borrowing CollectionReader, _ lookup: CollectionReader.Lookup
    ) throws -> [QueryStage] {
        var stages: [QueryStage] = []
        for prefetch in prefetches { stages.append(try QueryStage(prefetch, reader, lookup)) }
        return stages
    }

    /// Slots of the ids that are operands somewhere in the tree: no stage answers them.
    var operandSlots: Set<UInt32> {
        children.reduce(into: operands.ownSlots) { $0.formUnion($1.operandSlots) }
    }
}

/// What holds for all stages of one tree.
struct QueryScope {
    let excluded: Set<UInt32>
    let deadline: ContinuousClock.Instant?
}

/// The points that a stage may answer.
struct Selection {
    /// Nil: all.
    var accepted: MatchSet?
    /// Not these. Without a filter a few operands cost less as results to be dropped than as a set of everything else.
    var dropped: Set<UInt32>
}
