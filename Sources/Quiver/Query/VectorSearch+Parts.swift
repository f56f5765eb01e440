import Synchronization

import QuiverIndex
import QuiverModel
import QuiverPayload

/// One query on several threads.
///
/// A search is cut into parts: a segment that is walked, a run of rows that are scanned, a growing segment. The cut
/// follows from the data alone, so the answer does not depend on who was idle. Where it promises to take longer than
/// waking a thread, workers that have nothing else to do take parts as well.
extension VectorSearch {
    enum Part {
        /// Of the sealed segment `index`, the points of `range` where they are scanned.
        case sealed(index: Int, range: Range<Int>)
        /// Some blocks of the growing segment `index`.
        case growing(index: Int, blocks: Range<Int>)
    }

    /// A scan of so many bytes is a part: about half a millisecond.
    private static let partBytes = 16 << 20
    /// A search that reads fewer bytes than this is over before a second thread has begun: about 50 µs.
    private static let leastSharedBytes = 2 << 20
    /// Rows that a walk looks at for each of its `ef` candidates, about; they are read at random, at half the speed.
    private static let walkedRows = 16

    /// The parts, and about how many bytes they read.
    func parts() -> (parts: [Part], byteCount: Int) {
        var parts: [Part] = []
        var total = 0
        for (index, view) in vector.sealed.enumerated() where view.liveCount > 0 {
            let segment = view.segment
            if skips(rows: segment.pointCount, isIndexed: segment.isIndexed) { continue }
            let all = 0..<segment.pointCount
            let pointBytes = vector.bytesPerPoint / (exact || segment.rows?.codes == nil ? 1 : 4)
            switch plan(segment) {
            case .walk:
                parts.append(.sealed(index: index, range: all))
                total += 2 * VectorSearch.walkedRows * min(ef, segment.pointCount) * pointBytes
            case .exact, .matching, .rows:
                let bytes = Int(planner.selectivity * Double(segment.pointCount)) * pointBytes
                let count = max(1, min(bytes / VectorSearch.partBytes, segment.pointCount / 1024))
                let step = (segment.pointCount + count - 1) / count
                for first in stride(from: 0, to: segment.pointCount, by: max(1, step)) {
                    parts.append(.sealed(index: index, range: first..<min(first + step, segment.pointCount)))
                }
                total += bytes
            }
        }
        for (index, view) in vector.growing.enumerated() where view.liveCount > 0 {
            if skips(rows: view.count, isIndexed: false) { continue }
            let blockCount = (view.count + view.rowsPerBlock - 1) / view.rowsPerBlock
            let pointBytes = vector.bytesPerPoint / (exact ? 1 : 4)
            let step = max(1, VectorSearch.partBytes / max(1, view.rowsPerBlock * pointBytes))
            for first in stride(from: 0, to: blockCount, by: step) {
                parts.append(.growing(index: index, blocks: first..<min(first + step, blockCount)))
            }
            total += view.count * pointBytes
        }
        return (parts, total)
    }

    /// The best `limit` points, best first, with internal scores.
    func run(_ scratches: SearchScratchPool, _ workers: WorkerPool) throws -> [ScoredSlot] {
        if let accepted, accepted.count == 0 { return [] }
        let (parts, byteCount) = parts()
        return try query.withQuery { query in
            guard parts.count > 1, byteCount >= VectorSearch.leastSharedBytes else {
                let top = TopK(limit: limit)
                try scratches.withScratch { (scratch) throws in
                    for part in parts { try search(part, query, scratch, top) }
                }
                return unsafe Array(top.takeSorted())
            }
            let work = SharedSearch(self, parts, query)
            workers.share(among: parts.count) { work.takeParts(scratches) }
            return try work.answers()
        }
    }
}

/// The parts of one search, taken one after the other by the threads that share it.
private final class SharedSearch: @unchecked Sendable {
    // @unchecked: `top` and `failure` are touched with `lock` held; the rest does not change.
    private let search: VectorSearch
    private let parts: [VectorSearch.Part]
    private let query: QueryVectors
    private let next = Atomic(0)
    private let lock = Mutex(())
    private var top: TopK?
    private var failure: (any Error)?

    init(_ search: VectorSearch, _ parts: [VectorSearch.Part], _ query: QueryVectors) {
        self.search = search
        self.parts = parts
        self.query = query
    }

    func takeParts(_ scratches: SearchScratchPool) {
        let own = TopK(limit: search.limit)
        var error: (any Error)?
        scratches.withScratch { scratch in
            do {
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < parts.count else { break }
                    try search.search(parts[index], query, scratch, own)
                }
            } catch let caught {
                next.store(parts.count, ordering: .relaxed)
                error = caught
            }
        }
        lock.withLock { _ in
            if let top { top.merge(own) } else { top = own }
            if failure == nil { failure = error }
        }
    }

    func answers() throws -> [ScoredSlot] {
        try lock.withLock { _ in
            if let failure { throw failure }
            return top.map { unsafe Array($0.takeSorted()) } ?? []
        }
    }
}
