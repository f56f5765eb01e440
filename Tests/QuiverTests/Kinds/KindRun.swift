import Quiver
import QuiverTestKit

@testable import Quiver

/// A collection of one vector kind beside a dictionary of what its points have to hold.
final class KindRun: @unchecked Sendable {
    // @unchecked: one task uses it at a time.
    struct Mismatch: Error, CustomStringConvertible {
        var description: String
    }

    let shape: KindShape
    var random: SeededGenerator
    let directory: TemporaryDirectory
    private(set) var database: Database
    private(set) var collection: Quiver.Collection
    private(set) var quantization: QuantizationConfig?
    private(set) var points: [UInt64: [[Float]]] = [:]
    /// What searches that do not compare with everything found, of what there was.
    private(set) var found = 0
    private(set) var wanted = 0
    var events: [String: Int] = [:]

    init(_ shape: KindShape, seed: UInt64) async throws {
        self.shape = shape
        random = SeededGenerator(seed: seed)
        directory = try TemporaryDirectory()
        database = try Database.open(directory.path + "/db", options: KindRun.options)
        try await database.createCollection("kind", shape.config())
        collection = try database.collection("kind")
    }

    private static var options: Database.Options {
        var options = Database.Options()
        options.workerThreads = 2
        options.indexingThreads = 1
        options.growingBytes = 16_384
        return options
    }

    func require(_ holds: Bool, _ message: @autoclosure () -> String) throws {
        if !holds { throw Mismatch(description: message()) }
    }

    func note(_ event: String) { events[event, default: 0] += 1 }

    // MARK: Steps

    func step() async throws {
        switch random.below(20) {
        case 0..<4: try await upsert(random.chance(30) ? 60 : 1 + random.below(10))
        case 4, 5: try await update()
        case 6: try await delete()
        case 7: try await collection.freeze()
        case 8:
            try await collection.seal()
            note("seal")
            try await checkAll()
        case 9: try await reopen()
        case 10, 11: try await patchQuantization()
        case 12: try await patchGraph()
        default: try await search()
        }
    }

    private func known() -> [UInt64] { points.keys.sorted() }

    func upsert(_ count: Int) async throws {
        var fresh: [UInt64: [[Float]]] = [:]
        for _ in 0..<count { fresh[UInt64(random.below(400))] = shape.random(&random) }
        try await collection.update([
            .upsert(PointBatch(fresh.keys.sorted().map { id in
                Point(id: .number(id), vectors: .unnamed(shape.value(fresh[id] ?? [])))
            }))
        ])
        try await take(fresh)
    }

    private func update() async throws {
        var changed: [UInt64: [[Float]]] = [:]
        for id in known() where random.chance(6) { changed[id] = shape.random(&random) }
        guard !changed.isEmpty else { return }
        try await collection.update([
            .updateVectors(PointBatch(changed.keys.sorted().map { id in
                Point(id: .number(id), vectors: .unnamed(shape.value(changed[id] ?? [])))
            }))
        ])
        try await take(changed)
    }

    private func delete() async throws {
        let gone = known().filter { _ in random.chance(8) }
        if gone.isEmpty { return }
        let selector = PointSelector.ids(gone.map { .number($0) })
        if random.chance(30) {
            try await collection.update([.deleteVectors(selector, names: [""])])
        } else {
            try await collection.update([.deletePoints(selector)])
        }
        for id in gone { points[id] = nil }
    }

    /// What is read back has to be what the datatype makes of the vectors, and is what is expected from now on.
    private func take(_ fresh: [UInt64: [[Float]]]) async throws {
        let records = try await collection.retrieve(fresh.keys.map { .number($0) }, withVectors: .all)
        for record in records {
            guard case .number(let id) = record.id, let given = fresh[id], let rows = KindShape.rows(record.vectors) else {
                throw Mismatch(description: "\(record) was not written")
            }
            try require(rows.count == given.count, "\(id) has \(rows.count) rows, \(given.count) expected")
            for (row, given) in zip(rows, given) {
                let expected = shape.stored(given)
                let tolerance = shape.tolerance(expected)
                try require(
                    zip(row, expected).allSatisfy { abs($0 - $1) <= tolerance }, "\(id): \(row), \(expected) expected")
            }
            points[id] = rows
        }
        try require(records.count == fresh.count, "\(records.count) of \(fresh.count) points were written")
    }

