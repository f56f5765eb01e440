import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Applies the operations of one request inside a write transaction, and writes down what it did as a log record.
///
/// Each operation checks all that can be wrong with it (unknown vector names, missing points) before its first change.
struct UpdateApplier: ~Copyable {
    let state: CollectionState
    let indexes: FieldIndexSet
    let sequence: UInt64
    var log: LogRecordWriter

    var store: CollectionStore { state.store }

    init(state: CollectionState, indexes: FieldIndexSet, moment: LogMoment) {
        self.state = state
        self.indexes = indexes
        sequence = moment.sequence
        log = LogRecordWriter(moment)
    }

    consuming func finishRecord() -> [UInt8] { log.finish() }

    mutating func apply(
        _ operation: UpdateOperation, _ transaction: inout WriteTransaction, _ indexWriter: inout FieldIndexWriter
    ) throws {
        switch operation {
        case .upsert(let batch):
            try upsert(batch, &transaction, &indexWriter)
        case .updateVectors(let batch):
            try updateVectors(batch, &transaction, &indexWriter)
        case .deleteVectors(let selector, let names):
            try deleteVectors(names, of: selected(selector, &transaction, &indexWriter), &transaction)
        case .deletePoints(let selector):
            let points = try selected(selector, &transaction, &indexWriter, missing: .skipped)
            try deletePoints(points, &transaction, &indexWriter)
        case .setPayload(let payload, let selector, let path):
            let points = try selected(selector, &transaction, &indexWriter)
            log.begin(.setPayload)
            log.write(text: path?.text ?? "")
            log.write(payload: payload)
            try editPayloads(of: points, &transaction, &indexWriter) { old in
                PayloadText.merge(payload, into: old, at: path)
            }
        case .overwritePayload(let payload, let selector):
            let points = try selected(selector, &transaction, &indexWriter)
            log.begin(.overwritePayload)
            log.write(payload: payload)
            try editPayloads(of: points, &transaction, &indexWriter) { _ in payload }
        case .deletePayload(let keys, let selector):
            let points = try selected(selector, &transaction, &indexWriter)
            log.begin(.deletePayload)
            log.write(names: keys.map(\.text))
            let paths = PathTree(keys)
            try editPayloads(of: points, &transaction, &indexWriter) { old in
                PayloadText.removing(paths, from: old)
            }
        case .clearPayload(let selector):
            let points = try selected(selector, &transaction, &indexWriter)
            log.begin(.clearPayload)
            try editPayloads(of: points, &transaction, &indexWriter) { _ in .empty }
        }
    }

    // MARK: Points and vectors

    /// The places in `state.vectors` of a batch's vector names.
    private func vectorIndexes(_ names: [String]) throws -> [Int] {
        try names.map { name in
            guard let index = state.vectors.firstIndex(where: { $0.field.name == name }) else {
                throw QuiverError.vectorNameUnknown(name)
            }
            return index
        }
    }

    private mutating func upsert(
        _ batch: PointBatch, _ transaction: inout WriteTransaction, _ indexWriter: inout FieldIndexWriter
    ) throws {
        let vectorIndexes = try vectorIndexes(batch.vectorNames)
        let entries = try written(batch, &transaction, &indexWriter)
        guard state.pointCount + entries.count <= CollectionState.mostPoints else {
            throw QuiverError(.insufficientStorage, "a collection holds at most \(CollectionState.mostPoints) points")
        }
        log.begin(.upsert)
        log.reserve(batch.components.count * 4 + batch.entries.count * 512)
        log.write(names: batch.vectorNames)
        log.write(count: entries.count)
        for entry in entries {
            let payload = entry.payload ?? .empty
            let slot: UInt32
            if let existing = try self.slot(of: entry.id, transaction.handle) {
                slot = existing
                try replacePayload(of: slot, with: payload, &transaction, &indexWriter)
                for index in state.vectors.indices { try state.removeVector(index, slot: slot, &transaction) }
            } else {
                slot = try state.takeSlot(&transaction)
                try transaction.put(store.ids, IDKey.key(entry.id), SlotKey(slot))
                try transaction.putChecked(store.payload, SlotKey(slot), payload.utf8)
                unsafe payload.utf8.withUnsafeBytes { unsafe indexWriter.insert(slot, $0) }
            }
            try transaction.putChecked(store.points, SlotKey(slot), PointEntry(version: sequence, id: entry.id).encoded())
            log.write(slot: slot, id: entry.id)
            log.write(payload: entry.payload)
            writeVectors(of: entry, in: batch, slot: slot, vectorIndexes)
        }
    }

