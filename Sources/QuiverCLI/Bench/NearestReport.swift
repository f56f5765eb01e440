import Quiver
import QuiverJSON
import QuiverModel

/// The outcome of `quiver bench ann`: JSON lines for programs, tables for people.
///
/// | line | what |
/// |---|---|
/// | `build` | points, rates, processor time, segments; missing for a storage that was built before |
/// | `storage` | bytes of each component on disk |
/// | `open` | time to open the storage again and to its first answer |
/// | `query` | one a filter and ef: recall, queries a second, latencies |
/// | `memory` | of the process: before the storage was opened again, and after all queries |
struct NearestReport {
    var label: String?
    var plan: NearestPlan
    var build: NearestStore.Build?
    var components: [StorageComponent] = []
    /// Of all files, in whole blocks of the file system.
    var diskBytes = 0
    var opening = NearestStore.Opening()
    var memoryBefore: ProcessMemory?
    var memoryAfter: ProcessMemory?
    /// By filter; nil where every row is taken.
    var matches: [Int?] = []
    var cells: [NearestSweep.Cell] = []

    // MARK: JSON

    var jsonLines: [String] {
        var lines: [String] = []
        if let build {
            lines.append(
                line("build") { writer in
                    writer.member("points", build.points)
                    writer.member("dimension", plan.dimension)
                    writer.member("distance", plan.distance.rawValue)
                    writer.member("m", plan.config.hnsw.m)
                    writer.member("ef_construct", plan.config.hnsw.efConstruct)
                    writer.member("build_threads", plan.buildThreads)
                    writer.member("ingest_s", build.ingestSeconds, places: 3)
                    writer.member("ingest_per_s", rate(build.points, build.ingestSeconds), places: 1)
                    writer.member("index_s", build.indexSeconds, places: 3)
                    writer.member("build_per_s", rate(build.points, build.seconds), places: 1)
                    writer.member("cpu_s", build.cpuSeconds, places: 3)
                    writer.member("segments", build.segments)
                    writer.member("indexed_vectors", build.indexedVectors)
                    writer.member("peak_rss_anon_bytes", build.peakAnonymousBytes)
                })
        }
        lines.append(
            line("storage") { writer in
                writer.member("disk_bytes", diskBytes)
                writer.member("bytes_per_point", rate(diskBytes, Double(plan.rows)), places: 1)
                writer.key("components")
                writer.beginObject()
                for component in components {
                    writer.key(named: component.name)
                    writer.value(component.bytes)
                }
                writer.endObject()
            })
        lines.append(
            line("open") { writer in
                writer.member("open_ms", opening.openSeconds * 1e3, places: 3)
                writer.member("first_answer_ms", opening.firstAnswerSeconds * 1e3, places: 3)
            })
        for cell in cells {
            lines.append(line("query") { writer in write(cell, to: &writer) })
        }
        if let memoryBefore, let memoryAfter {
            lines.append(
                line("memory") { writer in
                    writer.member("rss_anon_before_bytes", memoryBefore.anonymousBytes)
                    writer.member("rss_file_before_bytes", memoryBefore.fileBytes)
                    writer.member("rss_anon_bytes", memoryAfter.anonymousBytes)
                    writer.member("rss_file_bytes", memoryAfter.fileBytes)
                })
        }
        return lines
    }

