package import QuiverLMDB
package import QuiverModel

/// What a filter is compiled and answered against: one moment of a collection, on one thread.
package struct FilterContext {
    /// A read transaction, or a write transaction whose `FieldIndexWriter` has been flushed.
    package let transaction: TransactionHandle
    package let indexes: FieldIndexSet
    /// Slot (UInt32 integer key) → payload text.
    package let payloads: Database
    /// The slots that hold points. Answers are subsets of it, and its range of slots is theirs.
    package let live: SlotBitmap
    package let deadline: Deadline
    /// Where answers are kept; nil inside of a write transaction, whose state no stamp stands for.
    package let cache: FilterCache?
    /// The slot of a point, for `has_id`.
    package let slotOfPoint: (PointID) throws(LMDBError) -> UInt32?
    /// The slots that have a vector of this name, for `has_vector`; nil for an unknown name, which no point has.
    package let slotsWithVector: (String) throws(LMDBError) -> SlotBitmap?
    /// Shows every point with its slot, in any order and until it is told false, for slices.
    package let forEachPoint: ((UInt32, PointID) -> Bool) throws(LMDBError) -> Void

    package init(
        transaction: TransactionHandle, indexes: FieldIndexSet, payloads: Database, live: SlotBitmap,
        deadline: Deadline = .never, cache: FilterCache? = nil,
        slotOfPoint: @escaping (PointID) throws(LMDBError) -> UInt32?,
        slotsWithVector: @escaping (String) throws(LMDBError) -> SlotBitmap?,
        forEachPoint: @escaping ((UInt32, PointID) -> Bool) throws(LMDBError) -> Void
    ) {
        self.transaction = transaction
        self.indexes = indexes
        self.payloads = payloads
        self.live = live
        self.deadline = deadline
        self.cache = cache
        self.slotOfPoint = slotOfPoint
        self.slotsWithVector = slotsWithVector
        self.forEachPoint = forEachPoint
    }
}

/// How many points match: `min` and `max` are certain, `expected` is between them.
package struct Cardinality: Equatable, Sendable {
    package var min: Int
    package var expected: Int
    package var max: Int

    package init(min: Int, expected: Int, max: Int) {
        self.min = min
        self.max = Swift.max(min, max)
        self.expected = Swift.min(Swift.max(expected, self.min), self.max)
    }

    package static func exactly(_ count: Int) -> Cardinality { Cardinality(min: count, expected: count, max: count) }

    package var isExact: Bool { min == max }
}
