import ArgumentParser
import Quiver
import QuiverJSON
import QuiverModel
import QuiverTestKit
import Testing

@testable import QuiverCLI

/// Files as `quiver bench ann` reads them: random vectors of a seed that failures print.
private struct AnnFiles {
    static let dimension = 12
    let seed: UInt64
    let rows: Int
    let base: [Float]
    let asked: [Float]
    let vectors: TemporaryFile
    let queries: TemporaryFile
    let payloads: TemporaryFile
    let filters: TemporaryFile

    init(rows: Int = 400, queries count: Int = 20) throws {
        seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        self.rows = rows
        base = (0..<rows * Self.dimension).map { _ in Float.random(in: -1...1, using: &random) }
        asked = (0..<count * Self.dimension).map { _ in Float.random(in: -1...1, using: &random) }
        vectors = try Self.array(base)
        queries = try Self.array(asked)
        payloads = try TemporaryFile((0..<rows).map { "{\"group\":\"g\($0 % 4)\",\"n\":\($0)}\n" }.joined())
        filters = try TemporaryFile(
            #"{"quarter": {"must": [{"key": "group", "match": {"value": "g1"}}]},"#
                + #" "nothing": {"must": [{"key": "group", "match": {"value": "none"}}]}}"#)
    }

    static func array(_ values: [Float], columns: Int = dimension) throws -> TemporaryFile {
        try TemporaryFile(
            NumPyFileTests.file(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (\(values.count / columns), \(columns)), }",
                data: NumPyFileTests.float32(values)))
    }

    static func numbers(_ values: [Int32], columns: Int) throws -> TemporaryFile {
        try TemporaryFile(
            NumPyFileTests.file(
                "{'descr': '<i4', 'fortran_order': False, 'shape': (\(values.count / columns), \(columns)), }",
                data: values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * Int32($0))) } }))
    }

    func command(_ more: [String] = []) throws -> BenchANNCommand {
        try #require(
            try QuiverCommand.parseAsRoot(
                ["bench", "ann", "--vectors", vectors.path, "--queries", queries.path] + more) as? BenchANNCommand)
    }

    func plan(_ more: [String] = []) throws -> NearestPlan { try command(more).plan() }

    /// The nearest rows in double precision, by sorting all.
    func nearest(_ query: Int, _ distance: Distance, k: Int, where accepts: (Int) -> Bool = { _ in true }) -> [Int] {
        let asked = asked[query * Self.dimension..<(query + 1) * Self.dimension].map(Double.init)
        let scored = (0..<rows).filter(accepts).map { row in
            let vector = base[row * Self.dimension..<(row + 1) * Self.dimension].map(Double.init)
            let pairs = zip(asked, vector)
            let dot = pairs.reduce(0) { $0 + $1.0 * $1.1 }
            let score =
                switch distance {
                case .cosine: dot / vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
                case .dot: dot
                case .euclid: -pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                case .manhattan: -pairs.reduce(0) { $0 + abs($1.0 - $1.1) }
                }
            return (score, row)
        }
        return scored.sorted { $0.0 > $1.0 }.prefix(k).map(\.1)
    }
}

@Suite(.serialized)
struct BenchANNTests {
    private func report(_ plan: NearestPlan, truth known: [[Int]]? = nil) throws -> NearestReport {
        let directory = try TemporaryDirectory()
        let store = try NearestStore(directory.path, plan: plan)
        defer { store.close() }
        let progress = Progress(form: .lines, write: { _ in })
        var report = NearestReport(plan: plan)
        report.build = try store.build(progress)
        report.components = try store.collection().storageComponentsBlocking()
        report.opening = try store.reopen()
        let collection = try store.collection()
        report.matches = try plan.filters.map { try $0.filter.map { try collection.countBlocking(filter: $0) } }
        let truth = try NearestTruth.compute(plan, collection: collection, known: known, progress)
        report.cells = try NearestSweep(plan, truth: truth, collection: collection).run(progress)
        report.memoryBefore = ProcessMemory.current
        report.memoryAfter = ProcessMemory.current
        return report
    }

