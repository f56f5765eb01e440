import QuiverModel

/// Which segments of one vector name are to be rewritten into one, and whether with an index: a graph, or what the
/// collection has in its place.
///
/// Rewriting a row costs about 2 µs of disk; inserting it into a graph 50 to 100 µs. So a merge keeps the
/// largest graph and inserts the rest, and flat segments join a graph that is up to `flatToGraph` times
/// larger, which costs little more than inserting their rows, which has to be done anyway. Graphs are
/// merged with each other only when they are of similar size (size-tiered), so that a row is
/// inserted a logarithmic number of times in its life.
struct MergePolicy {
    struct Candidate {
        var id: UInt64
        var rows: Int
        var liveRows: Int
        /// Indexed, that is with a graph where the collection has graphs.
        var isIndexed: Bool
        /// Indexed as the collection wants it now.
        var isCurrent = true
    }

    struct Plan: Equatable {
        var inputs: [UInt64]
        var builds: Bool
    }

    /// A flat segment joins a graph that has up to this many times its rows.
    static let flatToGraph = 16
    /// Flat segments of a collection too small for graphs are merged when there are more of them.
    static let mostFlatSegments = 8
    /// Segments with graphs when the number is left to the engine.
    static let automaticSegmentCount = 4

    var optimizers: OptimizersConfig
    /// Whether the collection's configuration says how to index.
    var buildsGraphs: Bool
    var bytesPerVector: Int
    /// Of the lowest level of a graph.
    var linkBytesPerVector = 0

    /// From how many live rows on a graph is built; nil: never.
    private var graphRows: Int? {
        guard buildsGraphs, let threshold = optimizers.indexingThreshold, threshold > 0 else { return nil }
        return max(1, threshold * 1024 / max(1, bytesPerVector))
    }

    /// Rows that a segment may reach by merging. Values of a file stay below LMDB's 4 GiB.
    private var mostRows: Int {
        let configured = optimizers.maxSegmentSize.map { max(1, $0) * 1024 / max(1, bytesPerVector) }
        return min(configured ?? .max, (3 << 30) / max(1, bytesPerVector, linkBytesPerVector))
    }

    /// Whether a collection of so many live vectors, sealed or not, is to have graphs.
    func wantsGraphs(liveRows: Int) -> Bool {
        graphRows.map { liveRows >= $0 } ?? false
    }

    /// The most useful rewrite, nil when all is well.
    ///
    /// - Parameter liveRows: of the whole collection, growing segments included.
    func plan(_ segments: [Candidate], liveRows: Int) -> Plan? {
        guard optimizers.maxOptimizationThreads != 0 else { return nil }
        let wantsGraphs = wantsGraphs(liveRows: liveRows)
        let flats = segments.filter { !$0.isIndexed }
        let graphs = segments.filter(\.isIndexed).sorted { $0.liveRows < $1.liveRows }

        if wantsGraphs, !flats.isEmpty { return indexFlats(flats, graphs: graphs) }
        if !wantsGraphs, flats.count > MergePolicy.mostFlatSegments {
            let inputs = fitting(flats)
            // One alone would be rewritten for ever.
            if inputs.count >= 2 { return Plan(inputs: inputs.map(\.id), builds: false) }
        }
        // The configuration has changed: one after the other, so that disk for one more segment is enough.
        if wantsGraphs, let stale = graphs.first(where: { !$0.isCurrent }) { return Plan(inputs: [stale.id], builds: true) }
        if let vacuum = segments.first(where: needsVacuum) {
            return Plan(inputs: [vacuum.id], builds: vacuum.isIndexed && wantsGraphs)
        }
        return mergeGraphs(graphs)
    }

    private func indexFlats(_ flats: [Candidate], graphs: [Candidate]) -> Plan {
        var inputs = fitting(flats)
        let flatRows = inputs.reduce(0) { $0 + $1.liveRows }
        let partner = graphs.last { $0.liveRows <= flatRows * MergePolicy.flatToGraph && $0.liveRows + flatRows <= mostRows }
        if let partner { inputs.append(partner) }
        return Plan(inputs: inputs.map(\.id), builds: true)
    }

    private func mergeGraphs(_ graphs: [Candidate]) -> Plan? {
        let target = optimizers.defaultSegmentNumber > 0 ? optimizers.defaultSegmentNumber : MergePolicy.automaticSegmentCount
        // Smallest first, as long as the next is not much larger than what was taken together.
        var taken: [Candidate] = []
        var rows = 0
        for graph in graphs where rows + graph.liveRows <= mostRows {
            if taken.count >= 2, graph.liveRows > 4 * rows { break }
            taken.append(graph)
            rows += graph.liveRows
        }
        guard taken.count >= 2 else { return nil }
        let similar = taken.count >= 4 || (taken[taken.count - 1].liveRows <= 4 * (rows - taken[taken.count - 1].liveRows))
        guard graphs.count > target || (optimizers.defaultSegmentNumber == 0 && similar) else { return nil }
        return Plan(inputs: taken.map(\.id), builds: true)
    }

    private func needsVacuum(_ segment: Candidate) -> Bool {
        let dead = segment.rows - segment.liveRows
        return segment.rows >= optimizers.vacuumMinVectorNumber
            && Double(dead) > optimizers.deletedThreshold * Double(segment.rows) || (segment.rows > 0 && segment.liveRows == 0)
    }

    /// As many, smallest first, as fit into one segment; at least one.
    private func fitting(_ segments: [Candidate]) -> [Candidate] {
        var rows = 0
        var result: [Candidate] = []
        for segment in segments.sorted(by: { $0.liveRows < $1.liveRows }) {
            if !result.isEmpty, rows + segment.liveRows > mostRows { break }
            result.append(segment)
            rows += segment.liveRows
        }
        return result
    }
}
