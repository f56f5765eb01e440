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
        startup = Timestamps.text(time(nil))
    }
}

extension Handlers {
    /// `GET /telemetry`: which keys there are depends on the level of details, as in Qdrant.
    func telemetry(_ call: Call) -> Outcome {
        .worker { () throws(Rejection) in
            let parameters = call.query.report
            let level = parameters.detailsLevel
            var members: [(String, ReportValue)] = [("id", .text(identity.id)), ("app", app(parameters))]
            let isGlobal = call.access.isGlobal
            let names = database.collectionNames.filter(call.access.sees)
            var collections: [(String, ReportValue)] = [("number_of_collections", .int(names.count))]
            if level >= 1 {
                let reports = try storageReports().filter { call.access.sees($0.name) }
                let quarantined = Dictionary(uniqueKeysWithValues: database.quarantinedFiles.map { ($0.name, $0.count) })
                collections.append(("collections", .array(reports.map { collection($0.name, $0.report, quarantined[$0.name] ?? 0, parameters) })))
                collections.append(("snapshots", .array(reports.map { name, _ in
                    let counts = snapshotActivity.counts(name)
                    return .object([
                        ("id", .text(parameters.shown(name))), ("running_snapshots", .int(counts.creating)),
                        ("running_snapshot_recovery", .int(counts.recovering)),
                        ("total_snapshot_creations", .int(counts.created)),
                    ])
                })))
            }
            // Not of Qdrant, and seldom there.
            let remade = database.quarantinedCatalogCount, nameless = database.namelessCollections.count
            if isGlobal && remade > 0 { collections.append(("quarantined_catalogs", .int(remade))) }
            if isGlobal && nameless > 0 { collections.append(("nameless_collections", .int(nameless))) }
            members.append(("collections", .object(collections)))
            // Callers of single collections are told of these alone.
            if isGlobal {
                members.append(("cluster", .object([("enabled", .bool(false))])))
                members.append(("requests", requests(parameters)))
            }
            if level >= 1 {
                if isGlobal { members.append(("memory", memory())) }
                // No use of hardware is counted.
                members.append(("hardware", .object([("collection_data", .object([]))])))
                members.append((
                    "search_pool",
                    .object([
                        ("mode", .text("high_cpu")), ("high_cpu_threads", .int(database.workers.threadCount)),
                        ("high_io_threads", .int(0)),
                    ])
                ))
            }
            if isGlobal { members.append(("quota", quota())) }
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
            members.append(("system", system()))
        }
        if options.security.acceptsTokens { members.append(("jwt_rbac", .bool(true))) }
        members.append(("startup", .text(identity.startup)))
        return .object(members)
    }

    private func system() -> ReportValue {
        let distribution = MachineUse.distribution()
        func whole(_ value: Int?) -> ReportValue { value.map { .int($0 >> 10) } ?? .null }
        func text(_ value: String?) -> ReportValue { value.map { .text($0) } ?? .null }
        return .object([
            ("distribution", text(distribution.name)), ("distribution_version", text(distribution.version)),
            ("is_docker", .bool(MachineUse.isContainer)), ("cores", .int(MachineUse.cores)),
            ("ram_size", whole(MachineUse.memoryBytes())), ("disk_size", whole(MachineUse.disk(database.path)?.total)),
            ("cpu_flags", .text(MachineUse.processorFlags().joined(separator: ","))),
            ("cpu_endian", .text(1.littleEndian == 1 ? "little" : "big")),
        ])
    }

    /// What the allocator tells; its metadata it does not tell.
    private func memory() -> ReportValue {
        guard let use = options.allocatorUse?() else { return .null }
        return .object([
            ("active_bytes", .int(use.activeBytes)), ("allocated_bytes", .int(use.allocatedBytes)),
            ("metadata_bytes", .int(0)), ("resident_bytes", .int(ProcessUse.residentBytes() ?? 0)),
            ("retained_bytes", .int(use.retainedBytes)),
        ])
    }

