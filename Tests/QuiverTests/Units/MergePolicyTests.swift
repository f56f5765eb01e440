import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

struct MergePolicyTests {
    private static func randomPolicy(_ random: inout SeededGenerator) -> MergePolicy {
        var optimizers = OptimizersConfig()
        optimizers.indexingThreshold = random.pick([nil, 0, 1, 10, 100, 10_000])
        optimizers.maxSegmentSize = random.chance(50) ? nil : random.pick([1, 20, 500, 5000])
        optimizers.defaultSegmentNumber = random.pick([0, 0, 1, 2, 5])
        optimizers.deletedThreshold = random.pick([0, 0.2, 0.5, 1])
        optimizers.vacuumMinVectorNumber = random.pick([100, 1000])
        return MergePolicy(
            optimizers: optimizers, buildsGraphs: random.chance(80), bytesPerVector: random.pick([16, 384 * 4, 65_536 * 4]))
    }

    private static func randomSegments(_ random: inout SeededGenerator) -> [MergePolicy.Candidate] {
        (0..<random.below(20)).map { id in
            let rows = 1 + random.below(random.pick([10, 1000, 20_000]))
            let live = random.chance(50) ? rows : random.below(rows + 1)
            return MergePolicy.Candidate(id: UInt64(id), rows: rows, liveRows: live, isIndexed: random.chance(40))
        }
    }

    /// Doing what the policy says, again and again, comes to an end, and never loses a row.
    @Test func comesToAnEnd() {
        var random = SeededGenerator(seed: runSeed("merge policy"))
        for round in 0..<3000 {
            let policy = MergePolicyTests.randomPolicy(&random)
            var segments = MergePolicyTests.randomSegments(&random)
            let rows = segments.reduce(0) { $0 + $1.liveRows }
            let first = segments.map { ($0.rows, $0.liveRows, $0.isIndexed) }
            var nextID: UInt64 = 1000
            var steps = 0
            while let plan = policy.plan(segments, liveRows: rows) {
                steps += 1
                let inputs = segments.filter { plan.inputs.contains($0.id) }
                guard steps < 200, !inputs.isEmpty, Set(plan.inputs).count == inputs.count else {
                    Issue.record("round \(round): \(policy), \(first): step \(steps) is \(plan)")
                    return
                }
                segments.removeAll { plan.inputs.contains($0.id) }
                let live = inputs.reduce(0) { $0 + $1.liveRows }
                if live > 0 {
                    segments.append(.init(id: nextID, rows: live, liveRows: live, isIndexed: plan.builds))
                }
                nextID += 1
            }
            #expect(segments.reduce(0) { $0 + $1.liveRows } == rows)
            // What the policy is for: with graphs wanted, every row is in one.
            if policy.wantsGraphs(liveRows: rows) { #expect(!segments.contains { !$0.isIndexed }) }
        }
    }

    /// No value of a segment file may reach 4 GiB, be it of vectors or of links.
    @Test(arguments: [(4 * 4, 128), (65_536 * 4, 4)])
    func mergedSegmentsFitIntoLMDB(_ bytesPerVector: Int, _ m: Int) {
        let policy = MergePolicy(
            optimizers: OptimizersConfig(), buildsGraphs: true, bytesPerVector: bytesPerVector, linkBytesPerVector: 2 * m * 4)
        let rows = (1 << 32) / max(bytesPerVector, 2 * m * 4) / 3
        let segments = (0..<8).map { MergePolicy.Candidate(id: UInt64($0), rows: rows, liveRows: rows, isIndexed: true) }
        let plan = policy.plan(segments, liveRows: 8 * rows)
        #expect(plan?.inputs.count == 2)
    }

    @Test func nothingToDoWithoutThreads() {
        var random = SeededGenerator(seed: runSeed("merge policy without threads"))
        for _ in 0..<200 {
            var policy = MergePolicyTests.randomPolicy(&random)
            policy.optimizers.maxOptimizationThreads = 0
            #expect(policy.plan(MergePolicyTests.randomSegments(&random), liveRows: 100_000) == nil)
        }
    }

    /// Feeding equal segments, a row goes into a graph a logarithmic number of times, not once for each new segment.
    @Test func rewritesAreFew() {
        let policy = MergePolicy(optimizers: OptimizersConfig(), buildsGraphs: true, bytesPerVector: 1536)
        var segments: [MergePolicy.Candidate] = []
        var rewritten = 0, inserted = 0
        let arrivals = 400, rowsEach = 21_000
        for arrival in 0..<arrivals {
            segments.append(.init(id: UInt64(arrival), rows: rowsEach, liveRows: rowsEach, isIndexed: false))
            var nextID = UInt64(10_000 + arrival * 100)
            while let plan = policy.plan(segments, liveRows: segments.reduce(0) { $0 + $1.liveRows }) {
                let inputs = segments.filter { plan.inputs.contains($0.id) }
                let rows = inputs.reduce(0) { $0 + $1.liveRows }
                rewritten += rows
                // The largest graph is kept.
                inserted += rows - (inputs.filter(\.isIndexed).map(\.liveRows).max() ?? 0)
                segments.removeAll { plan.inputs.contains($0.id) }
                segments.append(.init(id: nextID, rows: rows, liveRows: rows, isIndexed: plan.builds))
                nextID += 1
            }
        }
        let total = arrivals * rowsEach
        print(
            "merge policy: a row is copied \(Double(rewritten) / Double(total)) times and inserted "
                + "\(Double(inserted) / Double(total)) times; \(segments.count) segments in the end")
        #expect(rewritten < 40 * total && inserted < 6 * total)
        #expect(segments.count <= 12)
    }
}
