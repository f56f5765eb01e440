import CVectorKernels
@testable import QuiverIndex
import QuiverTestKit
import Testing

/// Encoding, and the kernels as searches use them, on every level this CPU has.
@Suite struct KernelTests {
    static let levels = KernelLevel.all
    static let lengths = Array(0...300) + [383, 384, 1000, 1536]

    private func table(_ level: qvk_level) throws -> qvk_table { try #require(qvk_table_of(level)).pointee }

    /// Buffers that begin at odd addresses (floats: odd multiples of four).
    private func withFloats(_ count: Int, shift: Int, seed: UInt64, _ body: (UnsafeMutablePointer<Float>) -> Void) {
        var random = SeededGenerator(seed: seed)
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: count + shift + 1)
        defer { memory.deallocate() }
        for i in 0..<count + shift + 1 { memory[i] = random.float(in: -3...3) }
        body(memory + shift)
    }

    @Test(arguments: levels.map(\.rawValue)) func encodingMatchesTheDefinition(_ raw: UInt32) throws {
        let table = try table(qvk_level(rawValue: raw))
        for n in Self.lengths {
            withFloats(n, shift: n % 3, seed: 4) { x in
                let top = (0..<n).map { abs(x[$0]) }.max() ?? 0
                #expect(table.max_abs_f32(x, n) == top)
                guard top > 0 else { return }
                let guardByte: UInt8 = 0xA5
                var codes = [UInt8](repeating: guardByte, count: n + 2)
                var sum = 0
                var sumWritten = 0
                let inverse = 127 / top
                codes.withUnsafeMutableBufferPointer { sumWritten = Int(table.encode_u8(x, n, inverse, $0.baseAddress! + 1)) }
                for i in 0..<n {
                    let code = Int((x[i] * inverse).rounded(.toNearestOrEven))
                    sum += code
                    #expect(Int(codes[1 + i]) == code + 128, "length \(n), value \(i)")
                }
                #expect(sumWritten == sum && codes[0] == guardByte && codes[n + 1] == guardByte, "length \(n)")
                var scaled = [Float](repeating: -1, count: n + 1)
                scaled.withUnsafeMutableBufferPointer { table.scale_f32(x, n, 0.5, $0.baseAddress!) }
                #expect((0..<n).allSatisfy { scaled[$0] == x[$0] * 0.5 } && scaled[n] == -1)
            }
        }
    }

    /// A batch scores what the pairs score, for every batch size around the group width, by ids and by range.
    @Test(arguments: levels.map(\.rawValue)) func batches(_ raw: UInt32) throws {
        let level = try table(qvk_level(rawValue: raw))
        for dimension in [1, 7, 63, 64, 65, 200] {
            for metric in Metric.allCases {
                let data = Dataset(count: 21, dimension: dimension, metric: metric, seed: 5)
                let query = data.queries(1, seed: 6)[0]
                let scratch = SearchScratch()
                query.withUnsafeBufferPointer { buffer in
                    let vectors = QueryVectors(buffer.baseAddress!, dimension: dimension)
                    var kernel = scratch.prepare(vectors, on: data.rows, metric: metric).kernels.pointee
                    switch metric {
                    case .dot, .cosine: kernel.score = level.score_dot_f32
                    case .euclid: kernel.score = level.score_euclid_f32
                    case .manhattan: kernel.score = level.score_manhattan_f32
                    }
                    check(kernel, data, query) { _ in 1e-5 * Float(dimension) }
                    guard metric.usesCodes else { return }
                    kernel = scratch.prepare(vectors, on: data.codes, metric: metric).kernels.pointee
                    kernel.score = level.score_codes
                    // Each value is off by half a step at most: the bound of what that does to a dot product.
                    func largest(_ x: [Float]) -> Float { x.map(abs).max() ?? 0 }
                    func sum(_ x: [Float]) -> Float { x.map(abs).reduce(0, +) }
                    check(kernel, data, query) { row in
                        let x = data.vector(row)
                        let (a, b) = (largest(query) / 254, largest(x) / 254)
                        return 2.01 * (a * sum(x) + b * sum(query) + Float(dimension) * a * b) + 1e-5
                    }
                }
            }
        }
    }

    /// Short vectors give the same digits on every level: those of a sum in order, each product rounded.
    @Test(arguments: levels.map(\.rawValue)) func shortVectorsAreSummedInOrder(_ raw: UInt32) throws {
        let level = try table(qvk_level(rawValue: raw))
        for n in 0..<16 {
            withFloats(n, shift: 1, seed: 9) { x in
                withFloats(n, shift: 2, seed: 10) { y in
                    var (dot, squared, absolute): (Float, Float, Float) = (0, 0, 0)
                    for i in 0..<n {
                        dot += x[i] * y[i]
                        squared += (x[i] - y[i]) * (x[i] - y[i])
                        absolute += abs(x[i] - y[i])
                    }
                    #expect(level.dot_f32(x, y, n) == dot)
                    #expect(level.squared_l2_f32(x, y, n) == squared && level.l1_f32(x, y, n) == absolute)
                }
            }
        }
    }

    private func check(_ kernel: qvk_scorer, _ data: Dataset, _ query: [Float], tolerance: (Int) -> Float) {
        var kernel = kernel
        let ids: [UInt32] = (0..<20).map { ($0 * 7 + 3) % 20 }
        for n in 0...20 {
            var out = [Float](repeating: .nan, count: 21)
            qvk_score_ids(&kernel, ids, n, &out)
            for i in 0..<n {
                let row = Int(ids[i])
                #expect(abs(out[i] - data.similarity(query, data.vector(row))) <= tolerance(row), "row \(row) of \(n)")
            }
            #expect(out[n].isNaN)
            qvk_score_range(&kernel, 1, n, &out)
            for i in 0..<n {
                let row = i + 1
                #expect(abs(out[i] - data.similarity(query, data.vector(row))) <= tolerance(row), "range row \(row) of \(n)")
            }
        }
    }

    @Test func normalisingTwiceChangesNothing() {
        for n in 1...70 {
            withFloats(n, shift: 1, seed: 8) { x in
                var once = [Float](repeating: 0, count: n)
                var twice = once
                CodeEncoder.normalise(x, dimension: n, into: &once)
                CodeEncoder.normalise(once, dimension: n, into: &twice)
                #expect(once == twice)
                #expect(abs(once.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
            }
        }
        var zero: [Float] = [0, 0, 0]
        CodeEncoder.normalise(zero, dimension: 3, into: &zero)
        #expect(zero == [0, 0, 0])
    }

    @Test func rowsOfZerosAndTinyValuesEncode() {
        for value: Float in [0, .leastNonzeroMagnitude, -.leastNormalMagnitude / 2, 1e-37, 3e38] {
            let row = [Float](repeating: value, count: 5)
            var codes = [UInt8](repeating: 0, count: 64)
            var terms: [Float] = [0, 0]
            codes.withUnsafeMutableBufferPointer { codes in
                terms.withUnsafeMutableBytes { terms in
                    CodeEncoder.encode(row, dimension: 5, codes: codes.baseAddress!, terms: terms.baseAddress!)
                }
            }
            #expect(codes[5...].allSatisfy { $0 == 128 })
            #expect(terms[0].isFinite && abs(terms[0] * (Float(codes[0]) - 128) - value) <= abs(value) * 1e-5 + 1e-35)
        }
    }
}
