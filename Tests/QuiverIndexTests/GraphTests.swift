@testable import QuiverIndex
import QuiverTestKit
import Testing

/// Recall floors of graphs against brute force, and what must hold of every graph.
@Suite struct GraphTests {
    static let parameters = HNSWParameters(m: 8, efConstruct: 40)
    static let count = 1200
    static let dimension = 24

    @Test(arguments: Metric.allCases) func recallOfABuild(_ metric: Metric) throws {
        let data = Dataset(count: Self.count, dimension: Self.dimension, metric: metric, seed: 11)
        let graph = try HNSWBuilder.build(data.source, parameters: Self.parameters)
        #expect(graph.view.isConsistent(upperLinkWords: graph.view.upperLinkWords))
        let recall = Searcher(data: data).recall(graph.view, data.queries(40, seed: 12))
        #expect(recall >= 0.97, "recall \(recall)")
    }

    @Test func oneThreadIsDeterministic() throws {
        let data = Dataset(count: 500, dimension: 16, metric: .euclid, seed: 21)
        let first = try HNSWBuilder.build(data.source, parameters: Self.parameters)
        let second = try HNSWBuilder.build(data.source, parameters: Self.parameters)
        #expect(first.chunks.links.elementsEqual(second.chunks.links))
        #expect(first.chunks.upperLinks.elementsEqual(second.chunks.upperLinks))
        #expect(first.chunks.upperOffsets.elementsEqual(second.chunks.upperOffsets))
        #expect(first.entryPoint == second.entryPoint)
    }

    @Test func severalThreadsBuildAsWell() throws {
        let data = Dataset(count: Self.count, dimension: Self.dimension, metric: .cosine, seed: 31)
        let graph = try HNSWBuilder.build(data.source, parameters: Self.parameters, threads: 3)
        #expect(graph.view.isConsistent(upperLinkWords: graph.view.upperLinkWords))
        let recall = Searcher(data: data).recall(graph.view, data.queries(40, seed: 32))
        #expect(recall >= 0.96, "recall \(recall)")
    }

    /// More copies of one vector than a list has room for must not cut the graph in two.
    @Test func copiesDoNotIsolateTheRest() throws {
        let data = Dataset(count: 600, dimension: 16, metric: .cosine, seed: 41, copies: 150)
        let graph = try HNSWBuilder.build(data.source, parameters: Self.parameters)
        let searcher = Searcher(data: data)
        let recall = searcher.recall(graph.view, data.queries(30, seed: 42))
        #expect(recall >= 0.95, "recall \(recall)")
        #expect(searcher.walk(graph.view, data.vector(0), k: 20, ef: 64).filter { $0.row <= 150 }.count == 20)
    }

    @Test func someRowsInAGivenOrder() throws {
        let data = Dataset(count: 400, dimension: 16, metric: .dot, seed: 51)
        let listed = (0..<400).reversed().filter { $0 % 3 != 0 }.map { UInt32($0) }
        let graph = try listed.withUnsafeBufferPointer { order in
            try HNSWBuilder.build(data.source, parameters: Self.parameters, order: order)
        }
        let searcher = Searcher(data: data)
        let recall = searcher.recall(graph.view, data.queries(20, seed: 52), accepts: { $0 % 3 != 0 })
        #expect(recall >= 0.95, "recall \(recall)")
        #expect(searcher.walk(graph.view, data.vector(3), k: 100, ef: 200).allSatisfy { $0.row % 3 != 0 })
    }

    @Test func smallestGraphs() throws {
        for count in 1...4 {
            let data = Dataset(count: count, dimension: 3, metric: .euclid, seed: 61)
            let graph = try HNSWBuilder.build(data.source, parameters: Self.parameters, threads: 2)
            #expect(Searcher(data: data).walk(graph.view, data.vector(0), k: 10, ef: 10).count == count)
        }
    }

