import QuiverIndex
import QuiverLMDB
import QuiverModel

/// Everything the writer of a collection changes in memory, beside the LMDB transaction that holds the same change.
///
/// Belongs to the writer's thread. A change that does not get committed is taken back by `rollBack(to:)`.
final class CollectionState {
    let store: CollectionStore
    var counters: StoreState
    /// Slots below `counters.slotCount` that belong to no point.
    var free: ChunkedBitmap
    /// In the order of their names.
    var vectors: [VectorState]
    /// Of the newest change of the vector names.
    private(set) var vectorGeneration: UInt64
    /// Bytes of log records since the last freeze.
    var logBytes = 0
    var mostRecordBytes = Limits.logRecordBytes
    /// Of the whole log, where records are kept for backups.
    var mostKeptLogBytes = Limits.keptLogBytes
    /// Where vectors came to be or went, newest last, since the last commit: what a rollback has to undo.
    private var journal: [JournalEntry] = []

    private struct JournalEntry {
        var vector: Int
        var growing: Int
        var slot: UInt32
        /// What `rowOfSlot` said before.
        var row: UInt32?
    }

    init(
        store: CollectionStore, counters: StoreState, free: ChunkedBitmap, vectors: [VectorState],
        vectorGeneration: UInt64 = 0
    ) {
        self.vectorGeneration = vectorGeneration
        self.store = store
        self.counters = counters
        self.free = free
        self.vectors = vectors
    }

    var pointCount: Int { Int(counters.slotCount) - free.count }

    /// Bytes of vectors in memory that wait to be frozen.
    var activeBytes: Int {
        vectors.reduce(0) { $0 + $1.growing[$1.activeIndex].segment.bytes }
    }

    // MARK: Vector names

    /// No point has a vector of the new name yet.
    func add(_ field: VectorField) {
        let place = vectors.firstIndex { $0.field.name > field.name } ?? vectors.count
        vectors.insert(VectorState(field, frozenCount: frozenSequences.count), at: place)
        vectorGeneration = field.generation
    }

    /// What is not about the vectors of points changed in the configuration.
    func noteConfiguration(generation: UInt64) { vectorGeneration = generation }

    /// All vectors of a name go, those that wait to be sealed as well.
    func removeVector(at index: Int, generation: UInt64) {
        vectors.remove(at: index)
        vectorGeneration = generation
        if vectors.isEmpty {
            frozenSequences = []
            counters.sealedSequence = counters.sequence
            logBytes = 0
        }
    }

    /// The place of a vector, nil when it was dropped meanwhile.
    func index(of field: VectorField) -> Int? { vectors.firstIndex { $0.field.isSame(as: field) } }

    // MARK: Vectors

    /// The live row of `slot` becomes dead, wherever it is. False when there was none.
    @discardableResult
    func removeVector(_ vector: Int, slot: UInt32, _ transaction: inout WriteTransaction) throws(LMDBError) -> Bool {
        if removeGrowingVector(vector, slot: slot) { return true }
        for index in vectors[vector].sealed.indices.reversed() {
            let segment = vectors[vector].sealed[index].segment
            if let row = segment.slots.row(ofSlot: slot), vectors[vector].sealed[index].dead.insert(row) {
                try store.addDead(row, of: segment.id, &counters, &transaction)
                return true
            }
        }
        return false
    }

    /// The same, in the growing segments only.
    @discardableResult
    func removeGrowingVector(_ vector: Int, slot: UInt32) -> Bool {
        for place in vectors[vector].growing.indices.reversed() {
            if let row = vectors[vector].growing[place].rowOfSlot.removeValue(forKey: slot) {
                journal.append(JournalEntry(vector: vector, growing: place, slot: slot, row: row))
                vectors[vector].growing[place].dead.insert(row)
                return true
            }
        }
        return false
    }

    /// Appends the vector of `slot`, whose older copy has been removed.
    func appendVector(_ vector: Int, slot: UInt32, _ numbers: VectorNumbers) {
        let active = vectors[vector].activeIndex
        let row = vectors[vector].growing[active].segment.append(numbers, slot: slot)
        let before = vectors[vector].growing[active].rowOfSlot.updateValue(row, forKey: slot)
        journal.append(JournalEntry(vector: vector, growing: active, slot: slot, row: before))
    }

