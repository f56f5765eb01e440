import CVectorKernels
import QuiverTestKit
import Testing

/// Integer codes of every level are exact, in memory that ends at a guard page.
@Suite struct KernelCodeTests {
    static let seed: UInt64 = 0x8B175

    @Test(arguments: KernelLevel.raw) func pairsOfAllLengths(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let codes = GuardedMemory(byteCount: 1 << 17), queries = GuardedMemory(byteCount: 1 << 17)
        for n in KernelLevel.lengths + [65_536] {
            check(table, n, codes, queries, distances: [(0, 0), (n % 61, n % 47)])
        }
    }

    @Test(arguments: KernelLevel.raw) func pairsAtAllAlignments(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let codes = GuardedMemory(byteCount: 1 << 13), queries = GuardedMemory(byteCount: 1 << 13)
        let distances = (0..<64).map { ($0, ($0 * 5 + 3) % 64) }
        for n in KernelLevel.alignedLengths { check(table, n, codes, queries, distances: distances) }
    }

    private func check(
        _ table: qvk_table, _ n: Int, _ codes: GuardedMemory, _ queries: GuardedMemory,
        distances: [(codes: Int, query: Int)]
    ) {
        var random = SeededGenerator(seed: Self.seed &+ UInt64(n))
        // Extremes alone, as often as anything else.
        let bytes = (0..<n).map { _ in n % 3 == 0 ? UInt8.max : n % 3 == 1 ? 0x80 : UInt8.random(in: 0...255, using: &random) }
        let query = (0..<n).map { _ in n % 2 == 0 ? Int8.min : Int8.random(in: -128...127, using: &random) }
        var u8 = 0, i8 = 0, u4 = 0, b1 = 0, different = 0
        for i in 0..<n {
            let q = Int(query[i])
            u8 += Int(bytes[i]) * q
            i8 += Int(Int8(bitPattern: bytes[i])) * q
            u4 += (i % 2 == 0 ? Int(bytes[i / 2]) % 16 : Int(bytes[i / 2]) / 16) * q
            b1 += bytes[i / 8] & (1 << UInt8(i % 8)) != 0 ? q : 0
            different += (bytes[i] ^ UInt8(bitPattern: query[i])).nonzeroBitCount
        }
        for distance in distances {
            let message: Comment = "length \(n), \(distance) bytes before the guard, seed \(Self.seed)"
            let q = queries.place(query, distance: distance.query)
            let all = codes.place(bytes, distance: distance.codes)
            #expect(Int(table.dot_u8i8(all, q, n)) == u8, message)
            #expect(Int(table.hamming_b1(all, UnsafeRawPointer(q).assumingMemoryBound(to: UInt8.self), n)) == different, message)
            let signed = codes.place(bytes.map(Int8.init(bitPattern:)), distance: distance.codes)
            #expect(Int(table.dot_i8i8(signed, q, n)) == i8, message)
            let nibbles = codes.place(Array(bytes.prefix((n + 1) / 2)), distance: distance.codes)
            #expect(Int(table.dot_u4i8(nibbles, q, n)) == u4, message)
            let bits = codes.place(Array(bytes.prefix((n + 7) / 8)), distance: distance.codes)
            #expect(Int(table.dot_b1i8(bits, q, n)) == b1, message)
        }
    }

