@testable import QuiverIndex
import QuiverTestKit
import Testing

/// Level 0 of every graph leads from each row to each other, whatever the rows are like.
@Suite struct GraphReachTests {
    private enum Shape: CaseIterable {
        case clusters, uniform, differentLengths, copies, fewValues, line
    }

    private static let graphs = 120

    @Test func everyRowIsWithinReach() throws {
        let seed = runSeed("GraphReachTests")
        for trial in 0..<Self.graphs {
            var random = SeededGenerator(seed: seed &+ UInt64(trial))
            let shape = Shape.allCases[trial % 6]
            let metric = Metric.allCases[trial / 6 % 4]
            let parameters = HNSWParameters(m: random.pick([2, 3, 4, 8, 16]), efConstruct: random.pick([4, 16, 64]))
            let threads = 1 + random.below(2)
            let what = "seed \(seed), trial \(trial): \(shape), \(metric), m \(parameters.m), \(threads) threads"
            let data = Self.dataset(shape, 1 + random.below(500), 1 + random.below(24), metric, &random)
            let graph = try HNSWBuilder.build(data.source, parameters: parameters, threads: threads)
            expectReach(graph.view, data, "built, \(what)")

            let share = random.pick([0.05, 0.5, 0.9])
            let kept = (0..<data.count).filter { _ in Double.random(in: 0..<1, using: &random) < share }
            let new = Self.dataset(shape, kept.count + 1 + random.below(60), data.dimension, metric, &random)
            var mapping = [UInt32](repeating: .max, count: data.count)
            for (row, old) in kept.enumerated() {
                mapping[old] = UInt32(row)
                new.set(row, data.vector(old))
            }
            let extended = try mapping.withUnsafeBufferPointer { mapping in
                try HNSWBuilder.extend(
                    graph.view, mapping: mapping, source: new.source, parameters: parameters, threads: threads)
            }
            expectReach(extended.view, new, "extended by \(new.count - kept.count) to \(new.count), \(what)")
            withExtendedLifetime((graph, extended)) {}
        }
    }

    /// Of some rows only: the others stay alone.
    @Test func listedRowsAreWithinReach() throws {
        let seed = runSeed("GraphReachTests.listed")
        for trial in 0..<12 {
            var random = SeededGenerator(seed: seed &+ UInt64(trial))
            let data = Self.dataset(Shape.allCases[trial % 6], 300, 8, random.pick(Metric.allCases), &random)
            let listed = (0..<UInt32(300)).filter { _ in random.below(3) == 0 } + [299]
            let graph = try Set(listed).sorted().withUnsafeBufferPointer { order in
                try HNSWBuilder.build(data.source, parameters: HNSWParameters(m: 3, efConstruct: 8), order: order)
            }
            let found = Searcher(data: data).walk(graph.view, data.vector(0), k: 300, ef: 300)
            #expect(Set(found.map(\.row)) == Set(listed), "seed \(seed), trial \(trial)")
            withExtendedLifetime(graph) {}
        }
    }

    /// By its links, and by walks that keep all they meet, wherever they begin.
    private func expectReach(_ graph: GraphView, _ data: Dataset, _ what: String) {
        #expect(graph.examine(upperLinkWords: graph.upperLinkWords) == GraphExamination(), "\(what)")
        let searcher = Searcher(data: data)
        for row in stride(from: 0, to: data.count, by: max(1, data.count / 8)) {
            let found = searcher.walk(graph, data.vector(row), k: data.count, ef: data.count).count
            #expect(found == data.count, "\(found) of \(data.count) rows seen from \(row), \(what)")
        }
    }

    private static func dataset(
        _ shape: Shape, _ count: Int, _ dimension: Int, _ metric: Metric, _ random: inout SeededGenerator
    ) -> Dataset {
        let data = Dataset(count: count, dimension: dimension, metric: metric, seed: random.next())
        guard shape != .clusters else { return data }
        for row in 0..<count {
            var values = (0..<dimension).map { _ in random.float() }
            switch shape {
            case .clusters, .uniform: break
            case .differentLengths:
                let length = random.below(20) == 0 ? random.float(in: 1...100) : random.float(in: 0...1)
                values = values.map { $0 * length }
            case .copies: if row > 0, random.below(3) > 0 { values = data.vector(random.below(min(row, 4))) }
            case .fewValues: values = values.map { $0 > 0 ? 1 : -0.5 }
            case .line: values = values.indices.map { Float(row + $0) }
            }
            data.set(row, values)
        }
        return data
    }
}
