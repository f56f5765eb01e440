import Quiver
import QuiverModel

extension Handlers {
    /// `GET /metrics`: the text format of Prometheus, with the names that Qdrant gives and the sizes of all components.
    func metrics(_ call: Call) -> Outcome {
        .worker { () throws(Rejection) in
            let reports = try storageReports()
            var text = PrometheusText(prefix: options.metricsPrefix)
            service(&text)
            collections(reports, call.query.report, &text)
            components(reports, call.query.report, &text)
            responses(call.query.report, reports.map(\.name), &text)
            process(&text)
            return .text(text.text)
        }
    }

    /// By the names of collections; one that is deleted meanwhile is left out.
    func storageReports() throws(Rejection) -> [(name: String, report: StorageReport)] {
        var reports: [(name: String, report: StorageReport)] = []
        for name in database.collectionNames.sorted() {
            do throws(QuiverError) {
                reports.append((name, try database.collection(name).storageReportBlocking()))
            } catch {
                if error.kind == .notFound || error.kind == .closed { continue }
                if database.unavailableCollection(name) != nil { continue }
                throw ErrorAnswer.rejection(error)
            }
        }
        return reports
    }

    private func service(_ text: inout PrometheusText) {
        text.family(
            "app_info", .gauge, "information about qdrant server",
            [([("name", "qdrant"), ("version", ServerVersion.interface)], 1)])
        text.family("app_status_recovery_mode", .gauge, "features enabled in qdrant server", [([], 0)])
        text.family("cluster_enabled", .gauge, "is cluster support enabled", [([], 0)])
        // A resource without a bound has no sample: one that can never be 1 would only look healthy.
        let exceeded = quotaManager.exceeded()
        text.family(
            "quota_exceeded", .gauge, "whether this node is at or over the configured quota for a resource",
            QuotaManager.Resource.allCases.compactMap { resource in
                exceeded[resource].map { ([("resource", "\(resource)")], $0 ? 1 : 0) }
            })
    }

    private func collections(
        _ reports: [(name: String, report: StorageReport)], _ parameters: ReportParameters, _ text: inout PrometheusText
    ) {
        text.family(
            "collections_total", .gauge, "number of collections",
            [([], Double(reports.count + database.unavailableCollections.count))])
        text.family(
            "quiver_collection_unavailable", .gauge, "collections that do not serve because their files are damaged or cannot be read",
            database.unavailableCollections.map { ([("id", parameters.shown($0.name))], 1) })
        text.family(
            "quiver_quarantined_files", .gauge, "damaged files that were replaced and are kept aside for a while",
            database.quarantinedFiles.map { ([("id", parameters.shown($0.name))], Double($0.count)) })
        for (name, help, count) in [
            (
                "quiver_quarantined_catalogs", "damaged catalogues that were made anew and are kept aside for a while",
                database.quarantinedCatalogCount
            ),
            (
                "quiver_nameless_collections", "directories of collections whose names were lost with the catalogue",
                database.namelessCollections.count
            ),
        ] {
            text.family(name, .gauge, help, count > 0 ? [([], Double(count))] : [])
        }
        func family(_ name: String, _ help: String, _ value: (StorageReport) -> Int) {
            text.family(
                name, .gauge, help, reports.map { ([("id", parameters.shown($0.name))], Double(value($0.report))) })
        }
        family("collection_points", "approximate amount of points per collection") { $0.info.pointsCount }
        text.family(
            "collection_vectors", .gauge, "amount of vectors grouped by vector name",
            reports.flatMap { name, report in
                report.vectors.map {
                    ([("id", parameters.shown(name)), ("vector", parameters.shown($0.name))], Double($0.live))
                }
            })
        text.family(
            "collections_vector_total", .gauge, "total number of vectors in all collections",
            [([], Double(reports.reduce(0) { $0 + $1.report.vectors.reduce(0) { $0 + $1.live } }))])
        text.family(
            "collection_indexed_only_excluded_points", .gauge, "amount of points excluded in indexed_only requests",
            reports.flatMap { name, report in
                report.unindexed.map {
                    ([("id", parameters.shown(name)), ("vector", parameters.shown($0.name))], Double($0.count))
                }
            })
        // One replica each, and it is here.
        let replicas = reports.isEmpty ? 0.0 : 1.0
        text.family(
            "collection_active_replicas_min", .gauge, "minimum number of active replicas across all shards",
            [([], replicas)])
        text.family(
            "collection_active_replicas_max", .gauge, "maximum number of active replicas across all shards",
            [([], replicas)])
        family("collection_running_optimizations", "number of currently running optimization tasks per collection") {
            $0.info.status == .yellow ? 1 : 0
        }
        text.family(
            "collection_dead_replicas", .gauge, "total amount of shard replicas in non-active state", [([], 0)])
        for (name, kind, help, number) in [
            ("snapshot_creation_running", .gauge, "amount of snapshot creations that are currently running", \.creating),
            ("snapshot_recovery_running", .gauge, "amount of snapshot recovery operations currently running", \.recovering),
            ("snapshot_created_total", .counter, "total amount of snapshots created", \.created),
            (
                "quiver_snapshot_failures_total", .counter, "snapshot creations and recoveries that failed since the start",
                \.failed
            ),
        ] as [(String, PrometheusText.Kind, String, KeyPath<SnapshotActivity.Counts, Int>)] {
            text.family(
                name, kind, help,
                reports.map {
                    ([("id", parameters.shown($0.name))], Double(snapshotActivity.counts($0.name)[keyPath: number]))
                })
        }
        for (name, kind, help) in [
            ("collection_shard_transfer_incoming", .gauge, "incoming shard transfers currently running"),
            ("collection_shard_transfer_outgoing", .gauge, "outgoing shard transfers currently running"),
            ("collection_shard_transfer_failed", .gauge, "number of failed shard transfers"),
        ] as [(String, PrometheusText.Kind, String)] {
            text.family(name, kind, help, reports.map { ([("id", parameters.shown($0.name))], 0) })
        }
        family("collection_update_queue_length", "number of pending operations in update queues per collection") {
            $0.info.updateQueueLength
        }
        family(
            "collection_update_queue_deferred_points",
            "number of points currently hidden during read operations as they're not yet optimized"
        ) { _ in 0 }
    }

