import Quiver
import QuiverTestKit

@testable import Quiver

/// A collection that everything is done to, with an image of it after each step.
struct LogRun {
    static let name = "logged"

    let directory: TemporaryDirectory
    let database: Database
    let collection: Quiver.Collection
    var random: ModelRandom
    /// By sequence number.
    var images: [UInt64: CollectionImage] = [:]
    /// Where copies by `cut` are staged.
    let restored: Database
    var stagings: [CollectionStaging] = []
    /// Storage directories as they were at a number.
    var copies: [(path: String, sequence: UInt64)] = []
    var events: [String: Int] = [:]

    static var options: Database.Options {
        var options = Database.Options()
        options.workerThreads = 1
        options.indexingThreads = 1
        options.growingBytes = 8192
        return options
    }

    static func params(_ size: Int, _ distance: Distance, _ datatype: VectorDatatype) -> VectorParams {
        var params = VectorParams(size: size, distance: distance)
        params.datatype = datatype
        return params
    }

    static var config: CollectionConfig {
        var multi = VectorParams(size: 4, distance: .cosine)
        multi.multivector = MultivectorConfig(comparator: .maxSim)
        var config = CollectionConfig(
            vectors: .named([
                "cosine": params(7, .cosine, .float32), "half": params(5, .cosine, .float16),
                "byte": params(6, .euclid, .uint8), "turbo": params(24, .cosine, .turbo4), "multi": multi,
            ]))
        config.sparseVectors = ["words": SparseVectorParams()]
        config.optimizers.indexingThreshold = 1
        config.optimizers.vacuumMinVectorNumber = 16
        config.hnsw.m = 8
        config.hnsw.efConstruct = 64
        return config
    }

    /// For `ModelRandom`, which knows dense vectors alone: `vectors` makes of them what each name holds.
    static let shape = ModelShape(vectors: [
        "cosine": VectorParams(size: 7, distance: .dot), "half": VectorParams(size: 5, distance: .dot),
        "byte": VectorParams(size: 6, distance: .dot), "turbo": VectorParams(size: 24, distance: .dot),
        "multi": VectorParams(size: 12, distance: .dot), "words": VectorParams(size: 9, distance: .dot),
    ])

    init(seed: UInt64) async throws {
        directory = try TemporaryDirectory()
        random = ModelRandom(random: SeededGenerator(seed: seed), shape: LogRun.shape)
        database = try Database.open(directory.path + "/original", options: LogRun.options)
        try database.keepLogs(true)
        restored = try Database.open(directory.path + "/restored", options: LogRun.options)
        try await database.createCollection(LogRun.name, LogRun.config)
        collection = try database.collection(LogRun.name)
        try takeImage()
    }

    private mutating func note(_ event: String) { events[event, default: 0] += 1 }

    mutating func takeImage() throws {
        let image = try CollectionImage(collection)
        images[image.sequence] = image
    }

    // MARK: Steps

    mutating func step() async throws {
        switch random.random.below(100) {
        case 0..<60: try await update()
        case 60..<70: try await updateTogether()
        case 70..<80: try await changeIndex()
        case 80..<84: try await changeConfiguration()
        case 84..<89: try await changeVectorNames()
        case 89..<93:
            try await collection.freeze()
            note("freeze")
        case 93..<95:
            try await collection.seal()
            note("seal")
        case 95..<98:
            try stage()
            note("cut")
        default:
            let path = directory.path + "/copy\(copies.count)"
            try await collection.copyStorage(from: directory.path + "/original", to: path)
            copies.append((path, collection.lastSequence))
            note("copy")
        }
        try takeImage()
    }

    /// While sealing and merging go on.
    private mutating func stage() throws {
        let cut = try database.cut(of: [LogRun.name]).collections[0]
        let staging = try restored.stage(cut.manifest)
        try cut.forEachRecordPart { try staging.addRecordPart($0) }
        cut.releaseRecords()
        for segment in cut.segments {
            try staging.beginSegment(segment)
            try cut.forEachSegmentPart(segment) { try staging.addSegmentPart($0) }
            try staging.endSegment()
        }
        stagings.append(staging)
    }

    private func known() throws -> [PointID] {
        try collection.scrollBlocking(ScrollRequest(limit: 10_000)).records.map(\.id)
    }

    private mutating func operations(_ known: [PointID]) throws -> [UpdateOperation] {
        try random.request(known).map { try operation($0) }
    }

    private mutating func update() async throws {
        do {
            try await collection.update(try operations(try known()))
            note("update")
        } catch let error as QuiverError where error.kind == .notFound {
            note("refused")
        }
    }

