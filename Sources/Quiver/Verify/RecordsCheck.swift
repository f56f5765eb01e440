import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Reads every record of a `points.mdb` whose pages are sound, and checks what LMDB knows nothing of: checksums, that ids
/// and points are inverse to each other, that each slot is used or free, that each point has a payload, and the digests
/// of dead rows and of indexes.
///
/// One read transaction: what is written meanwhile does not matter.
struct RecordsCheck {
    let store: CollectionStore
    /// Databases of indexes whose pages are damaged already.
    var leavingOut: Set<String> = []
    var progress: VerificationProgress = { _, _ in true }

    struct Outcome {
        var findings: [StorageFinding] = []
        /// To be built anew.
        var damagedIndexes: [(field: PayloadPath, params: PayloadIndexParams)] = []

        var primary: [StorageFinding] { findings.filter { $0.severity == .primary } }
    }

    /// Of one database: more of them tell nothing new.
    static let mostFindings = 16

    private final class Run {
        var outcome = Outcome()
        var bytesDone = 0
        var bytesTold = 0
        let bytesTotal: Int
        let path: String
        private var counts: [String: Int] = [:]

        init(path: String, bytesTotal: Int) {
            self.path = path
            self.bytesTotal = bytesTotal
        }

        func find(_ severity: StorageFinding.Severity, _ database: String, _ place: String, _ text: String) {
            let count = counts[database, default: 0]
            counts[database] = count + 1
            if count == RecordsCheck.mostFindings {
                outcome.findings.append(StorageFinding(severity, file: path, place: database, "and more of the like"))
            }
            if count >= RecordsCheck.mostFindings { return }
            let place = place.isEmpty ? database : database + " " + place
            outcome.findings.append(StorageFinding(severity, file: path, place: place, text))
        }
    }

    func run() throws -> Outcome {
        let info = try store.environment.info()
        let run = Run(path: store.environment.path, bytesTotal: info.usedBytes)
        // Opening a database waits until no transaction is live.
        let schema = try readSchema(run)
        var indexes: [FieldIndex] = []
        for (field, params) in schema where !leavingOut.contains(FieldIndex.databaseName(field)) {
            do {
                indexes.append(try FieldIndex.open(field, params, in: store.environment))
            } catch PayloadError.storage(.noSuchDatabase), PayloadError.storage(.incompatibleDatabase) {
                run.outcome.damagedIndexes.append((field, params))
                run.find(.derived, FieldIndex.databaseName(field), "", "is missing")
            }
        }
        let transaction = try store.environment.beginRead()
        let handle = transaction.handle
        guard let state = try readMeta(handle, run) else { return run.outcome }
        try checkLog(handle, state, run)
        try checkSegments(handle, state, run)
        try checkPoints(handle, state, run)
        for index in indexes {
            if try !index.isSound(slotCount: state.slotCount, in: handle) {
                run.outcome.damagedIndexes.append((index.field, index.params))
                run.find(.derived, FieldIndex.databaseName(index.field), "", "the postings are not those that were written")
            }
            try tell(run, bytes: try handle.pageCount(index.database) * info.pageSizeBytes)
        }
        _ = progress(run.bytesTotal, run.bytesTotal)
        return run.outcome
    }

    private func tell(_ run: Run, bytes: Int) throws {
        run.bytesDone = min(run.bytesTotal, run.bytesDone + bytes)
        if run.bytesDone - run.bytesTold < 4 << 20 { return }
        run.bytesTold = run.bytesDone
        if !progress(run.bytesDone, run.bytesTotal) { throw VerificationCancelled() }
    }

    /// Calls `body` with key and sound value of each entry.
    private func forEachChecked(
        _ table: Table, _ name: String, _ transaction: TransactionHandle, _ run: Run,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var cursor = try transaction.openCursor(table)
        var entry = unsafe try cursor.first()
        while let found = unsafe entry {
            if unsafe CheckedValue.isSound(found.value, key: found.key) {
                unsafe try body(found.key, try CheckedValue.content(found.value))
            } else {
                run.find(.primary, name, unsafe RecordsCheck.shown(found.key), "the checksum does not fit")
            }
            unsafe try tell(run, bytes: found.key.count + found.value.count + 8)
            unsafe entry = try cursor.next()
        }
    }

