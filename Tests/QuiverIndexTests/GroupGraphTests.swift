@testable import QuiverIndex
import QuiverTestKit
import Testing

/// Graphs over groups of rows, against MaxSim by brute force.
@Suite struct GroupGraphTests {
    static let parameters = HNSWParameters(m: 12, efConstruct: 64)
    static let dimension = 24

    /// Groups of one to six rows.
    private final class Groups {
        let data: Dataset
        let count: Int
        let offsets: UnsafeMutablePointer<UInt32>

        init(count: Int, metric: Metric, seed: UInt64) {
            self.count = count
            offsets = .allocate(capacity: count + 1)
            offsets[0] = 0
            var random = SeededGenerator(seed: seed)
            for group in 0..<count { offsets[group + 1] = offsets[group] + 1 + UInt32(random.below(6)) }
            data = Dataset(count: Int(offsets[count]), dimension: dimension, metric: metric, seed: seed &+ 1)
        }

        deinit { offsets.deallocate() }

        var named: RowGroups { RowGroups(offsets: offsets) }
        var source: BuildSource { data.source.grouped(named, count: count) }

        func rows(_ group: Int) -> [[Float]] { (offsets[group]..<offsets[group + 1]).map { data.vector(Int($0)) } }
    }

    private static func similarity(_ left: [Float], _ right: [Float], _ metric: Metric) -> Double {
        zip(left, right).reduce(0.0) { sum, pair in
            let (a, b) = (Double(pair.0), Double(pair.1))
            switch metric {
            case .dot, .cosine: return sum + a * b
            case .euclid: return sum - (a - b) * (a - b)
            case .manhattan: return sum - abs(a - b)
            }
        }
    }

    /// Share of the best ten groups that a walk finds and rescores.
    private func recall(_ graph: GraphView, _ groups: Groups, queries: Int, seed: UInt64) -> Double {
        var random = SeededGenerator(seed: seed)
        let scratch = SearchScratch()
        var found = 0
        for _ in 0..<queries {
            let rows = groups.data.queries(1 + random.below(5), seed: random.next())
            let best = (0..<groups.count).map { group in
                rows.reduce(0.0) { sum, query in
                    sum + (groups.rows(group).map { Self.similarity(query, $0, groups.data.metric) }.max() ?? 0)
                }
            }
            let bound = best.sorted(by: >)[9]
            let floats = rows.flatMap { $0 }
            let ends = [UInt32(rows.count)]
            floats.withUnsafeBufferPointer { floats in
                ends.withUnsafeBufferPointer { ends in
                    guard let base = floats.baseAddress else { return }
                    let query = QueryVectors(
                        base, dimension: Self.dimension, count: 1, positiveCount: 1, combination: .nearest,
                        rowEnds: ends.baseAddress)
                    let scorer =
                        groups.data.metric.usesCodes
                        ? scratch.prepare(query, on: groups.data.codes, metric: groups.data.metric, groups: groups.named)
                        : scratch.prepare(query, on: groups.data.rows, metric: groups.data.metric, groups: groups.named)
                    _ = Search.walk(graph, scorer: scorer, filter: RowFilter(), ef: 64, scratch: scratch)
                    let answers = scratch.candidates.prefix(20).map { best[Int($0.row)] }
                    found += min(10, answers.count { $0 >= bound - 1e-4 * abs(bound) })
                }
            }
        }
        return Double(found) / Double(10 * queries)
    }

    @Test(arguments: Metric.allCases) func recallOfABuild(_ metric: Metric) throws {
        let groups = Groups(count: 400, metric: metric, seed: 5)
        let graph = try HNSWBuilder.build(groups.source, parameters: Self.parameters)
        #expect(graph.view.rowCount == 400 && graph.view.isConsistent(upperLinkWords: graph.view.upperLinkWords))
        let recall = recall(graph.view, groups, queries: 15, seed: 6)
        print("groups, \(metric): recall \(recall)")
        #expect(recall >= 0.97, "recall \(recall)")
    }

    /// A fourth of the groups is gone and comes back as new.
    @Test func extendedGraph() throws {
        let groups = Groups(count: 400, metric: .cosine, seed: 7)
        let old = try HNSWBuilder.build(groups.source, parameters: Self.parameters, threads: 2)
        let mapping = (0..<UInt32(400)).map { $0 % 4 == 0 ? UInt32.max : $0 }
        let graph = try mapping.withUnsafeBufferPointer { mapping in
            try HNSWBuilder.extend(old.view, mapping: mapping, source: groups.source, parameters: Self.parameters)
        }
        let recall = recall(graph.view, groups, queries: 15, seed: 9)
        #expect(recall >= 0.96, "recall \(recall)")
    }
}
