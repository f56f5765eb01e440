import CVectorKernels
import Glibc
import QuiverTestKit
@testable import QuiverIndex
import Testing

/// Bytes that end where a page begins that must not be touched.
final class GuardedBytes {
    let bytes: UnsafeMutableRawPointer
    private let region: UnsafeMutableRawPointer
    private let total: Int

    init(count: Int) throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let body = (count + page - 1) / page * page
        total = body + page
        let mapped = mmap(nil, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        region = try #require(mapped == MAP_FAILED ? nil : mapped)
        mprotect(region + body, page, PROT_NONE)
        bytes = region + (body - count)
    }

    deinit { munmap(region, total) }
}

/// Every quantized kernel of every level this processor has, against the scalar one; the scalar ones against their
/// definition in plain Swift. Rows and queries end at guarded pages.
@Suite struct QuantizationKernelTests {
    static let levels: [UInt32] = [QVK_SCALAR, QVK_AVX2, QVK_AVX512_VBMI].filter { qvk_quantized_table_of($0) != nil }.map(\.rawValue)
    static let kinds: [UInt32] = [QVK_BITS_1, QVK_BITS_1_5, QVK_BITS_2, QVK_BITS_4].map(\.rawValue)
    static let lengths = Array(1...33) + [63, 64, 65, 127, 129, 255, 256, 257, 384, 513, 1000]
    static let rowCount = 23

    private func table(_ level: UInt32) throws -> qvk_quantized_table {
        try #require(qvk_quantized_table_of(qvk_level(rawValue: level))).pointee
    }

    private func function(_ all: (qvk_score_function?, qvk_score_function?, qvk_score_function?, qvk_score_function?), _ bits: qvk_bits)
        throws -> qvk_score_function
    {
        try #require([all.0, all.1, all.2, all.3][Int(bits.rawValue)])
    }

    private func random(_ n: Int, _ generator: inout SeededGenerator) -> [Float] {
        (0..<n).map { _ in generator.float() + generator.float() + generator.float() }
    }

    /// Scores by ids and by range, every count around the group widths, and tells apart what must be equal.
    private func compare(_ kernel: qvk_scorer, with expected: [Float], _ what: String) {
        var kernel = kernel
        let count = expected.count
        let ids = (0..<count).map { UInt32(($0 * 7 + 3) % count) }
        for n in [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 22].filter({ $0 < count }) + [count] {
            var out = [Float](repeating: .nan, count: count + 1)
            qvk_score_ids(&kernel, ids, n, &out)
            for i in 0..<n { expectClose(out[i], expected[Int(ids[i])], "\(what), id \(ids[i]) of \(n)") }
            #expect(out[n].isNaN)
            let first = count - n
            qvk_score_range(&kernel, UInt32(first), n, &out)
            for i in 0..<n { expectClose(out[i], expected[first + i], "\(what), row \(first + i) of \(n)") }
        }
    }

    private func expectClose(_ a: Float, _ b: Float, _ what: @autoclosure () -> String) {
        if !(abs(a - b) <= 2e-5 * max(abs(a), abs(b), 1)) { Issue.record("\(a) is not \(b): \(what())") }
    }

    private func scores(_ kernel: qvk_scorer, _ function: @escaping qvk_score_function) -> [Float] {
        var kernel = kernel
        kernel.score = function
        var out = [Float](repeating: 0, count: Self.rowCount)
        qvk_score_range(&kernel, 0, Self.rowCount, &out)
        return out
    }

    // MARK: Levels

