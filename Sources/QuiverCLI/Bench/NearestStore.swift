import Logging
import Quiver
import QuiverModel
import Synchronization

/// The collection that is measured: built by the engine as any other, in a storage directory.
final class NearestStore {
    static let collectionName = "bench"

    struct Build: Sendable {
        var points = 0
        /// Until the last row was durable, indexes of fields included.
        var ingestSeconds = 0.0
        /// From then on until no background work was left.
        var indexSeconds = 0.0
        /// Of the whole process.
        var cpuSeconds = 0.0
        var segments = 0
        var indexedVectors = 0
        var peakAnonymousBytes = 0

        var seconds: Double { ingestSeconds + indexSeconds }
    }

    struct Opening: Sendable {
        var openSeconds = 0.0
        /// From before the opening to the first answer.
        var firstAnswerSeconds = 0.0
    }

    let directory: String
    private let plan: NearestPlan
    private var database: Database?

    init(_ directory: String, plan: NearestPlan) throws {
        self.directory = directory
        self.plan = plan
        try open()
    }

    private func open() throws {
        var options = Database.Options()
        options.workerThreads = plan.threads
        options.indexingThreads = plan.buildThreads
        options.logger = Logger(label: "quiver") { LineLogHandler(label: $0, level: .error, format: .text) }
        database = try StorageOpening.open(directory, options: options)
    }

    func close() {
        database?.close()
        database = nil
    }

    func collection() throws(CommandFailure) -> Collection {
        guard let database else { throw CommandFailure(code: .software, message: "the storage is closed") }
        return try Self.asking { () throws(QuiverError) in try database.collection(Self.collectionName) }
    }

    /// Whether an earlier run left the collection here.
    /// - Throws: `CommandFailure` with 65 when it is not of this plan.
    func holdsCollection() throws(CommandFailure) -> Bool {
        guard let database, database.collectionExists(Self.collectionName) else { return false }
        let info = try info()
        guard info.pointsCount == plan.rows, info.config.vectors == plan.config.vectors,
            info.config.hnsw == plan.config.hnsw, info.config.quantization == plan.config.quantization
        else {
            throw CommandFailure(
                code: .dataError,
                message: "\(directory) holds other points, or a collection of another configuration")
        }
        return true
    }

    func info() throws(CommandFailure) -> CollectionInfo {
        let collection = try collection()
        return try Self.asking { () throws(QuiverError) in try collection.infoBlocking() }
    }

    // MARK: Building

    func build(_ progress: Progress) throws(CommandFailure) -> Build {
        guard let database else { throw CommandFailure(code: .software, message: "the storage is closed") }
        try Self.asking { () throws(QuiverError) in
            try database.createCollectionBlocking(Self.collectionName, plan.config)
        }
        let collection = try collection()
        var build = Build(points: plan.rows)
        let cpu = Clock.processCPUSeconds
        let start = Clock.now
        for (field, type) in plan.indexes {
            _ = try Self.asking { () throws(QuiverError) in
                try collection.createIndexBlocking(field, PayloadIndexParams(type: type))
            }
        }
        try ingest(collection, &build, progress)
        let ingested = Clock.now
        try waitUntilIndexed(collection, &build, progress)
        build.ingestSeconds = Double(ingested - start) / 1e9
        build.indexSeconds = Double(Clock.now - ingested) / 1e9
        build.cpuSeconds = Clock.processCPUSeconds - cpu
        let info = try info()
        build.segments = info.segmentsCount
        build.indexedVectors = info.indexedVectorsCount
        return build
    }

    /// Two writers: the batch of one is read while that of the other is written.
    private func ingest(
        _ collection: Collection, _ build: inout Build, _ progress: Progress
    ) throws(CommandFailure) {
        let source = try NearestRows(plan)
        let threads = (0..<2).map { _ in
            BenchThread {
                do throws(CommandFailure) {
                    while let batch = try source.next() {
                        try Self.upsert(batch, into: collection)
                        source.count(batch.count)
                    }
                } catch {
                    source.fail(error)
                }
            }
        }
        while true {
            let (done, failure, isOver) = source.state
            progress.show("ingesting: \(done) of \(plan.rows) points")
            build.peakAnonymousBytes = max(build.peakAnonymousBytes, ProcessMemory.current?.anonymousBytes ?? 0)
            if isOver || failure != nil { break }
            Clock.sleep(until: Clock.now + 2_000_000)
        }
        for thread in threads { thread.join() }
        progress.clear()
        if let failure = source.state.failure { throw failure }
    }