    private static func shown(_ key: UnsafeRawBufferPointer) -> String {
        if key.count == 4 { return "\(unsafe key.loadUnaligned(as: UInt32.self))" }
        if unsafe key.allSatisfy({ (0x20..<0x7F).contains($0) }) { return "\"\(unsafe String(decoding: key, as: UTF8.self))\"" }
        let digits = unsafe key.prefix(16).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        return digits.joined() + (key.count > 16 ? "…" : "")
    }

    // MARK: What is little

    private func readSchema(_ run: Run) throws -> [(PayloadPath, PayloadIndexParams)] {
        let transaction = try store.environment.beginRead()
        var schema: [(PayloadPath, PayloadIndexParams)] = []
        unsafe try forEachChecked(store.indexes, "indexes", transaction.handle, run) { key, value in
            let text = unsafe String(decoding: key, as: UTF8.self)
            guard let field = PayloadPath(text),
                let params = unsafe try? StoredConfig.decode(PayloadIndexParams.self, from: value)
            else {
                run.find(.primary, "indexes", "\"\(text)\"", "cannot be read")
                return
            }
            schema.append((field, params))
        }
        return schema
    }

    /// Nil where the counters, which everything else is compared with, are damaged.
    private func readMeta(_ transaction: TransactionHandle, _ run: Run) throws -> StoreState? {
        var state: StoreState?
        var isDamaged = false
        let before = run.outcome.findings.count
        unsafe try forEachChecked(store.meta, "meta", transaction, run) { key, value in
            switch unsafe String(decoding: key, as: UTF8.self) {
            case StoreState.key:
                do throws(QuiverError) {
                    state = unsafe try StoreState(value)
                } catch {
                    isDamaged = true
                    run.find(.primary, "meta", StoreState.key, error.message)
                }
            case VectorSet.key:
                if unsafe (try? StoredConfig.decode(VectorSet.self, from: value)) == nil {
                    run.find(.primary, "meta", VectorSet.key, "cannot be read")
                }
            default: break
            }
        }
        if let state { return state }
        if isDamaged || run.outcome.findings.count > before { return nil }
        // Before its first update a collection has none.
        let records = try transaction.entryCount(store.points) + transaction.entryCount(store.log)
            + transaction.entryCount(store.segments) + transaction.entryCount(store.free)
        if records == 0 { return StoreState() }
        run.find(.primary, "meta", StoreState.key, "is missing")
        return nil
    }