    @Test(arguments: levels, kinds) func rowsOfLevels(_ level: UInt32, _ kind: UInt32) throws {
        let (table, scalar, bits) = (try table(level), try table(QVK_SCALAR.rawValue), qvk_bits(rawValue: kind))
        var generator = SeededGenerator(seed: 11)
        for n in Self.lengths {
            let stride = 8 + qvk_levels_bytes(bits, n)
            let rows = try GuardedBytes(count: stride * Self.rowCount)
            for row in 0..<Self.rowCount {
                qvk_encode_levels(
                    bits, QVK_FACTOR_UNBIASED, random(n, &generator), n, generator.float(),
                    (rows.bytes + row * stride).assumingMemoryBound(to: UInt8.self), stride)
            }
            let spread = qvk_spread_query_bytes(bits, n)
            let memory = try GuardedBytes(count: spread)
            let q = random(n, &generator)
            var kernel = qvk_scorer()
            kernel.weight = qvk_spread_query(bits, q, n, memory.bytes.assumingMemoryBound(to: Int8.self), &kernel.bias)
            kernel.query = UnsafeRawPointer(memory.bytes)
            kernel.base = UnsafeRawPointer(rows.bytes)
            kernel.stride_bytes = stride
            kernel.length = n
            kernel.constant = 0.25
            let expected = scores(kernel, try function(scalar.score_levels, bits))
            if level == QVK_SCALAR.rawValue {
                let top = q.map(abs).max() ?? 0
                for row in 0..<Self.rowCount {
                    let at = rows.bytes + row * stride
                    var y = [Float](repeating: 0, count: n)
                    qvk_decode_levels(bits, at.assumingMemoryBound(to: UInt8.self), n, &y)
                    let exact = zip(y, q).reduce(Float(0)) { $0 + $1.0 * $1.1 } + at.loadUnaligned(fromByteOffset: 4, as: Float.self) + 0.25
                    let bound = top / 253 * y.reduce(0) { $0 + abs($1) } + 1e-4
                    #expect(abs(expected[row] - exact) <= bound, "length \(n), row \(row)")
                }
            }
            kernel.score = try function(table.score_levels, bits)
            compare(kernel, with: expected, "length \(n)")
        }
    }

    @Test(arguments: levels, kinds) func levelsOfManhattan(_ level: UInt32, _ kind: UInt32) throws {
        let (table, scalar, bits) = (try table(level), try table(QVK_SCALAR.rawValue), qvk_bits(rawValue: kind))
        var generator = SeededGenerator(seed: 12)
        for n in Self.lengths {
            let stride = 8 + qvk_levels_bytes(bits, n)
            let rows = try GuardedBytes(count: stride * Self.rowCount)
            for row in 0..<Self.rowCount {
                qvk_encode_levels_l1(
                    bits, random(n, &generator), n, (rows.bytes + row * stride).assumingMemoryBound(to: UInt8.self), stride)
            }
            let memory = try GuardedBytes(count: 2 * qvk_spread_query_bytes(bits, n))
            var clipped: Float = 0
            let spread = (0..<n).map { _ in abs(generator.float()) + 0.01 }
            let q = random(n, &generator).map { 2 * $0 }
            var kernel = qvk_scorer()
            kernel.weight = qvk_spread_query_l1(
                bits, q, spread, n, memory.bytes.assumingMemoryBound(to: Int8.self), &clipped)
            kernel.query = UnsafeRawPointer(memory.bytes)
            kernel.base = UnsafeRawPointer(rows.bytes)
            kernel.stride_bytes = stride
            kernel.length = n
            kernel.constant = clipped
            let expected = scores(kernel, try function(scalar.score_levels_l1, bits))
            if level == QVK_SCALAR.rawValue && kind != QVK_BITS_1_5.rawValue {
                let units: Float = bits == QVK_BITS_1 ? 127 / 0.7979 : bits == QVK_BITS_4 ? 127 / 2.7326 : 123 / 1.510
                for row in 0..<Self.rowCount {
                    var y = [Float](repeating: 0, count: n)
                    qvk_decode_levels(bits, (rows.bytes + row * stride).assumingMemoryBound(to: UInt8.self), n, &y)
                    var exact: Float = 0
                    var bound: Float = 1e-3
                    for i in 0..<n {
                        exact += abs(y[i] / units - q[i]) * spread[i]
                        // Half a level of the query, half a step of the weight.
                        bound += spread[i] / units + (spread.max() ?? 0) / 253 * 254 / units
                    }
                    #expect(abs(expected[row] - exact) <= bound, "length \(n), row \(row): \(expected[row]) \(exact)")
                }
            }
            kernel.score = try function(table.score_levels_l1, bits)
            compare(kernel, with: expected, "length \(n)")
        }
    }

