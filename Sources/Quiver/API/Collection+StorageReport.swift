import QuiverLMDB
package import QuiverModel
import QuiverPayload

/// What a collection takes of disk and memory at one moment, part by part.
package struct StorageReport: Sendable {
    /// One kind of content of a segment.
    package struct Component: Sendable {
        /// As the chunk of the segment file is called.
        package var name: String
        /// Of its data, without the header and the end of its last page.
        package var bytes: Int
        /// How much of it is in the machine's memory; nil: unknown.
        package var residentBytes: Int?
    }

    /// A part of the vectors of one name. It has a file unless it is growing.
    package struct Segment: Sendable {
        package var id: UInt64?
        /// Points that have a row here, the deleted ones too.
        package var points: Int
        package var deleted: Int
        /// Rows of multivectors, components of sparse vectors; otherwise as `points`.
        package var rows: Int
        package var isIndexed: Bool
        /// Of the file as LMDB laid it out; 0 for one in memory.
        package var fileBytes: Int
        /// Of rows that are held in memory until they are sealed; 0 for one with a file.
        package var growingBytes: Int
        package var components: [Component]

        package var isGrowing: Bool { id == nil }
        package var live: Int { points - deleted }
        package var bytes: Int { components.reduce(growingBytes) { $0 + $1.bytes } }
        /// Nil when that of a component is unknown.
        package var residentBytes: Int? {
            components.reduce(growingBytes as Int?) { sum, component in
                sum.flatMap { sum in component.residentBytes.map { sum + $0 } }
            }
        }
    }

    package struct Vector: Sendable {
        package var name: String
        package var isSparse: Bool
        package var segments: [Segment]

        package var live: Int { segments.reduce(0) { $0 + $1.live } }
        package var indexed: Int { segments.reduce(0) { $0 + ($1.isIndexed ? $1.live : 0) } }
        package var deleted: Int { segments.reduce(0) { $0 + $1.deleted } }
    }

    /// A database of `points.mdb`.
    package struct Table: Sendable {
        package var name: String
        package var entries: Int
        /// Of its pages; those are left out that LMDB makes for the duplicates of a key once they fill more than a page.
        package var bytes: Int
    }

    package var vectors: [Vector]
    package var tables: [Table]
    /// The part of `points.mdb` that was ever used. It does not shrink.
    package var storeUsedBytes: Int
    package var info: CollectionInfo
    /// Of the newest update.
    package var operationNumber: Int

    package func tableBytes(_ name: String) -> Int { tables.first { $0.name == name }?.bytes ?? 0 }
}

extension Collection {
    /// Computed from what is open: nothing is read but the headers of chunks. The system is asked for the resident
    /// pages for at most `patience`; what is not known by then is nil.
    package func storageReportBlocking(patience: Duration = .seconds(1)) throws(QuiverError) -> StorageReport {
        let deadline = ContinuousClock.now + patience
        return try reading { reader in
            let vectors = try reader.view.vectors.map { vector in
                StorageReport.Vector(
                    name: vector.field.name, isSparse: vector.field.kind == .sparse,
                    segments: try vector.sealed.map { try $0.report(until: deadline) }
                        + vector.growing.filter { $0.count > 0 }.map { $0.report() })
            }
            let environment = try reader.store.environment.info()
            let store = reader.store
            var databases = [
                ("meta", store.meta), ("wal", store.log), ("ids", store.ids), ("points", store.points),
                ("payload", store.payload), ("free", store.free), ("segments", store.segments), ("dead", store.dead),
                ("indexes", store.indexes),
            ]
            for index in reader.view.indexes.indexes {
                databases.append((FieldIndex.databaseName(index.field), index.database))
            }
            var tables: [StorageReport.Table] = []
            for (name, database) in databases {
                tables.append(
                    StorageReport.Table(
                        name: name, entries: try reader.transaction.handle.entryCount(database),
                        bytes: try reader.transaction.handle.pageCount(database) * environment.pageSizeBytes))
            }
            return StorageReport(
                vectors: vectors, tables: tables, storeUsedBytes: environment.usedBytes, info: try reader.info(),
                operationNumber: Int(clamping: reader.view.sequence))
        }
    }
}

extension SealedView {
    fileprivate func report(until deadline: ContinuousClock.Instant) throws(QuiverError) -> StorageReport.Segment {
        StorageReport.Segment(
            id: segment.id, points: segment.pointCount, deleted: dead.count, rows: segment.rowCount,
            isIndexed: segment.isIndexed, fileBytes: Files.byteCount(segment.path), growingBytes: 0,
            components: try segment.chunkResidency(until: deadline))
    }
}

extension GrowingView {
    /// Rows are floats here, sparse ones with the index of each; a slot for each point.
    fileprivate func report() -> StorageReport.Segment {
        let rowBytes = field.kind == .sparse ? 8 : field.dimension * MemoryLayout<Float>.size
        return StorageReport.Segment(
            id: nil, points: count, deleted: dead.count, rows: rowCount, isIndexed: false, fileBytes: 0,
            growingBytes: rowCount * rowBytes + count * MemoryLayout<UInt32>.size, components: [])
    }
}
