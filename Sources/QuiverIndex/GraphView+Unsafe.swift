import CVectorKernels

/// The links of an HNSW graph, read in place. The same layout in memory and in segment files, all u32, little endian:
///
/// | chunk | words | content |
/// |---|---|---|
/// | `links` | rowCount × 2m | level 0: up to 2m rows, then `0xFFFFFFFF` in every word not used |
/// | `upperOffsets` | rowCount + 1 | how many upper lists lie before those of this row; the difference to the next is the row's level |
/// | `upperLinks` | upperOffsets[rowCount] × m | the list of `row` at level l ≥ 1 is number `upperOffsets[row] + l - 1` |
///
/// A level-0 list is a whole number of cache lines when m is a multiple of 8 and the chunk is aligned to 64.
@safe package struct GraphView: @unchecked Sendable {  // Immutable memory, read only.
    package let rowCount: Int
    package let m: Int
    package let links: UnsafePointer<UInt32>
    package let upperOffsets: UnsafePointer<UInt32>
    package let upperLinks: UnsafePointer<UInt32>
    /// Where every walk begins: a row of the top level.
    package let entryPoint: UInt32
    package let topLevel: Int

    package var m0: Int { 2 * m }
    package var linkWords: Int { rowCount * m0 }
    package var upperOffsetWords: Int { rowCount + 1 }
    package var upperLinkWords: Int { unsafe Int(upperOffsets[rowCount]) * m }

    package init(
        rowCount: Int, m: Int, links: UnsafePointer<UInt32>, upperOffsets: UnsafePointer<UInt32>,
        upperLinks: UnsafePointer<UInt32>, entryPoint: UInt32, topLevel: Int
    ) {
        precondition(HNSWParameters.mRange.contains(m) && rowCount > 0 && rowCount <= Candidate.maximumRowCount)
        precondition(Int(entryPoint) < rowCount && topLevel >= 0)
        self.rowCount = rowCount
        self.m = m
        unsafe self.links = links
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
        for word in 0..<linkWords {
            let link = unsafe links[word]
            guard link == noLink || Int(link) < rowCount else { return false }
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
        unsafe LevelLinks(
            base: level == 0 ? links : upperLinks, offsets: upperOffsets, level: level, capacity: level == 0 ? m0 : m)
    }
}

/// Fills the unused words of a list.
let noLink: UInt32 = .max

/// The lists of one level. While a graph is built other threads rewrite lists that are being read: words are read
/// one at a time, and every row ever written is a valid one.
@safe struct LevelLinks {
    let base: UnsafePointer<UInt32>
    let offsets: UnsafePointer<UInt32>
    let level: Int
    let capacity: Int

    @inline(__always) func list(of row: UInt32) -> UnsafePointer<UInt32> {
        if level == 0 { return unsafe base + Int(row) &* capacity }
        return unsafe base + (Int(offsets[Int(row)]) &+ level &- 1) &* capacity
    }

    /// Asks for the list of a row that will probably be walked soon.
    @inline(__always) func prefetch(_ row: UInt32) {
        guard level == 0 else { return }
        let list = unsafe base + Int(row) &* capacity
        unsafe qvk_prefetch(list)
        unsafe qvk_prefetch(list + 16)
    }
}
