import ArgumentParser
import QuiverModel
import QuiverServer
import Synchronization

struct BenchLoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Send prepared requests to a server and tell how fast they are answered.",
        discussion: """
            All requests are made before the clock runs. Without --rate each connection sends its next request when
            the last was answered (closed loop). With --rate requests are due at fixed times, and latency counts from
            the time at which a request was due, so that a slow server cannot hide its pauses (open loop).

            Works with any server that speaks Qdrant's REST interface. The collection has to be there; upserts write
            the rows of --vectors under their numbers.

            Examples:
              quiver bench load query --url http://localhost:6333 --collection products \\
                  --vectors queries.npy --ef 64 --connections 16 --seconds 10
              quiver bench load upsert --url http://localhost:6333 --collection products \\
                  --vectors products.npy --payloads products.jsonl --batch 100
              quiver bench load mixed --url http://localhost:6333 --collection products --vectors products.npy \\
                  --queries queries.npy --query-share 0.9 --rate 2000 --connections 32 --json
            """)

    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case upsert, query, mixed
    }

    @Argument(help: "What to send: upsert, query, or mixed.")
    var mode: Mode

    @Option(help: "The server, as http://host:port.")
    var url = "http://localhost:6333"

    @Option(help: "The collection.")
    var collection: String

    @Option(
        help: ArgumentHelp("Vectors to write or to ask for: a NumPy array of rows × components.", valueName: "file.npy"),
        completion: .file(extensions: ["npy"]))
    var vectors: String

    @Option(
        help: ArgumentHelp("The vectors of queries in mixed mode; those of --vectors unless given.", valueName: "file.npy"),
        completion: .file(extensions: ["npy"]))
    var queries: String?

    @Option(
        help: ArgumentHelp("The payloads: one JSON object a line.", valueName: "file.jsonl"),
        completion: .file(extensions: ["jsonl"]))
    var payloads: String?

    @Option(
        help: ArgumentHelp("Filters of queries, one JSON object a line, taken in turn.", valueName: "file.jsonl"),
        completion: .file(extensions: ["jsonl"]))
    var filters: String?

    @Option(help: "Connections, each with a thread of its own.")
    var connections = 1

    @Option(help: "Requests a second over all connections; without it each waits for its answer.")
    var rate: Double?

    @Option(help: "How long to measure. Without --seconds and --requests: every prepared request once.")
    var seconds: Double?

    @Option(help: "How many requests to measure.")
    var requests: Int?

    @Option(help: "Seconds of requests that are not counted.")
    var warmUp = 0.0

    @Option(help: "Points of an upsert.")
    var batch = 100

    @Option(help: "Rows of a file that are used, at most; requests are kept in memory.")
    var rows = Int.max

    @Option(help: "Points that a query asks for.")
    var limit = 10

    @Option(help: "hnsw_ef of a query.")
    var ef: Int?

    @Flag(help: "Ask for exact answers.")
    var exact = false

    @Flag(help: "Ask for payloads.")
    var withPayload = false

    @Option(help: "Of mixed requests, how many are queries.")
    var queryShare = 0.5

    @Flag(help: "Answer upserts before they are applied (wait=false).")
    var noWait = false

    @Option(help: "Sent as the header api-key.")
    var apiKey: String?

    @Option(help: ArgumentHelp("The server's process, to tell its processor time.", valueName: "process"))
    var pid: Int?

    @Option(help: "A name for this run in the JSON line.")
    var label: String?

    @Flag(help: "Print JSON lines in place of a table.")
    var json = false

    func validate() throws {
        guard (1...4096).contains(connections) else { throw ValidationError("--connections: from 1 to 4096.") }
        guard (1...100_000).contains(batch) else { throw ValidationError("--batch: from 1 to 100000.") }
        guard rows > 0, limit > 0 else { throw ValidationError("--rows and --limit: at least 1.") }
        guard rate.map({ $0 > 0 && $0.isFinite }) ?? true else { throw ValidationError("--rate: more than 0.") }
        guard (0...1).contains(queryShare) else { throw ValidationError("--query-share: from 0 to 1.") }
        guard (seconds ?? 1) > 0, (requests ?? 1) > 0, warmUp >= 0 else {
            throw ValidationError("--seconds, --requests and --warm-up cannot be negative or zero.")
        }
    }

    func run() async throws {
        let address: ServerAddress
        do {
            address = try ServerAddress(url)
        } catch {
            throw CommandFailure(code: .usage, message: "--url: \(error.message)")
        }
        guard !address.isSecure else {
            throw CommandFailure(code: .usage, message: "--url: bench load speaks http only, not https")
        }
        let prepared = try prepare(address)
        var options = LoadRun.Options()
        options.connections = connections
        options.rate = rate
        options.seconds = seconds
        options.mostRequests = requests ?? (seconds == nil ? prepared.reduce(0) { $0 + $1.count } : nil)
        options.warmUpSeconds = warmUp
        options.queryShare = queryShare
        FileDescriptors.raiseLimit()

        let process = pid
        let before = Mutex<Double?>(nil)
        let result = LoadRun(prepared, options: options, address: address).run {
            if let process { before.withLock { $0 = ProcessUsage.cpuSeconds(of: process) } }
        }
        let after = process.flatMap { ProcessUsage.cpuSeconds(of: $0) }
        let report = LoadReport(
            result: result, options: options, label: label,
            serverCPUSeconds: before.withLock { $0 }.flatMap { begin in after.map { $0 - begin } })
        print(json ? report.jsonLines.joined(separator: "\n") : report.table)
        if result.byKind.values.allSatisfy({ $0.histogram.count == 0 }) {
            throw CommandFailure(
                code: .unavailable, message: "no request succeeded: \(result.firstError ?? "none was sent")")
        }
    }

    private func prepare(_ address: ServerAddress) throws(CommandFailure) -> [LoadRequests] {
        let path = "/collections/\(PercentCoding.encode(collection))/points"
        var prepared: [LoadRequests] = []
        if mode != .query {
            prepared.append(
                try LoadRequests.upserts(
                    vectors: try NumPyFile(vectors), payloads: payloads, batch: batch, mostRows: rows,
                    head: LoadRequests.head("PUT", "\(path)?wait=\(!noWait)", address, apiKey: apiKey)))
        }
        if mode != .upsert {
            var form = LoadRequests.QueryForm()
            form.limit = limit
            form.ef = ef
            form.exact = exact
            form.withPayload = withPayload
            if let filters { form.filters = try readFilters(filters) }
            prepared.append(
                try LoadRequests.queries(
                    vectors: try NumPyFile(queries ?? vectors), form: form, mostRows: rows,
                    head: LoadRequests.head("POST", "\(path)/query", address, apiKey: apiKey)))
        }
        guard prepared.allSatisfy({ $0.count > 0 }) else {
            throw CommandFailure(code: .dataError, message: "the file of vectors has no rows")
        }
        return prepared
    }

    private func readFilters(_ path: String) throws(CommandFailure) -> [[UInt8]] {
        var lines = try JSONLinesFile(path)
        var filters: [[UInt8]] = []
        while let filter = try lines.next() { filters.append(filter.utf8) }
        return filters
    }
}
