import CVectorKernels
import Synchronization

/// Builds HNSW graphs (Malkov & Yashunin 2018) in parallel. With one thread the result depends only on the
/// rows, their order and the parameters. In every graph level 0 leads from each row to each other (`GraphReach`).
///
/// A build takes, besides what it reads: 16m + 1 bytes a row for the links of level 0, their scores and a lock, about
/// 8 × m / (m - 1) + 4 for the levels above, 8 while it sets out and 14 at its end; for each thread one byte a row and
/// less than 100 KiB. With m = 16 that is 284 bytes a row and one more a thread. An extension takes 12 bytes a row more.
package enum HNSWBuilder {
    /// Rows inserted by one thread before others join: a graph of a few rows has no room for several hands.
    private static let aloneRows = 256

    /// Builds a graph over all rows of `source`, or over those that `order` lists, in that order; rows not listed
    /// keep empty lists and are never met.
    package static func build(
        _ source: BuildSource, parameters: HNSWParameters, order: UnsafeBufferPointer<UInt32>? = nil,
        threads: Int = 1, control: BuildControl = BuildControl()
    ) throws(IndexError) -> HNSWGraph {
        let count = unsafe order?.count ?? source.rowCount
        precondition(count > 0 && threads > 0)
        guard source.rowCount <= Candidate.maximumRowCount else { throw .tooManyRows }
        var rows: [UInt32] = []
        if let order = unsafe order { rows = unsafe Array(order) } else { rows = Array(0..<UInt32(count)) }
        var isListed = [Bool](repeating: unsafe order == nil, count: source.rowCount)
        if unsafe order != nil { for row in rows { isListed[Int(row)] = true } }

        let graph = HNSWGraph(m: parameters.m, rowCount: source.rowCount) { row in
            isListed[Int(row)] ? parameters.level(of: row) : 0
        }
        if !isListed[Int(graph.entryPoint)] { graph.entryPoint = rows[0] }
        let space = GraphSpace(source: source, parameters: parameters, graph: graph)
        // The entry point is the first row of the top level and is there from the start: it never changes.
        let entry = graph.entryPoint
        rows.removeAll { $0 == entry }
        control.begin(total: count)
        control.advance(by: 1)
        let inserter = try insert(rows, into: space, alone: aloneRows, threads: threads, control: control)
        GraphReach.connect(rows, in: space, by: inserter)
        graph.pack()
        return graph
    }

    /// Builds a graph over `source` that keeps the links of an older one: most rows of a merge then need no
    /// search at all. `mapping[old row]` is the row in `source`, or `UInt32.max` when it is gone; each row of
    /// `source` is named at most once. Lists that lose links are healed: the neighbours of a row that is gone take
    /// its place as candidates (as in FreshDiskANN, Singh et al. 2021). Rows without an old one are inserted.
    package static func extend(
        _ old: GraphView, mapping: UnsafeBufferPointer<UInt32>, source: BuildSource, parameters: HNSWParameters,
        threads: Int = 1, control: BuildControl = BuildControl()
    ) throws(IndexError) -> HNSWGraph {
        precondition(source.rowCount > 0 && threads > 0)
        guard source.rowCount <= Candidate.maximumRowCount else { throw .tooManyRows }
        guard old.m == parameters.m, mapping.count == old.rowCount else { throw .incompatibleGraph }
        var origin = [UInt32](repeating: noLink, count: source.rowCount)
        var survivors: [UInt32] = []
        for oldRow in 0..<old.rowCount {
            let row = unsafe mapping[oldRow]
            guard row != noLink else { continue }
            guard Int(row) < source.rowCount, origin[Int(row)] == noLink else { throw .incompatibleGraph }
            origin[Int(row)] = UInt32(oldRow)
            survivors.append(row)
        }
        guard !survivors.isEmpty else {
            return try unsafe build(source, parameters: parameters, threads: threads, control: control)
        }
        let graph = HNSWGraph(m: parameters.m, rowCount: source.rowCount) { row in
            let oldRow = origin[Int(row)]
            return oldRow == noLink ? parameters.level(of: row) : old.level(of: oldRow)
        }
        let space = GraphSpace(source: source, parameters: parameters, graph: graph)
        control.begin(total: source.rowCount)
        let lost = try unsafe heal(
            survivors, of: old, mapping: mapping, origin: origin, in: space, threads: threads, control: control)

        // Walks start from the best survivor until the entry point itself, if it is new, has been inserted.
        let finalEntry = graph.entryPoint
        let finalLevel = graph.topLevel
        var newcomers = (0..<UInt32(source.rowCount)).filter { origin[Int($0)] == noLink }
        if origin[Int(finalEntry)] == noLink {
            var best = survivors[0]
            for row in survivors where space.level(of: row) > space.level(of: best) { best = row }
            graph.entryPoint = best
            graph.topLevel = space.level(of: best)
            GraphInserter(space: space).insert(finalEntry)
            graph.entryPoint = finalEntry
            graph.topLevel = finalLevel
            newcomers.removeAll { $0 == finalEntry }
            control.advance(by: 1)
        }
        let inserter = try insert(
            lost.filter { $0 != graph.entryPoint } + newcomers, into: space, alone: 0, threads: threads, control: control)
        GraphReach.connect(0..<UInt32(source.rowCount), in: space, by: inserter)
        graph.pack()
        return graph
    }

    /// Answers an inserter for what is left to do.
    private static func insert(
        _ rows: [UInt32], into space: GraphSpace, alone: Int, threads: Int, control: BuildControl
    ) throws(IndexError) -> GraphInserter {
        let first = GraphInserter(space: space)
        let alone = threads == 1 ? rows.count : min(alone, rows.count)
        for row in rows[..<alone] {
            if control.isCancelled { throw .cancelled }
            first.insert(row)
            control.advance(by: 1)
        }
        if alone < rows.count {
            let next = SharedCounter(alone)
            ThreadTeam.run(count: threads) { _ in
                let inserter = GraphInserter(space: space)
                while !control.isCancelled {
                    let index = next.take(1)
                    guard index < rows.count else { return }
                    inserter.insert(rows[index])
                    control.advance(by: 1)
                }
            }
        }
        if control.isCancelled { throw .cancelled }
        return first
    }
}

/// Hands out numbers to threads.
final class SharedCounter: Sendable {
    private let next: Atomic<Int>

    init(_ first: Int) { next = Atomic(first) }

    func take(_ count: Int) -> Int { next.add(count, ordering: .relaxed).oldValue }
}