    private func checkLog(_ transaction: TransactionHandle, _ state: StoreState, _ run: Run) throws {
        var before: (sequence: UInt64, part: UInt32)?
        unsafe try forEachChecked(store.log, "wal", transaction, run) { key, _ in
            guard key.count == 12 else {
                run.find(.primary, "wal", unsafe RecordsCheck.shown(key), "is no key of the log")
                return
            }
            let sequence = unsafe UInt64(bigEndian: key.loadUnaligned(as: UInt64.self))
            let part = unsafe UInt32(bigEndian: key.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            let follows = before.map { $0.sequence == sequence && $0.part &+ 1 == part } ?? false
            if part != 0 && !follows { run.find(.primary, "wal", "record \(sequence)", "part \(part) stands alone") }
            if sequence > state.sequence {
                run.find(.primary, "wal", "record \(sequence)", "is newer than the newest update, \(state.sequence)")
            }
            before = (sequence, part)
        }
    }

    private func checkSegments(_ transaction: TransactionHandle, _ state: StoreState, _ run: Run) throws {
        var known: Set<UInt64> = []
        unsafe try forEachChecked(store.segments, "segments", transaction, run) { key, value in
            do throws(QuiverError) {
                guard key.count == 8 else { throw QuiverError(.corrupted, "is no number of a segment") }
                let entry = unsafe try SegmentEntry(value)
                try SegmentMeta.checkFormat(entry.meta, "")
            } catch {
                run.find(.primary, "segments", unsafe RecordsCheck.shown(key), error.message)
                return
            }
            known.insert(unsafe UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)))
        }
        var digest: UInt64 = 0
        var cursor = try transaction.openCursor(store.dead)
        var entry = unsafe try cursor.first()
        while let found = unsafe entry {
            guard unsafe found.key.count == 8 else {
                run.find(.primary, "dead", unsafe RecordsCheck.shown(found.key), "is no number of a segment")
                return
            }
            let id = unsafe UInt64(bigEndian: found.key.loadUnaligned(as: UInt64.self))
            if !known.contains(id) { run.find(.primary, "dead", "\(id)", "is no segment of the manifest") }
            digest &+= try store.deadDigest(id, transaction)
            unsafe entry = try cursor.nextKey()
        }
        if digest != state.deadDigest {
            run.find(.primary, "dead", "", "the rows are not those that were written")
        }
    }

    // MARK: Points

    private func checkPoints(_ transaction: TransactionHandle, _ state: StoreState, _ run: Run) throws {
        let slotCount = Int(state.slotCount)
        guard slotCount <= CollectionState.mostPoints else {
            run.find(.primary, "meta", StoreState.key, "\(slotCount) slots")
            return
        }
        let used = SlotBitmap(bitCount: slotCount)
        var pointCount = 0
        func slot(_ key: UnsafeRawBufferPointer, _ name: String) -> UInt32? {
            guard key.count == 4, unsafe key.loadUnaligned(as: UInt32.self) < state.slotCount else {
                run.find(.primary, name, unsafe RecordsCheck.shown(key), "is no slot of the collection")
                return nil
            }
            return unsafe key.loadUnaligned(as: UInt32.self)
        }
        unsafe try forEachChecked(store.points, "points", transaction, run) { key, value in
            guard let slot = unsafe slot(key, "points") else { return }
            used.insert(slot)
            pointCount += 1
            guard let point = unsafe try? PointEntry(value) else {
                run.find(.primary, "points", "\(slot)", "cannot be read")
                return
            }
            if point.version > state.sequence {
                run.find(.primary, "points", "\(slot)", "version \(point.version) is newer than the newest update")
            }
            let named = unsafe try transaction.get(store.ids, IDKey.key(point.id))
            if unsafe named.flatMap({ unsafe try? SlotKey.read($0) }) != slot {
                run.find(.primary, "ids", "\(point.id)", "does not lead to slot \(slot), where the point is")
            }
        }
        let idCount = try transaction.entryCount(store.ids)
        if idCount != pointCount { run.find(.primary, "ids", "", "\(idCount) ids of \(pointCount) points") }
        try tell(run, bytes: idCount * 40)

        var payloadCount = 0
        unsafe try forEachChecked(store.payload, "payload", transaction, run) { key, value in
            payloadCount += 1
            guard let slot = unsafe slot(key, "payload") else { return }
            if !used.contains(slot) { run.find(.primary, "payload", "\(slot)", "belongs to no point") }
            if value.count < 2 { run.find(.primary, "payload", "\(slot)", "is no object") }
        }
        if payloadCount != pointCount {
            run.find(.primary, "payload", "", "\(payloadCount) payloads of \(pointCount) points")
        }

        var freeCount = 0
        var cursor = try transaction.openCursor(store.free)
        var entry = unsafe try cursor.first()
        while let found = unsafe entry {
            freeCount += 1
            if let slot = unsafe slot(found.key, "free"), used.contains(slot) {
                run.find(.primary, "free", "\(slot)", "is the slot of a point")
            }
            unsafe entry = try cursor.next()
        }
        if freeCount + pointCount != slotCount {
            run.find(
                .primary, "free", "", "\(freeCount) free slots and \(pointCount) points, but \(slotCount) slots were given out")
        }
    }
}