    @Test(arguments: levels, [UInt32(1), 4]) func signs(_ level: UInt32, _ planes: UInt32) throws {
        let (table, scalar) = (try table(level), try table(QVK_SCALAR.rawValue))
        var generator = SeededGenerator(seed: 13)
        for n in Self.lengths {
            let stride = 8 + (n + 7) / 8
            let rows = try GuardedBytes(count: stride * Self.rowCount)
            for row in 0..<Self.rowCount {
                qvk_encode_levels(
                    QVK_BITS_1, QVK_FACTOR_UNBIASED, random(n, &generator), n, 0.5,
                    (rows.bytes + row * stride).assumingMemoryBound(to: UInt8.self), stride)
            }
            let memory = try GuardedBytes(count: qvk_query_planes_bytes(planes, n))
            let q = random(n, &generator)
            var kernel = qvk_scorer()
            let scale = qvk_query_planes(planes, q, n, memory.bytes.assumingMemoryBound(to: UInt8.self))
            kernel.weight = 127 * scale
            kernel.bias = Int32(n) * ((1 << Int32(planes)) - 1)
            kernel.query = UnsafeRawPointer(memory.bytes)
            kernel.base = UnsafeRawPointer(rows.bytes)
            kernel.stride_bytes = stride
            kernel.length = n
            let expected = scores(kernel, planes == 1 ? scalar.score_signs_1 : scalar.score_signs_4)
            if level == QVK_SCALAR.rawValue {
                // The query as its planes say it, against the decoded row.
                let width = qvk_query_planes_bytes(1, n)
                let bytes = (n + 7) / 8
                let coded = (0..<n).map { i -> Float in
                    (0..<Int(planes)).reduce(Float(0)) { sum, p in
                        let byte = memory.bytes.load(fromByteOffset: p * width + i % bytes, as: UInt8.self)
                        return sum + (byte >> (i / bytes) & 1 == 1 ? 1 : -1) * Float(1 << p)
                    } * scale
                }
                if planes == 4 { #expect(zip(coded, q).allSatisfy { abs($0 - $1) <= 1.2 * scale + abs($1) * 0.3 }, "length \(n)") }
                for row in 0..<Self.rowCount {
                    var y = [Float](repeating: 0, count: n)
                    qvk_decode_levels(QVK_BITS_1, (rows.bytes + row * stride).assumingMemoryBound(to: UInt8.self), n, &y)
                    expectClose(expected[row], zip(y, coded).reduce(Float(0)) { $0 + $1.0 * $1.1 } + 0.5, "length \(n)")
                }
            }
            kernel.score = planes == 1 ? table.score_signs_1 : table.score_signs_4
            compare(kernel, with: expected, "length \(n)")
        }
    }

    @Test(arguments: levels) func storedRows(_ level: UInt32) throws {
        let table = try table(level)
        var generator = SeededGenerator(seed: 14)
        for n in Self.lengths {
            let stride = 8 + qvk_levels_bytes(QVK_BITS_4, n)
            let rows = try GuardedBytes(count: stride * Self.rowCount)
            let q = random(n, &generator)
            var expected = [[Float]](repeating: [], count: 3)
            for row in 0..<Self.rowCount {
                let at = (rows.bytes + row * stride).assumingMemoryBound(to: UInt8.self)
                qvk_encode_levels(QVK_BITS_4, QVK_FACTOR_NORM, random(n, &generator), n, 0, at, stride)
                var y = [Float](repeating: 0, count: n)
                qvk_decode_levels(QVK_BITS_4, at, n, &y)
                let pairs = zip(y, q).map { (Double($0), Double($1)) }
                expected[0].append(Float(pairs.reduce(0) { $0 + $1.0 * $1.1 }))
                expected[1].append(-Float(pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }))
                expected[2].append(-Float(pairs.reduce(0) { $0 + abs($1.0 - $1.1) }))
            }
            let memory = try GuardedBytes(count: qvk_lay_out_query_floats(n) * 4)
            qvk_lay_out_query(q, n, memory.bytes.assumingMemoryBound(to: Float.self))
            var kernel = qvk_scorer()
            kernel.query = UnsafeRawPointer(memory.bytes)
            kernel.base = UnsafeRawPointer(rows.bytes)
            kernel.stride_bytes = stride
            kernel.length = n
            for (index, function) in [table.score_stored.0, table.score_stored.1, table.score_stored.2].enumerated() {
                kernel.score = function
                compare(kernel, with: expected[index], "operation \(index), length \(n)")
            }
        }
    }

    // MARK: Products

