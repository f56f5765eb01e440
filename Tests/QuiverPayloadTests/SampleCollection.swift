import Glibc
import QuiverJSON
import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Payloads and field indexes as the engine keeps them, without points and vectors.
final class SampleCollection {
    let environment: Environment
    let payloads: Database
    var indexes = FieldIndexSet.none
    let live = SlotBitmap()
    /// What is stored, for oracles.
    var texts: [UInt32: String] = [:]
    let parser = JSONParser()
    var withVector: [String: SlotBitmap] = [:]
    private let directory: String

    init() throws {
        var template = Array("/tmp/quiver-payload-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { throw PayloadError.notAnObject }
        directory = unsafe String(cString: made)
        environment = try Environment(
            path: directory + "/points.mdb", options: Environment.Options(mapSizeBytes: 2 << 30, maxDatabases: 64))
        payloads = try environment.openDatabase("payload", flags: .integerKey, creating: true)
    }

    deinit {
        try? environment.close()
        for name in ["/points.mdb", "/points.mdb-lock"] { unlink(directory + name) }
        rmdir(directory)
    }

    func payload(_ text: String) throws -> Payload { try PayloadText.parse(text, with: parser) }

    /// Applies changes in one transaction; nil deletes the point.
    func write(_ changes: [(slot: UInt32, text: String?)]) throws {
        var transaction = try environment.beginWrite()
        var writer = try FieldIndexWriter(indexes, transaction.handle)
        for (slot, text) in changes {
            let key = slotKey(slot)
            let old = try unsafe transaction.getChecked(payloads, key).map { unsafe Array($0) }
            live.grow(bitCount: Int(slot) + 1)
            if let text {
                let new = try payload(text).utf8
                if let old {
                    unsafe old.withUnsafeBytes { a in
                        unsafe new.withUnsafeBytes { b in unsafe writer.replace(slot, old: a, new: b) }
                    }
                } else {
                    unsafe new.withUnsafeBytes { unsafe writer.insert(slot, $0) }
                }
                try transaction.putChecked(payloads, key, new)
                live.insert(slot)
                texts[slot] = text
            } else if let old {
                unsafe old.withUnsafeBytes { unsafe writer.remove(slot, $0) }
                try transaction.delete(payloads, key)
                live.remove(slot)
                texts[slot] = nil
            }
        }
        try writer.flush(&transaction)
        try transaction.commit()
        indexes = indexes.after(writer)
    }

    func createIndex(_ field: String, _ type: PayloadIndexType) throws {
        try createIndex(field, PayloadIndexParams(type: type))
    }

    func createIndex(_ field: String, _ params: PayloadIndexParams) throws {
        guard let path = PayloadPath(field) else { return }
        var transaction = try environment.beginWrite()
        let index = try FieldIndex.create(path, params, isReady: false, in: &transaction)
        try transaction.commit()
        indexes = indexes.with(index)
    }

    /// One step of building every unfinished index. False when there is none left.
    @discardableResult
    func buildStep(maxPoints: Int) throws -> Bool {
        var isWorking = false
        for index in indexes.indexes where !index.isReady {
            var transaction = try environment.beginWrite()
            let progress = try index.buildStep(payloads: payloads, maxPoints: maxPoints, in: &transaction)
            try transaction.commit()
            if progress == .finished { indexes = indexes.with(index.ready) }
            isWorking = true
        }
        return isWorking
    }

    func buildAll() throws { while try buildStep(maxPoints: 1000) {} }

    func dropIndex(_ field: String) throws {
        guard let path = PayloadPath(field), let index = indexes[path] else { return }
        indexes = indexes.without(path)
        var transaction = try environment.beginWrite()
        try index.erase(in: &transaction)
        try transaction.commit()
        try environment.deleteDatabase(FieldIndex.databaseName(path))
    }

    /// Ids are the slots; `withIndexes: false` answers from payloads alone.
    func compiled<Answer>(
        _ filter: Filter, withIndexes: Bool = true, deadline: Deadline = .never, _ body: (CompiledFilter) throws -> Answer
    ) throws -> Answer {
        try inContext(withIndexes ? indexes : .none, deadline, nil) { try body(try CompiledFilter(filter, $0)) }
    }

    /// Answered through a cache.
    func matches(_ filter: Filter, _ cache: FilterCache) throws -> MatchSet {
        try inContext(indexes, .never, cache) { try CompiledFilter.matches(filter, $0) }
    }

    func facet(_ field: PayloadPath, filter: Filter?, limit: Int) throws -> [FacetHit] {
        guard let index = indexes[field] else { throw PayloadError.indexCannotFacet(field: field.text) }
        let matching = try filter.map { try matches($0, FilterCache()) }
        let transaction = try environment.beginRead()
        return try FacetCounter.count(
            index, matching: matching, limit: limit, payloads: payloads, in: transaction.handle)
    }

    private func inContext<Answer>(
        _ indexes: FieldIndexSet, _ deadline: Deadline, _ cache: FilterCache?, _ body: (FilterContext) throws -> Answer
    ) throws -> Answer {
        let transaction = try environment.beginRead()
        let live = live
        let withVector = withVector
        let context = FilterContext(
            transaction: transaction.handle, indexes: indexes, payloads: payloads, live: live,
            deadline: deadline, cache: cache,
            slotOfPoint: { id in
                guard case .number(let number) = id, let slot = UInt32(exactly: number), live.contains(slot) else { return nil }
                return slot
            },
            slotsWithVector: { name in withVector[name] },
            forEachPoint: { body in live.forEach { slot in _ = body(slot, .number(UInt64(slot))) } })
        return try body(context)
    }

    func slots(_ filter: Filter, withIndexes: Bool = true) throws -> [UInt32] {
        try compiled(filter, withIndexes: withIndexes) { compiled in
            let result = SlotBitmap()
            try compiled.resolve(into: result)
            var slots: [UInt32] = []
            result.forEach { slots.append($0) }
            return slots
        }
    }

    private func slotKey(_ slot: UInt32) -> [UInt8] { unsafe withUnsafeBytes(of: slot) { unsafe Array($0) } }
}
