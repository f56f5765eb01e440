import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Verifies the segments and field indexes of a collection that nobody has open, against each other and against its
/// records, and looks for files that nothing names.
///
/// `points.mdb` has been checked page by page: LMDB reads it.
struct CollectionVerifier {
    let store: CollectionStore
    let config: CollectionConfig
    let vectorGeneration: UInt64
    /// Databases of indexes, about which everything is said already.
    let damagedDatabases: Set<String>
    let report: VerificationReport

    private var databasePath: String { store.directory + "/" + CollectionStore.fileName }

    func run() throws {
        try checkSegments()
        try checkIndexes()
        findLeaks()
    }

    private func checkSegments() throws {
        let transaction = try store.environment.beginRead()
        let handle = transaction.handle
        var config = config
        var generation = vectorGeneration
        if let set = try VectorSet.read(store), set.generation > generation {
            config = set.config
            generation = set.generation
        }
        let fields = VectorField.fields(of: config, generation: generation)
        var counters = StoreState()
        if let bytes = unsafe try handle.getChecked(store.meta, StoreState.key) { counters = unsafe try StoreState(bytes) }
        let listed: [CollectionStore.ListedSegment]
        do {
            listed = try store.listedSegments(handle)
        } catch {
            report.add(.primary, file: databasePath, place: "segments", QuiverError(wrapping: error).message)
            return
        }
        for field in fields {
            let taken = SlotBitmap(bitCount: Int(counters.slotCount))
            for segment in listed where segment.entry.vectorName == field.name {
                if segment.id >= counters.nextSegmentID {
                    report.add(.primary, file: databasePath, place: "segments", "segment \(segment.id) has a number that is not taken yet")
                }
                try SegmentVerifier(
                    store: store, transaction: handle, field: field, slotCount: counters.slotCount, listed: segment,
                    dead: try store.deadRows(segment.id, handle), report: report
                ).run(taken: taken)
            }
        }
        for segment in listed where !fields.contains(where: { $0.name == segment.entry.vectorName }) {
            report.add(
                .primary, file: databasePath, place: "segments",
                "segment \(segment.id) belongs to vector \"\(segment.entry.vectorName)\", which the collection has not")
        }
        let known = Set(listed.map(\.id))
        var cursor = try handle.openCursor(store.dead)
        var entry = unsafe try cursor.first()
        while let found = unsafe entry {
            let id = unsafe found.key.count == 8 ? UInt64(bigEndian: found.key.loadUnaligned(as: UInt64.self)) : nil
            if id.map({ !known.contains($0) }) ?? true {
                report.add(.derived, file: databasePath, place: "dead", "rows of a segment that is not in the manifest")
            }
            unsafe entry = try cursor.nextKey()
        }
    }

    // MARK: Field indexes

    private func checkIndexes() throws {
        let indexes: [FieldIndex]
        do {
            indexes = try storedIndexes().filter { !damagedDatabases.contains(FieldIndex.databaseName($0.0)) }
                .map { try FieldIndex.open($0, $1, in: store.environment) }
        } catch {
            report.add(.primary, file: databasePath, place: "indexes", QuiverError(wrapping: error).message)
            return
        }
        for index in indexes {
            do {
                try check(index)
            } catch let error as PayloadError {
                report.add(.derived, file: databasePath, place: FieldIndex.databaseName(index.field), "\(error)")
            }
        }
    }

    private func storedIndexes() throws -> [(PayloadPath, PayloadIndexParams)] {
        let transaction = try store.environment.beginRead()
        return try CollectionOpener.storedIndexes(store, transaction.handle)
    }

    private func check(_ index: FieldIndex) throws {
        let transaction = try store.environment.beginRead()
        var check = try FieldIndexCheck(index, transaction.handle)
        var cursor = try transaction.openCursor(store.payload)
        var entry = unsafe try cursor.first()
        var count = 0
        while let found = unsafe entry {
            let content = unsafe try CheckedValue.content(found.value)
            if unsafe found.key.count == 4 { unsafe try check.check(try SlotKey.read(found.key), content) }
            count += 1
            if count % 4096 == 0 { try report.advance(0) }
            unsafe entry = try cursor.next()
        }
        for text in try check.findings() {
            report.add(.derived, file: databasePath, place: FieldIndex.databaseName(index.field), text)
        }
    }

    // MARK: Leaks

    private func listedSegments() throws -> [CollectionStore.ListedSegment] {
        let transaction = try store.environment.beginRead()
        return try store.listedSegments(transaction.handle)
    }

    private func findLeaks() {
        guard let listed = try? listedSegments() else { return }
        let known = Set(listed.map { store.segmentPath($0.id) })
        for name in ((try? Files.names(in: store.segmentsDirectory)) ?? []).sorted() {
            let path = store.segmentsDirectory + "/" + name
            if !known.contains(path) {
                report.add(.derived, file: path, "no manifest names it; the next opening removes it")
            }
        }
        let expected: Set<String> = ["segments", "quarantine", CollectionDirectory.recordName]
        for name in ((try? Files.names(in: store.directory)) ?? []).sorted()
        where !expected.contains(name) && !name.hasPrefix(CollectionStore.fileName) {
            report.add(.derived, file: store.directory + "/" + name, "belongs to nothing")
        }
    }
}