    @Test func progressAndCancellation() throws {
        let data = Dataset(count: 300, dimension: 8, metric: .dot, seed: 71)
        let control = BuildControl()
        _ = try HNSWBuilder.build(data.source, parameters: Self.parameters, threads: 2, control: control)
        #expect(control.doneRows == 300 && control.totalRows == 300)
        let stopped = BuildControl()
        stopped.cancel()
        #expect(throws: IndexError.cancelled) {
            try HNSWBuilder.build(data.source, parameters: Self.parameters, threads: 2, control: stopped)
        }
    }

    @Test func corruptLinksAreNoticed() throws {
        let data = Dataset(count: 300, dimension: 8, metric: .dot, seed: 81)
        let graph = try HNSWBuilder.build(data.source, parameters: Self.parameters)
        let view = graph.view
        #expect(!view.isConsistent(upperLinkWords: view.upperLinkWords - 1))
        var links = Array(graph.chunks.links)
        links[5 * view.linkBytes] = UInt8(300 & 0xFF)
        links[5 * view.linkBytes + 1] = UInt8(300 >> 8)
        links.withUnsafeBufferPointer { links in
            let broken = GraphView(
                rowCount: 300, m: view.m, links: links.baseAddress!, linkBytes: view.linkBytes,
                upperOffsets: view.upperOffsets, upperLinks: view.upperLinks, entryPoint: view.entryPoint,
                topLevel: view.topLevel)
            #expect(!broken.isConsistent(upperLinkWords: view.upperLinkWords))
        }
    }

    /// The same links in each width are walked in the same way, filtered or not, and extended to the same graph.
    @Test func widthsAgree() throws {
        let data = Dataset(count: 700, dimension: 16, metric: .cosine, seed: 83)
        let graph = try HNSWBuilder.build(data.source, parameters: Self.parameters)
        defer { withExtendedLifetime(graph) {} }
        let view = graph.view
        #expect(view.linkBytes == 2)
        #expect([65_535, 65_536, 16_777_215, 16_777_216].map { GraphView.linkBytes(rowCount: $0) } == [2, 3, 3, 4])
        let rare = Bitmap(count: data.count) { $0 % 20 == 0 }
        let common = Bitmap(count: data.count) { $0 % 3 != 0 }
        var mapping = (0..<UInt32(700)).map { $0 }
        for row in 0..<100 { mapping[row * 7] = .max }
        func signature(_ view: GraphView) throws -> [UInt32] {
            let searcher = Searcher(data: data)
            var rows: [UInt32] = []
            for query in data.queries(10, seed: 84) {
                for bitmap in [rare, common] {
                    let filter = RowFilter(
                        acceptedSlots: UnsafePointer(bitmap.words), acceptedBitCount: data.count,
                        passFraction: bitmap === rare ? 0.05 : 0.67)
                    rows += searcher.walk(view, query, k: 10, ef: 30, filter: filter).map(\.row)
                }
                rows += searcher.walk(view, query, k: 10, ef: 30).map(\.row)
            }
            let extended = try mapping.withUnsafeBufferPointer { mapping in
                try HNSWBuilder.extend(view, mapping: mapping, source: data.source, parameters: Self.parameters)
            }
            return withExtendedLifetime(extended) { rows + extended.chunks.links.map { UInt32($0) } }
        }
        let expected = try signature(view)
        for width in 3...4 {
            var wide = [UInt8](
                repeating: .max, count: GraphView.linkChunkBytes(rowCount: 700, m: view.m, linkBytes: width))
            for index in 0..<700 * view.m0 {
                let low = UInt32(view.links[2 * index]) | UInt32(view.links[2 * index + 1]) << 8
                guard low != 0xFFFF else { continue }
                for byte in 0..<width { wide[index * width + byte] = UInt8(truncatingIfNeeded: low >> (8 * byte)) }
            }
            let found = try wide.withUnsafeBytes { raw -> [UInt32] in
                let copy = UnsafeMutableRawPointer.allocate(byteCount: raw.count, alignment: 64)
                defer { copy.deallocate() }
                copy.copyMemory(from: raw.baseAddress!, byteCount: raw.count)
                let view = GraphView(
                    rowCount: 700, m: view.m, links: copy.assumingMemoryBound(to: UInt8.self), linkBytes: width,
                    upperOffsets: view.upperOffsets, upperLinks: view.upperLinks, entryPoint: view.entryPoint,
                    topLevel: view.topLevel)
                #expect(view.isConsistent(upperLinkWords: view.upperLinkWords))
                return try signature(view)
            }
            #expect(found == expected, "links of \(width) bytes")
        }
    }

    /// With a limit, walks score fewer rows and find as much: queries near their answers end early.
    @Test(arguments: [Metric.cosine, .euclid, .manhattan]) func walksEndWhenTheyHaveFound(_ metric: Metric) throws {
        let data = Dataset(count: 4000, dimension: Self.dimension, metric: metric, seed: 85)
        let graph = try HNSWBuilder.build(data.source, parameters: Self.parameters)
        let half = Bitmap(count: data.count) { $0 % 2 == 0 }
        let filters = [
            (RowFilter(), { _ in true }),
            (
                RowFilter(
                    acceptedSlots: UnsafePointer(half.words), acceptedBitCount: data.count, passFraction: 0.5),
                { (row: Int) in row % 2 == 0 }
            ),
        ]
        for (filter, accepts) in filters {
            let whole = Searcher(data: data)
            let ending = Searcher(data: data, limit: 10)
            let queries = data.queries(60, seed: 86)
            let expected = whole.recall(graph.view, queries, ef: 200, filter: filter, accepts: accepts)
            let recall = ending.recall(graph.view, queries, ef: 200, filter: filter, accepts: accepts)
            #expect(recall >= expected - 0.01 && recall >= 0.98, "\(recall) of \(expected)")
            #expect(ending.scored.count < whole.scored.count, "\(ending.scored.count) of \(whole.scored.count)")
        }
        withExtendedLifetime(half) {}
    }

    // MARK: Extending

    private func subset(of all: Dataset, _ rows: [Int]) -> Dataset {
        let new = Dataset(count: rows.count, dimension: all.dimension, metric: all.metric, seed: 0)
        for (row, old) in rows.enumerated() {
            (new.floats + row * all.dimension).update(from: all.floats + old * all.dimension, count: all.dimension)
            (new.codeBytes + row * new.stride).update(from: all.codeBytes + old * all.stride, count: new.stride)
            (new.terms + row * CodeEncoder.termsBytes).copyMemory(
                from: all.terms + old * CodeEncoder.termsBytes, byteCount: CodeEncoder.termsBytes)
        }
        return new
    }

    /// A graph over the first rows, a share of them gone, extended by the rest.
    private func extended(
        metric: Metric, deleted: Double, threads: Int
    ) throws -> (new: Dataset, graph: HNSWGraph) {
        let all = Dataset(count: Self.count, dimension: Self.dimension, metric: metric, seed: 91)
        let oldCount = Self.count * 3 / 4
        let oldGraph = try (0..<UInt32(oldCount)).map { $0 }.withUnsafeBufferPointer { order in
            try HNSWBuilder.build(all.source, parameters: Self.parameters, order: order)
        }
        var random = SeededGenerator(seed: 92)
        // The survivors keep their order but are moved behind 50 new rows.
        let gone = (0..<Self.count).map { $0 >= oldCount || Double.random(in: 0..<1, using: &random) < deleted }
        let survivors = (0..<oldCount).filter { !gone[$0] }
        let newcomers = Array(oldCount..<Self.count)
        let rows = Array(newcomers.prefix(50)) + survivors + newcomers.dropFirst(50)
        let new = subset(of: all, rows)
        var mapping = [UInt32](repeating: .max, count: Self.count)
        for (row, old) in rows.enumerated() where old < oldCount { mapping[old] = UInt32(row) }
        let graph = try mapping.withUnsafeBufferPointer { mapping in
            try HNSWBuilder.extend(
                oldGraph.view, mapping: mapping, source: new.source, parameters: Self.parameters, threads: threads)
        }
        return (new, graph)
    }

    @Test(arguments: [Metric.cosine, .euclid, .manhattan], [1, 2]) func extendingAfterDeletions(
        _ metric: Metric, threads: Int
    ) throws {
        let (data, graph) = try extended(metric: metric, deleted: 0.3, threads: threads)
        #expect(graph.view.isConsistent(upperLinkWords: graph.view.upperLinkWords))
        let recall = Searcher(data: data).recall(graph.view, data.queries(40, seed: 93))
        #expect(recall >= 0.95, "recall \(recall)")
    }

    /// What a graph loses by healing: the survivors found before through all its rows, and after among themselves.
    @Test(arguments: [0.1, 0.3, 0.6]) func healingKeepsRecall(_ deleted: Double) throws {
        let data = Dataset(count: 3000, dimension: Self.dimension, metric: .cosine, seed: 101)
        let whole = try HNSWBuilder.build(data.source, parameters: Self.parameters)
        var random = SeededGenerator(seed: 102)
        let gone = (0..<data.count).map { _ in Double.random(in: 0..<1, using: &random) < deleted }
        let alive = Bitmap(count: data.count) { !gone[$0] }
        let filter = RowFilter(
            acceptedSlots: UnsafePointer(alive.words), acceptedBitCount: data.count, passFraction: Float(1 - deleted))
        let queries = data.queries(60, seed: 103)
        let before = Searcher(data: data).recall(whole.view, queries, ef: 48, filter: filter, accepts: { !gone[$0] })
        withExtendedLifetime(alive) {}
        let survivors = (0..<data.count).filter { !gone[$0] }
        let rest = subset(of: data, survivors)
        var mapping = [UInt32](repeating: .max, count: data.count)
        for (row, old) in survivors.enumerated() { mapping[old] = UInt32(row) }
        let healed = try mapping.withUnsafeBufferPointer { mapping in
            try HNSWBuilder.extend(whole.view, mapping: mapping, source: rest.source, parameters: Self.parameters)
        }
        let after = Searcher(data: rest).recall(healed.view, queries, ef: 48)
        #expect(after >= before - 0.01 && after >= 0.97, "\(before) before, \(after) after")
    }

    @Test func extendingWhenNearlyAllIsGone() throws {
        let (data, graph) = try extended(metric: .cosine, deleted: 0.95, threads: 1)
        let recall = Searcher(data: data).recall(graph.view, data.queries(40, seed: 94))
        #expect(recall >= 0.95, "recall \(recall)")
    }

    @Test func extendingWithoutSurvivorsBuilds() throws {
        let (data, graph) = try extended(metric: .cosine, deleted: 2, threads: 1)
        let recall = Searcher(data: data).recall(graph.view, data.queries(20, seed: 95))
        #expect(recall >= 0.95, "recall \(recall)")
    }
}
