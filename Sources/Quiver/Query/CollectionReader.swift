import Glibc

import QuiverIndex
import QuiverLMDB
import QuiverModel
import QuiverPayload

/// One request's look at a collection: a view and the LMDB read transaction of the same commit.
///
/// Short-lived: the transaction keeps the pages of its commit from being used again.
struct CollectionReader: ~Copyable {
    let core: CollectionCore
    let view: CollectionView
    let transaction: ReadTransaction

    var store: CollectionStore { core.store }

    /// Between a commit and the publication of its view lie microseconds, in which the two disagree: then again.
    init(_ core: CollectionCore) throws {
        while true {
            let view = core.view.load()
            let transaction = try core.store.environment.beginRead()
            if transaction.id == view.transactionID {
                self.core = core
                self.view = view
                self.transaction = transaction
                return
            }
            sched_yield()
        }
    }

    /// What lies within the window can be added up without overflow.
    static func checkWindow(limit: Int, offset: Int = 0) throws(QuiverError) {
        guard (0...Limits.resultWindow).contains(limit), (0...Limits.resultWindow - limit).contains(offset) else {
            throw QuiverError(
                .validation, "limit \(limit) and offset \(offset): both from 0, together at most \(Limits.resultWindow)")
        }
    }

    // MARK: Points

    func slot(of id: PointID) throws -> UInt32? {
        guard let bytes = unsafe try transaction.get(store.ids, IDKey.key(id)) else { return nil }
        return unsafe try SlotKey.read(bytes)
    }

    func point(_ slot: UInt32) throws -> PointEntry {
        guard let bytes = unsafe try transaction.getChecked(store.points, SlotKey(slot)) else { throw LMDBError.corrupted }
        return unsafe try PointEntry(bytes)
    }

    /// The payload as `selector` wants it, nil for none.
    func payload(_ slot: UInt32, _ selector: PayloadSelector) throws -> Payload? {
        if case .none = selector { return nil }
        guard let bytes = unsafe try transaction.getChecked(store.payload, SlotKey(slot)) else { return .empty }
        let payload = unsafe Payload(validated: Array(bytes))
        switch selector {
        case .none: return nil
        case .all: return payload
        case .include, .exclude: return PayloadText.select(selector, from: payload)
        }
    }

    /// The vectors as `selector` wants them, nil for none.
    func vectors(_ slot: UInt32, _ selector: VectorSelector) throws -> PointVectors? {
        let wanted: [VectorView]
        switch selector {
        case .none: return nil
        case .all: wanted = view.vectors
        case .names(let names):
            wanted = try names.map { name in
                guard let index = view.vectorIndex(named: name) else { throw QuiverError.vectorNameUnknown(name) }
                return view.vectors[index]
            }
        }
        var named: [String: VectorValue] = [:]
        for vector in wanted {
            named[vector.field.name] = vector.value(ofSlot: slot)
        }
        // The unnamed vector has no need of a name where it is alone.
        if named.count == 1, let unnamed = named[""] { return .unnamed(unnamed) }
        return .named(named)
    }

    func record(
        _ slot: UInt32, id: PointID, _ withPayload: PayloadSelector, _ withVectors: VectorSelector,
        orderValue: OrderValue? = nil
    ) throws -> Record {
        Record(
            id: id, payload: try payload(slot, withPayload), vectors: try vectors(slot, withVectors),
            orderValue: orderValue)
    }

    // MARK: Filters

    /// The slots that match, nil without a filter.
    func matching(_ filter: Filter?, _ deadline: ContinuousClock.Instant?) throws -> MatchSet? {
        guard let filter, !filter.isEmpty else { return nil }
        return try resolver.matches(filter, deadline: Deadline(deadline))
    }

    var resolver: FilterResolver {
        FilterResolver(store: store, view: view, transaction: transaction.handle, cache: core.filterCache)
    }

    func retrieve(
        _ ids: [PointID], _ withPayload: PayloadSelector, _ withVectors: VectorSelector,
        _ deadline: ContinuousClock.Instant?
    ) throws -> [Record] {
        let deadline = Deadline(deadline)
        var seen: Set<PointID> = []
        var records: [Record] = []
        for id in ids where seen.insert(id).inserted {
            guard let slot = try slot(of: id) else { continue }
            if records.count % 256 == 255 { try deadline.check() }
            records.append(try record(slot, id: id, withPayload, withVectors))
        }
        return records
    }

    private static let fewPoints = 1024

    func count(_ filter: Filter?, exact: Bool, _ deadline: ContinuousClock.Instant?) throws -> Int {
        guard let filter, !filter.isEmpty else { return view.pointCount }
        // Few points are as soon counted as guessed.
        if !exact, view.pointCount > Self.fewPoints { return try resolver.estimate(filter) }
        return try resolver.matches(filter, deadline: Deadline(deadline)).count
    }
}

extension Deadline {
    init(_ instant: ContinuousClock.Instant?) {
        if let instant {
            self.init(instant)
        } else {
            self = .never
        }
    }
}
