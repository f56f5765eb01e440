import CMeasure
import CVectorKernels
import QuiverIndex

/// The parts of a search over vectors: what remembers candidates and visits, walks and scans, quantized rows.
enum SearchBenchmarks {
    static var groups: [BenchmarkGroup] {
        [
            BenchmarkGroup("heap", heap), BenchmarkGroup("visited", visited), BenchmarkGroup("graph", graph),
            BenchmarkGroup("quantized", quantized), BenchmarkGroup("sparse", sparse),
        ]
    }

    /// Scores in an order that makes about k · ln(n / k) of them enter.
    private static func heap() -> [Benchmark] {
        var random = FixedGenerator()
        let scores = (0..<4096).map { _ in Float.random(in: 0...1, using: &random) }
        return [10, 100].map { k in
            let top = TopK(limit: k)
            return Benchmark("heap/offer k=\(k)", operations: scores.count) {
                top.reset(limit: k)
                for (slot, score) in scores.enumerated() {
                    top.offer(ScoredSlot(score: score, slot: UInt32(slot), segment: 0, row: UInt32(slot)))
                }
                qms_use(UInt64(top.takeSorted().count))
            }
        }
    }

    /// Lists of 32 links of three bytes, half of them visited.
    private static func visited() -> [Benchmark] {
        var random = FixedGenerator()
        let (lists, links, rows) = (256, 32, 65_000)
        let packed = permanent([UInt8](repeating: 0, count: lists * links * 3 + Int(QVK_LINKS_SLACK_BYTES)))
        for link in 0..<lists * links {
            qvk_set_packed_link(packed, 3, link, UInt32.random(in: 0..<UInt32(rows), using: &random))
        }
        let marks = permanent((0..<rows).map { _ in UInt8.random(in: 0...1, using: &random) })
        let before = permanent(Array(UnsafeBufferPointer(start: marks, count: rows)))
        let out = permanent([UInt32](repeating: 0, count: links))
        return [
            Benchmark("visited/gather 32 links", operations: lists) {
                marks.update(from: before, count: rows)
                var found = 0
                for list in 0..<lists {
                    found += qvk_gather_unvisited_packed(packed + list * links * 3, 3, links, marks, 1, out)
                }
                qms_use(UInt64(found))
            }
        ]
    }

    private struct Rows {
        let dimension = 128
        let count = 4000
        let floats: UnsafeMutablePointer<Float>
        let queries: UnsafeMutablePointer<Float>
        let queryCount = 16
        let view: RowsView
        let codes: CodesView

        init() {
            var random = FixedGenerator()
            floats = permanent(random.vectors(count + queryCount, dimension: dimension))
            queries = floats + count * dimension
            view = RowsView(floats: floats, dimension: dimension, strideFloats: dimension, count: count)
            let stride = CodeEncoder.strideBytes(dimension: dimension)
            let bytes = permanent([UInt8](repeating: 0, count: count * stride))
            let terms = permanent([qvk_code_terms](repeating: qvk_code_terms(), count: count))
            for row in 0..<count {
                CodeEncoder.encode(
                    floats + row * dimension, dimension: dimension, codes: bytes + row * stride, terms: terms + row)
            }
            codes = CodesView(codes: bytes, strideBytes: stride, terms: terms, dimension: dimension, count: count)
        }

        func query(_ index: Int) -> QueryVectors {
            QueryVectors(queries + index * dimension, dimension: dimension)
        }
    }