    /// The scan that judges the engine, against sorting in double precision.
    @Test(arguments: Distance.allCases)
    func exactAnswersAreExact(distance: Distance) throws {
        let files = try AnnFiles()
        let plan = try files.plan([
            "--distance", distance.rawValue, "--payloads", files.payloads.path, "--filters", files.filters.path,
            "--build-threads", "3",
        ])
        let directory = try TemporaryDirectory()
        let store = try NearestStore(directory.path, plan: plan)
        defer { store.close() }
        let progress = Progress(form: .lines, write: { _ in })
        _ = try store.build(progress)
        let truth = try NearestTruth.compute(plan, collection: try store.collection(), known: nil, progress)
        for query in 0..<plan.queryCount {
            #expect(truth.rows[0][query] == files.nearest(query, distance, k: 10), "seed \(files.seed)")
            #expect(
                truth.rows[1][query] == files.nearest(query, distance, k: 10) { $0 % 4 == 1 }, "seed \(files.seed)")
            #expect(truth.rows[2][query].isEmpty)
        }
    }

    /// As many candidates as rows find nearly everything; the lines hold what their schema says.
    @Test(arguments: [1, 3])
    func wholeRun(threads: Int) throws {
        let files = try AnnFiles()
        let plan = try files.plan([
            "--payloads", files.payloads.path, "--filters", files.filters.path, "--index", "group:keyword", "--ef",
            "10,400", "--rounds", "2", "--threads", "\(threads)", "--indexing-threshold", "1", "--full-scan-threshold",
            "10",
        ])
        var report = try report(plan)
        report.label = "a \"run\""
        report.diskBytes = 4096
        let kinds = try report.jsonLines.map { try Line($0) }
        #expect(kinds.map(\.what) == ["build", "storage", "open"] + Array(repeating: "query", count: 6) + ["memory"])
        #expect(kinds.allSatisfy { $0.text("label") == "a \"run\"" })
        #expect(kinds[0].number("points") == 400 && kinds[0].number("dimension") == 12)
        #expect(try #require(kinds[0].number("ingest_per_s")) > 0)
        #expect(try #require(kinds[2].number("first_answer_ms")) >= #require(kinds[2].number("open_ms")))
        let queries = kinds.filter { $0.what == "query" }
        #expect(queries.map { $0.text("filter") } == ["none", "none", "quarter", "quarter", "nothing", "nothing"])
        #expect(queries.map { $0.number("ef") } == [10, 400, 10, 400, 10, 400])
        // A graph may lose a point now and then.
        for query in [queries[1], queries[3]] {
            #expect(try #require(query.number("recall")) > 0.95, "seed \(files.seed)")
        }
        #expect(queries[4].isNull("recall") && queries[4].number("share") == 0)
        #expect(queries[2].number("share") == 0.25)
        for query in queries {
            #expect(query.number("queries") == 40 && query.number("rounds") == 2)
            #expect(try #require(query.number("per_second")) > 0)
            #expect(try #require(query.number("p99_us")) >= #require(query.number("p50_us")))
        }
        #expect(report.components.map(\.name).contains("segments/vectors"))
        #expect(report.components.first { $0.name == "segments/vectors" }?.bytes == 400 * 12 * 4)
        #expect(report.components.last?.name == "points.mdb")
        #expect(report.table.contains("recall@10") && report.table.contains("quarter"))
    }

    /// Wrong truth has to show as bad recall.
    @Test func truthFilesAreBelieved() throws {
        let files = try AnnFiles(rows: 100, queries: 5)
        let wrong = try AnnFiles.numbers((0..<5).flatMap { _ in (0..<10).map { Int32($0) } }, columns: 10)
        let plan = try files.plan(["--ef", "100", "--rounds", "1", "--warm-up", "0", "--datatype", "float16"])
        let known = try NearestTruth.read(wrong.path, plan: plan)
        let report = try report(plan, truth: known)
        let expected = (0..<5).map { query in
            Double(files.nearest(query, .cosine, k: 10).count { $0 < 10 }) / 10
        }
        let recall = try #require(report.cells[0].recall)
        #expect(abs(recall - expected.reduce(0, +) / 5) < 0.03, "seed \(files.seed)")
    }

    @Test func keptStorageIsAskedAgain() throws {
        let files = try AnnFiles(rows: 50, queries: 2)
        let directory = try TemporaryDirectory()
        let progress = Progress(form: .lines, write: { _ in })
        do {
            let store = try NearestStore(directory.path, plan: try files.plan())
            defer { store.close() }
            #expect(try !store.holdsCollection())
            _ = try store.build(progress)
            #expect(try store.holdsCollection())
        }
        let again = try NearestStore(directory.path, plan: try files.plan())
        #expect(try again.holdsCollection())
        again.close()
        let other = try NearestStore(directory.path, plan: try files.plan(["--m", "8"]))
        defer { other.close() }
        let failure = #expect(throws: CommandFailure.self) { try other.holdsCollection() }
        #expect(failure?.code == .dataError)
    }

    @Test func temporaryDirectoriesGo() throws {
        var directory: ScratchDirectory? = try ScratchDirectory(nil)
        let path = try #require(directory?.path)
        let inner = path + "/file"
        do {
            let store = try NearestStore(path, plan: try AnnFiles(rows: 10, queries: 1).plan())
            store.close()
        }
        #expect(try #require(directory).byteCount > 0)
        #expect(throws: CommandFailure.self) { try InputFile(inner) }
        directory = nil
        #expect(throws: CommandFailure.self) { try InputFile(path + "/catalog.mdb") }
    }

    // MARK: Refusals

    @Test(arguments: [
        [], ["--k", "0"], ["--threads", "0"], ["--rounds", "0"], ["--ef", "10,,20"], ["--ef", "0"], ["--batch", "0"],
        ["--filters", "f.json"], ["--index", "a:keyword"], ["--distance", "far"], ["--payloads", "p", "--index", "a"],
    ])
    func wrongUsage(more: [String]) {
        let files = more.isEmpty ? ["--vectors", "v.npy"] : ["--vectors", "v.npy", "--queries", "q.npy"]
        #expect(throws: (any Error).self) { try QuiverCommand.parseAsRoot(["bench", "ann"] + files + more) }
    }

    @Test(arguments: [
        (["--quantization", "{\"scalar\":"], "--quantization"), (["--quantization", "{\"vague\": {}}"], "quantization_config"),
        (["--datatype", "float8"], "float8"), (["--m=-1"], "cannot be made"), (["--params", "[]"], "--params"),
    ])
    func refusedOptions(more: [String], word: String) throws {
        let files = try AnnFiles(rows: 10, queries: 1)
        let failure = #expect(throws: CommandFailure.self) { try files.plan(more) }
        #expect(failure?.message.contains(word) == true, "\(failure?.message ?? "")")
    }

    @Test func filesThatDoNotFit() throws {
        let files = try AnnFiles(rows: 10, queries: 2)
        let narrow = try AnnFiles.array([1, 2, 3, 4], columns: 2)
        func message(_ more: [String]) -> String {
            let failure = #expect(throws: CommandFailure.self) { try files.plan(more) }
            return failure?.message ?? ""
        }
        #expect(message(["--queries", narrow.path]).contains("12 components, the queries 2"))
        let short = try TemporaryFile("{}\n{}\n")
        #expect(message(["--payloads", short.path]).contains("10 rows"))
        #expect(message(["--queries", "/nowhere.npy"]).contains("/nowhere.npy"))
        let nan = try AnnFiles.array([Float](repeating: .nan, count: 12))
        #expect(message(["--queries", nan.path]).contains("NaN"))
        let bad = try TemporaryFile(#"{"a": {"must": 7}}"#)
        #expect(message(["--payloads", files.payloads.path, "--filters", bad.path]).contains("filter \"a\""))
        let list = try TemporaryFile("[1]")
        #expect(message(["--payloads", files.payloads.path, "--filters", list.path]).contains("not an object"))

        let plan = try files.plan()
        for (values, columns) in [([Int32](repeating: 0, count: 10), 10), ([Int32](repeating: 10, count: 20), 10)] {
            let truth = try AnnFiles.numbers(values, columns: columns)
            let failure = #expect(throws: CommandFailure.self) { try NearestTruth.read(truth.path, plan: plan) }
            #expect(failure?.code == .dataError)
        }
        let floats = #expect(throws: CommandFailure.self) { try NearestTruth.read(files.vectors.path, plan: plan) }
        #expect(floats?.message.contains("not row numbers") == true)
    }

    @Test func tablesAreAligned() {
        #expect(TextColumns.aligned([["a", "bb"], ["ccc", "d"]]) == ["a    bb", "ccc   d"])
        #expect(Rounding.text(2, 2) == "2.00" && Rounding.text(1.005, 1) == "1.0" && Rounding.text(2.6, 0) == "3")
    }
}

/// One JSON line, taken apart.
private struct Line {
    private let members: [String: JSONValue]

    init(_ text: String) throws {
        let document = try JSONDocument(parsing: Array(text.utf8))
        members = document.withRoot { root in
            Dictionary(uniqueKeysWithValues: root.members.map { ($0.key, JSONValue($0)) })
        }
    }

    var what: String { text("what") ?? "" }

    func text(_ name: String) -> String? {
        if case .string(let text)? = members[name] { return text }
        return nil
    }

    func number(_ name: String) -> Double? {
        guard let value = members[name] else { return nil }
        var writer = JSONWriter()
        writer.value(value)
        return Double(String(decoding: writer.bytes, as: UTF8.self))
    }

    func isNull(_ name: String) -> Bool {
        if case .null? = members[name] { return true }
        return false
    }
}