    private func reopen() async throws {
        database.close()
        database = try Database.open(directory.path + "/db", options: KindRun.options)
        collection = try database.collection("kind")
        note("reopen")
        try await checkAll()
    }

    /// The codes are made anew in the background; searches before, meanwhile and after have to be right.
    private func patchQuantization() async throws {
        var patch = CollectionPatch()
        quantization = random.chance(20) ? nil : random.pick(KindShape.quantizations)
        patch.quantization = quantization.map { .replaced($0) } ?? .disabled
        try await database.updateCollection("kind", patch)
        note(quantization.map { "\($0)".prefix(7).description } ?? "disabled")
        for _ in 0..<2 { try await search() }
        if random.chance(50) {
            try await collection.settle()
            try await search()
        }
    }

    private func patchGraph() async throws {
        var patch = CollectionPatch()
        var hnsw = HNSWConfigPatch()
        hnsw.m = random.pick([0, 4, 8, 16])
        hnsw.efConstruct = random.pick([32, 64])
        patch.hnsw = hnsw
        try await database.updateCollection("kind", patch)
        note("graph")
        try await search()
    }

    /// Every point as it was read when it was written.
    func checkAll() async throws {
        let page = try await collection.scroll(ScrollRequest(limit: 10_000, withVectors: .all))
        var seen = 0
        for record in page.records {
            guard case .number(let id) = record.id else { continue }
            guard let rows = KindShape.rows(record.vectors) else { continue }
            seen += 1
            try require(rows == points[id], "\(id): \(rows), \(String(describing: points[id])) expected")
        }
        try require(seen == points.count, "\(seen) points have vectors, \(points.count) expected")
        let info = try await collection.info()
        if info.indexedVectorsCount > 0 { note("with a graph") }
        if let error = info.optimizerError { throw Mismatch(description: error) }
    }

    // MARK: Searching

    func search() async throws {
        if random.chance(15) { return try await recommend() }
        let given = shape.random(&random)
        let query = given.map(shape.stored)
        let limit = 1 + random.below(12)
        var request = QueryRequest(query: .nearest(shape.value(given).input), limit: limit)
        request.params.exact = random.chance(40)
        var use: QuantizationSearchParams?
        if random.chance(60) {
            use = QuantizationSearchParams(
                ignore: random.chance(25), rescore: random.chance(70) ? random.chance(70) : nil,
                oversampling: random.chance(50) ? 1 + Double(random.below(4)) / 2 : nil)
        }
        request.params.quantization = use
        let rescores = request.params.exact || use?.ignore == true || use?.rescore != false
        let hits = try await collection.query(request)
        let expected = points.map { (id: $0.key, similarity: shape.similarity(query, $0.value)) }
            .sorted { $0.similarity > $1.similarity }
        func told() -> String {
            "\(request.params), \(String(describing: quantization)):\n  \(hits.map { "\($0.id): \($0.score)" })\n  "
                + "\(expected.prefix(limit).map { "\($0.id): \(PlainMath.shown($0.similarity, shape.distance))" }) expected"
        }
        try require(hits.count == min(limit, points.count), told())
        try require(Set(hits.map(\.id)).count == hits.count, "an id came twice: " + told())
        var similarities: [Double] = []
        for hit in hits {
            guard case .number(let id) = hit.id, let rows = points[id] else { throw Mismatch(description: "\(hit.id): " + told()) }
            let exact = shape.similarity(query, rows)
            similarities.append(exact)
            if !rescores { continue }
            let score = Double(hit.score)
            let similarity =
                switch shape.distance {
                case .cosine, .dot: score
                case .euclid: -score * score
                case .manhattan: -score
                }
            try require(
                abs(similarity - exact) <= shape.tolerance(query, rows),
                "score of \(id) is \(score), \(PlainMath.shown(exact, shape.distance)) expected: " + told())
        }
        guard let last = expected.prefix(limit).last else { return }
        let tolerance = 2 * shape.tolerance(query, points[last.id] ?? [])
        if request.params.exact {
            for (similarity, expected) in zip(similarities.sorted(by: >), expected) {
                try require(abs(similarity - expected.similarity) <= tolerance, told())
            }
        } else if rescores, use?.ignore == true || quantization == nil {
            wanted += hits.count
            found += similarities.count { $0 >= last.similarity - tolerance }
        }
        note(request.params.exact ? "exact" : rescores ? "rescored" : "on codes")
    }

