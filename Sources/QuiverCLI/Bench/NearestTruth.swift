import Quiver
import QuiverModel
import Synchronization

/// The exact answers, for each filter and query the numbers of the best rows, best first.
///
/// They are computed from the vectors of the file by plain loops here, not by the engine, so that they judge it:
/// a lossy form of storing is charged for what it loses.
struct NearestTruth: Sendable {
    /// By filter, then query.
    var rows: [[[Int]]]

    /// Of the first `k` answers to a query, the share that `ids` has; nil when no row matches.
    func recall(filter: Int, query: Int, k: Int, ids: ArraySlice<UInt64>) -> Double? {
        let wanted = rows[filter][query].prefix(k)
        guard !wanted.isEmpty else { return nil }
        return Double(wanted.count { ids.contains(UInt64($0)) }) / Double(wanted.count)
    }

    /// Reads the answers without filter: an array of row numbers, one row a query.
    static func read(_ path: String, plan: NearestPlan) throws(CommandFailure) -> [[Int]] {
        let file = try NumPyFile(path, of: .numbers)
        guard file.header.rows >= plan.queryCount, file.header.columns >= plan.k else {
            throw CommandFailure(
                code: .dataError,
                message: "\(path) has \(file.header.rows) × \(file.header.columns) numbers, "
                    + "\(plan.queryCount) × \(plan.k) are needed")
        }
        let columns = file.header.columns
        let numbers = try file.numbers(rows: 0..<plan.queryCount)
        if let wrong = numbers.first(where: { !(0..<plan.rows).contains($0) }) {
            throw CommandFailure(code: .dataError, message: "\(path): \(wrong) is no row of the vectors")
        }
        return (0..<plan.queryCount).map { Array(numbers[$0 * columns..<$0 * columns + columns]) }
    }

    /// - Parameter known: the answers without filter, when they were read.
    static func compute(
        _ plan: NearestPlan, collection: Collection, known: [[Int]]?, _ progress: Progress
    ) throws(CommandFailure) -> NearestTruth {
        var truth = NearestTruth(rows: plan.filters.map { $0.filter == nil ? known ?? [] : [] })
        let missing = plan.filters.indices.filter { truth.rows[$0].isEmpty }
        if missing.isEmpty { return truth }
        var accepted: [[Bool]?] = []
        for index in missing { accepted.append(try matching(plan.filters[index].filter, plan, collection)) }
        let found = try NearestScan(plan, accepted: accepted).run(progress)
        for (place, index) in missing.enumerated() { truth.rows[index] = found[place] }
        return truth
    }

    /// Which rows a filter takes, as the engine's scroll tells; nil for all.
    private static func matching(
        _ filter: Filter?, _ plan: NearestPlan, _ collection: Collection
    ) throws(CommandFailure) -> [Bool]? {
        guard let filter else { return nil }
        var accepted = [Bool](repeating: false, count: plan.rows)
        var offset: PointID?
        repeat {
            try Interruption.check()
            let request = ScrollRequest(filter: filter, limit: 10_000, offset: offset, withPayload: .none)
            let page = try NearestStore.asking { () throws(QuiverError) in try collection.scrollBlocking(request) }
            for record in page.records {
                if case .number(let number) = record.id, number < UInt64(plan.rows) { accepted[Int(number)] = true }
            }
            offset = page.nextOffset
        } while offset != nil
        return accepted
    }
}

/// Compares every query with every row, on threads that share the queries.
private struct NearestScan: Sendable {
    private static let blockRows = 2048

    let plan: NearestPlan
    /// By filter; nil: all rows.
    let accepted: [[Bool]?]

    init(_ plan: NearestPlan, accepted: [[Bool]?]) {
        self.plan = plan
        self.accepted = accepted
    }

    private struct Best {
        var scores: [Float] = []
        var rows: [Int] = []

        /// Keeps the best `k`; of equal scores the lower row, because rows come ascending.
        @inline(__always)
        mutating func offer(_ score: Float, _ row: Int, k: Int) {
            if scores.count == k, score <= scores[k - 1] { return }
            var place = scores.count
            while place > 0, scores[place - 1] < score { place -= 1 }
            scores.insert(score, at: place)
            rows.insert(row, at: place)
            if scores.count > k {
                scores.removeLast()
                rows.removeLast()
            }
        }
    }

    private struct Shared {
        var rows: [[[Int]]]
        var done = 0
        var failure: CommandFailure?
    }

