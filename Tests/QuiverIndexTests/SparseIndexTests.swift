import CVectorKernels
@testable import QuiverIndex
import QuiverTestKit
import Testing

/// The chunks: building them, storing them, and what a damaged one does.
@Suite struct SparseIndexTests {
    @Test func termsAreCounted() throws {
        let seed = runSeed("termsAreCounted")
        var random = SparseRandom(seed: seed)
        for shape in [SparseDataset.Shape(rows: 9_000, terms: 200, stride: 7), .init(rows: 4_000, terms: 20_000, stride: 200_011)] {
            let data = SparseDataset(shape, &random)
            let chunks = try SparseIndexBuilder.build(data.rows)
            let view = chunks.view
            var counts: [UInt32: Int] = [:]
            for row in data.indices { for index in row { counts[index, default: 0] += 1 } }
            #expect(view.termCount == counts.count && view.rowCount == shape.rows, "seed \(seed)")
            #expect(view.postingCount == counts.values.reduce(0, +))
            #expect(counts.allSatisfy { view.rowCount(of: $0.key) == $0.value }, "seed \(seed)")
            let others = (0..<1000).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
            #expect(others.allSatisfy { view.rowCount(of: $0) == counts[$0] ?? 0 }, "seed \(seed)")
            withExtendedLifetime(chunks) {}
        }
    }

    @Test func rowsComeBack() {
        let seed = runSeed("rowsComeBack")
        var random = SparseRandom(seed: seed)
        for datatype in SparseDatatype.allCases {
            let writer = SparseRowsWriter(rows: 200, entries: 200 * 40, datatype: datatype)
            var rows: [([UInt32], [Float])] = []
            for _ in 0..<200 {
                let row = SparseDataset.draw(random.below(40), .init(negative: 30), &random)
                row.indices.withUnsafeBufferPointer { i in
                    row.values.withUnsafeBufferPointer { v in writer.append(indices: i, values: v) }
                }
                rows.append((row.indices, row.values))
            }
            for (row, (indices, values)) in rows.enumerated() {
                var gotIndices: [UInt32] = [], gotValues: [Float] = []
                writer.view.copy(row, indices: &gotIndices, values: &gotValues)
                #expect(gotIndices == indices, "seed \(seed)")
                let span = (values.max() ?? 0) - (values.min() ?? 0)
                for (got, value) in zip(gotValues, values) {
                    let allowed: Float =
                        switch datatype {
                        case .float32: 0
                        case .float16: abs(value) / 2048 + 1e-7
                        case .uint8: span / 509
                        }
                    #expect(abs(got - value) <= allowed, "\(datatype), seed \(seed)")
                }
            }
        }
    }

    @Test func halvesStayFinite() {
        let writer = SparseRowsWriter(rows: 1, entries: 3, datatype: .float16)
        let indices: [UInt32] = [1, 2, 3], values: [Float] = [1e30, -1e30, 65_504]
        indices.withUnsafeBufferPointer { i in values.withUnsafeBufferPointer { v in writer.append(indices: i, values: v) } }
        var gotIndices: [UInt32] = [], gotValues: [Float] = []
        writer.view.copy(0, indices: &gotIndices, values: &gotValues)
        #expect(gotValues == [65_504, -65_504, 65_504])
    }

    @Test func buildingIsDeterministicAndCanBeCancelled() throws {
        var random = SparseRandom(seed: 5)
        let data = SparseDataset(.init(rows: 20_000, terms: 500), &random)
        let control = BuildControl()
        let first = try SparseIndexBuilder.build(data.rows, control: control), second = try SparseIndexBuilder.build(data.rows)
        #expect(control.doneRows == control.totalRows && control.totalRows == 40_000)
        #expect(Array(first.terms) == Array(second.terms) && Array(first.postings) == Array(second.postings))
        #expect(Array(first.slices) == Array(second.slices))
        control.cancel()
        #expect(throws: IndexError.cancelled) { try SparseIndexBuilder.build(data.rows, control: control) }
    }