    @Test(arguments: levels, [true, false]) func products(_ level: UInt32, _ isWide: Bool) throws {
        let table = try table(level)
        var generator = SeededGenerator(seed: 15)
        for parts in [1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 130] {
            let stride = 8 + parts
            let count = 300
            let rows = try GuardedBytes(count: stride * count)
            let low = try GuardedBytes(count: parts * 256)
            let high = try GuardedBytes(count: parts * 256)
            for i in 0..<parts * 256 {
                low.bytes.storeBytes(of: UInt8.random(in: 0...255, using: &generator), toByteOffset: i, as: UInt8.self)
                high.bytes.storeBytes(of: UInt8.random(in: 0...255, using: &generator), toByteOffset: i, as: UInt8.self)
            }
            var expected: [Float] = []
            for row in 0..<count {
                let at = rows.bytes + row * stride
                let terms = qvk_row_terms(factor: generator.float(), offset: generator.float())
                at.copyMemory(from: [terms], byteCount: 8)
                var sum = 0
                for part in 0..<parts {
                    let code = UInt8.random(in: 0...255, using: &generator)
                    at.storeBytes(of: code, toByteOffset: 8 + part, as: UInt8.self)
                    sum += Int(low.bytes.load(fromByteOffset: part * 256 + Int(code), as: UInt8.self))
                    if isWide { sum += Int(high.bytes.load(fromByteOffset: part * 256 + Int(code), as: UInt8.self)) << 8 }
                }
                expected.append((0.001 * Float(sum) - 2) * terms.factor + terms.offset + 0.5)
            }
            let query = UnsafeMutablePointer<qvk_product_query>.allocate(capacity: 1)
            defer { query.deallocate() }
            query.initialize(to: qvk_product_query(
                low: low.bytes.assumingMemoryBound(to: UInt8.self),
                high: isWide ? UnsafePointer(high.bytes.assumingMemoryBound(to: UInt8.self)) : nil))
            var kernel = qvk_scorer()
            kernel.score = table.score_product
            kernel.query = UnsafeRawPointer(query)
            kernel.base = UnsafeRawPointer(rows.bytes)
            kernel.stride_bytes = stride
            kernel.length = parts
            kernel.weight = 0.001
            kernel.norm_weight = -2
            kernel.constant = 0.5
            compare(kernel, with: expected, "\(parts) parts")
            kernel.base = UnsafeRawPointer(rows.bytes + (count - 23) * stride)
            compare(kernel, with: Array(expected.suffix(23)), "\(parts) parts, few rows")
        }
    }

    @Test(arguments: levels) func tablesOfProducts(_ level: UInt32) throws {
        let table = try table(level)
        var generator = SeededGenerator(seed: 16)
        for (n, width) in [(1, 1), (7, 2), (33, 4), (40, 8), (50, 16)] {
            for isL1 in [false, true] {
                for isWide in [false, true] {
                    let parts = (n + width - 1) / width
                    let q = random(n, &generator)
                    let centroids = random(256 * n, &generator)
                    var buffer = [Float](repeating: 0, count: 256 * parts)
                    var low = [UInt8](repeating: 0, count: 256 * parts)
                    var high = low
                    var constant: Float = 0
                    let scale = isWide
                        ? table.product_tables(q, n, width, centroids, isL1, &buffer, &low, &high, &constant)
                        : table.product_tables(q, n, width, centroids, isL1, &buffer, &low, nil, &constant)
                    for c in 0..<256 {
                        var exact: Float = 0
                        for j in 0..<n { exact += isL1 ? -abs(q[j] - centroids[j * 256 + c]) : q[j] * centroids[j * 256 + c] }
                        let sum = (0..<parts).reduce(0) { $0 + Int(low[$1 * 256 + c]) + (isWide ? Int(high[$1 * 256 + c]) << 8 : 0) }
                        #expect(abs(Float(sum) * scale + constant - exact) <= 0.51 * scale * Float(parts) + 1e-4)
                    }
                }
            }
        }
    }

    @Test(arguments: levels) func assignmentFindsTheNearest(_ level: UInt32) throws {
        let table = try table(level)
        var generator = SeededGenerator(seed: 17)
        for width in [1, 2, 3, 4, 8, 16, 19] {
            for present in [1, 200, 256] {
                let centroids = random(256 * width, &generator)
                let bias = (0..<256).map { c in
                    c < present ? (0..<width).reduce(Float(0)) { $0 + centroids[$1 * 256 + c] * centroids[$1 * 256 + c] } / 2 : .infinity
                }
                let points = random(50 * (width + 1), &generator)
                var codes = [UInt8](repeating: 0, count: 50)
                table.assign(points, width + 1, 50, width, centroids, bias, &codes, 1)
                for point in 0..<50 {
                    func distance(_ c: Int) -> Float {
                        (0..<width).reduce(Float(0)) { sum, j in
                            let apart = points[point * (width + 1) + j] - centroids[j * 256 + c]
                            return sum + apart * apart
                        }
                    }
                    let best = (0..<present).map(distance).min() ?? 0
                    #expect(Int(codes[point]) < present && distance(Int(codes[point])) <= best + 1e-4)
                }
            }
        }
    }

