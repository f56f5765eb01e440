import Foundation

import QuiverIndex
import QuiverModel
import QuiverPayload

/// One search over all segments of a sparse vector. Always exact: `SparseSearch` reads the inverted index of a sealed
/// segment for a single query vector; growing segments, and queries of several vectors, are scored row by row.
struct SparseVectorSearch {
    let vector: VectorView
    let examples: SparseExamples
    /// The slots that may be answered; nil: all.
    let accepted: SlotBitmap?
    /// How many `accepted` has.
    let acceptedCount: Int
    let limit: Int
    /// Scores every row instead of reading the index.
    let exact: Bool
    /// Skip growing segments with more rows than this; nil: skip nothing.
    let mostUnindexedRows: Int?
    let deadline: ContinuousClock.Instant?

    /// The best `limit` points, best first.
    func run(_ scratch: SearchScratch) throws -> [ScoredSlot] {
        if accepted != nil, acceptedCount == 0 { return [] }
        let top = TopK(limit: limit)
        for (index, view) in vector.sealed.enumerated() where view.liveCount > 0 {
            guard let sparse = view.segment.sparse else { continue }
            try checkDeadline()
            let number = UInt32(truncatingIfNeeded: index)
            let filter = SparseVectorSearch.filter(view, accepted, passFraction: passFraction)
            if !exact, examples.combination == .nearest {
                try check(SparseSearch.top(
                    examples.queries[0], index: sparse.index, rows: sparse.rows, filter: filter, segment: number, into: top,
                    scratch: scratch.sparse, deadline: deadline))
            } else {
                try check(SparseSearch.scan(
                    examples, rows: sparse.rows, filter: filter, segment: number, into: top, scratch: scratch.sparse,
                    deadline: deadline))
            }
        }
        for view in vector.growing where view.liveCount > 0 {
            if let mostUnindexedRows, view.count > mostUnindexedRows { continue }
            try SparseVectorSearch.forEachBlock(of: view, accepted, passFraction: passFraction) { block, filter throws in
                try check(SparseSearch.scan(
                    examples, block: block, filter: filter, segment: VectorSearch.growingNumber, into: top,
                    scratch: scratch.sparse, deadline: deadline))
            }
        }
        return unsafe Array(top.takeSorted())
    }

    private var passFraction: Float {
        guard accepted != nil else { return 1 }
        return Float(acceptedCount) / Float(max(1, vector.liveCount))
    }

    private func checkDeadline() throws {
        if let deadline, .now >= deadline { throw PayloadError.timeout }
    }

    private func check(_ outcome: Search.Outcome) throws {
        if outcome.timedOut { throw PayloadError.timeout }
    }

    /// The filter of a sealed segment, and after it those of a growing one block by block.
    static func filter(_ view: SealedView, _ accepted: SlotBitmap?, passFraction: Float) -> RowFilter {
        unsafe RowFilter(
            slotOf: view.segment.slots.slots, acceptedSlots: accepted.map { unsafe UnsafePointer($0.words) },
            acceptedBitCount: accepted?.bitCount ?? 0, passFraction: passFraction,
            deadChunks: view.dead.count == 0 ? nil : UnsafePointer(view.dead.pointers))
    }

    static func forEachBlock(
        of view: GrowingView, _ accepted: SlotBitmap?, passFraction: Float,
        _ body: (SparseBlockView, RowFilter) throws -> Void
    ) rethrows {
        var index = 0
        while index * view.rowsPerBlock < view.count {
            // A block never crosses a chunk of the bitmap, so its dead rows are one run of words.
            var dead = unsafe view.deadWords(ofBlock: index)
            let count = min(view.rowsPerBlock, view.count - index * view.rowsPerBlock)
            try unsafe withUnsafePointer(to: &dead) { dead in
                let filter = unsafe RowFilter(
                    slotOf: UnsafePointer(view.slots(ofBlock: index)),
                    acceptedSlots: accepted.map { unsafe UnsafePointer($0.words) },
                    acceptedBitCount: accepted?.bitCount ?? 0, passFraction: passFraction,
                    deadChunks: dead.pointee == nil ? nil : dead)
                try body(view.raggedBlocks[index].sparseView(count: count), filter)
            }
            index += 1
        }
    }
}

/// Weights of query terms by how rare they are, `ln((N - n + 0.5) / (n + 0.5) + 1)` with n of N vectors that have the
/// index. Of sealed segments, vectors that were deleted count until the segment is rewritten.
struct SparseWeights {
    private let weights: [UInt32: Float]

    /// - Parameter corpus: the slots the statistics are about; nil: all.
    init(_ vectors: [SparseVector], _ view: VectorView, corpus: SlotBitmap?) {
        var statistics = SparseStatistics(indices: Set(vectors.flatMap(\.indices)).sorted())
        for segment in view.sealed {
            guard let sparse = segment.segment.sparse else { continue }
            if corpus == nil {
                statistics.add(sparse.index, emptyRows: sparse.emptyRows)
            } else {
                statistics.add(sparse.rows, SparseVectorSearch.filter(segment, corpus, passFraction: 1))
            }
        }
        for segment in view.growing {
            SparseVectorSearch.forEachBlock(of: segment, corpus, passFraction: 1) { statistics.add($0, $1) }
        }
        let total = Float(statistics.rowCount)
        weights = Dictionary(
            uniqueKeysWithValues: zip(statistics.indices, statistics.counts.map { count in
                let count = Float(count)
                return log((total - count + 0.5) / (count + 0.5) + 1)
            }))
    }

    func applied(to vector: SparseVector) -> SparseVector {
        SparseVector(
            indices: vector.indices, values: zip(vector.indices, vector.values).map { $1 * (weights[$0] ?? 0) })
    }
}