    private func recommend() async throws {
        let known = known()
        if known.count < 5 { return }
        let strategy = random.pick([RecommendStrategy.averageVector, .bestScore, .sumScores])
        let positive = (0..<1 + random.below(3)).map { _ in random.pick(known) }
        let negative = (0..<random.below(3)).map { _ in random.pick(known) }
        func inputs(_ ids: [UInt64]) -> [VectorInput] { ids.map { .id(.number($0)) } }
        var request = QueryRequest(
            query: .recommend(RecommendInput(positive: inputs(positive), negative: inputs(negative), strategy: strategy)),
            limit: 5)
        request.params.exact = true
        let hits = try await collection.query(request)
        // Codes of the query are not exact enough for scores that subtract.
        if shape.datatype == .turbo4 { return }
        func examples(_ ids: [UInt64]) -> [[[Float]]] { ids.map { (points[$0] ?? []).map(shape.stored) } }
        let good = examples(positive), bad = examples(negative)
        let target = average(positive, negative)
        if shape.distance == .cosine, strategy == .averageVector, target.contains(where: { PlainMath.length($0) < 1e-2 }) {
            return
        }
        func score(_ rows: [[Float]]) -> Double {
            if strategy == .averageVector { return shape.similarity(target.map(shape.stored), rows) }
            let good = good.map { shape.similarity($0, rows) }, bad = bad.map { shape.similarity($0, rows) }
            if strategy == .sumScores { return good.reduce(0, +) - bad.reduce(0, +) }
            let best = good.max() ?? -.infinity, worst = bad.max() ?? -.infinity
            return best > worst ? PlainMath.sigmoid(best) : -PlainMath.sigmoid(worst)
        }
        let without = Set(positive + negative)
        let expected = points.filter { !without.contains($0.key) }.map { (id: $0.key, score: score($0.value)) }
            .sorted { $0.score > $1.score }
        try require(hits.count == min(5, expected.count), "\(hits.count) recommended")
        for (hit, expected) in zip(hits, expected) {
            let shown = strategy == .averageVector ? PlainMath.shown(expected.score, shape.distance) : expected.score
            try require(
                abs(Double(hit.score) - shown) <= 1e-3 * max(1, abs(shown)),
                "\(strategy) \(positive) \(negative): \(hits.map { "\($0.id): \($0.score)" }), \(expected) expected, \(shown)")
        }
        note("\(strategy)")
    }

    /// Of multivectors the rows of all positives, and those of the negatives turned round.
    private func average(_ positive: [UInt64], _ negative: [UInt64]) -> [[Float]] {
        let good = positive.map { points[$0] ?? [] }, bad = negative.map { points[$0] ?? [] }
        if shape.isMulti { return good.flatMap { $0 } + bad.flatMap { $0 }.map { $0.map { -$0 } } }
        let mean = PlainMath.mean(good.map { $0[0] })
        if bad.isEmpty { return [mean.map { Float($0) }] }
        return [zip(mean, PlainMath.mean(bad.map { $0[0] })).map { Float(2 * $0 - $1) }]
    }
}

extension VectorValue {
    var input: VectorInput {
        switch self {
        case .dense(let row): .dense(row)
        case .multi(let rows): .multi(rows)
        case .sparse(let vector): .sparse(vector)
        }
    }
}
