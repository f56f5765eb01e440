import Quiver
import QuiverModel
import QuiverWire

/// What collections are made of: the work on their segments, and what they take of memory and disk.
extension Handlers {
    func optimizations(_ call: Call) throws(Rejection) -> Outcome {
        let wanted = try OptimizationDetails(call.query)
        let collection = try collection(call)
        return .worker { () throws(Rejection) in
            let storage = try engine(call) { () throws(QuiverError) in try collection.storageReportBlocking() }
            return report(wanted.report(storage), call)
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

    func report(_ storage: StorageReport) -> ReportValue {
        let segments = storage.vectors.flatMap { $0.segments }
        let isBusy = storage.info.status == .yellow
        // What is still in memory is what work waits for.
        let waiting = isBusy ? segments.filter(\.isGrowing) : []
        let idle = isBusy ? segments.filter { !$0.isGrowing } : segments
        var members: [(String, ReportValue)] = [
            (
                "summary",
                .object([
                    ("queued_optimizations", .int(waiting.isEmpty ? 0 : 1)), ("queued_segments", .int(waiting.count)),
                    ("queued_points", .int(waiting.reduce(0) { $0 + $1.live })), ("idle_segments", .int(idle.count)),
                ])
            ),
            ("running", .array([])),
        ]
        if withQueued {
            let queue: [ReportValue] =
                waiting.isEmpty
                ? [] : [.object([("optimizer", .text("indexing")), ("segments", .array(waiting.map(Self.segment)))])]
            members.append(("queued", .array(queue)))
        }
        if completedLimit != nil { members.append(("completed", .array([]))) }
        if withIdleSegments { members.append(("idle_segments", .array(idle.map(Self.segment)))) }
        return .object(members)
    }

    private static func segment(_ segment: StorageReport.Segment) -> ReportValue {
        .object([("uuid", .text(SegmentName.uuid(segment.id ?? 0))), ("points_count", .int(segment.live))])
    }
}

/// Segments have numbers, clients expect UUIDs.
enum SegmentName {
    /// 0 stands for a segment in memory.
    static func uuid(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.utf8.count) + digits
        return "00000000-0000-0000-\(padded.prefix(4))-\(padded.dropFirst(4))"
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
