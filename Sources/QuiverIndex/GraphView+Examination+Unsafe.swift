/// What an examination of a graph counted.
package struct GraphExamination: Equatable, Sendable {
    /// Upper offsets that descend, or an entry point that is not of the top level.
    package var isLaidOutWrong = false
    /// That name no row, or a row that is not of the list's level.
    package var strayLinks = 0
    package var selfLinks = 0
    /// Within one list.
    package var repeatedLinks = 0
    /// Links behind the end of their list.
    package var linksBehindEnd = 0
    /// Rows that a walk of level 0 from the entry point does not come to.
    package var unreachableRows = 0

    package init() {}
}

extension GraphView {
    /// Follows every link. Reads nothing outside the chunks, however damaged they are.
    ///
    /// - Parameter upperLinkWords: that the chunk of upper links has.
    package func examine(upperLinkWords available: Int) -> GraphExamination {
        var result = GraphExamination()
        result.isLaidOutWrong = unsafe upperOffsets[0] != 0 || upperLinkWords > available
        for row in 0..<rowCount where unsafe upperOffsets[row] > upperOffsets[row + 1] { result.isLaidOutWrong = true }
        guard !result.isLaidOutWrong else { return result }
        result.isLaidOutWrong = level(of: entryPoint) != topLevel
        for row in 0..<UInt32(rowCount) {
            for level in 0...self.level(of: row) { examine(row, level, &result) }
        }
        if result.strayLinks == 0 { result.unreachableRows = rowCount - reachableRows() }
        return result
    }

    private func examine(_ row: UInt32, _ level: Int, _ result: inout GraphExamination) {
        let lists = lists(atLevel: level)
        var links: [UInt32] = []
        var isOver = false
        for index in 0..<lists.capacity {
            let link = lists.link(index, of: row)
            if link == noLink {
                isOver = true
                continue
            }
            if isOver { result.linksBehindEnd += 1 }
            guard Int(link) < rowCount, self.level(of: link) >= level else {
                result.strayLinks += 1
                continue
            }
            if link == row { result.selfLinks += 1 }
            if links.contains(link) { result.repeatedLinks += 1 }
            links.append(link)
        }
    }

    private func reachableRows() -> Int {
        let lists = lists(atLevel: 0)
        var seen = [Bool](repeating: false, count: rowCount)
        var waiting = [entryPoint]
        seen[Int(entryPoint)] = true
        var count = 0
        while let row = waiting.popLast() {
            count += 1
            for index in 0..<lists.capacity {
                let link = lists.link(index, of: row)
                if link == noLink { break }
                if !seen[Int(link)] {
                    seen[Int(link)] = true
                    waiting.append(link)
                }
            }
        }
        return count
    }
}