    private mutating func updateVectors(
        _ batch: PointBatch, _ transaction: inout WriteTransaction, _ indexWriter: inout FieldIndexWriter
    ) throws {
        let vectorIndexes = try vectorIndexes(batch.vectorNames)
        let entries = try unrefused(batch, &transaction, &indexWriter)
        var slots: [UInt32] = []
        for entry in entries {
            guard let slot = try slot(of: entry.id, transaction.handle) else { throw QuiverError.pointMissing(entry.id) }
            slots.append(slot)
        }
        log.begin(.updateVectors)
        log.write(names: batch.vectorNames)
        log.write(count: entries.count)
        for (entry, slot) in zip(entries, slots) {
            for vector in batch.vectors[entry.vectors] {
                try state.removeVector(vectorIndexes[vector.name], slot: slot, &transaction)
            }
            try transaction.putChecked(store.points, SlotKey(slot), PointEntry(version: sequence, id: entry.id).encoded())
            log.write(slot: slot, id: entry.id)
            log.write(payload: nil)
            writeVectors(of: entry, in: batch, slot: slot, vectorIndexes)
        }
    }

    private mutating func writeVectors(
        of entry: PointBatch.Entry, in batch: PointBatch, slot: UInt32, _ vectorIndexes: [Int]
    ) {
        log.write(vectorCount: entry.vectors.count)
        for vector in batch.vectors[entry.vectors] {
            batch.withNumbers(of: vector) { numbers in
                log.write(nameIndex: vector.name, numbers)
                state.appendVector(vectorIndexes[vector.name], slot: slot, numbers)
            }
        }
    }

    private mutating func deleteVectors(
        _ names: [String], of points: [SelectedPoint], _ transaction: inout WriteTransaction
    ) throws {
        let vectorIndexes = try vectorIndexes(names)
        log.begin(.deleteVectors)
        log.write(names: names)
        log.write(count: points.count)
        for point in points {
            for index in vectorIndexes { try state.removeVector(index, slot: point.slot, &transaction) }
            try transaction.putChecked(store.points, SlotKey(point.slot), PointEntry(version: sequence, id: point.id).encoded())
            log.write(slot: point.slot, id: point.id)
        }
    }

    private mutating func deletePoints(
        _ points: [SelectedPoint], _ transaction: inout WriteTransaction, _ indexWriter: inout FieldIndexWriter
    ) throws {
        log.begin(.deletePoints)
        log.write(count: points.count)
        for point in points {
            for index in state.vectors.indices { try state.removeVector(index, slot: point.slot, &transaction) }
            if let payload = unsafe try transaction.getChecked(store.payload, SlotKey(point.slot)) {
                unsafe indexWriter.remove(point.slot, payload)
            }
            try transaction.delete(store.payload, SlotKey(point.slot))
            try transaction.delete(store.points, SlotKey(point.slot))
            try transaction.delete(store.ids, IDKey.key(point.id))
            try state.releaseSlot(point.slot, &transaction)
            log.write(slot: point.slot, id: point.id)
            try flushIfLarge(&indexWriter, &transaction)
        }
    }

    // MARK: Payloads

    private func replacePayload(
        of slot: UInt32, with payload: Payload, _ transaction: inout WriteTransaction,
        _ indexWriter: inout FieldIndexWriter
    ) throws {
        if let old = unsafe try transaction.getChecked(store.payload, SlotKey(slot)) {
            if unsafe old.elementsEqual(payload.utf8) { return }
            unsafe payload.utf8.withUnsafeBytes { unsafe indexWriter.replace(slot, old: old, new: $0) }
        } else {
            unsafe payload.utf8.withUnsafeBytes { unsafe indexWriter.insert(slot, $0) }
        }
        try transaction.putChecked(store.payload, SlotKey(slot), payload.utf8)
    }

    private mutating func editPayloads(
        of points: [SelectedPoint], _ transaction: inout WriteTransaction, _ indexWriter: inout FieldIndexWriter,
        edit: (Payload) -> Payload
    ) throws {
        log.write(count: points.count)
        for point in points {
            let payload = edit(try payload(of: point.slot, transaction.handle))
            try replacePayload(of: point.slot, with: payload, &transaction, &indexWriter)
            try transaction.putChecked(store.points, SlotKey(point.slot), PointEntry(version: sequence, id: point.id).encoded())
            log.write(slot: point.slot, id: point.id)
            try flushIfLarge(&indexWriter, &transaction)
        }
    }

