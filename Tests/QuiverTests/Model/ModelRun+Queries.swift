import Quiver
import QuiverTestKit
@testable import Quiver

extension ModelRun {
    /// What a query has to answer: every candidate with its score, best first.
    private struct Ranking {
        var points: [(id: PointID, score: Double)]
        /// Scores that hang on the last bits of a comparison: nothing can be said of the order.
        var isVague = false
    }

    mutating func query() async throws {
        let filter = random.random.chance(55) ? random.filter() : nil
        if let filter { try await checkCount(filter) }
        switch random.random.below(10) {
        case 0: try await checkScroll(filter)
        case 1: try await checkOrder(filter)
        case 2: try await checkGroups(filter)
        case 3: try await checkRecommend(filter)
        case 4, 5: try await checkRecommend(nil)
        default: try await checkNearest(filter)
        }
    }

    private func checkCount(_ filter: Filter) async throws {
        let count = try await collection.count(filter: filter)
        let expected = model.matching(filter).count
        try require(count == expected, "\(count) points match \(filter), \(expected) expected; indexes \(indexed)")
    }

    private mutating func checkScroll(_ filter: Filter?) async throws {
        let offset = random.random.chance(50) ? random.id() : nil
        let limit = 1 + random.random.below(30)
        let page = try await collection.scroll(ScrollRequest(filter: filter, limit: limit, offset: offset, withVectors: .all))
        let expected = model.matching(filter).filter { point in offset.map { point.id >= $0 } ?? true }
        try require(
            page.records.map(\.id) == expected.prefix(limit).map(\.id) && page.nextOffset == expected.dropFirst(limit).first?.id,
            "page of \(limit) from \(offset.map(\.description) ?? "start"): \(page.records.map(\.id)), next "
                + "\(String(describing: page.nextOffset)); \(expected.map(\.id)) expected")
        for record in page.records { try check(record) }
        note("scroll")
    }

    private mutating func checkOrder(_ filter: Filter?) async throws {
        guard indexed["n"] == .integer else { return }
        let direction = random.random.chance(50) ? OrderBy.Direction.ascending : .descending
        let order = OrderBy(key: try PayloadPath(parsing: "n"), direction: direction)
        let limit = 1 + random.random.below(40)
        let page = try await collection.scroll(ScrollRequest(filter: filter, limit: limit, orderBy: order))
        let ranked = model.matching(filter).compactMap { point in
            if case .integer(let n)? = point.payload["n"] { (n: n, id: point.id) } else { nil }
        }.sorted { direction == .ascending ? ($0.n, $0.id) < ($1.n, $1.id) : ($0.n, $0.id) > ($1.n, $1.id) }
        try require(
            page.records.map(\.id) == ranked.prefix(limit).map(\.id)
                && page.records.map(\.orderValue) == ranked.prefix(limit).map { .integer($0.n) },
            "ordered \(direction): \(page.records.map(\.id)), \(ranked.prefix(limit).map(\.id)) expected")
        note("order")
    }

    // MARK: Rankings

    private mutating func example(_ name: String) -> (input: VectorInput, vector: [Float])? {
        if random.random.chance(50) {
            let known = model.points.values.filter { $0.vectors[name] != nil }.sorted { $0.id < $1.id }
            if let point = known.isEmpty ? nil : random.random.pick(known), let vector = point.vectors[name] {
                return (.id(point.id), vector)
            }
        }
        let vector = random.random.vector(shape.vectors[name]?.size ?? 0)
        return (.dense(vector), vector)
    }

    private func candidates(_ filter: Filter?, _ name: String, without inputs: [VectorInput]) -> [(id: PointID, vector: [Float])] {
        model.matching(filter).compactMap { point in
            inputs.contains(.id(point.id)) ? nil : point.vectors[name].map { (point.id, $0) }
        }
    }

    private mutating func checkNearest(_ filter: Filter?) async throws {
        let name = random.random.pick(shape.names)
        guard let distance = shape.distances[name], let example = example(name) else { return }
        let vector = distance == .cosine ? PlainMath.normalised(example.vector) : example.vector
        let scored = candidates(filter, name, without: [example.input])
            .map { (id: $0.id, similarity: PlainMath.similarity(vector, $0.vector, distance)) }
            .sorted { $0.similarity > $1.similarity }
        let ranking = Ranking(points: scored.map { ($0.id, PlainMath.shown($0.similarity, distance)) })
        try await check(.nearest(example.input), ranking, filter, name, distance)
        note("nearest")
    }

