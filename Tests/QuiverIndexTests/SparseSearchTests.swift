import CVectorKernels
@testable import QuiverIndex
import QuiverTestKit
import Testing

/// Searches by the inverted index and row by row give the same answers, and those are right.
@Suite struct SparseSearchTests {
    static let shapes: [SparseDataset.Shape] = [
        .init(),
        .init(rows: 18_000, terms: 2_000, entries: 10),
        .init(rows: 9_000, terms: 12, entries: 6),
        .init(rows: 3_000, terms: 300, negative: 40),
        .init(rows: 17_000, terms: 80, negative: 100),
        .init(rows: 10_000, terms: 60, coarse: true),
        .init(rows: 9_000, terms: 400, entries: 15, negative: 10, stride: 0x0101_0305),
        .init(rows: 9_000, terms: 200, datatype: .float16),
        .init(rows: 9_000, terms: 200, negative: 30, datatype: .uint8),
        .init(rows: 1, terms: 3),
        .init(rows: 0),
    ]

    /// Answers as (score, slot) pairs, best first.
    private func answers(_ top: TopK) -> [ScoredSlot] { unsafe Array(top.takeSorted()) }

    /// `found` are the best `limit` accepted rows, as far as rounding allows to tell.
    private func check(
        _ found: [ScoredSlot], limit: Int, _ query: (indices: [UInt32], values: [Float]), _ data: SparseDataset,
        accepts: (Int) -> Bool = { _ in true }, _ what: String
    ) {
        let oracle = SparseDataset.Oracle(data, query)
        var expected: [Double] = []
        for row in 0..<data.shape.rows where accepts(row) {
            if let (score, _) = oracle.score(row) { expected.append(score) }
        }
        expected.sort(by: >)
        expected = Array(expected.prefix(limit))
        #expect(found.count == expected.count, "\(what)")
        #expect(Set(found.map(\.row)).count == found.count, "\(what): a row twice")
        for (answer, best) in zip(found, expected) {
            guard accepts(Int(answer.row)), let (score, size) = oracle.score(Int(answer.row)) else {
                Issue.record("\(what): row \(answer.row) must not be answered")
                continue
            }
            #expect(abs(Double(answer.score) - score) <= 1e-5 * size + 1e-30, "\(what): score of row \(answer.row)")
            #expect(score >= best - 2e-5 * size - 1e-30, "\(what): row \(answer.row) with \(score) stands where \(best) should")
        }
    }

    @Test(arguments: shapes.indices) func exactAnswers(_ shapeIndex: Int) throws {
        let seed = runSeed("exactAnswers \(shapeIndex)")
        var random = SparseRandom(seed: seed)
        let data = SparseDataset(Self.shapes[shapeIndex], &random)
        let chunks = try SparseIndexBuilder.build(data.rows)
        let scratch = SparseScratch()
        for round in 0..<14 {
            let query = data.query([1, 2, 5, 15, 40, 200, 0][round % 7], &random)
            let limit = [1, 10, 100, 5000][random.below(4)]
            let sparse = SparseQuery(indices: query.indices, weights: query.values)
            let top = TopK(limit: limit)
            let outcome = SparseSearch.top(
                sparse, index: chunks.view, rows: data.rows, filter: RowFilter(), segment: 7, into: top, scratch: scratch)
            let found = answers(top)
            #expect(!outcome.timedOut && found.allSatisfy { $0.segment == 7 && $0.slot == $0.row })
            check(found, limit: limit, query, data, "seed \(seed), round \(round)")
            top.reset(limit: limit)
            _ = SparseSearch.scan(sparse, rows: data.rows, filter: RowFilter(), segment: 7, into: top, scratch: scratch)
            #expect(answers(top) == found, "seed \(seed), round \(round): the scan differs")
        }
    }

    /// Dead rows, accepted slots and a table of slots, at every share, with a hint that may be wrong.
    @Test(arguments: [1, 3, 5, 7]) func filters(_ shapeIndex: Int) throws {
        let seed = runSeed("filters \(shapeIndex)")
        var random = SparseRandom(seed: seed)
        let data = SparseDataset(Self.shapes[shapeIndex], &random)
        let chunks = try SparseIndexBuilder.build(data.rows)
        let scratch = SparseScratch()
        let count = data.shape.rows
        for round in 0..<12 {
            let share = [100, 50, 5, 1, 0][random.below(5)]
            let dead = Bitmap(count: count) { _ in random.chance(10) }
            let slots = (0..<UInt32(count)).shuffled(using: &random)
            let accepted = Bitmap(count: count) { _ in random.chance(share) }
            let deadChunks: [UnsafePointer<UInt64>?] = [UnsafePointer(dead.words)]
            let limit = [1, 10, 300][random.below(3)]
            let query = data.query([1, 3, 12, 40][round % 4], &random)
            let sparse = SparseQuery(indices: query.indices, weights: query.values)
            let hint: Float = random.chance(50) ? Float(share) / 100 : 1
            slots.withUnsafeBufferPointer { table in
                deadChunks.withUnsafeBufferPointer { chunk in
                    let filter = RowFilter(
                        slotOf: table.baseAddress, acceptedSlots: share == 100 ? nil : accepted.words,
                        acceptedBitCount: count, passFraction: hint, deadChunks: chunk.baseAddress)
                    let top = TopK(limit: limit)
                    _ = SparseSearch.top(
                        sparse, index: chunks.view, rows: data.rows, filter: filter, segment: 0, into: top, scratch: scratch)
                    let found = answers(top)
                    #expect(found.allSatisfy { $0.slot == slots[Int($0.row)] })
                    check(
                        found, limit: limit, query, data,
                        accepts: { row in
                            !dead.contains(row) && (share == 100 || accepted.contains(Int(slots[row])))
                        }, "seed \(seed), round \(round)")
                    top.reset(limit: limit)
                    _ = SparseSearch.scan(
                        sparse, rows: data.rows, filter: filter, segment: 0, into: top, scratch: scratch)
                    #expect(answers(top) == found, "seed \(seed), round \(round): the scan differs")
                }
            }
        }
    }

