import Glibc
import Quiver
import QuiverModel
import QuiverWire

/// What tells one run of the server from another.
struct ProcessIdentity: Sendable {
    /// In the form of a UUID of version 4.
    let id: String
    /// RFC 3339, in UTC.
    let startup: String

    init() {
        let digits = Array("0123456789abcdef")
        id = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".reduce(into: "") { text, character in
            text.append(character == "x" ? digits[Int.random(in: 0..<16)] : character)
        }
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        var bytes = [CChar](repeating: 0, count: 32)
        let count = strftime(&bytes, bytes.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        startup = String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Handlers {
    /// `GET /telemetry`: which keys there are depends on the level of details, as in Qdrant.
    func telemetry(_ call: Call) -> Outcome {
        .worker { () throws(Rejection) in
            let parameters = call.report
            let level = parameters.detailsLevel
            var members: [(String, ReportValue)] = [("id", .text(identity.id)), ("app", app(parameters))]
            var collections: [(String, ReportValue)] = [("number_of_collections", .int(database.collectionNames.count))]
            if level >= 1 {
                let reports = try storageReports()
                collections.append(("collections", .array(reports.map { collection($0.name, $0.report, parameters) })))
                collections.append(("snapshots", .array(reports.map { name, _ in
                    .object([
                        ("id", .text(parameters.shown(name))), ("running_snapshots", .int(0)),
                        ("running_snapshot_recovery", .int(0)), ("total_snapshot_creations", .int(0)),
                    ])
                })))
            }
            members.append(("collections", .object(collections)))
            members.append(("cluster", .object([("enabled", .bool(false))])))
            members.append(("requests", requests(parameters)))
            if level >= 1 {
                // Nothing here asks the allocator, counts hardware or has a pool of Qdrant's kind.
                members.append(("memory", .null))
                members.append(("hardware", .object([("collection_data", .object([]))])))
                members.append(("search_pool", .null))
            }
            members.append(("quota", .object([
                ("config", .object([("enabled", .bool(false))])),
                ("exceeded", .object([("resident_memory", .bool(false)), ("disk_usage", .bool(false))])),
            ])))
            return .json(ResponseEncoder.report(.object(members), seconds: call.elapsedSeconds))
        }
    }

    private func app(_ parameters: ReportParameters) -> ReportValue {
        var members: [(String, ReportValue)] = [
            ("name", .text("qdrant")), ("version", .text(ServerVersion.interface)),
        ]
        if parameters.detailsLevel >= 1 {
            let features = ["debug", "service_debug_feature", "recovery_mode", "gpu", "rocksdb", "staging"]
            members.append(("features", .object(features.map { ($0, .bool(false)) })))
        }
        members.append(("startup", .text(identity.startup)))
        return .object(members)
    }

    // MARK: Collections

    private func collection(
        _ name: String, _ report: StorageReport, _ parameters: ReportParameters
    ) -> ReportValue {
        let config = report.info.config
        if parameters.detailsLevel == 1 {
            return .object([
                ("vectors", .int(report.vectors.reduce(0) { $0 + $1.live })),
                (
                    "optimizers_status",
                    report.info.optimizerError.map { .object([("error", .text($0))]) } ?? .text("ok")
                ),
                // It has the names of vectors.
                ("params", parameters.anonymize ? .object([]) : .params(config)),
            ])
        }
        var members: [(String, ReportValue)] = [
            ("id", .text(parameters.shown(name))), ("init_time_ms", .int(0)),
            ("config", parameters.anonymize ? .null : .config(config)),
        ]
        if parameters.detailsLevel >= 3 {
            members.append(("shards", .array([
                .object([
                    ("id", .int(0)), ("key", .null), ("local", shard(report, parameters)), ("remote", .array([])),
                    ("replicate_states", .object([("0", .text("Active"))])), ("partial_snapshot", .null),
                ])
            ])))
            members.append(("transfers", .array([])))
            members.append(("resharding", .array([])))
        }
        return .object(members)
    }

    private func shard(_ report: StorageReport, _ parameters: ReportParameters) -> ReportValue {
        let segments = report.vectors.flatMap { vector in vector.segments.map { (vector, $0) } }
        var members: [(String, ReportValue)] = [
            ("variant_name", .text("local shard")), ("status", .text(report.info.status.rawValue)),
            ("total_optimized_points", .int(0)),
            ("vectors_size_bytes", .int(segments.reduce(0) { $0 + $1.1.vectorBytes })),
            ("payloads_size_bytes", .int(report.tableBytes("payload"))),
            ("num_points", .int(report.info.pointsCount)),
            ("num_vectors", .int(report.vectors.reduce(0) { $0 + $1.live })),
            ("num_vectors_by_name", .object(report.vectors.map { (parameters.shown($0.name), .int($0.live)) })),
        ]
        if parameters.detailsLevel >= 4 {
            members.append(("segments", .array(segments.map { segment($0.1, of: $0.0, parameters) })))
            members.append(("indexed_only_excluded_vectors", .object([])))
        }
        members.append(("update_queue", .object([("length", .int(report.info.updateQueueLength))])))
        return .object(members)
    }

    private func segment(
        _ segment: StorageReport.Segment, of vector: StorageReport.Vector, _ parameters: ReportParameters
    ) -> ReportValue {
        let indexed = segment.isIndexed ? segment.live : 0
        let components = segment.components.map { component in
            (
                component.name,
                ReportValue.object([
                    ("bytes", .int(component.bytes)),
                    ("resident_bytes", component.residentBytes.map { .int($0) } ?? .null),
                ])
            )
        }
        let info: ReportValue = .object([
            ("uuid", .text(Self.uuid(segment.id ?? 0))),
            ("segment_type", .text(segment.isIndexed ? "indexed" : "plain")),
            ("num_vectors", .int(segment.live)), ("num_points", .int(segment.live)),
            ("num_indexed_vectors", .int(indexed)), ("num_deleted_vectors", .int(segment.deleted)),
            ("vectors_size_bytes", .int(segment.vectorBytes)),
            // Payloads are kept once for the whole collection.
            ("payloads_size_bytes", .int(0)),
            ("ram_usage_bytes", .int(segment.residentBytes ?? 0)), ("disk_usage_bytes", .int(segment.fileBytes)),
            ("is_appendable", .bool(segment.isGrowing)), ("index_schema", .object([])),
            (
                "vector_data",
                .object([
                    (
                        parameters.shown(vector.name),
                        .object([
                            ("num_vectors", .int(segment.live)), ("num_indexed_vectors", .int(indexed)),
                            ("num_deleted_vectors", .int(segment.deleted)),
                        ])
                    )
                ])
            ),
            ("components", .object(components)),
        ])
        return .object([
            ("info", info), ("config", .object([("payload_storage_type", .object([("type", .text("mmap"))]))])),
            ("vector_index_searches", .array([])), ("payload_field_indices", .array([])),
        ])
    }

    /// The number of a segment in the form that is expected; 0 stands for one in memory.
    private static func uuid(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.utf8.count) + digits
        return "00000000-0000-0000-\(padded.prefix(4))-\(padded.dropFirst(4))"
    }

    // MARK: Requests

    private func requests(_ parameters: ReportParameters) -> ReportValue {
        var rest: [(String, ReportValue)] = [("responses", responses(metrics.durations(byCollection: false)))]
        if parameters.perCollection {
            let known = Set(database.collectionNames)
            let all = Dictionary(grouping: metrics.durations(byCollection: true)) { $0.key.collection ?? "" }
            rest.append((
                "per_collection_responses",
                .object(
                    all.filter { known.contains($0.key) }.sorted { $0.key < $1.key }
                        .map { (parameters.shown($0.key), responses($0.value)) })
            ))
        }
        return .object([("rest", .object(rest)), ("grpc", .object([("responses", .object([]))]))])
    }

    /// By route, then by status.
    private func responses(_ found: [(key: RequestMetrics.Key, durations: RequestMetrics.Durations)]) -> ReportValue {
        var routes: [(String, [(String, ReportValue)])] = []
        for (key, durations) in found {
            let label = key.method + " " + key.endpoint
            let average = Double(durations.totalNanoseconds) / Double(max(1, durations.count)) / 1000
            let value: ReportValue = .object([
                ("count", .int(durations.count)), ("avg_duration_micros", .double(average)),
                ("min_duration_micros", .double(Double(durations.minNanoseconds) / 1000)),
                ("max_duration_micros", .double(Double(durations.maxNanoseconds) / 1000)),
                ("total_duration_micros", .int(Int(durations.totalNanoseconds / 1000))),
            ])
            if routes.last?.0 != label { routes.append((label, [])) }
            routes[routes.count - 1].1.append(("\(key.status)", value))
        }
        return .object(routes.map { ($0.0, .object($0.1)) })
    }
}

extension StorageReport.Segment {
    /// Of the vectors themselves, without what searches them.
    fileprivate var vectorBytes: Int {
        components.reduce(growingBytes) { sum, component in
            let isVector = ["vectors", "row_offsets", "sparse_offsets", "sparse_indices"].contains(component.name)
            return isVector ? sum + component.bytes : sum
        }
    }
}
