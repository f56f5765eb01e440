import Quiver
import QuiverTestKit
@testable import Quiver

/// The engine and the dictionary side by side.
struct ModelRun {
    struct Mismatch: Error, CustomStringConvertible {
        var description: String
    }

    static let collectionName = "model"

    let directory: TemporaryDirectory
    private(set) var shape: ModelShape { didSet { random.shape = shape } }
    var random: ModelRandom
    var model: ModelCollection
    var database: Database
    var collection: Quiver.Collection
    private var path: String
    private var generation = 0
    private(set) var indexed: [String: PayloadIndexType] = [:]
    /// What the walks of graphs found of what there was to be found.
    var found = 0
    var wanted = 0
    /// How often something happened, to see that it does.
    var events: [String: Int] = [:]

    static var options: Database.Options {
        var options = Database.Options()
        options.workerThreads = 1
        options.indexingThreads = 1
        options.growingBytes = 2048
        return options
    }

    init(shape: ModelShape, seed: UInt64) async throws {
        directory = try TemporaryDirectory()
        self.shape = shape
        random = ModelRandom(random: SeededGenerator(seed: seed), shape: shape)
        model = ModelCollection(distances: shape.distances)
        path = directory.path + "/0"
        database = try Database.open(path, options: ModelRun.options)
        try await database.createCollection(ModelRun.collectionName, shape.config())
        collection = try database.collection(ModelRun.collectionName)
    }

    func require(_ holds: Bool, _ message: @autoclosure () -> String) throws {
        if !holds { throw Mismatch(description: message()) }
    }

    mutating func note(_ event: String) { events[event, default: 0] += 1 }

    // MARK: Steps

    mutating func step() async throws {
        switch random.random.below(100) {
        case 0..<50: try await update()
        case 50..<58: try await updateTogether()
        case 58..<84: try await query()
        case 84..<88: try await changeIndex()
        case 88: random.random.chance(50) ? try await changeConfig() : try await changeVectorNames()
        case 89..<91:
            try await collection.freeze()
            note("freeze")
        case 91..<93:
            try await collection.seal()
            note("settle")
            try await checkEverything()
        case 93..<95: try await reopen()
        case 95..<97: try await crash()
        default: try await checkEverything()
        }
        let count = try await collection.count()
        try require(count == model.points.count, "\(count) points, \(model.points.count) expected")
    }

    private mutating func update() async throws {
        let known = model.points.keys.sorted()
        let operations = random.request(known)
        let updates = try operations.map { try $0.operation(isUnnamed: shape.isUnnamed) }
        let touched: Set<PointID>
        do throws(ModelCollection.Missing) {
            touched = try model.apply(operations)
        } catch {
            note("refused")
            do throws(QuiverError) {
                try await collection.update(updates)
            } catch {
                try require(error.kind == .notFound, "a missing point gave: \(error)")
                return
            }
            throw Mismatch(description: "an update of a missing point was taken: \(operations)")
        }
        let result = try await collection.update(updates)
        model.setVersion(result.operationID, of: touched)
        note("update")
    }

    /// Requests that wait together become one transaction; each succeeds or fails alone.
    private mutating func updateTogether() async throws {
        let known = model.points.keys.sorted()
        let (fields, generation) = collection.core.preparedFields
        let preparation = UpdatePreparation(fields: fields)
        var waiting: [(answer: Answer<UInt64>, touched: Set<PointID>?)] = []
        for _ in 0..<2 + random.random.below(8) {
            let operations = random.request(known)
            let prepared = try preparation.prepare(try operations.map { try $0.operation(isUnnamed: shape.isUnnamed) })
            let answer = Answer<UInt64>()
            waiting.append((answer, try? model.apply(operations)))
            collection.core.writer.submit(
                .init(
                    operations: prepared.operations, fields: fields, vectorGeneration: generation,
                    byteCount: prepared.byteCount, completion: { answer.give($0) }))
        }
        for (answer, touched) in waiting {
            switch (await answer.value(within: nil), touched) {
            case (.success(let sequence)?, let touched?): model.setVersion(sequence, of: touched)
            case (.failure(let error)?, nil): try require(error.kind == .notFound, "a missing point gave: \(error)")
            case (let result, _): throw Mismatch(description: "one of several requests ended with \(String(describing: result))")
            }
        }
        note("together")
    }

    private mutating func changeIndex() async throws {
        let field = random.random.pick(ModelRandom.fields)
        let path = try PayloadPath(parsing: field.key)
        if indexed[field.key] != nil, random.random.chance(60) {
            try await collection.dropIndex(path)
            indexed[field.key] = nil
        } else {
            // Another type than the values have makes an index that knows none of them; `n` has to be one to order by.
            let type = field.key != "n" && random.random.chance(10) ? random.random.pick(PayloadIndexType.allCases) : field.type
            let waits = field.key == "n" || random.random.chance(50)
            try await collection.createIndex(path, PayloadIndexParams(type: type), wait: waits)
            indexed[field.key] = type
        }
        note("index")
        let schema = try await collection.info().payloadSchema
        try require(schema.mapValues(\.params.type) == indexed, "schema \(schema), \(indexed) expected")
    }

