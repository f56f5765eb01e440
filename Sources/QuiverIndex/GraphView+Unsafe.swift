import CVectorKernels

/// The links of an HNSW graph, read in place. The same layout in memory and in segment files, little endian:
///
/// | chunk | bytes | content |
/// |---|---|---|
/// | `links` | rowCount × 2m × linkBytes, then slack | level 0: up to 2m rows, then all ones in every link not used |
/// | `upperOffsets` | (rowCount + 1) × 4 | how many upper lists lie before those of this row; the difference to the next is the row's level |
/// | `upperLinks` | upperOffsets[rowCount] × m × 4 | the list of `row` at level l ≥ 1 is number `upperOffsets[row] + l - 1` |
///
/// A link of level 0 takes 2, 3 or 4 bytes, as few as tell all rows from "no link". Links of 2 and 3 bytes are read
/// as words and by vectors: `slackBytes(linkBytes:)` behind the last list can be read, too. With 2 bytes and m = 16 a
/// list is one cache line when the chunk is aligned to 64.
@safe package struct GraphView: @unchecked Sendable {  // Immutable memory, read only.
    package let rowCount: Int
    package let m: Int
    package let links: UnsafePointer<UInt8>
    package let linkBytes: Int
    package let upperOffsets: UnsafePointer<UInt32>
    package let upperLinks: UnsafePointer<UInt32>
    /// Where every walk begins: a row of the top level.
    package let entryPoint: UInt32
    package let topLevel: Int

    package var m0: Int { 2 * m }
    package var upperOffsetWords: Int { rowCount + 1 }
    package var upperLinkWords: Int { unsafe Int(upperOffsets[rowCount]) * m }

    /// The narrowest links for so many rows.
    package static func linkBytes(rowCount: Int) -> Int { Int(qvk_link_width(UInt64(rowCount))) }

    package static func slackBytes(linkBytes: Int) -> Int { linkBytes == 4 ? 0 : Int(QVK_LINKS_SLACK_BYTES) }

    /// The size of the chunk `links`, slack included.
    package static func linkChunkBytes(rowCount: Int, m: Int, linkBytes: Int) -> Int {
        rowCount * 2 * m * linkBytes + slackBytes(linkBytes: linkBytes)
    }

    /// - Parameter linkBytes: 2, 3 or 4, and at least `linkBytes(rowCount:)`.
    package init(
        rowCount: Int, m: Int, links: UnsafePointer<UInt8>, linkBytes: Int, upperOffsets: UnsafePointer<UInt32>,
        upperLinks: UnsafePointer<UInt32>, entryPoint: UInt32, topLevel: Int
    ) {
        precondition(HNSWParameters.mRange.contains(m) && rowCount > 0 && rowCount <= Candidate.maximumRowCount)
        precondition(Int(entryPoint) < rowCount && topLevel >= 0)
        precondition(linkBytes <= 4 && linkBytes >= GraphView.linkBytes(rowCount: rowCount))
        self.rowCount = rowCount
        self.m = m
        unsafe self.links = links
        self.linkBytes = linkBytes
        unsafe self.upperOffsets = upperOffsets
        unsafe self.upperLinks = upperLinks
        self.entryPoint = entryPoint
        self.topLevel = topLevel
    }

    /// Whether every link stays inside the graph and inside its level; O(links). For files whose checksum is
    /// trusted this is not needed, for others it is what keeps a walk inside the map.
    package func isConsistent(upperLinkWords available: Int) -> Bool {
        guard unsafe upperOffsets[0] == 0 else { return false }
        for row in 0..<rowCount where unsafe upperOffsets[row] > upperOffsets[row + 1] { return false }
        guard upperLinkWords <= available, level(of: entryPoint) == topLevel else { return false }
        let ground = lists(atLevel: 0)
        for row in 0..<rowCount {
            for index in 0..<m0 {
                let link = ground.link(index, of: UInt32(row))
                guard link == noLink || Int(link) < rowCount else { return false }
            }
        }
        for row in 0..<rowCount {
            for level in 0..<self.level(of: UInt32(row)) {
                let list = unsafe upperLinks + (Int(upperOffsets[row]) + level) * m
                for index in 0..<m {
                    let link = unsafe list[index]
                    guard link == noLink || (Int(link) < rowCount && self.level(of: link) > level) else { return false }
                }
            }
        }
        return true
    }

    @inline(__always) func level(of row: UInt32) -> Int {
        unsafe Int(upperOffsets[Int(row) + 1] &- upperOffsets[Int(row)])
    }

    @inline(__always) func lists(atLevel level: Int) -> LevelLinks {
        level == 0
            ? unsafe LevelLinks(ground: links, linkBytes: linkBytes, capacity: m0, rowCount: rowCount)
            : unsafe LevelLinks(
                upper: upperLinks, offsets: upperOffsets, level: level, capacity: m, rowCount: rowCount)
    }
}

