import Quiver
import QuiverTestKit

/// Answers trees of queries from plain values in double precision.
///
/// Where the answer hangs on the last bits of two numbers nothing can be said of it: then it is vague.
final class QueryOracle {
    struct Point {
        var id: UInt64
        /// As stored: normalised for Cosine.
        var rows: [String: [[Float]]]
        var sparse: [UInt32: Float]?
        var n: Int64?
        var kind: String
    }

    struct Hit {
        var id: UInt64
        var score: Double
        var order: Int64?
    }

    /// Of each vector but the sparse one.
    let distances: [String: Distance]
    static let sparseName = "s"
    var points: [Point]
    private(set) var isVague = false
    private var excluded: Set<UInt64> = []

    init(distances: [String: Distance], points: [Point]) {
        self.distances = distances
        self.points = points
    }

    func answer(_ request: QueryRequest) -> [Hit] {
        isVague = false
        let root = Prefetch(
            prefetch: request.prefetch, query: request.query, using: request.using, filter: request.filter,
            scoreThreshold: request.scoreThreshold, limit: request.limit)
        excluded = operands(root)
        let ranking = answer(root, filter: [], limit: request.limit + request.offset, isRoot: true)
        if request.offset > 0, request.offset < ranking.count, ranking[0].order == nil {
            doubt(ranking[request.offset - 1].score, ranking[request.offset].score)
        }
        return Array(ranking.dropFirst(request.offset).prefix(request.limit))
    }

    private func operands(_ stage: Prefetch) -> Set<UInt64> {
        let inputs: [VectorInput] = switch stage.query {
        case .nearest(let input)?, .diverse(let input, _)?: [input]
        case .recommend(let input)?: input.positive + input.negative
        case .discover(let input)?: [input.target] + input.context.flatMap { [$0.positive, $0.negative] }
        case .context(let pairs)?: pairs.flatMap { [$0.positive, $0.negative] }
        case .relevanceFeedback(let input)?: [input.target] + input.feedback.map(\.example)
        default: []
        }
        let own = inputs.compactMap { if case .id(.number(let id)) = $0 { id } else { nil } }
        return stage.prefetch.reduce(into: Set(own)) { $0.formUnion(operands($1)) }
    }

    private func answer(_ stage: Prefetch, filter: [Filter], limit: Int, isRoot: Bool) -> [Hit] {
        let filters = filter + [stage.filter].compactMap { $0 }
        var candidates = points.filter { point in !excluded.contains(point.id) && filters.allSatisfy { matches($0, point) } }
        var sources: [[Hit]] = []
        if !stage.prefetch.isEmpty {
            sources = stage.prefetch.map { answer($0, filter: filters, limit: $0.limit, isRoot: false) }
            let union = Set(sources.joined().map(\.id))
            candidates.removeAll { !union.contains($0.id) }
        }
        switch stage.query {
        case nil: return candidates.map { Hit(id: $0.id, score: 1) }.sorted { $0.id < $1.id }.prefix(limit).map { $0 }
        case .orderBy(let order)?:
            let sorted = candidates.compactMap { point in point.n.map { Hit(id: point.id, score: 1, order: $0) } }
                .sorted { ($0.order ?? 0, $0.id) < ($1.order ?? 0, $1.id) }
            return Array((order.direction == .ascending ? sorted : sorted.reversed()).prefix(limit))
        case .fusion(let fusion)?:
            return passing(cut(fused(sources, fusion), limit), stage.scoreThreshold) { $0 >= $1 }
        case .formula?:
            let hits = candidates.map { point in
                let score = sources[0].last { $0.id == point.id }?.score ?? 0
                return Hit(id: point.id, score: 2 * score + Double(point.n ?? 7) / 10)
            }.sorted { $0.score > $1.score }
            return passing(cut(hits, limit), stage.scoreThreshold) { $0 >= $1 }
        case .diverse(let input, let mmr)?:
            let wanted = mmr.candidatesLimit ?? stage.limit
            if !sources.isEmpty, !isRoot {
                var seen: Set<UInt64> = []
                return diverse(sources.joined().filter { seen.insert($0.id).inserted }, input, mmr, stage)
            }
            let found = nearest([input], stage, candidates, limit: wanted)
            return isRoot ? diverse(found, input, mmr, stage) : found
        case .sample?: return []
        default: return nearest([], stage, candidates, limit: limit)
        }
    }

    // MARK: Vectors