    /// Chunks moved elsewhere, as from a file, answer the same.
    @Test func chunksArePositionIndependent() throws {
        let seed = runSeed("chunksArePositionIndependent")
        var random = SparseRandom(seed: seed)
        let data = SparseDataset(.init(rows: 9_000, terms: 100), &random)
        var chunks: SparseIndexChunks? = try SparseIndexBuilder.build(data.rows)
        let query = data.query(10, &random)
        let sparse = SparseQuery(indices: query.indices, weights: query.values)
        func answers(_ view: SparseIndexView) -> [ScoredSlot] {
            let top = TopK(limit: 10)
            _ = SparseSearch.top(
                sparse, index: view, rows: data.rows, filter: RowFilter(), segment: 0, into: top, scratch: SparseScratch())
            return Array(top.takeSorted())
        }
        let before = try answers(#require(chunks).view)
        let copies = try [#require(chunks).terms, #require(chunks).slices, #require(chunks).postings].map {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: $0.count, alignment: 64)
            copy.copyMemory(from: UnsafeRawBufferPointer($0))
            return copy
        }
        defer { for copy in copies { copy.deallocate() } }
        chunks = nil
        let view = try #require(SparseIndexView(
            terms: UnsafeRawBufferPointer(copies[0]), slices: UnsafeRawBufferPointer(copies[1]),
            postings: UnsafeRawBufferPointer(copies[2])))
        #expect(answers(view) == before && !before.isEmpty)
    }

    /// Each byte of the terms, changed, is refused or harmless; short buffers are refused; damaged slices, postings and
    /// offsets give wrong answers at worst.
    @Test func damageIsNeverReadOutOfBounds() throws {
        let seed = runSeed("damageIsNeverReadOutOfBounds")
        var random = SparseRandom(seed: seed)
        let data = SparseDataset(.init(rows: 9_000, terms: 40, entries: 4), &random)
        let chunks = try SparseIndexBuilder.build(data.rows)
        let terms = UnsafeRawBufferPointer(chunks.terms), slices = UnsafeRawBufferPointer(chunks.slices)
        let postings = UnsafeRawBufferPointer(chunks.postings)
        #expect(SparseIndexView(terms: .init(rebasing: terms.dropLast()), slices: slices, postings: postings) == nil)
        #expect(SparseIndexView(terms: terms, slices: .init(rebasing: slices.dropLast()), postings: postings) == nil)
        #expect(SparseIndexView(terms: terms, slices: slices, postings: .init(rebasing: postings.dropLast())) == nil)
        #expect(SparseIndexView(terms: .init(rebasing: terms.prefix(10)), slices: slices, postings: postings) == nil)

        let query = data.query(12, &random)
        let sparse = SparseQuery(indices: query.indices, weights: query.values)
        let scratch = SparseScratch()
        for target in [chunks.terms, chunks.slices, chunks.postings] {
            for _ in 0..<400 {
                let at = random.below(target.count), old = target[at]
                target[at] = UInt8(truncatingIfNeeded: random.next())
                defer { target[at] = old }
                guard let view = SparseIndexView(terms: terms, slices: slices, postings: postings) else { continue }
                let top = TopK(limit: 10)
                _ = SparseSearch.top(
                    sparse, index: view, rows: data.rows, filter: RowFilter(), segment: 0, into: top, scratch: scratch)
                #expect(top.count <= 10)
            }
        }
        for at in 0..<2 {  // Magic and version.
            let old = chunks.terms[4 * at]
            chunks.terms[4 * at] = old &+ 1
            #expect(SparseIndexView(terms: terms, slices: slices, postings: postings) == nil)
            chunks.terms[4 * at] = old
        }
    }

    @Test func damagedRowsAreRefusedOrEmpty() throws {
        var offsets: [UInt64] = [0, 2, 1 << 40, 3]
        let indices: [UInt32] = [1, 2, 3], values: [Float] = [1, 2, 3]
        func view(_ offsets: [UInt64], count: Int) -> (SparseRowsView?, [Int]) {
            offsets.withUnsafeBytes { o in
                indices.withUnsafeBytes { i in
                    values.withUnsafeBytes { v in
                        let view = SparseRowsView(
                            count: count, datatype: .float32, offsets: o, indices: i, values: v,
                            ranges: UnsafeRawBufferPointer(start: nil, count: 0))
                        return (view, view.map { view in (0..<count).map { view.entryCount(of: $0) } } ?? [])
                    }
                }
            }
        }
        #expect(view(offsets, count: 3).1 == [2, 0, 0])
        #expect(view(offsets, count: 4).0 == nil)
        offsets[3] = 4
        #expect(view(offsets, count: 3).0 == nil)
        offsets[3] = 3
        offsets[0] = 1
        #expect(view(offsets, count: 3).0 == nil)
    }

    /// Every level gives the same sums, the same rows, and bit by bit the same scores.
    @Test func kernelsAgree() throws {
        let seed = runSeed("kernelsAgree")
        var random = SparseRandom(seed: seed)
        let plain = try #require(qvk_sparse_kernels_of(QVK_SCALAR)).pointee
        let window = Int(QVK_SPARSE_WINDOW)
        for level in [QVK_AVX2, QVK_AVX512] {
            guard let kernels = qvk_sparse_kernels_of(level)?.pointee else { continue }
            for round in 0..<8 {
                let sums = UnsafeMutableRawPointer.allocate(byteCount: 4 * window, alignment: 64)
                    .bindMemory(to: UInt16.self, capacity: 2 * window)
                defer { sums.deallocate() }
                sums.initialize(repeating: 0, count: 2 * window)
                let other = sums + window
                for _ in 0..<3 {
                    let multiplier = UInt32(random.below(65_536 / 4))
                    let rows = (0..<UInt16(window)).filter { _ in random.chance([1, 7, 60, 100][round % 4]) }
                    var codes = rows.map { _ in UInt8(1 + random.below(255)) }
                    codes += [UInt8](repeating: 9, count: window + 64)
                    var bits = [UInt8](repeating: 0, count: window / 8)
                    for row in rows { bits[Int(row) / 8] |= 1 << UInt8(row % 8) }
                    plain.add(sums, rows, codes, rows.count, multiplier)
                    kernels.add_bitmap(other, bits, codes, multiplier)
                    plain.add_bitmap(sums, bits, codes, multiplier)
                    kernels.add(other, rows, codes, rows.count, multiplier)
                }
                #expect((0..<window).allSatisfy { sums[$0] == other[$0] }, "seed \(seed)")
                for threshold in [1, 700, 5_000, 40_000, 65_535, 65_536] as [UInt32] {
                    #expect(plain.count(sums, threshold) == kernels.count(sums, threshold))
                    for end in [threshold, threshold + 900, 65_535, 65_536] {
                        var a = [UInt16](repeating: 0, count: window), b = a
                        #expect(plain.collect(sums, threshold, end, &a) == kernels.collect(sums, threshold, end, &b) && a == b)
                    }
                }
            }
            for datatype in SparseDatatype.allCases {
                let data = SparseDataset(.init(rows: 300, terms: 90, entries: 30, negative: 30, datatype: datatype), &random)
                for size in [1, 10, 80] {
                    let query = data.query(size, &random)
                    let sparse = SparseQuery(indices: query.indices, weights: query.values)
                    var table = sparse.table
                    for row in 0..<300 {
                        var raw = data.rows.raw(row)
                        var a: UInt32 = 0, b: UInt32 = 0
                        let score = kernels.score(&table, &raw, datatype.raw, &a)
                        #expect(plain.score(&table, &raw, datatype.raw, &b).bitPattern == score.bitPattern && a == b, "seed \(seed)")
                    }
                }
            }
        }
    }

    /// Keys that collide whatever the factor: far more of them than slots could keep apart.
    @Test func collidingQueriesFindTheirWeights() {
        var random = SparseRandom(seed: 9)
        for count in [1, 255, 2_000] {
            let ids = (0..<count).map { UInt32($0) &* 65_536 &+ UInt32($0 / 60_000) }
            let weights = ids.map { _ in Float(1 + random.below(100)) }
            let query = SparseQuery(indices: ids, weights: weights)
            for probe in 0..<min(count, 300) {
                let values: [Float] = [1]
                let found = query.score(indices: [ids[probe]], values: values, count: 1)
                #expect(found == weights[probe])
                #expect(query.score(indices: [ids[probe] &+ 77], values: values, count: 1) == nil)
            }
        }
    }
}