    private func components(
        _ reports: [(name: String, report: StorageReport)], _ parameters: ReportParameters, _ text: inout PrometheusText
    ) {
        var bytes: [(labels: PrometheusText.Labels, value: Double)] = []
        var resident: [(labels: PrometheusText.Labels, value: Double)] = []
        var counts: [(labels: PrometheusText.Labels, value: Double)] = []
        var tables: [(labels: PrometheusText.Labels, value: Double)] = []
        var used: [(labels: PrometheusText.Labels, value: Double)] = []
        for (name, report) in reports {
            let collection = parameters.shown(name)
            for vector in report.vectors {
                let labels: PrometheusText.Labels = [
                    ("collection", collection), ("vector", parameters.shown(vector.name)),
                ]
                var growing = 0
                var sums: [(name: String, bytes: Int, resident: Int?)] = []
                for segment in vector.segments {
                    growing += segment.growingBytes
                    for component in segment.components {
                        if let at = sums.firstIndex(where: { $0.name == component.name }) {
                            sums[at].bytes += component.bytes
                            let before = sums[at].resident
                            sums[at].resident = before.flatMap { sum in component.residentBytes.map { sum + $0 } }
                        } else {
                            sums.append((component.name, component.bytes, component.residentBytes))
                        }
                    }
                }
                for sum in sums {
                    bytes.append((labels + [("component", sum.name)], Double(sum.bytes)))
                    if let known = sum.resident { resident.append((labels + [("component", sum.name)], Double(known))) }
                }
                bytes.append((labels + [("component", "growing")], Double(growing)))
                for (state, count) in [
                    ("live", vector.live), ("indexed", vector.indexed), ("deleted", vector.deleted),
                    ("segments", vector.segments.count),
                ] {
                    counts.append((labels + [("state", state)], Double(count)))
                }
            }
            used.append(([("collection", collection)], Double(report.storeUsedBytes)))
            for table in report.tables {
                let isField = table.name.hasPrefix("index/")
                let shown = isField ? "index/" + parameters.shown(String(table.name.dropFirst(6))) : table.name
                tables.append(([("collection", collection), ("table", shown)], Double(table.bytes)))
            }
        }
        text.family("quiver_component_bytes", .gauge, "bytes of each component of the vectors as stored", bytes)
        text.family(
            "quiver_component_resident_bytes", .gauge, "those of them in memory, where the system tells", resident)
        text.family("quiver_vector_rows", .gauge, "points with a vector of the name, by state, and segments", counts)
        text.family("quiver_table_bytes", .gauge, "bytes of the pages of each table of points.mdb", tables)
        text.family("quiver_store_used_bytes", .gauge, "bytes of points.mdb that were ever used", used)
    }