    /// What may be changed while the collection is in use; the background follows.
    private mutating func changeConfig() async throws {
        var patch = CollectionPatch()
        var optimizers = OptimizersConfigPatch()
        optimizers.indexingThreshold = random.random.pick([0, 1, 1, 2, 100])
        optimizers.maxSegmentSize = random.random.pick([1, 3, 1000])
        optimizers.defaultSegmentNumber = random.random.pick([0, 1, 3])
        patch.optimizers = optimizers
        var hnsw = HNSWConfigPatch()
        hnsw.m = random.random.pick([4, 8, 16])
        hnsw.fullScanThreshold = random.random.pick([0, 1, 10_000])
        patch.hnsw = hnsw
        try await database.updateCollection(ModelRun.collectionName, patch)
        note("config")
    }

    /// One name goes, or one comes that was not there, perhaps with another size than when it was there before.
    private mutating func changeVectorNames() async throws {
        if shape.isUnnamed { return }
        let name = random.random.pick(["text", "image", "sound", "more"])
        if shape.vectors[name] == nil {
            let params = VectorParams(size: 3 + random.random.below(8), distance: random.random.pick(Distance.allCases))
            try await collection.createVectorName(name, .dense(params))
            shape.vectors[name] = params
            model.addVector(name, params.distance)
        } else if shape.vectors.count > 1 {
            try await collection.dropVectorName(name)
            shape.vectors[name] = nil
            model.dropVector(name)
        }
        note("vector names")
    }

    // MARK: Closing and crashing

    private mutating func open(_ path: String) throws {
        self.path = path
        database = try Database.open(path, options: ModelRun.options)
        collection = try database.collection(ModelRun.collectionName)
    }

    private mutating func reopen() async throws {
        database.close()
        try open(path)
        note("reopen")
        try await checkEverything()
    }

    private mutating func crash() async throws {
        generation += 1
        let copy = directory.path + "/\(generation)"
        try await collection.copyStorage(from: path, to: copy)
        database.close()
        Files.removeTree(path)
        try open(copy)
        note("crash")
        try await checkEverything()
    }

    /// Goes on in a new directory, with a database that `fill` fills.
    mutating func moveOn(_ fill: (Database) throws -> Void) throws {
        generation += 1
        Files.removeTree(path)
        path = directory.path + "/\(generation)"
        database = try Database.open(path, options: ModelRun.options)
        try fill(database)
        collection = try database.collection(ModelRun.collectionName)
    }

    // MARK: The whole state

    mutating func checkEverything() async throws {
        let all = model.matching(nil)
        let ids = all.map(\.id)
        let absent = [PointID.number(9999), .uuid(PointUUID(high: 7, low: 7))]
        let records = try await collection.retrieve((ids + absent + ids.prefix(3)).reversed(), withVectors: .all)
        try require(records.count == ids.count, "\(records.count) records retrieved, \(ids.count) expected")
        for record in records { try check(record) }
        let info = try await collection.info()
        try require(info.pointsCount == ids.count, "info says \(info.pointsCount) points")
        if info.indexedVectorsCount > 0 { note("with a graph") }
        for name in shape.names {
            let count = try await collection.count(filter: Filter(must: [.hasVector(name)]))
            let expected = all.count { $0.vectors[name] != nil }
            try require(count == expected, "\(count) points have vector \(name), \(expected) expected")
        }

        var scrolled: [PointID] = []
        var offset: PointID?
        repeat {
            let page = try await collection.scroll(ScrollRequest(limit: 37, offset: offset, withVectors: .all))
            for record in page.records { try check(record) }
            scrolled += page.records.map(\.id)
            offset = page.nextOffset
        } while offset != nil
        try require(scrolled == ids, "scrolled \(scrolled), \(ids) expected")
    }

    func check(_ record: Record) throws {
        guard let point = model.points[record.id] else { throw Mismatch(description: "\(record.id) should not be there") }
        try require(
            record.payload?.text == point.payload.text,
            "payload of \(point.id): \(record.payload?.text ?? "none"), \(point.payload.text) expected")
        let vectors: [String: [Float]]
        switch record.vectors {
        case .unnamed(let vector)?: vectors = vector.dense.map { ["": $0] } ?? [:]
        case .named(let named)?: vectors = named.compactMapValues(\.dense)
        case .none?, nil: vectors = [:]
        }
        try require(
            vectors.keys.sorted() == point.vectors.keys.sorted(),
            "\(point.id) has the vectors \(vectors.keys.sorted()), \(point.vectors.keys.sorted()) expected")
        for (name, vector) in vectors {
            let expected = point.vectors[name] ?? []
            let isSame = zip(vector, expected).allSatisfy { abs($0 - $1) <= (shape.distances[name] == .cosine ? 1e-6 : 0) }
            try require(vector.count == expected.count && isSame, "vector \(name) of \(point.id): \(vector), \(expected) expected")
        }
    }
}
