import Quiver
import QuiverModel
import QuiverWire

/// What collections are made of: the work on their segments, and what they take of memory and disk.
extension Handlers {
    func optimizations(_ call: Call) throws(Rejection) -> Outcome {
        let wanted = try OptimizationDetails(call.query)
        let collection = try collection(call)
        return .worker { () throws(Rejection) in
            report(wanted.report(collection.optimizationsReport()), call)
        }
    }

    func collectionMemory(_ call: Call) throws(Rejection) -> Outcome {
        let collection = try collection(call)
        return .worker { () throws(Rejection) in
            let storage = try engine(call) { () throws(QuiverError) in try collection.storageReportBlocking() }
            return report(MemoryReport(storage).report, call)
        }
    }
}

/// What is asked for beside the summary.
private struct OptimizationDetails {
    var withQueued = false
    var completedLimit: Int?
    var withIdleSegments = false

    init(_ query: QueryParameters) throws(Rejection) {
        for field in query.with.split(separator: ",", omittingEmptySubsequences: false) {
            let isBlank: (Character) -> Bool = { $0.isWhitespace }
            let name = String(field.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
            switch name {
            case "": break
            case "queued": withQueued = true
            case "completed": completedLimit = query.completedLimit
            case "idle_segments": withIdleSegments = true
            default: throw Rejection(status: 400, text: "Wrong input: Unknown field in 'with' parameter: \(field)")
            }
        }
    }

    func report(_ now: OptimizationsReport) -> ReportValue {
        let idle = now.idleSegments
        let queued = now.queued.flatMap(\.inputs)
        var members: [(String, ReportValue)] = [
            (
                "summary",
                .object([
                    ("queued_optimizations", .int(now.queued.count)), ("queued_segments", .int(queued.count)),
                    ("queued_points", .int(queued.reduce(0) { $0 + $1.points })), ("idle_segments", .int(idle.count)),
                ])
            ),
            ("running", .array(now.running.map { Self.run($0, now) })),
        ]
        if withQueued {
            let queue = now.queued.map { run in
                ReportValue.object([("optimizer", .text(run.reason.rawValue)), ("segments", Self.segments(run, now))])
            }
            members.append(("queued", .array(queue)))
        }
        if let completedLimit {
            members.append(("completed", .array(now.completed.prefix(completedLimit).map { Self.run($0, now) })))
        }
        if withIdleSegments {
            members.append(("idle_segments", .array(idle.map { Self.segment($0.uuid, $0.points) })))
        }
        return .object(members)
    }

    private static func run(_ run: OptimizationRun, _ now: OptimizationsReport) -> ReportValue {
        let status: ReportValue =
            switch run.status {
            case .optimizing: .text("optimizing")
            case .done: .text("done")
            case .cancelled(let reason): .object([("cancelled", .text(reason))])
            case .failed(let reason): .object([("error", .text(reason))])
            }
        var progress: [(String, ReportValue)] = [
            ("name", .text(run.reason.rawValue)), ("started_at", .text(Timestamps.text(run.startedAt))),
        ]
        if let end = run.finishedAt {
            let microseconds = end.microsecondsSinceEpoch - run.startedAt.microsecondsSinceEpoch
            progress.append(("finished_at", .text(Timestamps.text(end))))
            progress.append(("duration_sec", .double(Double(microseconds) / 1e6)))
        }
        // Until it has a segment of its own, it goes by the first that it reads, as something else.
        let first = now.uuid(run.number ?? (run.inputs.first?.number ?? 0) ^ 1 << 47)
        return .object([
            ("uuid", .text("\(first)")), ("optimizer", .text(run.reason.rawValue)), ("status", status),
            ("segments", segments(run, now)), ("progress", .object(progress)),
        ])
    }

    private static func segments(_ run: OptimizationRun, _ now: OptimizationsReport) -> ReportValue {
        .array(run.inputs.map { segment(now.uuid($0.number), $0.points) })
    }

    private static func segment(_ id: PointUUID, _ points: Int) -> ReportValue {
        .object([("uuid", .text("\(id)")), ("points_count", .int(points))])
    }
}

/// Disk, memory and cache, part by part.
private struct MemoryReport {
    struct Use {
        var disk = 0
        /// Held by the process.
        var memory = 0
        /// Pages of files that the system holds.
        var cached = 0
        /// What a search would like to find there.
        var expected = 0

        var report: ReportValue {
            .object([
                ("disk_bytes", .int(disk)), ("ram_bytes", .int(memory)), ("cached_bytes", .int(cached)),
                ("expected_cache_bytes", .int(expected)),
            ])
        }

        static func += (sum: inout Use, other: Use) {
            sum.disk += other.disk
            sum.memory += other.memory
            sum.cached += other.cached
            sum.expected += other.expected
        }
    }

    private struct Vector {
        var name: String
        var storage = Use()
        var index = Use()
        var quantized: Use?
    }

    private var dense: [Vector] = []
    private var sparse: [Vector] = []
    private var payload = Use()
    private var fields: [(name: String, use: Use)] = []
    private var other = Use()

    init(_ storage: StorageReport) {
        for vector in storage.vectors {
            var sum = Vector(name: vector.name)
            for segment in vector.segments {
                sum.storage.memory += segment.growingBytes
                for component in segment.components {
                    let use = Use(
                        disk: component.bytes, cached: component.residentBytes ?? 0,
                        expected: component.name == "vectors" && segment.isIndexed ? 0 : component.bytes)
                    switch component.name {
                    case "vectors", "row_offsets", "sparse_offsets", "sparse_indices": sum.storage += use
                    case let name where name.hasPrefix("quantiz"):
                        var all = sum.quantized ?? Use()
                        all += use
                        sum.quantized = all
                    default: sum.index += use
                    }
                }
            }
            if vector.isSparse { sparse.append(sum) } else { dense.append(sum) }
        }
        for table in storage.tables {
            let use = Use(disk: table.bytes)
            if table.name == "payload" {
                payload += use
            } else if table.name.hasPrefix("index/") {
                fields.append((String(table.name.dropFirst("index/".utf8.count)), use))
            } else {
                other += use
            }
        }
    }

    var report: ReportValue {
        var total = payload
        total += other
        for field in fields { total += field.use }
        for vector in dense + sparse {
            total += vector.storage
            total += vector.index
            if let quantized = vector.quantized { total += quantized }
        }
        return .object([
            ("total", total.report), ("vectors", .array(dense.map(Self.report))),
            ("sparse_vectors", .array(sparse.map(Self.report))), ("payload", payload.report),
            ("payload_index", .array(fields.map { .object([("name", .text($0.name)), ("usage", $0.use.report)]) })),
            ("other", other.report),
        ])
    }

    private static func report(_ vector: Vector) -> ReportValue {
        var members: [(String, ReportValue)] = [
            ("name", .text(vector.name)), ("storage", vector.storage.report), ("index", vector.index.report),
        ]
        if let quantized = vector.quantized { members.append(("quantized", quantized.report)) }
        return .object(members)
    }
}