    private func nearest(_ inputs: [VectorInput], _ stage: Prefetch, _ candidates: [Point], limit: Int) -> [Hit] {
        let distance = distances[stage.using] ?? .dot
        var isShown = true
        let hits = candidates.compactMap { point -> Hit? in
            guard has(point, stage.using) else { return nil }
            func s(_ input: VectorInput) -> Double { similarity(input, point, stage.using) }
            func f(_ x: Double) -> Double { x / (1 + abs(x)) }
            func sigmoid(_ x: Double) -> Double { 0.5 * (f(x) + 1) }
            let score: Double
            switch stage.query {
            case .nearest(let input)?, .diverse(let input, _)?:
                if stage.using == Self.sparseName, !shares(input, point) { return nil }
                score = s(input)
            case .recommend(let input)? where input.strategy == .averageVector:
                let average = average(input, stage.using)
                if stage.using == Self.sparseName, !shares(average, point) { return nil }
                score = s(average)
            case .recommend(let input)?:
                isShown = false
                let (good, bad) = (input.positive.map(s), input.negative.map(s))
                if input.strategy == .sumScores {
                    score = good.reduce(0, +) - bad.reduce(0, +)
                } else {
                    let (best, worst) = (good.max() ?? -.infinity, bad.max() ?? -.infinity)
                    doubt(best, worst)
                    score = best > worst ? sigmoid(best) : -sigmoid(worst)
                }
            case .discover(let input)?:
                isShown = false
                score = input.context.reduce(sigmoid(s(input.target))) { sum, pair in
                    let (good, bad) = (s(pair.positive), s(pair.negative))
                    doubt(good, bad)
                    return sum + (good > bad ? 1 : good < bad ? -1 : 0)
                }
            case .context(let pairs)?:
                isShown = false
                score = pairs.reduce(0) { $0 + f(min(s($1.positive) - s($1.negative) - Double(Float.ulpOfOne), 0)) }
            case .relevanceFeedback(let input)?:
                isShown = false
                var sum = Double(input.strategy.a) * s(input.target)
                for better in input.feedback {
                    for worse in input.feedback where better.score > worse.score {
                        sum += power(better.score - worse.score, input.strategy.b) * Double(input.strategy.c)
                            * (s(better.example) - s(worse.example))
                    }
                }
                score = sum
            default: return nil
            }
            return Hit(id: point.id, score: score)
        }.sorted { $0.score > $1.score }
        let top = cut(hits, limit).map { hit in
            Hit(id: hit.id, score: isShown ? PlainMath.shown(hit.score, distance) : hit.score)
        }
        return passing(top, stage.scoreThreshold) { distance.largerIsBetter ? $0 > $1 : $0 < $1 }
    }

    private func power(_ x: Float, _ exponent: Float) -> Double {
        // Exponents of the tests are 1 or 2.
        exponent == 2 ? Double(x) * Double(x) : Double(x)
    }

    private func has(_ point: Point, _ name: String) -> Bool {
        name == Self.sparseName ? point.sparse != nil : point.rows[name] != nil
    }

    private func rows(_ input: VectorInput, _ name: String) -> [[Float]] {
        distances[name] == .cosine ? given(input, name).map(PlainMath.normalised) : given(input, name)
    }

    /// As it is stored or was sent: an average is made before it is normalised.
    private func given(_ input: VectorInput, _ name: String) -> [[Float]] {
        switch input {
        case .id(.number(let id)): points.first { $0.id == id }?.rows[name] ?? []
        case .dense(let row): [row]
        case .multi(let rows): rows
        default: []
        }
    }

    private func entries(_ input: VectorInput) -> [UInt32: Float] {
        switch input {
        case .id(.number(let id)): points.first { $0.id == id }?.sparse ?? [:]
        case .sparse(let vector): Dictionary(uniqueKeysWithValues: zip(vector.indices, vector.values))
        default: [:]
        }
    }

    private func shares(_ input: VectorInput, _ point: Point) -> Bool {
        entries(input).keys.contains { point.sparse?[$0] != nil }
    }

    private func similarity(_ input: VectorInput, _ point: Point, _ name: String) -> Double {
        if name == Self.sparseName {
            return entries(input).reduce(0) { $0 + Double($1.value) * Double(point.sparse?[$1.key] ?? 0) }
        }
        let distance = distances[name] ?? .dot
        return rows(input, name).reduce(0) { sum, row in
            sum + ((point.rows[name] ?? []).map { PlainMath.similarity(row, $0, distance) }.max() ?? 0)
        }
    }

