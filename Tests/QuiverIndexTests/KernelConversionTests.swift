import CVectorKernels
import QuiverTestKit
import Testing

/// Conversions of row formats, and encoding to codes.
@Suite struct KernelConversionTests {
    static let seed: UInt64 = 0xC0DE

    @Test(arguments: KernelLevel.raw) func everyHalfDecodes(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let halves = (0...UInt16.max).map { $0 }
        var floats = [Float](repeating: 0, count: halves.count)
        table.decode_f16(halves, halves.count, &floats)
        var back = [UInt16](repeating: 0, count: halves.count)
        table.encode_f16(floats, halves.count, &back)
        for (half, float) in zip(halves, floats) {
            let wanted = Float(Float16(bitPattern: half))
            if wanted.isNaN {
                #expect(float.isNaN && Float16(bitPattern: back[Int(half)]).isNaN)
            } else {
                #expect(float.bitPattern == wanted.bitPattern && back[Int(half)] == half, "\(half)")
            }
        }
    }

    /// Random floats of all exponents, and the neighbours of every point where rounding changes its mind.
    @Test(arguments: KernelLevel.raw) func floatsRoundToHalves(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        var random = SeededGenerator(seed: Self.seed)
        var floats: [Float] = [0, -0.0, 65_504, 65_519.996, 65_520, 65_536, .infinity, -.infinity, 3e38, .leastNonzeroMagnitude]
        for half in UInt16(0)..<0x7BFF {
            let middle = (Float(Float16(bitPattern: half)) + Float(Float16(bitPattern: half + 1))) / 2
            floats += [middle, middle.nextUp, -middle.nextDown]
        }
        for _ in 0..<20_000 { floats.append(Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))) }
        var halves = [UInt16](repeating: 0, count: floats.count)
        table.encode_f16(floats, floats.count, &halves)
        var wrong = 0
        for (float, half) in zip(floats, halves) where !float.isNaN {
            if half != Float16(float).bitPattern { wrong += 1 }
        }
        #expect(wrong == 0, "seed \(Self.seed)")
    }

    @Test(arguments: KernelLevel.raw) func passesOfAllLengths(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let inputs = GuardedMemory(byteCount: 1 << 15), outputs = GuardedMemory(byteCount: 1 << 15)
        for n in KernelLevel.lengths {
            var random = SeededGenerator(seed: Self.seed &+ UInt64(n))
            let values = random.vector(n)
            for distance in [0, n % 16 * 4] {
                let x = inputs.place(values, distance: distance)
                let top = values.map(abs).max() ?? 0
                #expect(table.max_abs_f32(x, n) == top)

                let floats = outputs.last(n, of: Float.self, distance: distance)
                table.scale_f32(x, n, 0.7, floats)
                #expect((0..<n).allSatisfy { floats[$0] == values[$0] * 0.7 })
                let halves = outputs.last(n, of: UInt16.self, distance: distance)
                table.encode_f16(x, n, halves)
                #expect((0..<n).allSatisfy { halves[$0] == Float16(values[$0]).bitPattern })

                let f16 = inputs.place(values.map { Float16($0).bitPattern }, distance: distance)
                table.decode_f16(f16, n, floats)
                #expect((0..<n).allSatisfy { floats[$0] == Float(Float16(values[$0])) })
                let bytes = (0..<n).map { _ in UInt8.random(in: 0...255, using: &random) }
                table.decode_u8(inputs.place(bytes, distance: distance), n, floats)
                #expect((0..<n).allSatisfy { floats[$0] == Float(bytes[$0]) })
            }
        }
    }

    @Test(arguments: KernelLevel.raw) func encodingClips(_ raw: UInt32) throws {
        let table = try KernelLevel.table(raw)
        let inputs = GuardedMemory(byteCount: 1 << 15), outputs = GuardedMemory(byteCount: 1 << 13)
        for n in KernelLevel.lengths {
            var random = SeededGenerator(seed: Self.seed &+ UInt64(n))
            var values = random.vector(n).map { $0 * 3 }
            if n > 2 { values[n / 2] = random.chance(50) ? .infinity : -.greatestFiniteMagnitude }
            let x = inputs.place(values), codes = outputs.last(n, of: UInt8.self)
            let sum = table.encode_u8(x, n, 60, codes)
            let wanted = values.map { Int(max(-127, min(127, $0 * 60)).rounded(.toNearestOrEven)) }
            #expect((0..<n).allSatisfy { Int(codes[$0]) == wanted[$0] + 128 }, "length \(n), seed \(Self.seed)")
            #expect(Int(sum) == wanted.reduce(0, +))
        }
    }

    @Test func clippedRows() {
        var random = SeededGenerator(seed: Self.seed)
        for n in [1, 5, 64, 100] {
            let row = random.vector(n).map { $0 * 4 }
            let most = row.map(abs).max() ?? 0
            let stride = (n + 63) / 64 * 64
            for limit in [0, 0.5, 2, most, most * 2, .infinity] as [Float] {
                var codes = [UInt8](repeating: 7, count: stride)
                var terms = qvk_code_terms()
                qvk_encode_row_clipped(row, n, limit, &codes, stride, &terms)
                #expect(abs(terms.scale - min(most, limit) / 127) <= 1e-6 * limit || limit > most)
                #expect(codes[n...].allSatisfy { $0 == 128 })
                for (code, value) in zip(codes, row) {
                    let clipped = max(-limit, min(limit, value))
                    #expect(abs((Float(code) - 128) * terms.scale - clipped) <= terms.scale * 0.5001)
                }
                var plain = [UInt8](repeating: 7, count: stride)
                var plainTerms = qvk_code_terms()
                qvk_encode_row(row, n, &plain, stride, &plainTerms)
                #expect(plainTerms.squared_norm == terms.squared_norm)
                if limit >= most { #expect(plain == codes && plainTerms.scale == terms.scale) }
            }
        }
    }

    @Test func normalisingHugeRows() {
        for n in [1, 3, 64, 100] {
            for value in [1e20, 1e30, Float.greatestFiniteMagnitude] {
                let row = (0..<n).map { $0 % 3 == 0 ? value : -value / 2 }
                var out = [Float](repeating: 0, count: n)
                _ = qvk_normalise(row, n, &out)
                let scale = row.map { Double($0) * Double($0) }.reduce(0, +).squareRoot()
                for i in 0..<n { #expect(abs(Double(out[i]) - Double(row[i]) / scale) < 1e-5) }
            }
        }
    }
}
