@testable import QuiverIndex
import QuiverTestKit
import Testing

/// Rows of a data set in a quantized form.
final class QuantizedDataset {
    let data: Dataset
    let quantizer: Quantizer
    let memory: UnsafeMutableRawPointer
    let scratch = SearchScratch()

    init(_ data: Dataset, _ quantizer: Quantizer) {
        self.data = data
        self.quantizer = quantizer
        memory = .allocate(byteCount: data.count * quantizer.strideBytes, alignment: 64)
        for row in 0..<data.count { quantizer.encode(data.floats + row * data.dimension, into: memory + row * quantizer.strideBytes) }
    }

    convenience init(_ data: Dataset, _ form: QuantizationForm) throws {
        self.init(data, try Quantizer.train(form, rows: data.rows, metric: data.metric))
    }

    deinit { memory.deallocate() }

    var view: QuantizedView { QuantizedView(quantizer: quantizer, base: memory, count: data.count) }
    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: memory, count: data.count * quantizer.strideBytes)) }

    /// The scores of all rows.
    func scores(_ query: [Float], _ encoding: BinaryQueryEncoding = .default, exact: Bool = false) -> [Float] {
        var scores = [Float](repeating: 0, count: data.count)
        query.withUnsafeBufferPointer { buffer in
            let vectors = QueryVectors(buffer.baseAddress!, dimension: data.dimension)
            let scorer = exact ? scratch.prepareExact(vectors, on: view) : scratch.prepare(vectors, on: view, queryEncoding: encoding)
            scores.withUnsafeMutableBufferPointer { out in
                var first = 0
                while first < data.count {
                    let n = min(Scorer.batchLimit, data.count - first)
                    scorer.score(from: UInt32(first), n, into: out.baseAddress! + first)
                    first += n
                }
            }
        }
        return scores
    }

    /// The share of the true best 10 among the best `kept` by quantized scores.
    func recall(_ queries: [[Float]], kept: Int, _ encoding: BinaryQueryEncoding = .default) -> Double {
        var hits = 0
        for query in queries {
            let truth = (0..<data.count).map { (data.similarity(query, data.vector($0)), $0) }.sorted { $0.0 > $1.0 }.prefix(10)
            let scores = scores(query, encoding)
            let found = Set(scores.indices.sorted { scores[$0] > scores[$1] }.prefix(kept))
            hits += truth.filter { found.contains($0.1) }.count
        }
        return Double(hits) / Double(10 * queries.count)
    }
}

@Suite struct QuantizerTests {
    static let forms: [QuantizationForm] =
        BinaryEncoding.allCases.map { .binary($0) } + TurboBits.allCases.map { .turbo($0) }
        + [1, 2, 4, 8, 16].map { .product(dimensionsPerCode: $0) }

    /// How far scores may be off, as a share of the spread of the true similarities, for rows of 64 dimensions.
    static func errorShare(_ form: QuantizationForm) -> Double {
        switch form {
        case .binary(.oneBit), .turbo(.one): 0.5
        case .binary(.oneAndHalfBits), .turbo(.oneAndHalf): 0.4
        case .binary(.twoBits), .turbo(.two): 0.25
        case .turbo(.four): 0.08
        case .product(let width): width == 1 ? 0.02 : width == 2 ? 0.08 : width <= 4 ? 0.2 : 0.5
        }
    }

    @Test(arguments: forms, Metric.allCases) func scoresEstimateTheSimilarity(_ form: QuantizationForm, _ metric: Metric) throws {
        let data = Dataset(count: 800, dimension: 64, metric: metric, seed: 31)
        let quantized = try QuantizedDataset(data, form)
        var error = 0.0, square = 0.0, mean = 0.0, spread = 0.0, count = 0.0
        for query in data.queries(6, seed: 32) {
            let scores = quantized.scores(query)
            for row in 0..<data.count {
                let exact = Double(data.similarity(query, data.vector(row)))
                let apart = Double(scores[row]) - exact
                error += apart
                square += apart * apart
                mean += exact
                spread += exact * exact
                count += 1
            }
        }
        let deviation = (spread / count - (mean / count) * (mean / count)).squareRoot()
        let bias = abs(error / count) / deviation
        let noise = (square / count).squareRoot() / deviation
        // Levels of the distance itself say less than those of a product of values.
        let allowed = Self.errorShare(form) * (metric == .manhattan ? 1.6 : 1)
        #expect(bias < 0.05 && noise < allowed, "bias \(bias), noise \(noise)")
    }

    /// For q = x the estimate is exact, up to the rounding of the query: rows find themselves, with their true score.
    @Test(arguments: forms, [Metric.dot, .cosine, .euclid]) func rowsScoreThemselvesTruly(_ form: QuantizationForm, _ metric: Metric) throws {
        let data = Dataset(count: 600, dimension: 50, metric: metric, seed: 33)
        let quantized = try QuantizedDataset(data, form)
        for row in stride(from: 0, to: data.count, by: 60) {
            let vector = data.vector(row)
            let scale = vector.reduce(0) { $0 + $1 * $1 }
            let score = quantized.scores(vector)[row]
            #expect(abs(score - data.similarity(vector, vector)) <= 0.03 * scale, "row \(row): \(score)")
        }
    }