/// Fills the unused links of a list; what a narrow link of all ones is read as.
let noLink: UInt32 = .max

/// The lists of one level. While a graph is built other threads rewrite lists of words that are being read: words
/// are read one at a time, and every row ever written is a valid one. Narrower links never change.
///
/// A link that names no row of the graph ends its list, and a list that lies behind the last one is that one: should a
/// file be damaged in spite of all checks, a walk goes astray but stays inside of it.
@safe struct LevelLinks {
    private let base: UnsafePointer<UInt8>
    /// Nil at level 0.
    private let offsets: UnsafePointer<UInt32>?
    private let level: Int
    private let linkBytes: Int
    private let listBytes: Int
    let capacity: Int
    private let rowCount: UInt32
    /// Of all upper levels together.
    private let upperListCount: Int

    init(ground: UnsafePointer<UInt8>, linkBytes: Int, capacity: Int, rowCount: Int) {
        unsafe base = ground
        unsafe offsets = nil
        level = 0
        self.linkBytes = linkBytes
        listBytes = capacity * linkBytes
        self.capacity = capacity
        self.rowCount = UInt32(truncatingIfNeeded: rowCount)
        upperListCount = 0
    }

    init(upper: UnsafePointer<UInt32>, offsets: UnsafePointer<UInt32>, level: Int, capacity: Int, rowCount: Int) {
        unsafe base = UnsafeRawPointer(upper).assumingMemoryBound(to: UInt8.self)
        unsafe self.offsets = offsets
        self.level = level
        linkBytes = 4
        listBytes = capacity * 4
        self.capacity = capacity
        self.rowCount = UInt32(truncatingIfNeeded: rowCount)
        upperListCount = unsafe Int(offsets[rowCount])
    }

    @inline(__always) private func list(of row: UInt32) -> UnsafePointer<UInt8> {
        guard let offsets = unsafe offsets else { return unsafe base + Int(row) &* listBytes }
        return unsafe base + (min(Int(offsets[Int(row)]) &+ level, upperListCount) &- 1) &* listBytes
    }

    @inline(__always) private func words(of row: UInt32) -> UnsafePointer<UInt32> {
        unsafe UnsafeRawPointer(list(of: row)).assumingMemoryBound(to: UInt32.self)
    }

    /// `noLink` behind the last one.
    @inline(__always) func link(_ index: Int, of row: UInt32) -> UInt32 {
        if linkBytes == 4 { return unsafe qvk_load_relaxed(words(of: row) + index) }
        let width = UInt32(truncatingIfNeeded: linkBytes)
        let link = unsafe qvk_packed_link(list(of: row), width, index)
        return link == qvk_no_link(width) ? noLink : link
    }

    /// The links that were not visited, marked as visited; `ids` has room for `capacity`.
    @inline(__always) func gatherUnvisited(
        _ row: UInt32, _ visited: UnsafeMutablePointer<UInt8>, _ epoch: UInt8, into ids: UnsafeMutablePointer<UInt32>
    ) -> Int {
        if linkBytes == 4 { return unsafe qvk_gather_unvisited(words(of: row), capacity, rowCount, visited, epoch, ids) }
        return unsafe qvk_gather_unvisited_packed(
            list(of: row), UInt32(truncatingIfNeeded: linkBytes), capacity, rowCount, visited, epoch, ids)
    }

    /// The first `limit` links that were not visited and are accepted, marked as visited.
    @inline(__always) func gatherAccepted(
        _ row: UInt32, _ visited: UnsafeMutablePointer<UInt8>, _ epoch: UInt8, _ filter: inout qvk_row_filter,
        into ids: UnsafeMutablePointer<UInt32>, limit: Int
    ) -> Int {
        unsafe qvk_gather_accepted_packed(
            list(of: row), UInt32(truncatingIfNeeded: linkBytes), capacity, rowCount, visited, epoch, &filter, ids, limit)
    }

    /// Asks for the list of a row that will probably be walked soon.
    @inline(__always) func prefetch(_ row: UInt32) {
        let list = unsafe list(of: row)
        unsafe qvk_prefetch(list)
        if listBytes > 64 { unsafe qvk_prefetch(list + 64) }
    }
}
