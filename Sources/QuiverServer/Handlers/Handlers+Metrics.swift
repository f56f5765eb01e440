import Quiver
import QuiverModel

extension Handlers {
    /// `GET /metrics`: the text format of Prometheus, with the names that Qdrant gives and the sizes of all components.
    func metrics(_ call: Call) -> Outcome {
        .worker { () throws(Rejection) in
            let reports = try storageReports()
            var text = PrometheusText()
            service(&text)
            collections(reports, call.report, &text)
            components(reports, call.report, &text)
            responses(call.report, reports.map(\.name), &text)
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
                throw ErrorAnswer.rejection(error)
            }
        }
        return reports
    }

    private func service(_ text: inout PrometheusText) {
        text.family(
            "app_info", .gauge, "information about qdrant server",
            [([("name", "qdrant"), ("version", ServerVersion.interface)], 1)])
        text.family("app_status_recovery_mode", .gauge, "is qdrant running in recovery mode", [([], 0)])
        text.family("cluster_enabled", .gauge, "is cluster support enabled", [([], 0)])
    }

    private func collections(
        _ reports: [(name: String, report: StorageReport)], _ parameters: ReportParameters, _ text: inout PrometheusText
    ) {
        text.family("collections_total", .gauge, "number of collections", [([], Double(reports.count))])
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
        family("collection_update_queue_length", "updates that wait to be applied") { $0.info.updateQueueLength }
        family("collection_running_optimizations", "whether segments are being sealed, indexed or merged") {
            $0.info.status == .yellow ? 1 : 0
        }
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

    /// Only the routes of points, as in Qdrant; durations of answers with 200.
    private func responses(_ parameters: ReportParameters, _ names: [String], _ text: inout PrometheusText) {
        let known = Set(names)
        let all = metrics.durations(byCollection: parameters.perCollection).filter { key, _ in
            key.endpoint.hasPrefix("/collections/{collection_name}/points")
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
        family("memory_resident_bytes", .gauge, "bytes of the process in physical memory", use.residentBytes)
        family("process_threads", .gauge, "count of active threads", use.threads)
        family("process_open_fds", .gauge, "count of currently open file descriptors", use.openFiles)
        family("process_max_fds", .gauge, "limit for open file descriptors", use.mostOpenFiles)
        family("process_open_mmaps", .gauge, "count of open mmaps", use.openMaps)
        family("process_minor_page_faults_total", .counter, "minor page faults", use.minorFaults)
        family("process_major_page_faults_total", .counter, "major page faults", use.majorFaults)
    }
}
