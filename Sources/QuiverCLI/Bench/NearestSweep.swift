import Quiver
import QuiverModel
import Synchronization

/// Asks all queries for every filter and ef, in rounds that go over all of them, so that a slow minute of the machine
/// falls on all alike.
struct NearestSweep {
    /// One filter with one ef.
    struct Cell: Sendable {
        var filter: Int
        var ef: Int
        var histogram = LatencyHistogram()
        /// Queries a second, of each round.
        var rates: [Double] = []
        /// Of the asking threads, all rounds together.
        var cpuSeconds = 0.0
        /// Nil when no row matches the filter.
        var recall: Double?

        var queries: Int { Int(histogram.count) }

        var medianRate: Double {
            guard !rates.isEmpty else { return 0 }
            let sorted = rates.sorted()
            let middle = sorted.count / 2
            return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        }
    }

    private let plan: NearestPlan
    private let truth: NearestTruth
    private let collection: Collection

    init(_ plan: NearestPlan, truth: NearestTruth, collection: Collection) {
        self.plan = plan
        self.truth = truth
        self.collection = collection
    }

    /// The cells in the order of filters and efs. After an interruption those that were measured, with fewer rounds.
    func run(_ progress: Progress) throws(CommandFailure) -> [Cell] {
        var cells = plan.filters.indices.flatMap { filter in plan.efs.map { Cell(filter: filter, ef: $0) } }
        for round in 0..<plan.warmUpRounds + plan.rounds {
            for index in cells.indices {
                if Interruption.isAsked { return cells.filter { $0.queries > 0 } }
                let name = plan.filters[cells[index].filter].name
                progress.show(
                    "round \(round + 1) of \(plan.warmUpRounds + plan.rounds), filter \(name), ef \(cells[index].ef)")
                let outcome = try ask(cells[index])
                // Answers differ between rounds at most in ties.
                cells[index].recall = outcome.recall
                guard round >= plan.warmUpRounds, outcome.isWhole else { continue }
                cells[index].histogram.add(outcome.histogram)
                cells[index].rates.append(Double(plan.queryCount) / outcome.seconds)
                cells[index].cpuSeconds += outcome.cpuSeconds
            }
        }
        progress.clear()
        return cells
    }

    private struct Outcome {
        var histogram = LatencyHistogram()
        var seconds = 0.0
        var cpuSeconds = 0.0
        var recall: Double?
        /// False when it was broken off.
        var isWhole = true
    }

    /// Room for the answers to all queries; each query has places of its own.
    private final class Answers: @unchecked Sendable {
        // @unchecked: a query is answered by one thread, and read when that has ended.
        let ids: UnsafeMutablePointer<UInt64>
        let found: UnsafeMutablePointer<Int>
        let next = Atomic<Int>(0)
        let result: Mutex<(histogram: LatencyHistogram, cpuSeconds: Double, failure: QuiverError?)>

        init(queries: Int, k: Int) {
            ids = .allocate(capacity: queries * k)
            ids.initialize(repeating: 0, count: queries * k)
            found = .allocate(capacity: queries)
            found.initialize(repeating: 0, count: queries)
            result = Mutex((LatencyHistogram(), 0, nil))
        }

        deinit {
            ids.deallocate()
            found.deallocate()
        }
    }

    private func ask(_ cell: Cell) throws(CommandFailure) -> Outcome {
        var query = NearestQuery(dimension: plan.dimension, limit: plan.k)
        query.filter = plan.filters[cell.filter].filter
        query.params = plan.params
        query.params.hnswEf = cell.ef
        let answers = Answers(queries: plan.queryCount, k: plan.k)
        let (plan, collection, shared) = (plan, collection, query)
        var outcome = Outcome()
        let start = Clock.now
        if plan.threads == 1 {
            Self.drive(plan, shared, collection, answers)
        } else {
            let threads = (0..<plan.threads).map { _ in
                BenchThread { Self.drive(plan, shared, collection, answers) }
            }
            for thread in threads { thread.join() }
        }
        outcome.seconds = max(1e-9, Double(Clock.now - start) / 1e9)
        let failure = answers.result.withLock { result in
            outcome.histogram = result.histogram
            outcome.cpuSeconds = result.cpuSeconds
            return result.failure
        }
        if let failure { throw NearestStore.failure(failure) }
        outcome.isWhole = outcome.histogram.count == UInt64(plan.queryCount)
        if outcome.isWhole { outcome.recall = recall(answers, filter: cell.filter) }
        return outcome
    }

    /// What one thread does: the next query, until there is none.
    private static func drive(
        _ plan: NearestPlan, _ query: NearestQuery, _ collection: Collection, _ answers: Answers
    ) {
        var histogram = LatencyHistogram()
        let cpu = Clock.threadCPUSeconds
        var failure: QuiverError?
        plan.queries.withUnsafeBufferPointer { queries in
            guard let base = queries.baseAddress else { return }
            while !Interruption.isAsked {
                let index = answers.next.add(1, ordering: .relaxed).oldValue
                guard index < plan.queryCount else { return }
                let target = AnswerColumns(ids: answers.ids + index * plan.k, scores: nil)
                let begin = Clock.now
                do throws(QuiverError) {
                    answers.found[index] = try collection.nearestBlocking(
                        query, base + index * plan.dimension, into: target)
                } catch {
                    failure = error
                    return
                }
                histogram.record(nanoseconds: Clock.now - begin)
            }
        }
        let spent = Clock.threadCPUSeconds - cpu
        answers.result.withLock { result in
            result.histogram.add(histogram)
            result.cpuSeconds += spent
            result.failure = result.failure ?? failure
        }
    }

    private func recall(_ answers: Answers, filter: Int) -> Double? {
        let ids = Array(UnsafeBufferPointer(start: answers.ids, count: plan.queryCount * plan.k))
        let shares = (0..<plan.queryCount).compactMap { query in
            truth.recall(
                filter: filter, query: query, k: plan.k,
                ids: ids[query * plan.k..<query * plan.k + answers.found[query]])
        }
        return shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
    }
}
