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
        var links = Array(UnsafeBufferPointer(start: view.links, count: view.linkWords))
        links[5] = 300
        links.withUnsafeBufferPointer { links in
            let broken = GraphView(
                rowCount: 300, m: view.m, links: links.baseAddress!, upperOffsets: view.upperOffsets,
                upperLinks: view.upperLinks, entryPoint: view.entryPoint, topLevel: view.topLevel)
            #expect(!broken.isConsistent(upperLinkWords: view.upperLinkWords))
        }
    }

    // MARK: Extending

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
        let new = Dataset(count: rows.count, dimension: Self.dimension, metric: metric, seed: 0)
        var mapping = [UInt32](repeating: .max, count: Self.count)
        for (row, old) in rows.enumerated() {
            if old < oldCount { mapping[old] = UInt32(row) }
            (new.floats + row * Self.dimension).update(from: all.floats + old * Self.dimension, count: Self.dimension)
            (new.codeBytes + row * new.stride).update(from: all.codeBytes + old * all.stride, count: new.stride)
            (new.terms + row * CodeEncoder.termsBytes).copyMemory(
                from: all.terms + old * CodeEncoder.termsBytes, byteCount: CodeEncoder.termsBytes)
        }
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