    private mutating func checkRecommend(_ filter: Filter?) async throws {
        let name = random.random.pick(shape.names)
        guard let distance = shape.distances[name] else { return }
        let strategy = random.random.pick([RecommendStrategy.averageVector, .bestScore, .sumScores])
        let positive = (0..<random.random.below(3) + (strategy == .averageVector ? 1 : 0)).compactMap { _ in example(name) }
        let negative = (0..<random.random.below(3)).compactMap { _ in example(name) }
        if positive.isEmpty && negative.isEmpty { return }
        let inputs = positive.map(\.input) + negative.map(\.input)
        let query = Query.recommend(
            RecommendInput(positive: positive.map(\.input), negative: negative.map(\.input), strategy: strategy))
        let points = candidates(filter, name, without: inputs)
        let ranking =
            strategy == .averageVector
            ? average(positive.map(\.vector), negative.map(\.vector), points, distance)
            : combined(strategy, positive.map(\.vector), negative.map(\.vector), points, distance)
        try await check(query, ranking, filter, name, distance)
        note("\(strategy)")
    }

    private func average(
        _ positive: [[Float]], _ negative: [[Float]], _ points: [(id: PointID, vector: [Float])], _ distance: Distance
    ) -> Ranking {
        var vector = PlainMath.mean(positive)
        if !negative.isEmpty { vector = zip(vector, PlainMath.mean(negative)).map { 2 * $0 - $1 } }
        var target = vector.map { Float($0) }
        if distance == .cosine { target = PlainMath.normalised(target) }
        let scored = points.map { ($0.id, PlainMath.similarity(target, $0.vector, distance)) }.sorted { $0.1 > $1.1 }
        // Opposite examples cancel each other, and what is left is rounding.
        let isVague = distance == .cosine && vector.allSatisfy { abs($0) < 1e-3 }
        return Ranking(points: scored.map { ($0.0, PlainMath.shown($0.1, distance)) }, isVague: isVague)
    }

    private func combined(
        _ strategy: RecommendStrategy, _ positive: [[Float]], _ negative: [[Float]],
        _ points: [(id: PointID, vector: [Float])], _ distance: Distance
    ) -> Ranking {
        var ranking = Ranking(points: [])
        let positive = positive.map { distance == .cosine ? PlainMath.normalised($0) : $0 }
        let negative = negative.map { distance == .cosine ? PlainMath.normalised($0) : $0 }
        for point in points {
            let good = positive.map { PlainMath.similarity($0, point.vector, distance) }
            let bad = negative.map { PlainMath.similarity($0, point.vector, distance) }
            if strategy == .sumScores {
                ranking.points.append((point.id, good.reduce(0, +) - bad.reduce(0, +)))
            } else {
                let best = good.max() ?? -.infinity, worst = bad.max() ?? -.infinity
                if abs(best - worst) < 1e-4 { ranking.isVague = true }
                ranking.points.append((point.id, best > worst ? PlainMath.sigmoid(best) : -PlainMath.sigmoid(worst)))
            }
        }
        ranking.points.sort { $0.score > $1.score }
        return ranking
    }

    // MARK: Comparing

    private static func isNear(_ left: Double, _ right: Double) -> Bool {
        abs(left - right) <= 2e-4 * max(1, abs(left), abs(right))
    }

