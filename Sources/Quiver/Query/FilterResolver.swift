import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Answers filters against one view and a transaction of the same moment.
struct FilterResolver {
    let store: CollectionStore
    let view: CollectionView
    let transaction: TransactionHandle
    /// Nil inside of a write transaction, whose state no view stands for.
    var cache: FilterCache?

    /// The slots that match, shared with other requests.
    func matches(_ filter: Filter, deadline: Deadline) throws -> MatchSet {
        if let cache, let known = CompiledFilter.knownMatches(filter, view.indexes, cache) { return known }
        return try CompiledFilter.matches(filter, context(deadline))
    }

    /// The slots that match. A set of the caller's own.
    func resolve(_ filter: Filter, deadline: Deadline) throws -> SlotBitmap {
        let result = SlotBitmap(bitCount: Int(view.slotCount))
        try CompiledFilter(filter, context(deadline)).resolve(into: result)
        return result
    }

    /// A filter to ask about points one by one.
    func compiled(_ filter: Filter, _ deadline: Deadline) throws -> CompiledFilter {
        try CompiledFilter(filter, context(deadline))
    }

    /// About how many match.
    func estimate(_ filter: Filter) throws -> Int {
        try CompiledFilter(filter, context(.never)).estimate().expected
    }

    /// The same from the indexes alone; half of the points where none says anything.
    func roughEstimate(_ filter: Filter) throws -> Int {
        try CompiledFilter(filter, context(.never)).estimate(sampling: false).expected
    }

    private func context(_ deadline: Deadline) -> FilterContext {
        FilterContext(
            transaction: transaction, indexes: view.indexes, payloads: store.payload, live: view.liveSlots,
            deadline: deadline, cache: cache,
            slotOfPoint: { id throws(LMDBError) in
                guard let bytes = unsafe try transaction.get(store.ids, IDKey.key(id)) else { return nil }
                return unsafe try SlotKey.read(bytes)
            },
            slotsWithVector: { name throws(LMDBError) in
                guard let index = view.vectorIndex(named: name) else { return nil }
                let bitmap = SlotBitmap(bitCount: Int(view.slotCount))
                view.vectors[index].markSlots(in: bitmap)
                return bitmap
            },
            forEachPoint: { body throws(LMDBError) in
                var cursor = try transaction.openCursor(store.points)
                var entry = unsafe try cursor.first()
                while let found = unsafe entry {
                    guard body(unsafe try SlotKey.read(found.key), unsafe try PointEntry(CheckedValue.content(found.value)).id) else { return }
                    unsafe entry = try cursor.next()
                }
            })
    }
}
