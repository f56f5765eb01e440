import CVectorKernels
@testable import QuiverIndex
import QuiverTestKit
import Testing

/// Filters, deletions, scans, several query vectors, and what a scratch may remember.
@Suite struct SearchTests {
    static let data = Shared()

    /// One graph for all tests of this suite; nothing writes to it.
    final class Shared: @unchecked Sendable {
        let set = Dataset(count: 1500, dimension: 24, metric: .cosine, seed: 101)
        let graph: HNSWGraph?
        init() { graph = try? HNSWBuilder.build(set.source, parameters: HNSWParameters(m: 12, efConstruct: 48), threads: 2) }
    }

    private let set = SearchTests.data.set
    private func view() throws -> GraphView { try #require(SearchTests.data.graph).view }

    /// Both walks at every share, whatever the planner would do.
    @Test(arguments: [0.5, 0.1, 0.01], [Float(0.01), 0.9]) func recallUnderFilters(_ share: Double, walkedAs: Float) throws {
        var random = SeededGenerator(seed: 102)
        let accepted = Bitmap(count: set.count) { _ in Double.random(in: 0..<1, using: &random) < share }
        let filter = RowFilter(acceptedSlots: accepted.words, acceptedBitCount: set.count, passFraction: walkedAs)
        let recall = Searcher(data: set).recall(
            try view(), set.queries(30, seed: 103), ef: 64, filter: filter, accepts: { accepted.contains($0) })
        #expect(recall >= 0.95, "recall \(recall) at \(share), walked as \(walkedAs)")
    }

    /// Accepted rows all far from the query: the walk has to cross hundreds of rejected ones.
    @Test(arguments: [Float(0.05), 0.9]) func acceptedRowsFarFromTheQuery(_ walkedAs: Float) throws {
        let query = set.vector(7)
        let order = (0..<set.count).sorted { set.similarity(query, set.vector($0)) > set.similarity(query, set.vector($1)) }
        let far = Set(order[400..<460])
        let accepted = Bitmap(count: set.count) { far.contains($0) }
        let filter = RowFilter(acceptedSlots: accepted.words, acceptedBitCount: set.count, passFraction: walkedAs)
        let answers = Searcher(data: set).walk(try view(), query, k: 10, ef: 64, filter: filter)
        #expect(answers.count == 10 && answers.allSatisfy { far.contains(Int($0.row)) })
    }

    @Test func deadRowsAreNeverAnsweredAndTakeNoPlace() throws {
        let query = set.vector(7)
        let order = (0..<set.count).sorted { set.similarity(query, set.vector($0)) > set.similarity(query, set.vector($1)) }
        let gone = Set(order.prefix(100))
        let dead = Bitmap(count: set.count) { gone.contains($0) }
        let chunks: [UnsafePointer<UInt64>?] = [UnsafePointer(dead.words)]
        try chunks.withUnsafeBufferPointer { chunks in
            let filter = RowFilter(deadChunks: chunks.baseAddress)
            let answers = Searcher(data: set).walk(try view(), query, k: 10, ef: 16, filter: filter)
            #expect(answers.count == 10 && answers.allSatisfy { !gone.contains(Int($0.row)) })
            let recall = Searcher(data: set).recall(
                try view(), set.queries(30, seed: 104), filter: filter, accepts: { !gone.contains($0) })
            #expect(recall >= 0.97, "recall \(recall)")
        }
    }

    /// Slots are not rows: row r has slot 2r + 1, and slots at and beyond the bitmap's end are not accepted.
    @Test func slotsAreTranslated() throws {
        let slots = (0..<set.count).map { UInt32(2 * $0 + 1) }
        let accepted = Bitmap(count: 2 * set.count) { $0 % 4 == 1 }
        try slots.withUnsafeBufferPointer { slots in
            let filter = RowFilter(
                slotOf: slots.baseAddress, acceptedSlots: accepted.words, acceptedBitCount: 2000, passFraction: 0.3)
            for answer in Searcher(data: set).walk(try view(), set.vector(3), k: 20, ef: 40, filter: filter) {
                #expect(answer.slot == 2 * answer.row + 1 && answer.row % 2 == 0 && answer.slot < 2000)
            }
            #expect(filter.accepts(0) && !filter.accepts(1) && !filter.accepts(1000))
        }
    }

    /// Collecting a range by words finds what asking row by row finds, whatever the ends and restrictions.
    @Test func collectingMatchesAsking() {
        var random = SeededGenerator(seed: 111)
        let rows = 700
        let accepted = Bitmap(count: 900) { _ in Bool.random(using: &random) }
        let dead = Bitmap(count: rows) { _ in Int.random(in: 0..<5, using: &random) == 0 }
        let slots = (0..<rows).map { UInt32($0) }.shuffled(using: &random).map { $0 + UInt32($0 % 3) * 100 }
        let chunks: [UnsafePointer<UInt64>?] = [UnsafePointer(dead.words)]
        slots.withUnsafeBufferPointer { slots in
            chunks.withUnsafeBufferPointer { chunks in
                for pattern in 0..<16 {
                    let filter = RowFilter(
                        slotOf: pattern & 1 == 0 ? nil : slots.baseAddress,
                        acceptedSlots: pattern & 2 == 0 ? nil : UnsafePointer(accepted.words),
                        acceptedBitCount: pattern & 8 == 0 ? 333 : 900,
                        deadChunks: pattern & 4 == 0 ? nil : chunks.baseAddress)
                    for _ in 0..<20 {
                        let first = Int.random(in: 0..<rows, using: &random)
                        let end = Int.random(in: first...rows, using: &random)
                        var raw = filter.raw
                        var found = [UInt32](repeating: 0, count: rows)
                        let count = qvk_collect_accepted(&raw, UInt32(first), end - first, &found)
                        #expect(Array(found[..<count]) == (first..<end).map { UInt32($0) }.filter(filter.accepts))
                    }
                }
            }
        }
    }

    @Test func aScratchRemembersNothing() throws {
        let searcher = Searcher(data: set)
        let small = Dataset(count: 50, dimension: 24, metric: .cosine, seed: 105)
        let smallGraph = try HNSWBuilder.build(small.source, parameters: HNSWParameters(m: 4, efConstruct: 16))
        let query = set.queries(1, seed: 106)[0]
        let expected = searcher.walk(try view(), query, k: 10, ef: 40)
        // More walks than there are epochs, with segments of other sizes between.
        for _ in 0..<300 { _ = Searcher(data: small).walk(smallGraph.view, query, k: 5, ef: 8) }
        for _ in 0..<300 { _ = searcher.walk(try view(), query, k: 1, ef: 1) }
        #expect(searcher.walk(try view(), query, k: 10, ef: 40) == expected)
    }

    @Test func scansAreExact() throws {
        let scratch = SearchScratch()
        var random = SeededGenerator(seed: 107)
        let accepted = Bitmap(count: set.count) { _ in Bool.random(using: &random) }
        let filters = [RowFilter(), RowFilter(acceptedSlots: accepted.words, acceptedBitCount: set.count)]
        let listed = (100..<1300).filter { $0 % 3 == 0 }.map { UInt32($0) }
        for query in set.queries(5, seed: 108) {
            for (index, filter) in filters.enumerated() {
                let accepts: (Int) -> Bool = { index == 0 || accepted.contains($0) }
                query.withUnsafeBufferPointer { buffer in
                    let vectors = QueryVectors(buffer.baseAddress!, dimension: 24)
                    let exact = scratch.prepare(vectors, on: set.rows, metric: .cosine)
                    let approximate = scratch.prepare(vectors, on: set.codes, metric: .cosine)
                    func check(_ truth: [Float], _ what: Comment) {
                        let top = TopK(limit: 10)
                        Search.rescore(count: 40, exact: exact, filter: filter, segment: 3, scratch: scratch, into: top)
                        let answers = Array(top.takeSorted())
                        #expect(answers.count == truth.count && answers.allSatisfy { $0.segment == 3 }, what)
                        for (answer, score) in zip(answers, truth) { #expect(abs(answer.score - score) < 1e-5, what) }
                    }
                    _ = Search.scan(100..<1300, scorer: approximate, filter: filter, keep: 40, scratch: scratch)
                    check(set.bestScores(query, k: 10) { accepts($0) && (100..<1300).contains($0) }, "range of codes")
                    _ = Search.scan(0..<1500, scorer: exact, filter: filter, keep: 10, scratch: scratch)
                    check(set.bestScores(query, k: 10, accepts: accepts), "range of floats")
                    listed.withUnsafeBufferPointer {
                        _ = Search.scan($0, scorer: approximate, filter: filter, keep: 40, scratch: scratch)
                    }
                    check(set.bestScores(query, k: 10) { accepts($0) && listed.contains(UInt32($0)) }, "list of codes")
                }
            }
        }
    }

    // MARK: Several vectors

    private func combined(_ combination: Combination, _ s: [Float], positives: Int) -> Float {
        func squash(_ x: Float) -> Float { x / (1 + abs(x)) }
        func sigmoid(_ x: Float) -> Float { 0.5 * (squash(x) + 1) }
        switch combination {
        case .nearest: return s[0]
        case .bestScore:
            let plus = s[..<positives].max() ?? -.infinity
            let minus = s[positives...].max() ?? -.infinity
            return plus > minus ? sigmoid(plus) : -sigmoid(minus)
        case .sumScores: return s[..<positives].reduce(0, +) - s[positives...].reduce(0, +)
        case .discover:
            return stride(from: 1, to: s.count, by: 2).reduce(sigmoid(s[0])) { $0 + (s[$1] > s[$1 + 1] ? 1 : -1) }
        case .context:
            return stride(from: 0, to: s.count, by: 2).reduce(0) { $0 + squash(min(s[$1] - s[$1 + 1] - .ulpOfOne, 0)) }
        case .weightedSum: return zip(s, weights).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }

    private let weights: [Float] = [0.7, 0.4, -0.9, 0.2]

    @Test(arguments: [(Combination.bestScore, 2, 2), (.bestScore, 0, 3), (.sumScores, 3, 1), (.discover, 0, 5), (.context, 0, 4), (.weightedSum, 0, 4)])
    func severalVectors(_ combination: Combination, positives: Int, others: Int) throws {
        let examples = set.queries(positives + others, seed: 109)
        let truth = (0..<set.count).map { row in
            combined(combination, examples.map { set.similarity($0, set.vector(row)) }, positives: positives)
        }.sorted(by: >)
        let scratch = SearchScratch()
        let graph = try view()
        let numbers = examples.flatMap { $0 }
        numbers.withUnsafeBufferPointer { buffer in weights.withUnsafeBufferPointer { weights in
            let vectors = QueryVectors(
                buffer.baseAddress!, dimension: 24, count: examples.count, positiveCount: positives,
                combination: combination, weights: combination == .weightedSum ? weights.baseAddress : nil)
            let exact = scratch.prepare(vectors, on: set.rows, metric: .cosine)
            let approximate = scratch.prepare(vectors, on: set.codes, metric: .cosine)
            _ = Search.scan(0..<set.count, scorer: exact, filter: RowFilter(), keep: 10, scratch: scratch)
            for (candidate, score) in zip(scratch.candidates, truth) { #expect(abs(candidate.score - score) < 1e-5) }
            _ = Search.walk(graph, scorer: approximate, filter: RowFilter(), ef: 128, scratch: scratch)
            let top = TopK(limit: 10)
            Search.rescore(count: 128, exact: exact, filter: RowFilter(), segment: 0, scratch: scratch, into: top)
            let found = top.takeSorted().filter { $0.score >= truth[9] - 1e-5 }.count
            #expect(found >= 8, "found \(found) of 10")
        } }
    }

    @Test func aDeadlineInThePastStopsTheWalk() throws {
        let scratch = SearchScratch()
        let graph = try view()
        set.vector(0).withUnsafeBufferPointer { buffer in
            let scorer = scratch.prepare(QueryVectors(buffer.baseAddress!, dimension: 24), on: set.codes, metric: .cosine)
            let past = ContinuousClock.now
            let walked = Search.walk(graph, scorer: scorer, filter: RowFilter(), ef: 1000, deadline: past, scratch: scratch)
            #expect(walked.timedOut && scratch.candidates.count > 0)
            let later = ContinuousClock.now + .seconds(3600)
            let whole = Search.walk(graph, scorer: scorer, filter: RowFilter(), ef: 1000, deadline: later, scratch: scratch)
            #expect(!whole.timedOut && scratch.candidates.count == 1000)
        }
    }

    @Test func topKOrdersTiesBySlot() {
        var random = SeededGenerator(seed: 110)
        for limit in [1, 2, 7, 50] {
            let answers = (0..<200).map { slot in
                ScoredSlot(score: Float(Int.random(in: 0..<20, using: &random)), slot: UInt32(slot), segment: 0, row: 0)
            }
            let expected = answers.sorted { ($0.score, Float($1.slot)) > ($1.score, Float($0.slot)) }.prefix(limit)
            let first = TopK(limit: limit)
            let second = TopK(limit: limit)
            for answer in answers.shuffled(using: &random) { (answer.slot % 2 == 0 ? first : second).offer(answer) }
            first.merge(second)
            #expect(first.bound == expected.last?.score)
            #expect(Array(first.takeSorted()) == Array(expected))
            first.reset(limit: 5, minimumScore: 18)
            for answer in answers { first.offer(answer) }
            #expect(first.takeSorted().allSatisfy { $0.score >= 18 })
        }
    }

    @Test func aPoolHandsScratchesBack() {
        let pool = SearchScratchPool()
        let first = pool.withScratch { ObjectIdentifier($0) }
        let again = pool.withScratch { outer in
            pool.withScratch { #expect($0 !== outer) }
            return ObjectIdentifier(outer)
        }
        #expect(first == again)
    }
}