    func run(_ progress: Progress) throws(CommandFailure) -> [[[Int]]] {
        let shares = max(1, min(plan.buildThreads, plan.queryCount))
        let box = SharedBox(Shared(rows: accepted.map { _ in [[Int]](repeating: [], count: plan.queryCount) }))
        let threads = (0..<shares).map { share in
            BenchThread {
                let queries = plan.queryCount * share / shares..<plan.queryCount * (share + 1) / shares
                do throws(CommandFailure) {
                    let best = try scan(queries) { rows in box.value.withLock { $0.done += rows } }
                    box.value.withLock { shared in
                        for (filter, found) in best.enumerated() {
                            for (place, query) in queries.enumerated() {
                                shared.rows[filter][query] = found[place].rows
                            }
                        }
                    }
                } catch {
                    box.value.withLock { $0.failure = error }
                }
            }
        }
        let total = plan.rows * shares
        while true {
            let (done, failure) = box.value.withLock { ($0.done, $0.failure) }
            if done >= total || failure != nil { break }
            progress.show("exact answers: \(done * 100 / max(1, total)) %")
            Clock.sleep(until: Clock.now + 2_000_000)
        }
        for thread in threads { thread.join() }
        progress.clear()
        return try box.value.withLock { (shared) throws(CommandFailure) in
            if let failure = shared.failure { throw failure }
            return shared.rows
        }
    }

    private func scan(_ queries: Range<Int>, passed: (Int) -> Void) throws(CommandFailure) -> [[Best]] {
        var best = accepted.map { _ in [Best](repeating: Best(), count: queries.count) }
        let dimension = plan.dimension
        var first = 0
        while first < plan.rows {
            try Interruption.check()
            let rows = first..<min(first + Self.blockRows, plan.rows)
            let block = try plan.vectors.components(rows: rows)
            block.withUnsafeBufferPointer { block in
                plan.queries.withUnsafeBufferPointer { all in
                    guard let block = block.baseAddress, let all = all.baseAddress else { return }
                    for row in rows {
                        let vector = block + (row - first) * dimension
                        let factor = plan.distance == .cosine ? NearestScore.inverseLength(vector, dimension) : 1
                        for (place, query) in queries.enumerated() {
                            let score =
                                factor
                                * NearestScore.similarity(plan.distance, all + query * dimension, vector, dimension)
                            for filter in accepted.indices where accepted[filter]?[row] ?? true {
                                best[filter][place].offer(score, row, k: plan.k)
                            }
                        }
                    }
                }
            }
            first = rows.upperBound
            passed(rows.count)
        }
        return best
    }
}

/// A lock that threads have in common.
private final class SharedBox<Value>: Sendable {
    let value: Mutex<Value>

    init(_ value: sending Value) { self.value = Mutex(value) }
}

/// Similarities in float32, larger is nearer; 16 components at a time.
enum NearestScore {
    /// For Cosine without the lengths of the vectors.
    static func similarity(
        _ distance: Distance, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int
    ) -> Float {
        switch distance {
        case .cosine, .dot: sum(a, b, count) { $0 * $1 }
        case .euclid: -sum(a, b, count) { ($0 - $1) * ($0 - $1) }
        case .manhattan:
            -sum(a, b, count) { a, b in
                let difference = a - b
                return difference.replacing(with: -difference, where: difference .< 0)
            }
        }
    }

    static func inverseLength(_ vector: UnsafePointer<Float>, _ count: Int) -> Float {
        let squared = sum(vector, vector, count) { $0 * $1 }
        return squared > 0 ? 1 / squared.squareRoot() : 0
    }

    @inline(__always)
    private static func sum(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int,
        _ part: (SIMD16<Float>, SIMD16<Float>) -> SIMD16<Float>
    ) -> Float {
        let (a, b) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
        var sum = SIMD16<Float>.zero
        var index = 0
        while index + 16 <= count {
            sum += part(
                a.loadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self),
                b.loadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self))
            index += 16
        }
        if index < count {
            var (left, right) = (SIMD16<Float>.zero, SIMD16<Float>.zero)
            for place in index..<count {
                left[place - index] = a.loadUnaligned(fromByteOffset: 4 * place, as: Float.self)
                right[place - index] = b.loadUnaligned(fromByteOffset: 4 * place, as: Float.self)
            }
            sum += part(left, right)
        }
        return sum.sum()
    }
}