    private func quota() -> ReportValue {
        let exceeded = quotaManager.exceeded()
        return .object([
            ("config", quotaManager.config.report),
            (
                "exceeded",
                .object([
                    ("resident_memory", exceeded[.memory].map { .bool($0) } ?? .null),
                    ("disk_usage", exceeded[.disk].map { .bool($0) } ?? .null),
                ])
            ),
        ])
    }

    // MARK: Collections

    private func collection(
        _ name: String, _ report: StorageReport, _ quarantined: Int, _ parameters: ReportParameters
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
        // Not of Qdrant, and seldom there.
        if quarantined > 0 { members.append(("quarantined_files", .int(quarantined))) }
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
        let segments = report.vectors.flatMap { vector in
            vector.segments.enumerated().map { (vector, $1, SegmentName.uuid(report, vector, $0)) }
        }
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
            members.append(("segments", .array(segments.map { segment($0.1, $0.2, of: $0.0, parameters) })))
        }
        let status = report.info.optimizerError.map { ReportValue.object([("error", .text($0))]) } ?? .text("ok")
        members.append((
            "optimizations", .object([("status", status), ("optimizations", .object([("count", .int(0))]))])
        ))
        // Vectors are read from mapped memory.
        members.append(("async_scorer", .bool(false)))
        if parameters.detailsLevel >= 4 {
            members.append((
                "indexed_only_excluded_vectors",
                .object(report.unindexed.map { (parameters.shown($0.name), .int($0.count)) })
            ))
        }
        members.append((
            "update_queue",
            .object([
                ("length", .int(report.info.updateQueueLength)), ("op_num", .int(report.operationNumber)),
                ("deferred_points", .int(0)),
            ])
        ))
        return .object(members)
    }

    private func segment(
        _ segment: StorageReport.Segment, _ id: String, of vector: StorageReport.Vector, _ parameters: ReportParameters
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
            ("uuid", .text(id)),
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

    // MARK: Requests

    private func requests(_ parameters: ReportParameters) -> ReportValue {
        var rest: [(String, ReportValue)] = [("responses", responses(metrics.durations(byCollection: false), parameters))]
        if parameters.perCollection {
            let known = Set(database.collectionNames)
            let all = Dictionary(grouping: metrics.durations(byCollection: true)) { $0.key.collection ?? "" }
            rest.append((
                "per_collection_responses",
                .object(
                    all.filter { known.contains($0.key) }.sorted { $0.key < $1.key }
                        .map { (parameters.shown($0.key), responses($0.value, parameters)) })
            ))
        }
        return .object([("rest", .object(rest)), ("grpc", .object([("responses", .object([]))]))])
    }

    /// By route, then by status.
    private func responses(
        _ found: [(key: RequestMetrics.Key, durations: RequestMetrics.Durations)], _ parameters: ReportParameters
    ) -> ReportValue {
        var routes: [(String, [(String, ReportValue)])] = []
        for (key, durations) in found {
            let label = key.method + " " + key.endpoint
            let average = Double(durations.totalNanoseconds) / Double(max(1, durations.count)) / 1000
            var members: [(String, ReportValue)] = [
                ("count", .int(durations.count)), ("avg_duration_micros", .double(average)),
                ("min_duration_micros", .double(Double(durations.minNanoseconds) / 1000)),
                ("max_duration_micros", .double(Double(durations.maxNanoseconds) / 1000)),
                ("total_duration_micros", .int(Int(durations.totalNanoseconds / 1000))),
            ]
            if parameters.detailsLevel >= 1 {
                members.append(("last_responded", .text(Timestamps.text(durations.lastSecond))))
            }
            if routes.last?.0 != label { routes.append((label, [])) }
            routes[routes.count - 1].1.append(("\(key.status)", .object(members)))
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

/// Segments have numbers, clients expect UUIDs: one part of it is told by the vector's place, one by the segment's.
private enum SegmentName {
    static func uuid(_ report: StorageReport, _ vector: StorageReport.Vector, _ place: Int) -> String {
        let number = vector.segments[place].id ?? UInt64(1 << 40 + place)
        return "\(PointUUID(high: Digest.of(vector.name), low: number))"
    }
}
