import CVectorKernels
import QuiverTestKit
import Testing

/// Rows of floats in every format and level, against double precision, in memory that ends at a guard page.
@Suite struct KernelFloatTests {
    static let seed: UInt64 = 0xF10A7

    @Test(arguments: KernelLevel.raw) func pairsOfAllLengths(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let queries = GuardedMemory(byteCount: 1 << 15), rows = GuardedMemory(byteCount: 1 << 15)
        for n in KernelLevel.lengths { check(table, n, queries, rows, distances: [(0, 0), (n % 16 * 4, n % 11 * 4)]) }
    }

    @Test(arguments: KernelLevel.raw) func pairsAtAllAlignments(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let queries = GuardedMemory(byteCount: 1 << 15), rows = GuardedMemory(byteCount: 1 << 15)
        let distances = (0..<64).map { (query: $0 * 4 % 64, row: $0) }
        for n in KernelLevel.alignedLengths { check(table, n, queries, rows, distances: distances) }
    }

    private func check(
        _ table: qvk_table, _ n: Int, _ queries: GuardedMemory, _ rows: GuardedMemory,
        distances: [(query: Int, row: Int)]
    ) {
        var random = SeededGenerator(seed: Self.seed &+ UInt64(n))
        let query = random.vector(n).map { $0 * 3 }, values = random.vector(n).map { $0 * 3 }
        for format in RowFormat.allCases {
            let stored = format.store(values)
            for operation in PairOperation.allCases {
                let expected = operation.oracle(query.map(Double.init), stored.values)
                for distance in distances where distance.row % format.bytes == 0 {
                    let got = operation.pair(
                        format, table, queries.place(query, distance: distance.query),
                        rows.place(stored.bytes, distance: distance.row), n)
                    #expect(
                        abs(Double(got) - expected.value) <= 2e-6 * expected.size,
                        "\(operation) \(format), length \(n), \(distance) bytes before the guard, seed \(Self.seed)")
                }
            }
        }
    }

    @Test(arguments: KernelLevel.raw) func batches(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let count = 11
        let ids: [UInt32] = (0..<20).map { UInt32($0 * 7 + 3) % UInt32(count) }
        let memory = GuardedMemory(byteCount: 1 << 15), queries = GuardedMemory(byteCount: 1 << 12)
        for n in [0, 1, 7, 16, 33, 64, 100, 515] {
            var random = SeededGenerator(seed: Self.seed &+ UInt64(n))
            let query = random.vector(n)
            let rows = (0..<count).map { _ in random.vector(n) }
            for format in RowFormat.allCases {
                let stored = rows.map { format.store($0) }
                // Rows with a gap behind them, but for the last, which ends at the guard.
                let gap = 4
                var bytes = stored.flatMap { $0.bytes + [UInt8](repeating: 0xFF, count: gap) }
                bytes.removeLast(gap)
                var scorer = qvk_scorer()
                scorer.query = UnsafeRawPointer(queries.place(query))
                scorer.base = UnsafeRawPointer(memory.place(bytes))
                scorer.stride_bytes = n * format.bytes + gap
                scorer.length = n
                scorer.format = format.raw
                for operation in PairOperation.allCases {
                    scorer.score = operation.score(format, table)
                    let expected = stored.map { operation.oracle(query.map(Double.init), $0.values) }
                    checkBatches(scorer, ids, count) { row, got in
                        let wanted = operation == .dot ? expected[row].value : -expected[row].value
                        #expect(abs(Double(got) - wanted) <= 2e-6 * expected[row].size, "\(operation) \(format) \(n)")
                    }
                }
                guard format == .u8 else { continue }
                scorer.score = table.score_cosine_u8
                scorer.weight = 0.5
                let dots = stored.map { PairOperation.dot.oracle(query.map(Double.init), $0.values) }
                let norms = stored.map { PairOperation.dot.oracle($0.values, $0.values).value.squareRoot() }
                checkBatches(scorer, ids, count) { row, got in
                    let wanted = norms[row] == 0 ? 0 : 0.5 * dots[row].value / norms[row]
                    #expect(abs(Double(got) - wanted) <= 2e-6 * (1 + dots[row].size / max(1, norms[row])), "cosine \(n)")
                }
            }
        }
    }

    private func checkBatches(_ scorer: qvk_scorer, _ ids: [UInt32], _ rows: Int, _ check: (Int, Float) -> Void) {
        var scorer = scorer
        for n in 0...ids.count {
            var out = [Float](repeating: .nan, count: n + 1)
            qvk_score_ids(&scorer, ids, n, &out)
            for i in 0..<n { check(Int(ids[i]), out[i]) }
            #expect(out[n].isNaN)
        }
        for n in 0..<rows {
            var out = [Float](repeating: .nan, count: n + 1)
            qvk_score_range(&scorer, 1, n, &out)
            for i in 0..<n { check(i + 1, out[i]) }
            #expect(out[n].isNaN)
        }
    }

    /// Values whose squares, sums or differences leave the range of f32.
    @Test(arguments: KernelLevel.raw) func extremesStayFiniteAndOrdered(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let huge = Float.greatestFiniteMagnitude
        for n in [1, 2, 5, 16, 64, 100] {
            let rows: [Float] = [huge, -huge, 1e30, -1e30, 1e20, 1, 0, -1, -1e20]
            for value in rows {
                // Signs alternate in one of the queries: infinities meet on the way.
                for query in [[Float](repeating: value, count: n), (0..<n).map { $0 % 2 == 0 ? value : -value }] {
                    let stored = rows.flatMap { [Float](repeating: $0, count: n) }
                    for operation in PairOperation.allCases {
                        var scorer = qvk_scorer()
                        scorer.score = operation.score(.f32, table)
                        scorer.stride_bytes = n * 4
                        scorer.length = n
                        var out = [Float](repeating: .nan, count: rows.count)
                        query.withUnsafeBytes { query in
                            stored.withUnsafeBytes { stored in
                                scorer.query = query.baseAddress
                                scorer.base = stored.baseAddress
                                qvk_score_range(&scorer, 0, rows.count, &out)
                            }
                        }
                        for (row, got) in zip(rows, out) {
                            let expected = operation.oracle(
                                query.map(Double.init), [Double](repeating: Double(row), count: n))
                            let wanted = operation == .dot ? expected.value : -expected.value
                            let saturated = max(-Double(huge), min(Double(huge), wanted))
                            #expect(got.isFinite)
                            #expect(
                                abs(Double(got) - saturated) <= 2e-6 * min(expected.size, Double(huge)),
                                "\(operation) \(value) \(row) \(n)")
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: KernelLevel.raw) func halvesThatAreNotNumbersCountAsFarthest(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let rows: [Float16] = [.infinity, -.infinity, .nan, 1]
        let query: [Float] = [0]
        for operation in PairOperation.allCases {
            var scorer = qvk_scorer()
            scorer.score = operation.score(.f16, table)
            scorer.stride_bytes = 2
            scorer.length = 1
            var out = [Float](repeating: .nan, count: rows.count)
            query.withUnsafeBytes { query in
                rows.withUnsafeBytes { rows in
                    scorer.query = query.baseAddress
                    scorer.base = rows.baseAddress
                    qvk_score_range(&scorer, 0, 4, &out)
                }
            }
            let least = -Float.greatestFiniteMagnitude
            #expect(out == [least, least, least, operation == .dot ? 0 : -1], "\(operation)")
        }
    }

    @Test(arguments: RowFormat.allCases) func rowsBecomeQueries(_ format: RowFormat) {
        let n = 37
        var random = SeededGenerator(seed: Self.seed)
        let stored = (0..<3).map { _ in format.store(random.vector(n)) }
        let bytes = stored.flatMap(\.bytes)
        let buffer = UnsafeMutablePointer<Float>.allocate(capacity: n)
        defer { buffer.deallocate() }
        bytes.withUnsafeBytes { bytes in
            var scorer = qvk_scorer()
            scorer.base = bytes.baseAddress
            scorer.stride_bytes = n * format.bytes
            scorer.length = n
            scorer.format = format.raw
            for row in 0..<3 {
                qvk_aim_at_row(&scorer, UInt32(row), buffer)
                let query = scorer.query.assumingMemoryBound(to: Float.self)
                #expect((0..<n).allSatisfy { Double(query[$0]) == stored[row].values[$0] })
                guard format == .u8 else { continue }
                scorer.score = qvk_active().pointee.score_cosine_u8
                var itself: Float = 0
                qvk_score_range(&scorer, UInt32(row), 1, &itself)
                #expect(abs(itself - 1) < 1e-5)
            }
        }
    }
}
