import Logging

import QuiverLMDB
import QuiverModel

/// Looks after the segment files of a collection before it is opened: compares those whose stamps do not fit, and writes
/// those anew whose primary chunks are whole.
struct SegmentCheckup {
    let store: CollectionStore
    let fields: [VectorField]
    let config: CollectionConfig
    let logger: Logger

    private struct Damaged {
        var listed: CollectionStore.ListedSegment
        var field: VectorField
        var parts: [String]
    }

    private struct Rebuilt {
        var old: UInt64
        var segment: SealedSegment?
    }

    /// - Throws: `.corrupted` with every file that is beyond repair.
    func run() throws {
        store.quarantine.prune()
        let listed = try read { try store.listedSegments($0) }
        var stamps: [(id: UInt64, stamp: FileStamp)] = []
        var damaged: [Damaged] = []
        var lost: [String] = []
        for segment in listed {
            let path = store.segmentPath(segment.id)
            switch try SegmentInspection.inspect(path, segment.entry, stamp: segment.stamp) {
            case .untouched: break
            case .whole(let stamp):
                if let stamp { stamps.append((segment.id, stamp)) }
            case .derivedDamage(let parts):
                guard let field = fields.first(where: { $0.name == segment.entry.vectorName }) else {
                    lost.append("segment file \(path): its vector is unknown")
                    continue
                }
                damaged.append(Damaged(listed: segment, field: field, parts: parts))
            case .primaryDamage(let reason): lost.append("segment file \(path): \(reason)")
            }
        }
        guard lost.isEmpty else { throw QuiverError(.corrupted, lost.joined(separator: "; ")) }
        if stamps.isEmpty, damaged.isEmpty { return }
        let rebuilt = try rebuild(damaged)
        try commit(stamps, rebuilt)
        for damaged in damaged { store.quarantine.note(store.segmentPath(damaged.listed.id), damaged.parts, logger) }
    }

    private func read<Value>(_ body: (TransactionHandle) throws -> Value) throws -> Value {
        let transaction = try store.environment.beginRead()
        return try body(transaction.handle)
    }

    private func rebuild(_ damaged: [Damaged]) throws -> [Rebuilt] {
        guard !damaged.isEmpty else { return [] }
        var next = try read { try counters($0).nextSegmentID }
        var rebuilt: [Rebuilt] = []
        do {
            for damaged in damaged {
                let dead = try read { try store.deadRows(damaged.listed.id, $0) }
                let remains = try SegmentRemains(
                    path: store.segmentPath(damaged.listed.id), entry: damaged.listed.entry)
                let made = try remains.rebuild(
                    field: damaged.field, as: next, placement: SegmentPlacement(damaged.field.name, config), store,
                    isDead: { dead.contains($0) })
                rebuilt.append(Rebuilt(old: damaged.listed.id, segment: made?.segment))
                next += 1
            }
        } catch {
            for made in rebuilt { if let segment = made.segment { Files.remove(segment.path) } }
            throw error
        }
        return rebuilt
    }

    private func commit(_ stamps: [(id: UInt64, stamp: FileStamp)], _ rebuilt: [Rebuilt]) throws {
        var transaction = try store.environment.beginWrite()
        for (id, stamp) in stamps { try transaction.put(store.stamps, ShortKey(id), stamp.encoded()) }
        if !rebuilt.isEmpty {
            var counters = try counters(transaction.handle)
            for made in rebuilt {
                try store.forget(segment: made.old, &counters, &transaction)
                guard let segment = made.segment else { continue }
                try store.register(segment, &transaction)
                counters.nextSegmentID = max(counters.nextSegmentID, segment.id + 1)
            }
            try transaction.putChecked(store.meta, StoreState.key, counters.encoded())
        }
        try transaction.commit()
    }

    private func counters(_ transaction: TransactionHandle) throws -> StoreState {
        guard let bytes = unsafe try transaction.getChecked(store.meta, StoreState.key) else { return StoreState() }
        return unsafe try StoreState(bytes)
    }
}