    private func line(_ what: String, _ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("what", what)
        if let label { writer.member("label", label) }
        body(&writer)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func write(_ cell: NearestSweep.Cell, to writer: inout JSONWriter) {
        writer.member("filter", plan.filters[cell.filter].name)
        if let matches = matches[cell.filter] { writer.member("share", rate(matches, Double(plan.rows)), places: 6) }
        writer.member("k", plan.k)
        writer.member("ef", cell.ef)
        writer.member("threads", plan.threads)
        writer.member("rounds", cell.rates.count)
        writer.member("queries", cell.queries)
        writer.key("recall")
        if let recall = cell.recall { writer.value(Rounding.places(recall, 5)) } else { writer.null() }
        writer.member("per_second", cell.medianRate, places: 1)
        writer.member("per_second_least", cell.rates.min() ?? 0, places: 1)
        writer.member("per_second_most", cell.rates.max() ?? 0, places: 1)
        writer.member("p50_us", Double(cell.histogram.quantile(0.5)) / 1e3, places: 1)
        writer.member("p99_us", Double(cell.histogram.quantile(0.99)) / 1e3, places: 1)
        writer.member("mean_us", cell.histogram.mean / 1e3, places: 1)
        writer.member("cpu_us", cell.cpuSeconds * 1e6 / Double(max(1, cell.queries)), places: 1)
    }

    private func rate(_ count: Int, _ seconds: Double) -> Double { seconds > 0 ? Double(count) / seconds : 0 }

    // MARK: Table

    var table: String {
        var lines: [String] = []
        if let build {
            lines.append(
                "\(build.points) points × \(plan.dimension), \(plan.distance.rawValue), m \(plan.config.hnsw.m), "
                    + "ef_construct \(plan.config.hnsw.efConstruct), \(plan.buildThreads) build threads")
            lines.append(
                "ingest \(Rounding.text(build.ingestSeconds, 2)) s "
                    + "(\(Int(rate(build.points, build.ingestSeconds)))/s), then indexing \(Rounding.text(build.indexSeconds, 2)) s; "
                    + "together \(Int(rate(build.points, build.seconds)))/s, "
                    + "\(Rounding.text(build.cpuSeconds, 2)) s of processor time; "
                    + "\(build.indexedVectors) vectors in graphs, \(build.segments) segments, "
                    + "at most \(Self.mebibytes(build.peakAnonymousBytes)) of memory")
        }
        lines.append("")
        let files = components.map { [$0.name, Self.mebibytes($0.bytes)] } + [["on disk", Self.mebibytes(diskBytes)]]
        lines += TextColumns.aligned(files)
        lines.append("")
        lines.append(
            "opened in \(Rounding.text(opening.openSeconds * 1e3, 1)) ms, "
                + "first answer after \(Rounding.text(opening.firstAnswerSeconds * 1e3, 1)) ms")
        if let memoryBefore, let memoryAfter {
            lines.append(
                "memory after all queries: \(Self.mebibytes(memoryAfter.anonymousBytes)) own "
                    + "(\(Self.mebibytes(memoryBefore.anonymousBytes)) before opening), "
                    + "\(Self.mebibytes(memoryAfter.fileBytes)) of mapped files")
        }
        lines.append("")
        var rows = [["filter", "ef", "recall@\(plan.k)", "queries/s", "p50", "p99", "processor"]]
        for cell in cells {
            rows.append([
                plan.filters[cell.filter].name, String(cell.ef), cell.recall.map { Rounding.text($0, 4) } ?? "–",
                String(Int(cell.medianRate)),
                Self.microseconds(Double(cell.histogram.quantile(0.5)) / 1e3),
                Self.microseconds(Double(cell.histogram.quantile(0.99)) / 1e3),
                Self.microseconds(cell.cpuSeconds * 1e6 / Double(max(1, cell.queries))),
            ])
        }
        lines += TextColumns.aligned(rows)
        return lines.joined(separator: "\n")
    }

    private static func mebibytes(_ bytes: Int) -> String { Rounding.text(Double(bytes) / 1_048_576, 1) + " MiB" }

    private static func microseconds(_ value: Double) -> String { Rounding.text(value, value < 100 ? 1 : 0) + " µs" }
}

enum Rounding {
    static func places(_ value: Double, _ places: Int) -> Double {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        return (value * scale).rounded() / scale
    }

    /// With all its places, zeros as well.
    static func text(_ value: Double, _ places: Int) -> String {
        guard places > 0 else { return String(Int(value.rounded())) }
        let text = String(Self.places(value, places))
        guard let point = text.firstIndex(of: "."), !text.contains("e") else { return text }
        let behind = text.distance(from: point, to: text.endIndex) - 1
        return text + String(repeating: "0", count: max(0, places - behind))
    }
}

/// Tables of text: the first column to the left, the others to the right.
enum TextColumns {
    static func aligned(_ rows: [[String]]) -> [String] {
        guard let first = rows.first else { return [] }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let room = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + room : room + text
            }.joined(separator: "  ")
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: StaticString, _ value: Double, places: Int) {
        key(name)
        self.value(Rounding.places(value, places))
    }
}