    /// Only routes that are measured; durations of answers with 200.
    private func responses(_ parameters: ReportParameters, _ names: [String], _ text: inout PrometheusText) {
        let known = Set(names)
        let measured = Set(RouteTable.routes.filter(\.isMeasured).map(\.label))
        let all = metrics.durations(byCollection: parameters.perCollection).filter { key, _ in
            measured.contains(key.method + " " + key.endpoint)
                && (key.collection.map(known.contains) ?? !parameters.perCollection)
        }
        func labels(_ key: RequestMetrics.Key) -> PrometheusText.Labels {
            [("method", key.method), ("endpoint", key.endpoint), ("status", "\(key.status)")]
                + (key.collection.map { [("collection", parameters.shown($0))] } ?? [])
        }
        text.family(
            "rest_responses_total", .counter, "total number of responses",
            all.map { (labels($0.key), Double($0.durations.count)) })
        let good = all.filter { $0.key.status == 200 }
        func seconds(_ name: String, _ help: String, _ value: (RequestMetrics.Durations) -> Double) {
            text.family(name, .gauge, help, good.map { (labels($0.key), value($0.durations) / 1e9) })
        }
        seconds("rest_responses_avg_duration_seconds", "average response duration") {
            Double($0.totalNanoseconds) / Double($0.count)
        }
        seconds("rest_responses_min_duration_seconds", "minimum response duration") { Double($0.minNanoseconds) }
        seconds("rest_responses_max_duration_seconds", "maximum response duration") { Double($0.maxNanoseconds) }
        let name = "rest_responses_duration_seconds"
        if !good.isEmpty { text.head(name, .histogram, "response duration histogram") }
        for (key, durations) in good {
            var sum = 0
            for (bound, count) in zip(RequestMetrics.Durations.boundsMicroseconds, durations.buckets) {
                sum += count
                text.sample(name + "_bucket", labels(key) + [("le", "\(Double(bound) / 1e6)")], Double(sum))
            }
            text.sample(name + "_bucket", labels(key) + [("le", "+Inf")], Double(durations.count))
            text.sample(name + "_sum", labels(key), Double(durations.totalNanoseconds) / 1e9)
            text.sample(name + "_count", labels(key), Double(durations.count))
        }
    }

    private func process(_ text: inout PrometheusText) {
        let use = ProcessUse.now()
        func family(_ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: Int?) {
            text.family(name, kind, help, value.map { [([], Double($0))] } ?? [])
        }
        let allocator = options.allocatorUse?()
        family(
            "memory_active_bytes", .gauge, "Total number of bytes in active pages allocated by the application",
            allocator?.activeBytes)
        family(
            "memory_allocated_bytes", .gauge, "Total number of bytes allocated by the application",
            allocator?.allocatedBytes)
        family(
            "memory_metadata_bytes", .gauge, "Total number of bytes dedicated to metadata", allocator.map { _ in 0 })
        family(
            "memory_resident_bytes", .gauge, "Maximum number of bytes in physically resident data pages mapped",
            use.residentBytes)
        family(
            "memory_retained_bytes", .gauge, "Total number of bytes in virtual memory mappings",
            allocator?.retainedBytes)
        family("process_threads", .gauge, "count of active threads", use.threads)
        family("process_open_fds", .gauge, "count of currently open file descriptors", use.openFiles)
        family("process_max_fds", .gauge, "limit for open file descriptors", use.mostOpenFiles)
        family("process_open_mmaps", .gauge, "count of open mmaps", use.openMaps)
        family("system_max_mmaps", .gauge, "system wide limit of open mmaps", use.mostMaps)
        family("process_minor_page_faults_total", .counter, "count of minor page faults which didn't cause a disk access", use.minorFaults)
        family("process_major_page_faults_total", .counter, "count of disk accesses caused by a mmap page fault", use.majorFaults)
    }
}

extension StorageReport {
    /// By vector name: what a search leaves out that is to look at indexed segments only. Segments that are too small
    /// for a graph count as indexed, as they do there.
    var unindexed: [(name: String, count: Int)] {
        vectors.compactMap { vector in
            let count = vector.segments.reduce(0) { $0 + ($1.isGrowing ? $1.live : 0) }
            return count > 0 ? (vector.name, count) : nil
        }
    }
}