    private mutating func updateTogether() async throws {
        let known = try known()
        var pending: [PendingUpdate] = []
        for _ in 0..<2 + random.random.below(6) { pending.append(try collection.submitBlocking(try operations(known))) }
        for update in pending { _ = try? await collection.result(of: update, wait: true, timeout: nil) }
        note("together")
    }

    private mutating func changeIndex() async throws {
        let field = random.random.pick(ModelRandom.fields)
        let path = try PayloadPath(parsing: field.key)
        if random.random.chance(40) {
            // Also one that is not there.
            try await collection.dropIndex(path)
            note("index dropped")
        } else {
            // Also the very same.
            let type = random.random.chance(20) ? random.random.pick(PayloadIndexType.allCases) : field.type
            try await collection.createIndex(path, PayloadIndexParams(type: type))
            note("index made")
        }
    }

    private mutating func changeConfiguration() async throws {
        var patch = CollectionPatch()
        var optimizers = OptimizersConfigPatch()
        optimizers.maxSegmentSize = random.random.pick([1, 3, 1000])
        patch.optimizers = optimizers
        patch.metadata = #"{"step":\#(random.random.below(1000))}"#
        var strictMode = StrictModeConfig()
        strictMode.maxQueryLimit = 1000 + random.random.below(1000)
        patch.strictMode = strictMode
        try await database.updateCollection(LogRun.name, patch)
        note("configuration")
    }

    private mutating func changeVectorNames() async throws {
        let name = random.random.pick(["cosine", "half", "byte", "multi", "words", "extra"])
        let names = collection.core.view.load().vectors.map(\.field.name)
        if names.contains(name) {
            try await collection.dropVectorName(name)
            random.shape.vectors[name] = nil
            note("vector name dropped")
            return
        }
        let config: VectorNameConfig
        switch name {
        case "words": config = .sparse(SparseVectorParams())
        case "multi":
            var params = VectorParams(size: 4, distance: .euclid)
            params.multivector = MultivectorConfig(comparator: .maxSim)
            config = .dense(params)
        default:
            config = .dense(
                LogRun.params(LogRun.shape.vectors[name]?.size ?? 3, random.random.pick(Distance.allCases),
                    random.random.pick([.float32, .float16, .uint8])))
        }
        try await collection.createVectorName(name, config)
        random.shape.vectors[name] = LogRun.shape.vectors[name] ?? VectorParams(size: 3, distance: .dot)
        note("vector name made")
    }

    // MARK: Operations

    private func vectors(_ named: [String: [Float]]) -> PointVectors {
        .named(
            named.mapValues { $0 }.reduce(into: [:]) { result, entry in
                switch entry.key {
                case "multi":
                    let rows = 1 + Int(entry.value[0].bitPattern % 3)
                    result["multi"] = .multi((0..<rows).map { Array(entry.value[$0 * 4..<$0 * 4 + 4]) })
                case "words":
                    let places = entry.value.indices.filter { entry.value[$0] > 0 }.reversed()
                    result["words"] = .sparse(
                        SparseVector(indices: places.map { UInt32($0 * 1000) }, values: places.map { entry.value[$0] }))
                case "byte": result["byte"] = .dense(entry.value.map { 120 + 100 * $0 })
                default: result[entry.key] = .dense(entry.value)
                }
            })
    }

    private func operation(_ model: ModelOperation) throws -> UpdateOperation {
        switch model {
        case .upsert(let points, let mode, let filter):
            var batch = PointBatch(
                try points.map { Point(id: $0.id, vectors: vectors($0.vectors), payload: try Payload(json: $0.payload.text)) })
            batch.mode = mode
            batch.updateFilter = filter
            return .upsert(batch)
        case .updateVectors(let entries, let filter):
            var batch = PointBatch(entries.map { Point(id: $0.id, vectors: vectors($0.vectors)) })
            batch.updateFilter = filter
            return .updateVectors(batch)
        default: return try model.operation(isUnnamed: false)
        }
    }
}

/// All records of a collection's log.
func logRecords(_ collection: Quiver.Collection) throws -> [[UInt8]] {
    let cut = try collection.database.cut(of: [collection.name])
    var records: [[UInt8]] = []
    try cut.collections[0].forEachLogRecord(after: 0) { sequence, time, bytes in
        let moment = try LogRecord.moment(bytes)
        guard moment == LogMoment(sequence: sequence, time: time) else { throw ByteReader.Malformed() }
        records.append(Array(bytes))
    }
    return records
}
