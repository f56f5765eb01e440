import ArgumentParser
import Logging
import Quiver
import QuiverModel

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Load vectors and payloads from files.",
        discussion: """
            Vectors come from a NumPy file (float32 or float16, two dimensions, C order), payloads from a file of
            JSON lines with one object a row. The id of a row is --first-id plus its number. The collection is made
            when it is missing. The rows go to a running server (--url), or straight into a storage directory that
            no server has open (--storage). An import that was broken off goes on with --resume.

            Exit codes: 64 usage, 65 a file or a row is wrong, 66 a file is missing, 69 the server does not answer,
            73 and 74 the storage cannot be used, 77 the key is missing or wrong.

            Examples:
              quiver import --url http://localhost:6333 --collection products \\
                  --vectors products.npy --payloads products.jsonl \\
                  --index category:keyword --index price:float
              quiver import --storage ./storage --collection docs --vectors docs.npy --distance Dot --resume
            """)

    @Option(
        help: ArgumentHelp("The vectors: a NumPy array of rows × components.", valueName: "file.npy"),
        completion: .file(extensions: ["npy"]))
    var vectors: String

    @Option(
        help: ArgumentHelp("The payloads: one JSON object a line.", valueName: "file.jsonl"),
        completion: .file(extensions: ["jsonl"]))
    var payloads: String?

    @Option(help: "The collection; made when it is missing.")
    var collection: String

    @Option(help: "A running server, as http[s]://host:port.")
    var url: String?

    @Option(help: ArgumentHelp("The key of the server; $QUIVER_API_KEY unless given.", valueName: "key"))
    var apiKey: String?

    @Option(
        help: ArgumentHelp("A storage directory that no server has open.", valueName: "dir"), completion: .directory)
    var storage: String?

    @Option(help: "How a new collection compares; Cosine unless given.")
    var distance: DistanceArgument?

    @Option(help: "The id of the first row.")
    var firstID: UInt64 = 0

    @Option(
        name: .customLong("index"),
        help: ArgumentHelp("A field index to make first, e.g. price:float; repeatable.", valueName: "field:type"))
    var indexes: [FieldIndexArgument] = []

    @Flag(help: "Go on behind the rows that are there already.")
    var resume = false

    @Flag(help: "End when the rows are durable, without waiting for the index.")
    var noWait = false

    func validate() throws {
        guard (url == nil) != (storage == nil) else {
            throw ValidationError("Give either --url or --storage.")
        }
    }

    func run() async throws {
        var options = Importer.Options()
        options.firstID = firstID
        options.resumes = resume
        options.waits = !noWait
        let file = try NumPyFile(vectors)
        let importer = Importer(
            vectors: file, payloads: payloads,
            plan: ImportPlan(
                collection: collection, columns: file.header.columns, distance: distance?.distance,
                indexes: indexes.map { ($0.field, $0.type) }),
            options: options)
        let target = try target()
        do {
            let summary = try await importer.run(into: target)
            await target.close()
            print(Self.sentence(summary, collection: collection))
        } catch {
            await target.close()
            throw error
        }
    }

    private func target() throws -> any ImportTarget {
        if let url {
            let key = apiKey ?? ProcessEnvironment.all["QUIVER_API_KEY"]
            return try RemoteTarget(url, apiKey: key.flatMap { $0.isEmpty ? nil : $0 })
        }
        var options = Database.Options()
        options.logger = Logger(label: "quiver") { LineLogHandler(label: $0, level: .error, format: .text) }
        return try StorageTarget(storage ?? "", options: options)
    }

    static func sentence(_ summary: Importer.Summary, collection: String) -> String {
        let tenths = Double(Int(summary.elapsed.inSeconds * 10)) / 10
        let present = summary.rows - summary.imported
        return "imported \(summary.imported) of \(summary.rows) rows into \(collection) in \(tenths) s"
            + (present > 0 ? " (\(present) were there)" : "")
            + "; it holds \(summary.state.points) points, \(summary.state.indexedVectors) vectors indexed"
            + (summary.state.isGreen ? "" : ", indexing goes on")
    }
}

/// `field:type`.
struct FieldIndexArgument: ExpressibleByArgument {
    var field: PayloadPath
    var type: PayloadIndexType

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let field = PayloadPath(String(argument[..<colon])),
            let type = PayloadIndexType(rawValue: argument[argument.index(after: colon)...].lowercased())
        else { return nil }
        self.field = field
        self.type = type
    }
}

/// A distance in any case.
struct DistanceArgument: ExpressibleByArgument {
    var distance: Distance

    init?(argument: String) {
        guard let distance = Distance.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() })
        else { return nil }
        self.distance = distance
    }

    static var allValueStrings: [String] { Distance.allCases.map(\.rawValue) }
}