    /// A level without kernels of its own takes the next below it, not the plain ones.
    @Test func theBestLevelIsInUse() throws {
        guard getenv("QUIVER_KERNELS") == nil else { return }
        let best = try #require(Self.levels.last)
        #expect(qvk_quantized_active() == qvk_quantized_table_of(qvk_level(rawValue: best)))
    }

    // MARK: Rotation

    @Test(arguments: levels) func walshHadamard(_ level: UInt32) throws {
        let table = try table(level)
        var generator = SeededGenerator(seed: 18)
        for n in [1, 2, 4, 8, 16, 32, 64, 256] {
            let x = random(n, &generator)
            var y = x
            table.hadamard(&y, n)
            for i in 0..<n {
                let sum = (0..<n).reduce(Float(0)) { $0 + ((i & $1).nonzeroBitCount % 2 == 0 ? x[$1] : -x[$1]) }
                #expect(abs(y[i] - sum / Float(n).squareRoot()) < 1e-4, "\(n), \(i)")
            }
        }
    }

    @Test func rotationKeepsLengthsAndTurnsBack() {
        var generator = SeededGenerator(seed: 19)
        for n in Self.lengths {
            let signs = Quantizer.signs(dimension: n)
            let x = random(n, &generator)
            var y = x
            qvk_rotate(&y, n, signs)
            let lengths = (x.reduce(0) { $0 + $1 * $1 }, y.reduce(0) { $0 + $1 * $1 })
            #expect(abs(lengths.0 - lengths.1) < 1e-4 * lengths.0)
            // A single coordinate is spread over all others.
            if n >= 64 {
                var unit = [Float](repeating: 0, count: n)
                unit[n - 1] = 1
                qvk_rotate(&unit, n, signs)
                #expect(unit.map(abs).max() ?? 1 < 6 / Float(n).squareRoot(), "\(n)")
            }
            qvk_rotate_back(&y, n, signs)
            #expect(zip(x, y).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    /// Rows whose squares leave the range of single precision are coded as others are: only the factor differs.
    @Test(arguments: [-115, -70, 55, 100]) func farRowsKeepDirectionAndLength(exponent: Int) {
        var generator = SeededGenerator(seed: 11)
        let factor = Float(sign: .plus, exponent: exponent, significand: 1)
        for bits in Self.kinds.map(qvk_bits.init(rawValue:)) {
            let y = (0..<70).map { _ in generator.float(in: -1...1) }
            let (near, far) = (coded(y, bits), coded(y.map { $0 * factor }, bits))
            #expect(far == near.map { $0 * factor } && far.contains { $0 != 0 })
        }
    }

    /// What comes back of a row.
    private func coded(_ y: [Float], _ bits: qvk_bits) -> [Float] {
        var row = [UInt8](repeating: 0xFF, count: 8 + qvk_levels_bytes(bits, y.count))
        qvk_encode_levels(bits, QVK_FACTOR_NORM, y, y.count, 0, &row, row.count)
        var back = [Float](repeating: .nan, count: y.count)
        qvk_decode_levels(bits, row, y.count, &back)
        return back
    }

    @Test func rowsOfZerosAndExtremes() {
        for bits in Self.kinds.map(qvk_bits.init(rawValue:)) {
            for value: Float in [0, .leastNonzeroMagnitude, 1e-30, 1e18] {
                let y = [Float](repeating: value, count: 9)
                for kind in [QVK_FACTOR_UNBIASED, QVK_FACTOR_NORM] {
                    var row = [UInt8](repeating: 0xFF, count: 24)
                    qvk_encode_levels(bits, kind, y, 9, 1, &row, 24)
                    var back = [Float](repeating: .nan, count: 9)
                    qvk_decode_levels(bits, row, 9, &back)
                    #expect(back.allSatisfy { $0.isFinite && abs($0 - value) <= value + 1e-12 }, "\(value)")
                    #expect(row[(8 + qvk_levels_bytes(bits, 9))...].allSatisfy { $0 == 0 })
                }
            }
        }
    }
}