    @Test(arguments: Metric.allCases) func queryEncodingsOfOneBit(_ metric: Metric) throws {
        let data = Dataset(count: 800, dimension: 128, metric: metric, seed: 34)
        let quantized = try QuantizedDataset(data, .binary(.oneBit))
        let queries = data.queries(20, seed: 35)
        let full = quantized.recall(queries, kept: 40)
        for encoding in BinaryQueryEncoding.allCases {
            let recall = quantized.recall(queries, kept: 40, encoding)
            #expect(recall >= full - (encoding == .binary ? 0.25 : 0.06), "\(encoding): \(recall) of \(full)")
        }
        #expect(full >= 0.8, "\(full)")
    }

    // MARK: Bytes

    @Test(arguments: forms, Metric.allCases) func bytesComeBack(_ form: QuantizationForm, _ metric: Metric) throws {
        let data = Dataset(count: 300, dimension: 37, metric: metric, seed: 36)
        let quantized = try QuantizedDataset(data, form)
        let bytes = quantized.quantizer.encoded()
        let restored = bytes.withUnsafeBytes { Quantizer($0) }
        let back = try #require(restored)
        #expect(back.form == form && back.metric == metric && back.dimension == 37)
        #expect(back.encoded() == bytes)
        let again = QuantizedDataset(data, back)
        #expect(again.bytes == quantized.bytes)
        let query = data.queries(1, seed: 37)[0]
        #expect(again.scores(query) == quantized.scores(query))
        for length in [0, 3, 23, 24, bytes.count / 2, bytes.count - 1] {
            let read = bytes.prefix(length).withUnsafeBytes { Quantizer($0) }
            #expect(read == nil, "\(length) bytes")
        }
        let read = (bytes + [0]).withUnsafeBytes { Quantizer($0) }
        #expect(read == nil)
    }

