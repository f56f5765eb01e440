import Logging

import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Brings a collection's state back from its files. Reads the manifest, the counters, the dead rows, and the part
/// of the log that is not in sealed segments; nothing that grows with the sealed data.
struct CollectionOpener {
    let store: CollectionStore
    let fields: [VectorField]
    let vectorGeneration: UInt64
    let config: CollectionConfig
    let logger: Logger

    struct Opened {
        var state: CollectionState
        var view: CollectionView
    }

    func open() throws -> Opened {
        try store.checkFormats()
        try SegmentCheckup(store: store, fields: fields, config: config, logger: logger).run()
        // Opening a table waits until no transaction is live, so the indexes come before the one that reads the rest.
        let indexes = try openIndexes()
        let transaction = try store.environment.beginRead()
        let handle = transaction.handle
        var counters = StoreState()
        if let bytes = unsafe try handle.getChecked(store.meta, StoreState.key) { counters = unsafe try StoreState(bytes) }
        let state = CollectionState(
            store: store, counters: counters, free: try freeSlots(handle), vectors: fields.map(VectorState.init),
            vectorGeneration: vectorGeneration)
        try openSegments(state, handle)
        try replayLog(state, handle)
        let view = state.makeView(transactionID: handle.id, indexes: indexes, previous: nil)
        return Opened(state: state, view: view)
    }

    private func freeSlots(_ transaction: TransactionHandle) throws -> ChunkedBitmap {
        var free = ChunkedBitmap()
        var cursor = try transaction.openCursor(store.free)
        var entry = unsafe try cursor.first()
        while let found = unsafe entry {
            free.insert(unsafe try SlotKey.read(found.key))
            unsafe entry = try cursor.next()
        }
        return free
    }

    private func openIndexes() throws -> FieldIndexSet {
        FieldIndexSet(
            try storedIndexes().map { field, params in
                try FieldIndex.open(field, params, in: store.environment)
            })
    }

    private func storedIndexes() throws -> [(PayloadPath, PayloadIndexParams)] {
        let transaction = try store.environment.beginRead()
        return try CollectionOpener.storedIndexes(store, transaction.handle)
    }

    static func storedIndexes(
        _ store: CollectionStore, _ transaction: TransactionHandle
    ) throws -> [(PayloadPath, PayloadIndexParams)] {
        var indexes: [(PayloadPath, PayloadIndexParams)] = []
        var cursor = try transaction.openCursor(store.indexes)
        var entry = unsafe try cursor.first()
        while let found = unsafe entry {
            let text = unsafe String(decoding: found.key, as: UTF8.self)
            guard let field = PayloadPath(text) else {
                throw QuiverError(.corrupted, "the index schema names \"\(text)\", which is no field")
            }
            indexes.append((field, unsafe try StoredConfig.decode(PayloadIndexParams.self, from: CheckedValue.verified(found.value, key: found.key))))
            unsafe entry = try cursor.next()
        }
        return indexes
    }

    // MARK: Segments

    private func openSegments(_ state: CollectionState, _ transaction: TransactionHandle) throws {
        var known: Set<String> = []
        for listed in try store.listedSegments(transaction) {
            let name = listed.entry.vectorName
            let path = store.segmentPath(listed.id)
            guard let index = fields.firstIndex(where: { $0.name == name }) else {
                throw QuiverError(
                    .corrupted, "segment \(listed.id) belongs to vector \"\(name)\", which the collection has not")
            }
            let segment = try SealedSegment(
                id: listed.id, path: path, entry: listed.entry, placement: SegmentPlacement(name, config))
            guard segment.meta.fits(fields[index]) else {
                throw QuiverError(.corrupted, "segment file \(path): is no segment of vector \"\(name)\"")
            }
            var sealed = SealedState(segment: segment)
            sealed.dead = try store.deadRows(listed.id, transaction)
            state.vectors[index].sealed.append(sealed)
            known.insert(path)
        }
        // Files that no manifest names: left by a process that ended while it wrote or replaced one.
        for name in try Files.names(in: store.segmentsDirectory) {
            let path = store.segmentsDirectory + "/" + name
            if !known.contains(path) { Files.remove(path) }
        }
    }

    // MARK: Log

    private func replayLog(_ state: CollectionState, _ transaction: TransactionHandle) throws {
        var target = GrowingReplay(state: state)
        unsafe try WriteAheadLog.forEach(after: state.counters.sealedSequence, store, transaction) {
            sequence, record in
            state.logBytes += record.count
            unsafe try LogRecord.checkFormat(record)
            do throws(ByteReader.Malformed) {
                guard unsafe try LogRecord.moment(record).sequence == sequence else { throw ByteReader.Malformed() }
                unsafe try LogReplay.apply(record, to: &target)
            } catch {
                throw QuiverError(.corrupted, "record \(sequence) of the log is damaged")
            }
        }
        state.forgetJournal()
    }
}

/// Fills the growing segments from the log. What is dead in sealed segments is known from `dead` already.
private struct GrowingReplay: LogReplayTarget {
    let state: CollectionState

    mutating func replace(slot: UInt32) { deletePoint(slot: slot) }

    mutating func setVector(slot: UInt32, name: String, _ numbers: VectorNumbers) {
        guard let index = state.vectors.firstIndex(where: { $0.field.name == name }),
            state.vectors[index].field.fits(numbers)
        else { return }
        state.removeGrowingVector(index, slot: slot)
        state.appendVector(index, slot: slot, numbers)
    }

    mutating func deletePoint(slot: UInt32) {
        for index in state.vectors.indices { state.removeGrowingVector(index, slot: slot) }
    }

    mutating func deleteVector(slot: UInt32, name: String) {
        guard let index = state.vectors.firstIndex(where: { $0.field.name == name }) else { return }
        state.removeGrowingVector(index, slot: slot)
    }

    mutating func dropVectors(name: String) {
        guard let index = state.vectors.firstIndex(where: { $0.field.name == name }) else { return }
        state.vectors[index] = VectorState(state.vectors[index].field).withSealed(state.vectors[index].sealed)
    }
}
