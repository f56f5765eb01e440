import CVectorKernels

/// How a graph is built. Names as in the paper and in Qdrant.
package struct HNSWParameters: Sendable, Equatable {
    /// Links a row makes per level; level 0 has room for twice as many.
    package var m: Int
    package var efConstruct: Int
    /// Levels are drawn from this and the row number: with one thread the graph depends on nothing else.
    package var seed: UInt64

    package static let mRange = 2...128
    package static let efConstructRange = 4...4096

    package init(m: Int = 16, efConstruct: Int = 100, seed: UInt64 = 0x5EED) {
        precondition(HNSWParameters.mRange.contains(m) && HNSWParameters.efConstructRange.contains(efConstruct))
        self.m = m
        self.efConstruct = efConstruct
        self.seed = seed
    }

    /// Geometric with ratio 1/m, which is what floor(-ln(u) / ln(m)) is.
    func level(of row: UInt32) -> Int {
        var state = seed &+ UInt64(row) &* 0x9E37_79B9_7F4A_7C15
        var level = 0
        while level < HNSWParameters.levelLimit {
            state = state &+ 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            if (z ^ (z >> 31)) >= .max / UInt64(m) { break }
            level += 1
        }
        return level
    }

    static let levelLimit = 24
}

/// A graph that owns its links, as `GraphView` lays them out. Builders hand it out packed: write the three chunks as
/// they are.
@safe package final class HNSWGraph: @unchecked Sendable {  // Written only by its builder, before it is handed out.
    package let rowCount: Int
    package let m: Int
    package internal(set) var entryPoint: UInt32
    package internal(set) var topLevel: Int

    /// One word a link until `pack` has been called.
    let links: UnsafeMutablePointer<UInt32>
    package private(set) var linkBytes = 4
    let upperOffsets: UnsafeMutablePointer<UInt32>
    let upperLinks: UnsafeMutablePointer<UInt32>
    let linkWords: Int
    let upperLinkWords: Int

    /// An empty graph with room for `levels[row]` upper lists per row.
    init(m: Int, rowCount: Int, level: (UInt32) -> Int) {
        self.rowCount = rowCount
        self.m = m
        linkWords = rowCount * 2 * m
        unsafe upperOffsets = .allocate(capacity: rowCount + 1)
        var lists: UInt32 = 0
        var top = 0
        var entry: UInt32 = 0
        for row in 0..<UInt32(rowCount) {
            unsafe upperOffsets[Int(row)] = lists
            let own = level(row)
            lists += UInt32(own)
            if own > top {
                top = own
                entry = row
            }
        }
        unsafe upperOffsets[rowCount] = lists
        entryPoint = entry
        topLevel = top
        upperLinkWords = Int(lists) * m
        unsafe links = HNSWGraph.words(linkWords)
        unsafe upperLinks = HNSWGraph.words(upperLinkWords)
    }

    deinit {
        unsafe links.deallocate()
        unsafe upperOffsets.deallocate()
        unsafe upperLinks.deallocate()
    }

    private static func words(_ count: Int) -> UnsafeMutablePointer<UInt32> {
        let words = unsafe LargeMemory.allocate(UInt32.self, count: count + 16)
        unsafe words.initialize(repeating: noLink, count: count + 16)
        return unsafe words
    }

    /// Moves the links of level 0 together, where they lie: the narrower forms never overtake the words.
    func pack() {
        let width = GraphView.linkBytes(rowCount: rowCount)
        guard linkBytes == 4, width < 4 else { return }
        let bytes = unsafe UnsafeMutableRawPointer(links).assumingMemoryBound(to: UInt8.self)
        for index in 0..<linkWords {
            let link = unsafe links[index]
            unsafe qvk_set_packed_link(bytes, UInt32(width), index, link)
        }
        let slack = GraphView.slackBytes(linkBytes: width)
        unsafe (bytes + linkWords * width).update(repeating: .max, count: slack)
        linkBytes = width
    }

    /// Valid as long as the graph lives.
    package var view: GraphView {
        unsafe GraphView(
            rowCount: rowCount, m: m, links: UnsafeRawPointer(links).assumingMemoryBound(to: UInt8.self),
            linkBytes: linkBytes, upperOffsets: upperOffsets, upperLinks: upperLinks, entryPoint: entryPoint,
            topLevel: topLevel)
    }

    /// The chunks to write: `links`, `upperOffsets`, `upperLinks`.
    package var chunks: (links: UnsafeRawBufferPointer, upperOffsets: UnsafeRawBufferPointer, upperLinks: UnsafeRawBufferPointer) {
        unsafe (
            UnsafeRawBufferPointer(
                start: links, count: GraphView.linkChunkBytes(rowCount: rowCount, m: m, linkBytes: linkBytes)),
            UnsafeRawBufferPointer(start: upperOffsets, count: (rowCount + 1) * 4),
            UnsafeRawBufferPointer(start: upperLinks, count: upperLinkWords * 4)
        )
    }
}