    @Test func spoiltBytesAreRefusedOrHarmless() throws {
        let data = Dataset(count: 300, dimension: 20, metric: .manhattan, seed: 38)
        for form in [QuantizationForm.binary(.twoBits), .product(dimensionsPerCode: 4)] {
            let quantized = try QuantizedDataset(data, form)
            let bytes = quantized.quantizer.encoded()
            let query = data.queries(1, seed: 39)[0]
            let seed = UInt64.random(in: 0 ... .max)
            var random = SeededGenerator(seed: seed)
            for _ in 0..<300 {
                var spoilt = bytes
                let at = Bool.random(using: &random) ? Int.random(in: 0..<24, using: &random) : Int.random(in: 0..<bytes.count, using: &random)
                spoilt[at] = UInt8.random(in: 0...255, using: &random)
                guard let quantizer = spoilt.withUnsafeBytes({ Quantizer($0) }) else { continue }
                #expect(quantizer.encoded() == spoilt, "seed \(seed)")
                guard quantizer.dimension == 20 else { continue }
                let other = QuantizedDataset(data, quantizer)
                #expect(other.scores(query).count == data.count)
            }
            for wrong in [(0, 0), (4, 2), (5, 3), (6, 99), (7, 4), (11, 1), (12, 2)] as [(Int, UInt8)] {
                var spoilt = bytes
                spoilt[wrong.0] = wrong.1
                let read = spoilt.withUnsafeBytes { Quantizer($0) }
                #expect(read == nil, "byte \(wrong.0)")
            }
            for value in [Float.nan, .infinity] {
                var spoilt = bytes
                for i in 0..<4 { spoilt[24 + i] = UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * i)) }
                let read = spoilt.withUnsafeBytes { Quantizer($0) }
                #expect(read == nil)
            }
        }
    }

    // MARK: Training

    @Test(arguments: forms) func trainingDependsOnTheRowsAlone(_ form: QuantizationForm) throws {
        let data = Dataset(count: 700, dimension: 30, metric: .euclid, seed: 40)
        let first = try Quantizer.train(form, rows: data.rows, metric: .euclid)
        let second = try Quantizer.train(form, rows: data.rows, metric: .euclid, threads: 3)
        #expect(first.encoded() == second.encoded())
    }

    @Test(arguments: forms) func trainingIsCancelled(_ form: QuantizationForm) {
        let data = Dataset(count: 300, dimension: 30, metric: .euclid, seed: 41)
        let control = BuildControl()
        control.cancel()
        #expect(throws: IndexError.cancelled) {
            try Quantizer.train(form, rows: data.rows, metric: .euclid, control: control)
        }
    }

    @Test(arguments: forms, Metric.allCases) func fewAndEqualRows(_ form: QuantizationForm, _ metric: Metric) throws {
        for (count, copies) in [(1, 0), (2, 0), (3, 2), (40, 39)] {
            let data = Dataset(count: count, dimension: 21, metric: metric, seed: 42, copies: copies)
            let quantized = try QuantizedDataset(data, form)
            let query = data.queries(1, seed: 43)[0]
            let scores = quantized.scores(query)
            #expect(scores.allSatisfy { $0.isFinite })
            // Rows that are all the mean are known exactly.
            if count == 1 || copies == count - 1 {
                let exact = data.similarity(query, data.vector(0))
                #expect(abs(scores[0] - exact) <= 0.01 * abs(exact) + 0.01, "\(scores[0]) \(exact)")
            }
        }
    }

    @Test(arguments: [1, 2, 3, 5, 17]) func smallDimensions(_ dimension: Int) throws {
        for metric in Metric.allCases {
            let data = Dataset(count: 200, dimension: dimension, metric: metric, seed: 44)
            for form in Self.forms {
                let quantized = try QuantizedDataset(data, form)
                #expect(quantized.scores(data.queries(1, seed: 45)[0]).allSatisfy { $0.isFinite })
            }
        }
    }

    // MARK: Storage

    @Test(arguments: Metric.allCases) func storedRowsAreWhatTheyDecodeTo(_ metric: Metric) throws {
        for dimension in [3, 24, 65, 384] {
            let data = Dataset(count: 60, dimension: dimension, metric: metric, seed: 46)
            let quantizer = Quantizer.storage(dimension: dimension, metric: metric)
            let stored = QuantizedDataset(data, quantizer)
            let restored = quantizer.encoded().withUnsafeBytes { Quantizer($0) }
            let back = try #require(restored)
            #expect(back.keepsLength && QuantizedDataset(data, back).bytes == stored.bytes)
            let query = data.queries(1, seed: 47)[0]
            let exact = stored.scores(query, exact: true)
            let fast = stored.scores(query)
            var again = [UInt8](repeating: 0, count: quantizer.strideBytes)
            for row in 0..<data.count {
                var decoded = [Float](repeating: 0, count: dimension)
                quantizer.decode(stored.memory + row * quantizer.strideBytes, into: &decoded)
                let lengths = (data.vector(row).reduce(0) { $0 + $1 * $1 }, decoded.reduce(0) { $0 + $1 * $1 })
                #expect(abs(lengths.0 - lengths.1) <= 1e-4 * lengths.0)
                let similarity = data.similarity(query, decoded)
                #expect(abs(exact[row] - similarity) <= 1e-4 * max(1, abs(similarity)))
                #expect(abs(fast[row] - similarity) <= 0.02 * max(lengths.0, 1), "row \(row)")
                // Storing what was read changes nothing.
                again.withUnsafeMutableBytes { quantizer.encode(decoded, into: $0.baseAddress!) }
                var twice = decoded
                again.withUnsafeBytes { quantizer.decode($0.baseAddress!, into: &twice) }
                #expect(zip(twice, decoded).allSatisfy { abs($0 - $1) <= 1e-4 * max(1, abs($1)) }, "row \(row), \(dimension)")
            }
        }
    }

    // MARK: Scalar

    @Test func clipLimitIsAQuantileOfMagnitudes() {
        let values = (1...1000).map { (number: Int) -> Float in number % 2 == 0 ? Float(number) : -Float(number) }
        values.withUnsafeBufferPointer { buffer in
            let rows = RowsView(floats: buffer.baseAddress!, dimension: 10, strideFloats: 10, count: 100)
            #expect(ScalarQuantile.clipLimit(rows, quantile: 1) == Float.infinity)
            #expect(ScalarQuantile.clipLimit(rows, quantile: 0.99) == 990)
            #expect(ScalarQuantile.clipLimit(rows, quantile: 0.5) == 500)
        }
    }

    // MARK: Searching

    @Test(arguments: forms) func graphsAreWalkedOnQuantizedRows(_ form: QuantizationForm) throws {
        let data = Dataset(count: 1200, dimension: 64, metric: .cosine, seed: 48)
        let graph = try HNSWBuilder.build(data.source, parameters: HNSWParameters(m: 8, efConstruct: 40))
        let quantized = try QuantizedDataset(data, form)
        var hits = 0
        let queries = data.queries(30, seed: 49)
        for query in queries {
            let truth = data.bestScores(query, k: 10)
            query.withUnsafeBufferPointer { buffer in
                let vectors = QueryVectors(buffer.baseAddress!, dimension: data.dimension)
                let scratch = quantized.scratch
                let scorer = scratch.prepare(vectors, on: quantized.view)
                _ = Search.walk(graph.view, scorer: scorer, filter: RowFilter(), ef: 128, scratch: scratch)
                let exact = scratch.prepare(vectors, on: data.rows, metric: data.metric)
                let top = TopK(limit: 10)
                Search.rescore(count: 128, exact: exact, filter: RowFilter(), segment: 0, scratch: scratch, into: top)
                hits += top.takeSorted().filter { $0.score >= truth[9] - 1e-5 }.count
            }
        }
        #expect(Double(hits) / Double(10 * queries.count) >= 0.9, "\(hits) hits")
    }
}
