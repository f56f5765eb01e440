/// A row met in a search and its similarity (approximate when it came from codes). Eight bytes: the pool of
/// a graph walk is an array of these and every insertion moves its tail.
package struct Candidate: Sendable, Equatable {
    package var score: Float
    /// The row, and in the two high bits what the walk remembers about it.
    var tag: UInt32

    static let expandedBit: UInt32 = 1 << 31
    /// The row may not be answered, it is only walked through.
    static let rejectedBit: UInt32 = 1 << 30

    /// Rows fit below the two flags.
    package static let maximumRowCount = 1 << 30

    @inline(__always) package var row: UInt32 { tag & ~(Candidate.expandedBit | Candidate.rejectedBit) }
    @inline(__always) var isExpanded: Bool { tag & Candidate.expandedBit != 0 }
    @inline(__always) var isRejected: Bool { tag & Candidate.rejectedBit != 0 }

    @inline(__always) init(score: Float, tag: UInt32) {
        self.score = score
        self.tag = tag
    }

    package init(score: Float, row: UInt32) {
        self.init(score: score, tag: row)
    }

    /// Worse score, or the same and a later row: makes every order of candidates total.
    @inline(__always) static func isWorse(_ a: Candidate, _ b: Candidate) -> Bool {
        a.score < b.score || (a.score == b.score && a.row > b.row)
    }
}
