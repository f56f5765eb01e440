import ArgumentParser
import Quiver
import QuiverJSON
import QuiverModel
import QuiverWire

struct BenchANNCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ann",
        abstract: "Build a collection from files, and tell recall, speed and size of its search.",
        discussion: """
            Runs the engine in this process, without HTTP and JSON. The collection is built as a server would build
            it, closed, opened again, and asked every query for every filter and ef; rounds go over all of them in
            turn. Recall is against exact answers, read from --truth or computed here from the vectors of the file.

            Filters are an object of names and Qdrant filters: {"10%": {"must": [{"key": "section", "match":
            {"value": "libs"}}]}}. Make --index for the fields they ask for. With --storage the directory is kept,
            and asked again by the next run instead of being built anew.

            Ctrl-C ends it: what was measured is told, a temporary storage is removed. Exit codes: 64 usage, 65 a
            file does not fit, 66 a file is missing, 73 and 74 the storage cannot be used, 130 interrupted.

            Examples:
              quiver bench ann --vectors products.npy --queries queries.npy --ef 16,32,64,128
              quiver bench ann --vectors products.npy --queries queries.npy --truth truth.npy \\
                  --payloads products.jsonl --filters filters.json --index section:keyword \\
                  --quantization '{"scalar": {"type": "int8", "always_ram": true}}' --threads 2 --json
            """)

    @Option(
        help: ArgumentHelp("The vectors to index: a NumPy array of rows × components.", valueName: "file.npy"),
        completion: .file(extensions: ["npy"]))
    var vectors: String

    @Option(
        help: ArgumentHelp("The vectors to ask for.", valueName: "file.npy"), completion: .file(extensions: ["npy"]))
    var queries: String

    @Option(
        help: ArgumentHelp(
            "The rows nearest to each query without filter, best first; computed unless given.", valueName: "file.npy"),
        completion: .file(extensions: ["npy"]))
    var truth: String?

    @Option(
        help: ArgumentHelp("The payloads: one JSON object a line.", valueName: "file.jsonl"),
        completion: .file(extensions: ["jsonl"]))
    var payloads: String?

    @Option(
        help: ArgumentHelp("Filters by name: one JSON object.", valueName: "file.json"),
        completion: .file(extensions: ["json"]))
    var filters: String?

    @Option(
        name: .customLong("index"),
        help: ArgumentHelp("A field index to make first, e.g. price:float; repeatable.", valueName: "field:type"))
    var indexes: [FieldIndexArgument] = []

    @Option(help: "How the collection compares; Cosine unless given.")
    var distance: DistanceArgument?

    @Option(help: "Links of a point in the graph.")
    var m = 16

    @Option(help: "Candidates of an insertion into the graph.")
    var efConstruct = 100

    @Option(help: ArgumentHelp("As quantization_config of a collection.", valueName: "json"))
    var quantization: String?

    @Option(help: "How components are stored: float32, float16 or uint8.")
    var datatype = "float32"

    @Flag(help: "Keep vectors on disk rather than in memory.")
    var onDisk = false

    @Option(help: ArgumentHelp("Kilobytes of vectors below which a segment has no graph.", valueName: "kilobytes"))
    var indexingThreshold: Int?

    @Option(
        help: ArgumentHelp("Kilobytes of matching vectors below which they are scanned.", valueName: "kilobytes"))
    var fullScanThreshold: Int?

    @Option(help: "Segments to aim at.")
    var segments = 1

    @Option(help: ArgumentHelp("As params of a query, for quantization, exact and the like.", valueName: "json"))
    var params: String?

    @Option(help: "Points that a query asks for.")
    var k = 10

    @Option(help: ArgumentHelp("Values of hnsw_ef, divided by commas.", valueName: "n,n,…"))
    var ef: CountList = CountList(counts: [16, 32, 64, 128, 256])

    @Option(help: "Threads that ask, each one query at a time.")
    var threads = 1

    @Option(help: "Threads that build; one per core unless given.")
    var buildThreads: Int?

    @Option(help: "How often all queries are asked and counted.")
    var rounds = 3

    @Option(help: "How often they are asked before that.")
    var warmUp = 1

    @Option(help: "Points of an upsert.")
    var batch = 1024

    @Option(help: "Queries of the file that are used, at most.")
    var limitQueries = Int.max

    @Option(
        help: ArgumentHelp("A storage directory that is kept; a temporary one unless given.", valueName: "dir"),
        completion: .directory)
    var storage: String?

    @Option(help: "A name for this run in the JSON lines.")
    var label: String?

    @Flag(help: "Print JSON lines in place of a table.")
    var json = false

    func validate() throws {
        guard (1...Limits.resultWindow).contains(k) else {
            throw ValidationError("--k: from 1 to \(Limits.resultWindow).")
        }
        guard (1...1024).contains(threads), (1...1024).contains(buildThreads ?? 1) else {
            throw ValidationError("--threads and --build-threads: from 1 to 1024.")
        }
        guard (1...1_000_000).contains(rounds), (0...1_000_000).contains(warmUp), limitQueries > 0 else {
            throw ValidationError("--rounds and --limit-queries: at least 1; --warm-up: not negative.")
        }
        guard (1...100_000).contains(batch) else { throw ValidationError("--batch: from 1 to 100000.") }
        guard payloads != nil || (filters == nil && indexes.isEmpty) else {
            throw ValidationError("--filters and --index need --payloads.")
        }
    }

    func run() throws {
        let plan = try plan()
        let known = try truth.map { path throws(CommandFailure) in try NearestTruth.read(path, plan: plan) }
        FileDescriptors.raiseLimit()
        Allocator.keepLargeBlocks()
        Interruption.listen()
        let directory = try ScratchDirectory(storage)
        let progress = Progress()
        let store = try NearestStore(directory.path, plan: plan)
        defer { store.close() }
        var report = NearestReport(label: label, plan: plan)
        if try !store.holdsCollection() { report.build = try store.build(progress) }
        let built = try store.collection()
        report.components = try NearestStore.asking { () throws(QuiverError) in try built.storageComponentsBlocking() }
        report.diskBytes = directory.byteCount
        store.close()
        report.memoryBefore = ProcessMemory.current
        report.opening = try store.reopen()
        let collection = try store.collection()
        report.matches = try plan.filters.map { named in
            guard let filter = named.filter else { return nil }
            return try NearestStore.asking { () throws(QuiverError) in try collection.countBlocking(filter: filter) }
        }
        let truth = try NearestTruth.compute(plan, collection: collection, known: known, progress)
        report.cells = try NearestSweep(plan, truth: truth, collection: collection).run(progress)
        report.memoryAfter = ProcessMemory.current
        print(json ? report.jsonLines.joined(separator: "\n") : report.table)
        try Interruption.check()
    }

    // MARK: Reading the plan

    func plan() throws(CommandFailure) -> NearestPlan {
        let vectors = try NumPyFile(vectors)
        let asked = try NumPyFile(queries)
        guard vectors.header.rows > 0, asked.header.rows > 0 else {
            throw CommandFailure(code: .dataError, message: "the files of vectors and of queries need rows")
        }
        guard vectors.header.columns == asked.header.columns else {
            throw CommandFailure(
                code: .dataError,
                message: "the vectors have \(vectors.header.columns) components, the queries \(asked.header.columns)")
        }
        if let payloads {
            let lines = try JSONLinesFile.countRows(payloads)
            guard lines == vectors.header.rows else {
                throw CommandFailure(
                    code: .dataError, message: "the vectors have \(vectors.header.rows) rows, \(payloads) has \(lines)")
            }
        }
        let count = min(limitQueries, asked.header.rows)
        let components = try asked.components(rows: 0..<count)
        guard components.allSatisfy(\.isFinite) else {
            throw CommandFailure(code: .dataError, message: "\(queries) holds NaN or an infinity")
        }
        var plan = NearestPlan(
            vectors: vectors, queries: components, queryCount: count,
            config: try config(dimension: vectors.header.columns), distance: distance?.distance ?? .cosine,
            payloads: payloads, indexes: indexes.map { ($0.field, $0.type) }, filters: [.init(name: "none", filter: nil)],
            params: try searchParams())
        if let filters { plan.filters += try Self.filters(in: filters) }
        plan.k = k
        plan.efs = ef.counts
        plan.rounds = rounds
        plan.warmUpRounds = warmUp
        plan.threads = threads
        plan.buildThreads = buildThreads ?? ProcessEnvironment.cores
        plan.batchRows = batch
        return plan
    }

    /// The options as the body that would make the collection, so that its rules are those of the interface.
    private func config(dimension: Int) throws(CommandFailure) -> CollectionConfig {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("vectors")
        writer.beginObject()
        writer.key("size")
        writer.value(dimension)
        writer.key("distance")
        writer.value((distance?.distance ?? .cosine).rawValue)
        writer.key("datatype")
        writer.value(datatype)
        writer.key("on_disk")
        writer.value(onDisk)
        writer.endObject()
        writer.key("hnsw_config")
        writer.beginObject()
        writer.key("m")
        writer.value(m)
        writer.key("ef_construct")
        writer.value(efConstruct)
        if let fullScanThreshold {
            writer.key("full_scan_threshold")
            writer.value(fullScanThreshold)
        }
        writer.endObject()
        writer.key("optimizers_config")
        writer.beginObject()
        writer.key("default_segment_number")
        writer.value(segments)
        writer.key("max_segment_size")
        writer.value(100_000_000)
        if let indexingThreshold {
            writer.key("indexing_threshold")
            writer.value(indexingThreshold)
        }
        writer.endObject()
        if let quantization {
            writer.key("quantization_config")
            try Self.parse(quantization, "--quantization") { writer.value(minified: $0) }
        }
        writer.endObject()
        let body = writer.bytes
        do throws(WireError) {
            return try Self.decode(body) { (bytes) throws(WireError) in try RequestDecoder.createCollection(bytes) }
        } catch {
            throw CommandFailure(code: .usage, message: "the collection cannot be made so: \(error.message)")
        }
    }

    private func searchParams() throws(CommandFailure) -> SearchParams {
        guard let params else { return SearchParams() }
        do throws(WireError) {
            return try Self.decode(Array(params.utf8)) { (bytes) throws(WireError) in
                try RequestDecoder.searchParams(bytes)
            }
        } catch {
            throw CommandFailure(code: .usage, message: "--params: \(error.message)")
        }
    }

    static func filters(in path: String) throws(CommandFailure) -> [NearestPlan.NamedFilter] {
        let file = try InputFile(path)
        let text = String(decoding: try file.read(at: 0, count: file.byteCount), as: UTF8.self)
        var filters: [NearestPlan.NamedFilter] = []
        try parse(text, path) { (root) throws(CommandFailure) in
            guard root.isObject else {
                throw CommandFailure(code: .dataError, message: "\(path) is not an object of names and filters")
            }
            for member in root.members {
                var writer = JSONWriter()
                writer.value(minified: member)
                let name = member.key
                do throws(WireError) {
                    let filter = try decode(writer.bytes) { (bytes) throws(WireError) in
                        try RequestDecoder.filter(bytes)
                    }
                    filters.append(.init(name: name, filter: filter))
                } catch {
                    throw CommandFailure(code: .dataError, message: "\(path), filter \"\(name)\": \(error.message)")
                }
            }
        }
        return filters
    }

    private static func decode<Value>(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(WireError) -> Value
    ) throws(WireError) -> Value {
        try bytes.withUnsafeBytes { raw in Result { () throws(WireError) in try body(raw) } }.get()
    }

    private static func parse(
        _ text: String, _ place: String, _ body: (JSONNode) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        try JSONParser().withParsed(
            bytes: Array(text.utf8),
            mapError: { CommandFailure(code: .dataError, message: "\(place): \($0.description)") }, body)
    }
}

/// Counts divided by commas, each at least 1.
struct CountList: ExpressibleByArgument {
    var counts: [Int]

    init(counts: [Int]) { self.counts = counts }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        counts = parts.compactMap { Int($0) }.filter { (1...Limits.resultWindow).contains($0) }
        guard !counts.isEmpty, counts.count == parts.count else { return nil }
    }

    var defaultValueDescription: String { counts.map(String.init).joined(separator: ",") }
}