    private static func upsert(_ batch: ImportBatch, into collection: Collection) throws(CommandFailure) {
        while true {
            do throws(QuiverError) {
                _ = try collection.updateBlocking([.upsert(batch.points)])
                return
            } catch {
                guard case .overloaded = error.kind else { throw failure(error) }
                try Interruption.check()
                Clock.sleep(until: Clock.now + 20_000_000)
            }
        }
    }

    private func waitUntilIndexed(
        _ collection: Collection, _ build: inout Build, _ progress: Progress
    ) throws(CommandFailure) {
        let start = Clock.now
        while true {
            do throws(QuiverError) {
                try collection.waitUntilOptimizedBlocking(timeout: .milliseconds(100))
                break
            } catch {
                guard error.kind == .timeout else { throw Self.failure(error) }
            }
            try Interruption.check()
            build.peakAnonymousBytes = max(build.peakAnonymousBytes, ProcessMemory.current?.anonymousBytes ?? 0)
            let indexed = try info().indexedVectorsCount
            progress.show("indexing: \(indexed) of \(plan.rows) vectors, \((Clock.now - start) / 1_000_000_000) s")
        }
        progress.clear()
    }

    // MARK: Opening

    /// Closes the storage, and opens it again as a new process would, with the files in the system's cache.
    func reopen() throws -> Opening {
        close()
        var opening = Opening()
        let start = Clock.now
        try open()
        opening.openSeconds = Double(Clock.now - start) / 1e9
        let collection = try collection()
        let query = NearestQuery(dimension: plan.dimension, limit: plan.k)
        let ids = UnsafeMutablePointer<UInt64>.allocate(capacity: plan.k)
        defer { ids.deallocate() }
        let answer = plan.queries.withUnsafeBufferPointer { queries -> Result<Int, QuiverError> in
            guard let vector = queries.baseAddress else { return .success(0) }
            return Result { () throws(QuiverError) in
                try collection.nearestBlocking(query, vector, into: AnswerColumns(ids: ids, scores: nil))
            }
        }
        _ = try Self.asking { () throws(QuiverError) in try answer.get() }
        opening.firstAnswerSeconds = Double(Clock.now - start) / 1e9
        return opening
    }

    // MARK: Failures

    static func asking<Value>(_ body: () throws(QuiverError) -> Value) throws(CommandFailure) -> Value {
        do throws(QuiverError) {
            return try body()
        } catch {
            throw failure(error)
        }
    }

    static func failure(_ error: QuiverError) -> CommandFailure {
        switch error.kind {
        case .badInput, .badRequest, .validation, .notFound, .notImplemented:
            CommandFailure(code: .dataError, message: error.message)
        default: CommandFailure(code: .inputOutput, message: error.message)
        }
    }
}

/// Rows of the files as batches, for several writers.
private final class NearestRows: Sendable {
    private struct State {
        var next = 0
        var done = 0
        var lines: JSONLinesFile?
        var failure: CommandFailure?
    }

    private let plan: NearestPlan
    private let shared: Mutex<State>

    init(_ plan: NearestPlan) throws(CommandFailure) {
        self.plan = plan
        var state = State()
        if let payloads = plan.payloads { state.lines = try JSONLinesFile(payloads) }
        shared = Mutex(state)
    }

    var state: (done: Int, failure: CommandFailure?, isOver: Bool) {
        shared.withLock { ($0.done, $0.failure, $0.done == plan.rows) }
    }

    func count(_ rows: Int) { shared.withLock { $0.done += rows } }

    func fail(_ error: CommandFailure) { shared.withLock { $0.failure = $0.failure ?? error } }

    /// Nil at the end, and after a failure.
    func next() throws(CommandFailure) -> ImportBatch? {
        try Interruption.check()
        return try shared.withLock { (state) throws(CommandFailure) -> ImportBatch? in
            guard state.next < plan.rows, state.failure == nil else { return nil }
            let rows = state.next..<min(state.next + plan.batchRows, plan.rows)
            state.next = rows.upperBound
            var batch = ImportBatch(
                firstID: UInt64(rows.lowerBound), columns: plan.dimension,
                components: try plan.vectors.components(rows: rows), payloads: [])
            if let row = batch.rowWithoutNumber {
                throw CommandFailure(
                    code: .dataError, message: "row \(rows.lowerBound + row) of the vectors holds NaN or an infinity")
            }
            guard state.lines != nil else { return batch }
            for row in rows {
                guard let payload = try state.lines?.next() else {
                    throw CommandFailure(code: .dataError, message: "the payloads end before row \(row)")
                }
                batch.payloads.append(payload)
            }
            return batch
        }
    }
}