    private func average(_ input: RecommendInput, _ name: String) -> VectorInput {
        if name == Self.sparseName {
            func mean(_ inputs: [VectorInput]) -> [UInt32: Double] {
                inputs.map(entries).reduce(into: [:]) { sum, entries in
                    for (index, value) in entries { sum[index, default: 0] += Double(value) / Double(inputs.count) }
                }
            }
            var sum = mean(input.positive)
            if !input.negative.isEmpty {
                sum = sum.mapValues { 2 * $0 }.merging(mean(input.negative).mapValues { -$0 }, uniquingKeysWith: +)
            }
            return .sparse(SparseVector(indices: Array(sum.keys), values: sum.values.map { Float($0) }))
        }
        let (positive, negative) = (input.positive.map { given($0, name) }, input.negative.map { given($0, name) })
        if name == "m" { return .multi(positive.flatMap { $0 } + negative.flatMap { $0 }.map { $0.map { -$0 } }) }
        let mean = PlainMath.mean(positive.flatMap { $0 })
        if negative.isEmpty { return .dense(mean.map { Float($0) }) }
        return .dense(zip(mean, PlainMath.mean(negative.flatMap { $0 })).map { Float(2 * $0 - $1) })
    }

    private func diverse(_ candidates: [Hit], _ input: VectorInput, _ mmr: MMRParams, _ stage: Prefetch) -> [Hit] {
        let lambda = 1 - Double(mmr.diversity ?? 0.5)
        var left = candidates.compactMap { hit in points.first { $0.id == hit.id && has($0, stage.using) } }
        if left.count < 2 { return candidates.filter { hit in left.contains { $0.id == hit.id } } }
        var picked: [Point] = []
        while picked.count < stage.limit, !left.isEmpty {
            let scores = left.map { point in
                let relevance = similarity(input, point, stage.using)
                if picked.isEmpty { return relevance }
                let near = picked.map { similarity(.id(.number(point.id)), $0, stage.using) }.max() ?? 0
                return lambda * relevance - (1 - lambda) * near
            }
            let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
            for place in scores.indices where place != best { doubt(scores[place], scores[best]) }
            picked.append(left.remove(at: best))
        }
        return picked.compactMap { point in candidates.first { $0.id == point.id } }
    }

    // MARK: Rankings

    private func fused(_ sources: [[Hit]], _ fusion: Fusion) -> [Hit] {
        var scores: [UInt64: Double] = [:]
        for (place, source) in sources.enumerated() {
            switch fusion {
            case .rrf(let k, let weights):
                for (one, next) in zip(source, source.dropFirst()) where one.order == nil && one.score != 1 {
                    doubt(one.score, next.score)
                }
                let weight = Double(weights?[place] ?? 1)
                for (rank, hit) in source.enumerated() {
                    scores[hit.id, default: 0] += weight > 0 ? 1 / (Double(rank + 1) / weight + Double(k ?? 2) - 1) : 0
                }
            case .dbsf:
                let mean = source.map(\.score).reduce(0, +) / Double(source.count)
                let variance = source.reduce(0) { $0 + ($1.score - mean) * ($1.score - mean) } / Double(source.count - 1)
                let spread = 3 * variance.squareRoot()
                for hit in source {
                    let isFlat = source.count < 2 || spread < 1e-7
                    scores[hit.id, default: 0] += isFlat ? 0.5 : (hit.score - mean + spread) / (2 * spread)
                }
            }
        }
        return scores.map { Hit(id: $0.key, score: $0.value) }.sorted { $0.score > $1.score }
    }

    private func cut(_ hits: [Hit], _ limit: Int) -> [Hit] {
        if limit > 0, limit < hits.count { doubt(hits[limit - 1].score, hits[limit].score) }
        return Array(hits.prefix(limit))
    }

    private func passing(_ hits: [Hit], _ threshold: Float?, _ passes: (Double, Double) -> Bool) -> [Hit] {
        guard let threshold else { return hits }
        for hit in hits { doubt(hit.score, Double(threshold)) }
        return Array(hits.prefix { passes($0.score, Double(threshold)) })
    }

    private func doubt(_ one: Double, _ other: Double) {
        if abs(one - other) < 1e-5 * max(1, abs(one)) { isVague = true }
    }

    // MARK: Filters

    /// The conditions that the tests use.
    private func matches(_ filter: Filter, _ point: Point) -> Bool {
        filter.must.allSatisfy { matches($0, point) } && !filter.mustNot.contains { matches($0, point) }
    }

    private func matches(_ condition: Condition, _ point: Point) -> Bool {
        guard case .field(let field) = condition, let predicate = field.predicates.first else { return false }
        switch predicate {
        case .match(.string(let kind)): return point.kind == kind
        case .range(let range): return point.n.map { range.contains(Double($0)) } ?? false
        default: return false
        }
    }
}