    /// A filter may select every point of the collection: what is collected for the indexes is bounded.
    private func flushIfLarge(_ indexWriter: inout FieldIndexWriter, _ transaction: inout WriteTransaction) throws {
        if indexWriter.pendingByteCount > Limits.writeBatchBytes { try indexWriter.flush(&transaction) }
    }

    private func payload(of slot: UInt32, _ transaction: TransactionHandle) throws -> Payload {
        guard let bytes = unsafe try transaction.getChecked(store.payload, SlotKey(slot)) else { return .empty }
        return unsafe Payload(validated: Array(bytes))
    }

    // MARK: Conditions

    /// The entries of an upsert that its mode and its filter let through, judged by what is there before it.
    private func written(
        _ batch: PointBatch, _ transaction: inout WriteTransaction, _ indexWriter: inout FieldIndexWriter
    ) throws -> [PointBatch.Entry] {
        if batch.mode == .upsert { return try unrefused(batch, &transaction, &indexWriter) }
        let handle = transaction.handle
        let mode = batch.mode
        // What the filter says of points that are there does not matter where those are left alone.
        let entries = mode == .insertOnly ? batch.entries : try unrefused(batch, &transaction, &indexWriter)
        return try entries.filter { (try slot(of: $0.id, handle) == nil) == (mode == .insertOnly) }
    }

    /// The entries of a batch but those of points that are there and do not match its filter.
    private func unrefused(
        _ batch: PointBatch, _ transaction: inout WriteTransaction, _ indexWriter: inout FieldIndexWriter
    ) throws -> [PointBatch.Entry] {
        guard let filter = batch.updateFilter, !filter.isEmpty else { return batch.entries }
        let ids = Condition.hasID(Set(batch.entries.map(\.id)))
        let matching = try resolve(Filter(must: [ids, .filter(filter)]), &transaction, &indexWriter)
        let handle = transaction.handle
        return try batch.entries.filter { entry in
            try slot(of: entry.id, handle).map(matching.contains) ?? true
        }
    }

    /// The slots that match now, after all that this transaction has done so far.
    private func resolve(
        _ filter: Filter, _ transaction: inout WriteTransaction, _ indexWriter: inout FieldIndexWriter
    ) throws -> SlotBitmap {
        try indexWriter.flush(&transaction)
        let view = state.makeView(transactionID: transaction.id, indexes: indexes, previous: nil)
        return try FilterResolver(store: store, view: view, transaction: transaction.handle)
            .resolve(filter, deadline: .never)
    }

    // MARK: Selection

    struct SelectedPoint {
        var slot: UInt32
        var id: PointID
    }

    private enum Missing {
        case skipped, refused
    }

    private func slot(of id: PointID, _ transaction: TransactionHandle) throws(LMDBError) -> UInt32? {
        guard let bytes = unsafe try transaction.get(store.ids, IDKey.key(id)) else { return nil }
        return unsafe try SlotKey.read(bytes)
    }

    private func selected(
        _ selector: PointSelector, _ transaction: inout WriteTransaction, _ indexWriter: inout FieldIndexWriter,
        missing: Missing = .refused
    ) throws -> [SelectedPoint] {
        switch selector {
        case .ids(let ids):
            var points: [SelectedPoint] = []
            var seen: Set<UInt32> = []
            for id in ids {
                guard let slot = try slot(of: id, transaction.handle) else {
                    if missing == .refused { throw QuiverError.pointMissing(id) }
                    continue
                }
                if seen.insert(slot).inserted { points.append(SelectedPoint(slot: slot, id: id)) }
            }
            return points
        case .filter(let filter):
            let matching = try resolve(filter, &transaction, &indexWriter)
            var points: [SelectedPoint] = []
            var next = matching.next(from: 0)
            while let slot = next {
                if let bytes = unsafe try transaction.getChecked(store.points, SlotKey(slot)) {
                    points.append(SelectedPoint(slot: slot, id: unsafe try PointEntry(bytes).id))
                }
                next = slot == .max ? nil : matching.next(from: slot + 1)
            }
            return points
        }
    }
}