    /// Two segments into one heap are one segment with all rows.
    @Test func severalSegments() throws {
        let seed = runSeed("severalSegments")
        var random = SparseRandom(seed: seed)
        let first = SparseDataset(.init(rows: 9_000, terms: 100), &random)
        let second = SparseDataset(.init(rows: 12_000, terms: 100), &random)
        let chunks = try [first, second].map { try SparseIndexBuilder.build($0.rows) }
        let scratch = SparseScratch()
        for _ in 0..<20 {
            let query = first.query(12, &random)
            let sparse = SparseQuery(indices: query.indices, weights: query.values)
            let together = TopK(limit: 20), apart = TopK(limit: 20), one = TopK(limit: 20)
            for (segment, data) in [first, second].enumerated() {
                _ = SparseSearch.top(
                    sparse, index: chunks[segment].view, rows: data.rows, filter: RowFilter(), segment: UInt32(segment),
                    into: together, scratch: scratch)
                one.reset(limit: 20)
                _ = SparseSearch.top(
                    sparse, index: chunks[segment].view, rows: data.rows, filter: RowFilter(), segment: UInt32(segment),
                    into: one, scratch: scratch)
                apart.merge(one)
            }
            #expect(answers(together).map(\.score) == answers(apart).map(\.score), "seed \(seed)")
        }
    }

    @Test func minimumScore() throws {
        let seed = runSeed("minimumScore")
        var random = SparseRandom(seed: seed)
        let data = SparseDataset(.init(rows: 9_000, terms: 100, negative: 20), &random)
        let chunks = try SparseIndexBuilder.build(data.rows)
        for minimum in [Float(-3), 0, 5, 40, 1e9] {
            let query = data.query(8, &random)
            let top = TopK(limit: 50, minimumScore: minimum)
            _ = SparseSearch.top(
                SparseQuery(indices: query.indices, weights: query.values), index: chunks.view, rows: data.rows,
                filter: RowFilter(), segment: 0, into: top, scratch: SparseScratch())
            let found = answers(top)
            let oracle = SparseDataset.Oracle(data, query)
            let expected = (0..<data.shape.rows).filter { (oracle.score($0)?.score ?? -.infinity) >= Double(minimum) }
            #expect(abs(found.count - min(50, expected.count)) <= 1 && found.allSatisfy { $0.score >= minimum }, "seed \(seed)")
        }
    }

    @Test func aPassedDeadlineStopsTheScan() throws {
        var random = SparseRandom(seed: 1)
        let data = SparseDataset(.init(), &random)
        let query = data.query(8, &random)
        let top = TopK(limit: 5)
        let outcome = SparseSearch.scan(
            SparseQuery(indices: query.indices, weights: query.values), rows: data.rows, filter: RowFilter(), segment: 0,
            into: top, scratch: SparseScratch(), deadline: .now - .seconds(1))
        #expect(outcome.timedOut && outcome.scoredCount < data.shape.rows)
    }

    /// A growing row is scored as a stored one, and one that shares nothing is no answer.
    @Test func pointersScoreAsRows() throws {
        let seed = runSeed("pointersScoreAsRows")
        var random = SparseRandom(seed: seed)
        let data = SparseDataset(.init(rows: 500, terms: 40, negative: 30), &random)
        let query = data.query(9, &random)
        let sparse = SparseQuery(indices: query.indices, weights: query.values)
        let top = TopK(limit: 500)
        _ = SparseSearch.scan(sparse, rows: data.rows, filter: RowFilter(), segment: 0, into: top, scratch: SparseScratch())
        var scores: [UInt32: Float] = [:]
        for answer in answers(top) { scores[answer.row] = answer.score }
        for row in 0..<500 {
            let (indices, values) = (data.indices[row], data.values[row])
            let score = indices.withUnsafeBufferPointer { indices in
                values.withUnsafeBufferPointer { values -> Float? in
                    guard let i = indices.baseAddress, let v = values.baseAddress else { return nil }
                    return sparse.score(indices: i, values: v, count: indices.count)
                }
            }
            #expect(score == scores[UInt32(row)], "seed \(seed), row \(row)")
        }
    }
}