    private mutating func check(
        _ query: Query, _ ranking: Ranking, _ filter: Filter?, _ name: String, _ distance: Distance
    ) async throws {
        if ranking.isVague { return }
        var request = QueryRequest(query: query, using: name, filter: filter, limit: 1 + random.random.below(25))
        request.params.exact = random.random.chance(60)
        request.params.hnswEf = random.random.chance(50) ? 128 : nil
        request.offset = random.random.chance(20) ? random.random.below(10) : 0
        request.withPayload = .all
        request.withVectors = .names([name])
        let hits = try await collection.query(request)
        let expected = Array(ranking.points.dropFirst(request.offset).prefix(request.limit))
        func told() -> String {
            "\(query) on \"\(name)\", filter \(String(describing: filter)), limit \(request.limit), offset \(request.offset), "
                + "\(request.params):\n  \(hits.map { "\($0.id): \($0.score)" })\n  \(expected.map { "\($0.id): \($0.score)" }) expected"
        }
        try require(hits.count == expected.count, told())
        try require(Set(hits.map(\.id)).count == hits.count, "an id came twice: " + told())
        let scores = Dictionary(uniqueKeysWithValues: ranking.points.map { ($0.id, $0.score) })
        for hit in hits {
            guard let score = scores[hit.id] else { throw Mismatch(description: "\(hit.id) is no candidate: " + told()) }
            try require(Self.isNear(score, Double(hit.score)), "score of \(hit.id): " + told())
            try require(hit.version == model.points[hit.id]?.version, "version \(hit.version) of \(hit.id): " + told())
            // The payload and the vector that were asked for are the point's.
            if shape.names == [name] {
                try check(Record(id: hit.id, payload: hit.payload, vectors: hit.vectors))
            }
        }
        let isNearest = if case .recommend(let input) = query { input.strategy == .averageVector } else { true }
        let isBetter = { (left: Float, right: Float) in isNearest && !distance.largerIsBetter ? left <= right : left >= right }
        try require(zip(hits, hits.dropFirst()).allSatisfy { isBetter($0.score, $1.score) }, "not in order: " + told())
        if request.params.exact {
            try require(zip(hits, expected).allSatisfy { Self.isNear(Double($0.score), $1.score) }, told())
        } else {
            // Equal scores count as found, whichever point they belong to.
            guard let last = expected.last?.score else { return }
            wanted += expected.count
            found += hits.count { Self.isNear(Double($0.score), last) || isBetter($0.score, Float(last)) }
        }
        try await checkThreshold(request, ranking, isNearest && !distance.largerIsBetter)
    }

    /// A threshold between two scores cuts the ranking there.
    private mutating func checkThreshold(_ request: QueryRequest, _ ranking: Ranking, _ smallerIsBetter: Bool) async throws {
        guard request.params.exact, case .nearest? = request.query, ranking.points.count > 2, random.random.chance(30)
        else { return }
        let cut = 1 + random.random.below(ranking.points.count - 1)
        let above = ranking.points[cut - 1].score, below = ranking.points[cut].score
        guard abs(above - below) > 2e-3 * max(1, abs(above)) else { return }
        var request = request
        request.offset = 0
        request.scoreThreshold = Float((above + below) / 2)
        let hits = try await collection.query(request)
        try require(
            hits.count == min(cut, request.limit),
            "\(hits.count) hits with threshold \((above + below) / 2), \(min(cut, request.limit)) expected")
        note("threshold")
    }

    private mutating func checkGroups(_ filter: Filter?) async throws {
        let name = random.random.pick(shape.names)
        guard let distance = shape.distances[name] else { return }
        let vector = random.random.vector(shape.vectors[name]?.size ?? 0)
        let size = 1 + random.random.below(3)
        var query = QueryRequest(query: .nearest(.dense(vector)), using: name, filter: filter)
        query.params.exact = true
        let groups = try await collection.queryGroups(
            GroupsRequest(query: query, groupBy: try PayloadPath(parsing: "kind"), groupSize: size, limit: 10))
        let target = distance == .cosine ? PlainMath.normalised(vector) : vector
        var expected: [String: [Double]] = [:]
        for point in model.matching(filter) {
            guard case .string(let kind)? = point.payload["kind"], let vector = point.vectors[name] else { continue }
            expected[kind, default: []].append(PlainMath.similarity(target, vector, distance))
        }
        try require(groups.count == expected.count, "\(groups.count) groups, \(expected.count) expected")
        for group in groups {
            guard case .string(let kind) = group.id else { throw Mismatch(description: "group \(group.id)") }
            let best = (expected[kind] ?? []).sorted(by: >).prefix(size).map { PlainMath.shown($0, distance) }
            try require(
                best.count == group.hits.count && zip(best, group.hits).allSatisfy { Self.isNear($0, Double($1.score)) },
                "group \(kind): \(group.hits.map(\.score)), \(best) expected")
        }
        note("groups")
    }
}
