import CMeasure
import Quiver
import QuiverModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Whole calls of the engine on a collection of 5,000 points, in a directory that goes with the process.
enum EngineBenchmarks {
    static var groups: [BenchmarkGroup] { [BenchmarkGroup("engine", engine)] }

    private static let dimension = 64
    private static let points = 5000

    private static func engine() throws -> [Benchmark] {
        let directory = try TemporaryStorage()
        var options = Database.Options()
        options.workerThreads = 1
        options.indexingThreads = 1
        let database = try Database.open(directory.path, options: options)
        var config = CollectionConfig(size: dimension, distance: .cosine)
        config.optimizers.indexingThreshold = 100
        try database.createCollectionBlocking("bench", config)
        let collection = try database.collection("bench")
        for (field, type) in [("group", PayloadIndexType.keyword), ("price", .float), ("stock", .integer)] {
            guard let path = PayloadPath(field) else { continue }
            _ = try collection.createIndexBlocking(path, PayloadIndexParams(type: type))
        }
        var random = FixedGenerator()
        let components = random.vectors(points, dimension: dimension)
        for first in stride(from: 0, to: points, by: 500) {
            _ = try collection.updateBlocking([.upsert(batch(first..<first + 500, components, base: 0))])
        }
        try collection.waitUntilOptimizedBlocking(timeout: .seconds(120))
        let asked = random.vectors(32, dimension: dimension)
        let vectors = permanent(asked)

        let ids = permanent([UInt64](repeating: 0, count: 10))
        let target = AnswerColumns(ids: ids, scores: nil)
        func nearest(_ name: String, _ filter: Filter?) -> Benchmark {
            var query = NearestQuery(dimension: dimension, limit: 10)
            query.filter = filter
            query.params.hnswEf = 64
            let shared = query
            return Benchmark("engine/\(name)", operations: 32) {
                _ = directory
                for index in 0..<32 {
                    qms_use(UInt64(try collection.nearestBlocking(shared, vectors + index * dimension, into: target)))
                }
            }
        }
        func filter(_ key: String, _ predicate: FieldCondition.Predicate) throws -> Filter {
            guard let path = PayloadPath(key) else { throw QuiverError(.badInput, key) }
            return Filter(must: [.field(FieldCondition(key: path, predicates: [predicate]))])
        }
        let group = try filter("group", .match(.string("g3")))
        var bound = 0.0
        var written = 0
        return [
            nearest("nearest, ef 64", nil),
            nearest("nearest with a filter, ef 64", group),
            Benchmark("engine/count of a keyword, remembered") {
                qms_use(UInt64(try collection.countBlocking(filter: group)))
            },
            Benchmark("engine/count of a range, resolved anew") {
                // Never the same question: nothing is remembered.
                bound = bound >= 90 ? 1 : bound + 0.000_37
                let range = try filter("price", .range(NumberRange(gte: bound, lt: bound + 5)))
                qms_use(UInt64(try collection.countBlocking(filter: range)))
            },
            Benchmark("engine/upsert of 100 points, durable", operations: 100) {
                let first = written % 50 * 100
                written += 1
                _ = try collection.updateBlocking([.upsert(batch(first..<first + 100, components, base: 100_000))])
            },
        ]
    }

    private static func batch(_ rows: Range<Int>, _ components: [Float], base: UInt64) -> PointBatch {
        var batch = PointBatch()
        let name = batch.index(ofName: "")
        batch.components = Array(components[rows.lowerBound * dimension..<rows.upperBound * dimension])
        for (place, row) in rows.enumerated() {
            batch.vectors.append(PointBatch.VectorRef(name: name, offset: place * dimension, count: dimension))
            batch.entries.append(
                PointBatch.Entry(
                    id: .number(base + UInt64(row)), vectors: place..<place + 1,
                    payload: Payload(
                        validated: Array(
                            #"{"group":"g\#(row % 20)","price":\#(Double(row % 1000) / 10),"stock":\#(row)}"#.utf8))))
        }
        return batch
    }
}

/// A directory below `$TMPDIR` that is removed with its files.
final class TemporaryStorage {
    let path: String

    struct Failure: Error { var code: Int32 }

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/quiver-micro-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        TemporaryStorage.made.append(path)
        if TemporaryStorage.made.count == 1 { atexit { TemporaryStorage.made.forEach(TemporaryStorage.remove) } }
    }

    /// One thread makes them, and the end of the process reads them.
    nonisolated(unsafe) private static var made: [String] = []

    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { remove(path + "/" + name) }
            }
            closedir(directory)
        }
        rmdir(path)
    }
}
