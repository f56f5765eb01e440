import CVectorKernels

/// Links between rows that share a payload value, read in place beside those of the graph by filtered walks.
///
/// One chunk: rowCount × capacity links of `GraphView.linkBytes(rowCount:)` bytes, little endian, all ones in every link
/// not used, then the slack of `GraphView.slackBytes(linkBytes:)`.
@safe package struct PayloadLinks: @unchecked Sendable {  // Immutable memory, read only.
    package let rowCount: Int
    /// Links a row has room for: twice `payload_m`, as level 0 of a graph has.
    package let capacity: Int
    let base: UnsafePointer<UInt8>
    private let linkBytes: Int

    package init(rowCount: Int, payloadM: Int, base: UnsafePointer<UInt8>) {
        precondition(HNSWParameters.mRange.contains(payloadM))
        self.rowCount = rowCount
        capacity = 2 * payloadM
        unsafe self.base = base
        linkBytes = GraphView.linkBytes(rowCount: rowCount)
    }

    package static func chunkBytes(rowCount: Int, payloadM: Int) -> Int {
        GraphView.linkChunkBytes(rowCount: rowCount, m: payloadM, linkBytes: GraphView.linkBytes(rowCount: rowCount))
    }

    var lists: LevelLinks { unsafe LevelLinks(ground: base, linkBytes: linkBytes, capacity: capacity, rowCount: rowCount) }

    /// Whether every link names a row; O(links).
    package var isConsistent: Bool {
        let lists = lists
        for row in 0..<UInt32(rowCount) {
            for index in 0..<capacity {
                let link = lists.link(index, of: row)
                guard link == noLink || Int(link) < rowCount else { return false }
            }
        }
        return true
    }

    /// The chunk: a graph is built over the rows of each group and gives its lists of level 0. A row of several groups
    /// takes links of each in turn until it has no more room.
    ///
    /// - Parameter groups: rows that share a value, at least one each. A group costs a graph's memory over all rows while
    ///   it is built.
    package static func build(
        _ groups: [[UInt32]], source: BuildSource, parameters: HNSWParameters, threads: Int = 1,
        control: BuildControl = BuildControl()
    ) throws(IndexError) -> [UInt8] {
        let capacity = 2 * parameters.m
        var gathered = [[[UInt32]]](repeating: [], count: source.rowCount)
        for group in groups where group.count > 1 {
            let graph = try build(group, source, parameters, threads, control)
            let lists = graph.view.lists(atLevel: 0)
            for row in group {
                let links = (0..<capacity).map { lists.link($0, of: row) }.prefix { $0 != noLink }
                if !links.isEmpty { gathered[Int(row)].append(Array(links)) }
            }
        }
        let width = GraphView.linkBytes(rowCount: source.rowCount)
        var bytes = [UInt8](repeating: .max, count: chunkBytes(rowCount: source.rowCount, payloadM: parameters.m))
        for (row, lists) in gathered.enumerated() {
            var links: [UInt32] = []
            for rank in 0..<capacity {
                for list in lists where rank < list.count && links.count < capacity && !links.contains(list[rank]) {
                    links.append(list[rank])
                }
            }
            for (index, link) in links.enumerated() {
                let at = (row * capacity + index) * width
                for byte in 0..<width { bytes[at + byte] = UInt8(truncatingIfNeeded: link >> UInt32(8 * byte)) }
            }
        }
        return bytes
    }

    private static func build(
        _ group: [UInt32], _ source: BuildSource, _ parameters: HNSWParameters, _ threads: Int, _ control: BuildControl
    ) throws(IndexError) -> HNSWGraph {
        let order = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: group.count)
        defer { unsafe order.deallocate() }
        _ = unsafe order.initialize(fromContentsOf: group)
        return try unsafe HNSWBuilder.build(
            source, parameters: parameters, order: UnsafeBufferPointer(order), threads: threads, control: control)
    }
}
