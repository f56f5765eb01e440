import CMeasure
import CVectorKernels

/// The kernels of every level that this processor has, on 384 components, from memory that is in the caches.
enum KernelBenchmarks {
    static let dimension = 384
    static let rows = 64

    static var groups: [BenchmarkGroup] {
        (0..<QVK_LEVEL_COUNT).compactMap { level in
            guard let table = qvk_table_of(qvk_level(UInt32(level))) else { return nil }
            let name = "kernels/\(String(cString: table.pointee.name))"
            return BenchmarkGroup(name) { benchmarks(name, table.pointee) }
        }
    }

    private static func benchmarks(_ level: String, _ table: qvk_table) -> [Benchmark] {
        var random = FixedGenerator()
        let n = dimension
        let floats = permanent(random.vectors(rows, dimension: n))
        let halves = permanent([UInt16](repeating: 0, count: rows * n))
        let query = permanent(random.vectors(1, dimension: n))
        for row in 0..<rows { table.encode_f16(floats + row * n, n, halves + row * n) }
        let codes = permanent([UInt8](repeating: 0, count: rows * n))
        let terms = permanent([qvk_code_terms](repeating: qvk_code_terms(), count: rows))
        for row in 0..<rows { qvk_encode_row(floats + row * n, n, codes + row * n, n, terms + row) }
        let signed = permanent([Int8](repeating: 0, count: n))
        var sum: Int32 = 0
        var norm: Float = 0
        let scale = qvk_encode_query(query, n, signed, n, &sum, &norm)
        let out = permanent([Float](repeating: 0, count: rows))
        let bytes = permanent([UInt8](repeating: 0, count: n))
        let words = permanent([UInt16](repeating: 0, count: n))

        func pairs(_ name: String, _ body: @escaping (Int) -> Float) -> Benchmark {
            Benchmark("\(level)/\(name)", operations: rows) {
                var total: Float = 0
                for row in 0..<rows { total += body(row) }
                qms_use(UInt64(total.bitPattern))
            }
        }
        func batch(_ name: String, _ scorer: qvk_scorer) -> Benchmark {
            var scorer = scorer
            return Benchmark("\(level)/\(name)", operations: rows) {
                qvk_score_range(&scorer, 0, rows, out)
                qms_use(UInt64(out[rows - 1].bitPattern))
            }
        }
        var plain = qvk_scorer()
        plain.query = UnsafeRawPointer(query)
        plain.length = n
        var onFloats = plain
        onFloats.base = UnsafeRawPointer(floats)
        onFloats.stride_bytes = 4 * n
        var onHalves = plain
        onHalves.base = UnsafeRawPointer(halves)
        onHalves.stride_bytes = 2 * n
        onHalves.format = QVK_ROWS_F16
        var onCodes = plain
        onCodes.query = UnsafeRawPointer(signed)
        onCodes.base = UnsafeRawPointer(codes)
        onCodes.stride_bytes = n
        onCodes.terms = UnsafePointer(terms)
        onCodes.bias = 128 * sum
        onCodes.weight = scale
        onCodes.score = table.score_codes

        func scoring(_ scorer: qvk_scorer, _ function: @escaping qvk_score_function) -> qvk_scorer {
            var scorer = scorer
            scorer.score = function
            return scorer
        }
        return [
            pairs("dot_f32") { table.dot_f32(query, floats + $0 * n, n) },
            pairs("squared_l2_f32") { table.squared_l2_f32(query, floats + $0 * n, n) },
            pairs("l1_f32") { table.l1_f32(query, floats + $0 * n, n) },
            pairs("dot_f16") { table.dot_f16(query, halves + $0 * n, n) },
            pairs("dot_u8i8") { Float(table.dot_u8i8(codes + $0 * n, signed, n)) },
            pairs("hamming_b1") { Float(table.hamming_b1(codes + $0 * n, codes, n / 8)) },
            batch("score_dot_f32", scoring(onFloats, table.score_dot_f32)),
            batch("score_euclid_f32", scoring(onFloats, table.score_euclid_f32)),
            batch("score_dot_f16", scoring(onHalves, table.score_dot_f16)),
            batch("score_codes", onCodes),
            pairs("encode_u8") { Float(table.encode_u8(floats + $0 * n, n, 500, bytes)) },
            pairs("encode_f16") { row in
                table.encode_f16(floats + row * n, n, words)
                return Float(words[0])
            },
        ]
    }
}