    @Test(arguments: KernelLevel.raw) func batches(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let codes = GuardedMemory(byteCount: 1 << 15), queries = GuardedMemory(byteCount: 1 << 12)
        let terms = GuardedMemory(byteCount: 1 << 12), count = 11
        for length in stride(from: 64, through: 640, by: 64) {
            var random = SeededGenerator(seed: Self.seed &+ UInt64(length))
            let query = (0..<length).map { _ in Int8.random(in: -127...127, using: &random) }
            let rows = (0..<count * length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let each = random.vector(2 * count)
            var scorer = qvk_scorer()
            scorer.score = table.score_codes
            scorer.query = UnsafeRawPointer(queries.place(query))
            scorer.base = UnsafeRawPointer(codes.place(rows))
            scorer.stride_bytes = length
            scorer.length = length
            scorer.terms = UnsafePointer(terms.place((0..<count).map { qvk_code_terms(scale: each[2 * $0], squared_norm: each[2 * $0 + 1]) }))
            scorer.bias = 128 * query.reduce(Int32(0)) { $0 + Int32($1) }
            scorer.weight = 0.3
            scorer.norm_weight = -1
            scorer.constant = 0.25
            let expected = (0..<count).map { row in
                let dot = (0..<length).reduce(0) { $0 + Int(query[$1]) * (Int(rows[row * length + $1]) - 128) }
                return 0.3 * Double(each[2 * row]) * Double(dot) - Double(each[2 * row + 1]) + 0.25
            }
            let ids: [UInt32] = (0..<20).map { UInt32($0 * 7 + 3) % UInt32(count) }
            for n in 0...20 {
                var out = [Float](repeating: .nan, count: n + 1)
                qvk_score_ids(&scorer, ids, n, &out)
                for i in 0..<n {
                    let wanted = expected[Int(ids[i])]
                    #expect(abs(Double(out[i]) - wanted) <= 1e-6 * (abs(wanted) + 2), "length \(length), batch \(n)")
                }
                #expect(out[n].isNaN)
            }
            for n in 0..<count {
                var out = [Float](repeating: .nan, count: n + 1)
                qvk_score_range(&scorer, 1, n, &out)
                for i in 0..<n { #expect(abs(Double(out[i]) - expected[i + 1]) <= 1e-6 * (abs(expected[i + 1]) + 2)) }
                #expect(out[n].isNaN)
            }
        }
    }

    /// Rows and queries of any size score finite, and a row's rank is that of its exact score.
    @Test(arguments: KernelLevel.raw) func extremeRowsKeepTheirRank(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let n = 5, stride = 64
        let sizes: [Float] = [.greatestFiniteMagnitude, 1e36, 1e25, 1e10, 1, 0, 1e-30, -1, -1e10, -1e25, -.greatestFiniteMagnitude]
        var codes = [UInt8](repeating: 0, count: sizes.count * stride)
        var terms = [qvk_code_terms](repeating: .init(), count: sizes.count)
        codes.withUnsafeMutableBufferPointer { codes in
            for (row, size) in sizes.enumerated() {
                qvk_encode_row(
                    [Float](repeating: size, count: n), n, codes.baseAddress! + row * stride, stride, &terms[row])
            }
        }
        for euclid in [false, true] {
            for size in sizes {
                var query = [Int8](repeating: 0, count: stride)
                var sum: Int32 = 0, squaredNorm: Float = 0
                let scale = qvk_encode_query([Float](repeating: size, count: n), n, &query, stride, &sum, &squaredNorm)
                var out = [Float](repeating: .nan, count: sizes.count)
                query.withUnsafeBytes { query in
                    codes.withUnsafeBytes { codes in
                        terms.withUnsafeBufferPointer { terms in
                            var scorer = qvk_scorer()
                            scorer.score = table.score_codes
                            scorer.query = query.baseAddress
                            scorer.base = codes.baseAddress
                            scorer.stride_bytes = stride
                            scorer.length = stride
                            scorer.terms = terms.baseAddress
                            scorer.bias = 128 * sum
                            scorer.weight = euclid ? 2 * scale : scale
                            scorer.norm_weight = euclid ? -1 : 0
                            scorer.constant = euclid ? -squaredNorm : 0
                            qvk_score_range(&scorer, 0, sizes.count, &out)
                        }
                    }
                }
                let top = Double(Float.greatestFiniteMagnitude)
                for (row, got) in zip(sizes, out) {
                    let a = Double(size), b = Double(row)
                    let exact = euclid ? -Double(n) * (a - b) * (a - b) : Double(n) * a * b
                    // What cancels in a squared distance has the size of the squares.
                    let room = euclid ? 1e-5 * Double(n) * (a * a + b * b) : 1e-5 * abs(exact)
                    let wanted = max(-top, min(top, exact))
                    #expect(got.isFinite)
                    #expect(
                        room >= top ? got <= Float.greatestFiniteMagnitude : abs(Double(got) - wanted) <= room + 1e-30,
                        "euclid \(euclid), query \(size), row \(row): \(got)")
                    // A huge row is never near to a small query, nor a small row to a huge query.
                    if euclid, max(abs(a), abs(b)) > 1e24, min(abs(a), abs(b)) < 1e12 {
                        #expect(Double(got) == -top, "query \(size), row \(row)")
                    }
                }
            }
        }
    }
}