    // MARK: Freezing

    /// For each frozen group of growing segments, oldest first, the newest update in it.
    private(set) var frozenSequences: [UInt64] = []

    /// Begins new growing segments; the ones so far, one of each vector, wait to be sealed together.
    func freeze() {
        guard logBytes > 0 else { return }
        frozenSequences.append(counters.sequence)
        logBytes = 0
        for index in vectors.indices { vectors[index].growing.append(GrowingState(vectors[index].field)) }
    }

    /// The oldest frozen group is in sealed segments now.
    func removeOldestFrozen() {
        frozenSequences.removeFirst()
        for index in vectors.indices { vectors[index].growing.removeFirst() }
    }

    // MARK: Slots

    /// Row numbers of a segment end at 2³⁰, and a slot is a row at most once in each.
    static let mostPoints = Candidate.maximumRowCount

    func takeSlot(_ transaction: inout WriteTransaction) throws(LMDBError) -> UInt32 {
        if free.count > 0, let slot = try firstFreeSlot(transaction.handle) {
            try transaction.delete(store.free, SlotKey(slot))
            free.remove(slot)
            return slot
        }
        precondition(counters.slotCount < UInt32(CollectionState.mostPoints), "upserts look at the bound before")
        counters.slotCount += 1
        return counters.slotCount - 1
    }

    private func firstFreeSlot(_ transaction: TransactionHandle) throws(LMDBError) -> UInt32? {
        var cursor = try transaction.openCursor(store.free)
        guard let entry = unsafe try cursor.first() else { return nil }
        return unsafe try SlotKey.read(entry.key)
    }

    func releaseSlot(_ slot: UInt32, _ transaction: inout WriteTransaction) throws(LMDBError) {
        try transaction.put(store.free, SlotKey(slot), [1])
        free.insert(slot)
    }

    // MARK: Undo

    /// What is needed to come back to a moment since the last commit.
    struct Mark {
        fileprivate var counters: StoreState
        fileprivate var free: ChunkedBitmap
        fileprivate var vectors: [VectorMark]
        fileprivate var journal: Int
        fileprivate var logBytes: Int
        fileprivate var frozenSequences: [UInt64]
        fileprivate var vectorGeneration: UInt64
    }

    fileprivate struct VectorMark {
        var activeCount: Int
        var growingDead: [ChunkedBitmap]
        var sealedDead: [ChunkedBitmap]
    }

    func mark() -> Mark {
        Mark(
            counters: counters, free: free,
            vectors: vectors.map { vector in
                VectorMark(
                    activeCount: vector.growing[vector.activeIndex].segment.count,
                    growingDead: vector.growing.map(\.dead), sealedDead: vector.sealed.map(\.dead))
            },
            journal: journal.count, logBytes: logBytes, frozenSequences: frozenSequences, vectorGeneration: vectorGeneration)
    }

    /// Sealed segments must be the same as at the mark; growing ones that came after it are dropped.
    func rollBack(to mark: Mark) {
        counters = mark.counters
        free = mark.free
        logBytes = mark.logBytes
        frozenSequences = mark.frozenSequences
        vectorGeneration = mark.vectorGeneration
        while journal.count > mark.journal {
            let entry = journal.removeLast()
            vectors[entry.vector].growing[entry.growing].rowOfSlot[entry.slot] = entry.row
        }
        for (index, vector) in mark.vectors.enumerated() {
            let added = vectors[index].growing.count - vector.growingDead.count
            if added > 0 { vectors[index].growing.removeLast(added) }
            let active = vectors[index].activeIndex
            vectors[index].growing[active].segment.truncate(to: vector.activeCount)
            for (place, dead) in vector.growingDead.enumerated() { vectors[index].growing[place].dead = dead }
            for (place, dead) in vector.sealedDead.enumerated() { vectors[index].sealed[place].dead = dead }
        }
    }

    /// The changes are on disk: nothing before this can be taken back.
    func forgetJournal() {
        journal.removeAll(keepingCapacity: true)
    }
}