    private static func graph() throws -> [Benchmark] {
        let rows = Rows()
        let graph = try HNSWBuilder.build(
            BuildSource(codes: rows.codes, metric: .cosine), parameters: HNSWParameters(m: 16, efConstruct: 100))
        let scratch = SearchScratch()
        let top = TopK(limit: 10)
        let filter = RowFilter()
        func walk(ef: Int) -> Benchmark {
            Benchmark("graph/walk and rescore ef=\(ef)", operations: rows.queryCount) {
                for index in 0..<rows.queryCount {
                    let query = rows.query(index)
                    top.reset(limit: 10)
                    _ = Search.walk(
                        graph.view, scorer: scratch.prepare(query, on: rows.codes, metric: .cosine), filter: filter,
                        ef: ef, scratch: scratch)
                    Search.rescore(
                        count: Search.rescoreCount(limit: 10, ef: ef),
                        exact: scratch.prepare(query, on: rows.view, metric: .cosine), filter: filter, segment: 0,
                        scratch: scratch, into: top)
                    qms_use(UInt64(top.takeSorted().count))
                }
            }
        }
        let scan = Benchmark("graph/scan of codes, a row", operations: rows.queryCount * rows.count) {
            for index in 0..<rows.queryCount {
                let scorer = scratch.prepare(rows.query(index), on: rows.codes, metric: .cosine)
                _ = Search.scan(0..<rows.count, scorer: scorer, filter: filter, keep: 64, scratch: scratch)
                qms_use(UInt64(scratch.candidateCount))
            }
        }
        return [walk(ef: 16), walk(ef: 64), walk(ef: 256), scan]
    }

    private static func quantized() throws -> [Benchmark] {
        let rows = Rows()
        let scratch = SearchScratch()
        let forms: [(String, QuantizationForm)] = [
            ("binary", .binary(.oneBit)), ("binary 2 bits", .binary(.twoBits)), ("turbo 4 bits", .turbo(.four)),
            ("product x16", .product(dimensionsPerCode: 4)),
        ]
        return try forms.map { name, form in
            let quantizer = try Quantizer.train(form, rows: rows.view, metric: .cosine)
            let bytes = permanent([UInt8](repeating: 0, count: rows.count * quantizer.strideBytes))
            for row in 0..<rows.count {
                quantizer.encode(rows.floats + row * rows.dimension, into: bytes + row * quantizer.strideBytes)
            }
            let view = QuantizedView(quantizer: quantizer, base: bytes, count: rows.count)
            return Benchmark("quantized/scan \(name), a row", operations: rows.queryCount * rows.count) {
                for index in 0..<rows.queryCount {
                    let scorer = scratch.prepare(rows.query(index), on: view)
                    _ = Search.scan(0..<rows.count, scorer: scorer, filter: RowFilter(), keep: 64, scratch: scratch)
                    qms_use(UInt64(scratch.candidateCount))
                }
            }
        }
    }

    private static func sparse() throws -> [Benchmark] {
        var random = FixedGenerator()
        // A few terms are in many rows, most in few.
        func draw(_ count: Int) -> (indices: [UInt32], values: [Float]) {
            var indices: Set<UInt32> = []
            for _ in 0..<count {
                let uniform = Double.random(in: 0..<1, using: &random)
                indices.insert(UInt32(20_000 * uniform * uniform * uniform))
            }
            let sorted = indices.sorted()
            return (sorted, sorted.map { _ in Float.random(in: 0.1...2, using: &random) })
        }
        let count = 20_000
        let drawn = (0..<count).map { _ in draw(40) }
        let writer = SparseRowsWriter(
            rows: count, entries: drawn.reduce(0) { $0 + $1.indices.count }, datatype: .float32)
        for row in drawn {
            row.indices.withUnsafeBufferPointer { indices in
                row.values.withUnsafeBufferPointer { values in writer.append(indices: indices, values: values) }
            }
        }
        let chunks = try SparseIndexBuilder.build(writer.view)
        let queries = (0..<16).map { _ in
            let query = draw(12)
            return SparseQuery(indices: query.indices, weights: query.values)
        }
        let scratch = SparseScratch()
        let top = TopK(limit: 10)
        return [
            Benchmark("sparse/top 10 of 20,000", operations: queries.count) {
                for query in queries {
                    top.reset(limit: 10)
                    let outcome = SparseSearch.top(
                        query, index: chunks.view, rows: writer.view, filter: RowFilter(), segment: 0, into: top,
                        scratch: scratch)
                    qms_use(UInt64(outcome.scoredCount))
                }
            }
        ]
    }
}
