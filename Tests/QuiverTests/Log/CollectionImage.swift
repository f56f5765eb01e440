import Quiver
import QuiverLMDB
import QuiverPayload

@testable import Quiver

/// Everything of a collection at one moment that an equal one has to have, bit by bit.
struct CollectionImage: Equatable {
    var sequence: UInt64
    var time: UInt64
    var config: CollectionConfig
    /// `name: kind, size` of each vector name.
    var vectorNames: [String]
    var indexes: [String: PayloadIndexParams]
    /// By name of the database; `slot` and version of each point are in `points`.
    var tables: [String: [[UInt8]]]
    /// `name/slot`: bits of components, with indices or sizes.
    var vectors: [String: [UInt32]]

    init(_ collection: Quiver.Collection) throws {
        let core = collection.core
        let reader = try core.reader()
        let view = reader.view
        let handle = reader.transaction.handle
        sequence = view.sequence
        time = try handle.getChecked(core.store.meta, StoreState.key).map { try StoreState($0).time } ?? 0
        config = core.config
        vectorNames = view.vectors.map { "\($0.field.name): \($0.field.kind), \($0.field.dimension)" }
        indexes = Dictionary(uniqueKeysWithValues: view.indexes.indexes.map { ($0.field.text, $0.params) })
        tables = [:]
        let store = core.store
        for (name, table) in [
            ("ids", store.ids), ("points", store.points), ("payload", store.payload), ("free", store.free),
            ("indexes", store.indexes),
        ] { tables[name] = try CollectionImage.entries(table, handle) }
        for index in view.indexes.indexes {
            tables["index/\(index.field.text)"] = try CollectionImage.entries(index.database, handle)
        }
        vectors = [:]
        for slot in 0..<view.slotCount where try handle.get(store.points, SlotKey(slot)) != nil {
            for vector in view.vectors {
                guard let value = vector.value(ofSlot: slot) else { continue }
                vectors["\(vector.field.name)/\(slot)"] = CollectionImage.bits(value)
            }
        }
    }

    private static func bits(_ value: VectorValue) -> [UInt32] {
        switch value {
        case .dense(let row): row.map(\.bitPattern)
        case .multi(let rows): [UInt32(rows.count)] + rows.flatMap { $0.map(\.bitPattern) }
        case .sparse(let sparse): sparse.indices + sparse.values.map(\.bitPattern)
        }
    }

    private static func entries(_ table: Table, _ transaction: TransactionHandle) throws -> [[UInt8]] {
        var entries: [[UInt8]] = []
        var cursor = try transaction.openCursor(table)
        var entry = try cursor.first()
        while let found = entry {
            entries.append(Array(found.key) + [0xFF] + Array(found.value))
            entry = try cursor.next()
        }
        return entries
    }

    /// What is not the same, for a message.
    func difference(from other: CollectionImage) -> String? {
        if self == other { return nil }
        if sequence != other.sequence { return "sequence \(sequence), \(other.sequence) expected" }
        if time != other.time { return "time \(time), \(other.time) expected" }
        if config != other.config { return "config \(config), \(other.config) expected" }
        if vectorNames != other.vectorNames { return "vectors \(vectorNames), \(other.vectorNames) expected" }
        if indexes != other.indexes { return "indexes \(indexes), \(other.indexes) expected" }
        for (name, entries) in tables.sorted(by: { $0.key < $1.key }) where entries != other.tables[name] {
            let expected = other.tables[name] ?? []
            let place = zip(entries, expected).enumerated().first { $1.0 != $1.1 }?.offset ?? min(entries.count, expected.count)
            return "\(name) has \(entries.count) entries, \(expected.count) expected; entry \(place) is another"
        }
        for name in Set(vectors.keys).union(other.vectors.keys).sorted() where vectors[name] != other.vectors[name] {
            return "vector \(name) is \(vectors[name] ?? []), \(other.vectors[name] ?? []) expected"
        }
        return "tables \(tables.keys.sorted()), \(other.tables.keys.sorted()) expected"
    }
}
