package import QuiverModel

/// The segments of a collection and what is done with them, at one moment.
package struct OptimizationsReport: Sendable {
    /// A part of the vectors of one name.
    package struct Segment: Sendable {
        /// Of a file; of rows in memory that wait to be sealed a number of their own.
        package var number: UInt64
        /// The same as long as the segment is there.
        package var uuid: PointUUID
        package var vectorName: String
        package var isSparse: Bool
        /// Takes new vectors.
        package var isAppendable: Bool
        /// Has an index: a graph, or what the configuration has in its place.
        package var isIndexed: Bool
        /// Live ones; of each at most one vector is here.
        package var points: Int
        package var deletedVectors: Int
        /// Rows of multivectors, components of sparse vectors; otherwise as points, the deleted ones too.
        package var rows: Int
        /// Of the live vectors at full precision.
        package var vectorBytes: Int
        package var diskBytes: Int
        /// Of rows that are not sealed; mapped files are the system's to keep.
        package var memoryBytes: Int
    }

    package var running: [OptimizationRun]
    /// What the present state of the segments calls for, beside what runs.
    package var queued: [OptimizationRun]
    /// Since the collection was opened, the newest first.
    package var completed: [OptimizationRun]
    package var segments: [Segment]
    /// Updates since the collection was made.
    package var operationNumber: UInt64
    package var pointCount: Int

    /// Those that nothing is done with, nor waits to be done with.
    package var idleSegments: [Segment] {
        let busy = Set((running + queued).flatMap { $0.inputs.map(\.number) })
        return segments.filter { !busy.contains($0.number) }
    }

    /// Of what a run reads or writes.
    package let uuid: @Sendable (_ number: UInt64) -> PointUUID
}

extension Collection {
    /// Computed from what is open.
    package func optimizationsReport() -> OptimizationsReport {
        let view = core.view.load()
        let log = core.optimizer.runs
        let uuid = Collection.segmentIDs(core.store.directory)
        let running = log.running.map { [$0] } ?? []
        let busy = Set(running.flatMap { $0.inputs.map(\.number) })
        let queued = core.optimizer.pending(view).filter { run in !run.inputs.contains { busy.contains($0.number) } }
        var segments: [OptimizationsReport.Segment] = []
        for (place, vector) in view.vectors.enumerated() {
            for sealed in vector.sealed {
                segments.append(
                    OptimizationsReport.Segment(
                        number: sealed.segment.id, uuid: uuid(sealed.segment.id), vectorName: vector.field.name,
                        isSparse: vector.field.kind == .sparse, isAppendable: false, isIndexed: sealed.segment.isIndexed,
                        points: sealed.liveCount, deletedVectors: sealed.dead.count, rows: sealed.segment.rowCount,
                        vectorBytes: sealed.liveCount * vector.bytesPerPoint,
                        diskBytes: Files.byteCount(sealed.segment.path), memoryBytes: 0))
            }
            for (age, growing) in vector.growing.enumerated() {
                let isActive = age == vector.growing.count - 1
                if growing.count == 0, !isActive { continue }
                // Beyond all numbers of files.
                let number = 1 << 48 + UInt64(place) << 8 + UInt64(vector.growing.count - 1 - age)
                segments.append(
                    OptimizationsReport.Segment(
                        number: number, uuid: uuid(number), vectorName: vector.field.name,
                        isSparse: vector.field.kind == .sparse, isAppendable: isActive, isIndexed: false,
                        points: growing.liveCount, deletedVectors: growing.dead.count, rows: growing.rowCount,
                        vectorBytes: growing.liveCount * vector.bytesPerPoint, diskBytes: 0,
                        memoryBytes: growing.rowCount * max(8, vector.field.dimension * MemoryLayout<Float>.size)))
            }
        }
        return OptimizationsReport(
            running: running, queued: queued, completed: log.completed, segments: segments,
            operationNumber: view.sequence, pointCount: view.pointCount, uuid: uuid)
    }

    /// Ids of segments: that of the collection's directory, with the number in its last bytes.
    private static func segmentIDs(_ directory: String) -> @Sendable (UInt64) -> PointUUID {
        let name = directory.split(separator: "/").last.map(String.init) ?? ""
        let base = PointUUID(name) ?? PointUUID(high: 0, low: 0)
        return { PointUUID(high: base.high, low: base.low ^ $0) }
    }
}
