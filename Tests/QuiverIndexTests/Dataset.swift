@testable import QuiverIndex
import QuiverTestKit

extension SeededGenerator {
    mutating func float(in range: ClosedRange<Float> = -1...1) -> Float { Float.random(in: range, using: &self) }
}

/// Clustered random rows with their codes, and the truth by brute force in plain Swift.
final class Dataset {
    let metric: Metric
    let dimension: Int
    let count: Int
    let floats: UnsafeMutablePointer<Float>
    let codeBytes: UnsafeMutablePointer<UInt8>
    let terms: UnsafeMutableRawPointer
    let stride: Int

    init(count: Int, dimension: Int, metric: Metric, seed: UInt64, copies: Int = 0) {
        self.metric = metric
        self.dimension = dimension
        self.count = count
        stride = CodeEncoder.strideBytes(dimension: dimension)
        floats = .allocate(capacity: count * dimension)
        codeBytes = .allocate(capacity: count * stride)
        terms = .allocate(byteCount: count * CodeEncoder.termsBytes, alignment: 8)
        var random = SeededGenerator(seed: seed)
        let centres = (0..<20).map { _ in (0..<dimension).map { _ in random.float() } }
        for row in 0..<count {
            let centre = centres[Int.random(in: 0..<centres.count, using: &random)]
            for i in 0..<dimension { floats[row * dimension + i] = centre[i] + random.float(in: -0.6...0.6) }
            if row > 0 && row <= copies { (floats + row * dimension).update(from: floats, count: dimension) }
            encode(row)
        }
    }

    deinit {
        floats.deallocate()
        codeBytes.deallocate()
        terms.deallocate()
    }

    func set(_ row: Int, _ values: [Float]) {
        for (index, value) in values.enumerated() { floats[row * dimension + index] = value }
        encode(row)
    }

    private func encode(_ row: Int) {
        let vector = floats + row * dimension
        if metric == .cosine { CodeEncoder.normalise(vector, dimension: dimension, into: vector) }
        CodeEncoder.encode(
            vector, dimension: dimension, codes: codeBytes + row * stride, terms: terms + row * CodeEncoder.termsBytes)
    }

    var rows: RowsView { RowsView(floats: floats, dimension: dimension, strideFloats: dimension, count: count) }
    var codes: CodesView {
        CodesView(codes: codeBytes, strideBytes: stride, terms: terms, dimension: dimension, count: count)
    }
    var source: BuildSource {
        metric.usesCodes ? BuildSource(codes: codes, metric: metric) : BuildSource(rows: rows, metric: metric)
    }

    func vector(_ row: Int) -> [Float] { Array(UnsafeBufferPointer(start: floats + row * dimension, count: dimension)) }

    /// Vectors near rows of the set.
    func queries(_ number: Int, seed: UInt64) -> [[Float]] {
        var random = SeededGenerator(seed: seed)
        return (0..<number).map { _ in
            var query = vector(Int.random(in: 0..<count, using: &random)).map { $0 + random.float(in: -0.1...0.1) }
            if metric == .cosine {
                let length = query.reduce(0) { $0 + $1 * $1 }.squareRoot()
                query = query.map { $0 / length }
            }
            return query
        }
    }

    func similarity(_ a: [Float], _ b: [Float]) -> Float {
        var sum: Double = 0
        for i in 0..<a.count {
            let x = Double(a[i])
            let y = Double(b[i])
            switch metric {
            case .dot, .cosine: sum += x * y
            case .euclid: sum -= (x - y) * (x - y)
            case .manhattan: sum -= abs(x - y)
            }
        }
        return Float(sum)
    }

    /// The scores of the best `k` accepted rows.
    func bestScores(_ query: [Float], k: Int, accepts: (Int) -> Bool = { _ in true }) -> [Float] {
        Array((0..<count).filter(accepts).map { similarity(query, vector($0)) }.sorted(by: >).prefix(k))
    }
}

/// A bitmap of `count` bits.
final class Bitmap {
    let words: UnsafeMutablePointer<UInt64>
    let count: Int

    /// At least a whole chunk of dead rows, so that it can serve as one.
    init(count: Int, _ contains: (Int) -> Bool) {
        self.count = count
        let capacity = max((count + 63) / 64, RowFilter.deadChunkRows / 64)
        words = .allocate(capacity: capacity)
        words.initialize(repeating: 0, count: capacity)
        for bit in 0..<count where contains(bit) { words[bit / 64] |= 1 << (bit % 64) }
    }

    deinit { words.deallocate() }

    func contains(_ bit: Int) -> Bool { words[bit / 64] >> (bit % 64) & 1 == 1 }
}

/// Walks (or scans), rescores and collects, as the engine does.
struct Searcher {
    let data: Dataset
    /// Told to walks; nil lets them look behind everything they keep.
    var limit: Int?
    var payloadLinks: PayloadLinks?
    let scratch = SearchScratch()
    /// Rows scored by all walks.
    let scored = Counter()

    final class Counter {
        var count = 0
    }

    func walk(_ graph: GraphView, _ query: [Float], k: Int, ef: Int, filter: RowFilter = RowFilter()) -> [ScoredSlot] {
        query.withUnsafeBufferPointer { buffer -> [ScoredSlot] in
            guard let base = buffer.baseAddress else { return [] }
            let vectors = QueryVectors(base, dimension: data.dimension)
            let exact = scratch.prepare(vectors, on: data.rows, metric: data.metric)
            let scorer = data.metric.usesCodes ? scratch.prepare(vectors, on: data.codes, metric: data.metric) : exact
            scored.count += Search.walk(
                graph, scorer: scorer, filter: filter, ef: ef, limit: limit, payloadLinks: payloadLinks,
                scratch: scratch).scoredCount
            let top = TopK(limit: k)
            Search.rescore(count: ef, exact: exact, filter: filter, segment: 0, scratch: scratch, into: top)
            return Array(top.takeSorted())
        }
    }

    /// The share of the true best `k` found, over all queries. Equal scores count as found.
    func recall(
        _ graph: GraphView, _ queries: [[Float]], k: Int = 10, ef: Int = 64, filter: RowFilter = RowFilter(),
        accepts: (Int) -> Bool = { _ in true }
    ) -> Double {
        var hits = 0
        var total = 0
        for query in queries {
            let truth = data.bestScores(query, k: k, accepts: accepts)
            guard let worst = truth.last else { continue }
            let answers = walk(graph, query, k: k, ef: ef, filter: filter)
            hits += min(answers.filter { $0.score >= worst - abs(worst) * 1e-5 - 1e-6 && accepts(Int($0.row)) }.count, truth.count)
            total += truth.count
        }
        return Double(hits) / Double(max(total, 1))
    }
}
