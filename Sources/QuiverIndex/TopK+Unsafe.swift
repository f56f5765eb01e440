/// One answer: an exact score, the point's slot, and where its vector lies.
package struct ScoredSlot: Sendable, Equatable {
    package var score: Float
    package var slot: UInt32
    package var segment: UInt32
    package var row: UInt32

    @inline(__always)
    package init(score: Float, slot: UInt32, segment: UInt32, row: UInt32) {
        self.score = score
        self.slot = slot
        self.segment = segment
        self.row = row
    }

    /// Lower score, or the same and a larger slot: answers have one order whatever the threads did.
    @inline(__always) static func isWorse(_ a: ScoredSlot, _ b: ScoredSlot) -> Bool {
        a.score < b.score || (a.score == b.score && a.slot > b.slot)
    }
}

/// The best `limit` answers of all segments, ties broken by slot ascending. A heap with the worst on top.
@safe package final class TopK {
    package private(set) var limit: Int
    package private(set) var count = 0
    /// Answers below it are not kept.
    package private(set) var minimumScore: Float
    private var storage: UnsafeMutablePointer<ScoredSlot>
    private var capacity: Int

    package init(limit: Int, minimumScore: Float = -.infinity) {
        precondition(limit >= 0)
        self.limit = limit
        self.minimumScore = minimumScore
        capacity = max(limit, 1)
        unsafe storage = .allocate(capacity: capacity)
    }

    deinit { unsafe storage.deallocate() }

    /// Empties it for another query; allocates only when the limit grows.
    package func reset(limit: Int, minimumScore: Float = -.infinity) {
        precondition(limit >= 0)
        if limit > capacity {
            unsafe storage.deallocate()
            capacity = limit
            unsafe storage = .allocate(capacity: capacity)
        }
        self.limit = limit
        self.minimumScore = minimumScore
        count = 0
    }

    /// A score must be at least this to be kept.
    package var bound: Float { unsafe limit > 0 && count == limit ? storage[0].score : minimumScore }

    package func offer(_ answer: ScoredSlot) {
        guard answer.score >= minimumScore, limit > 0 else { return }
        if count < limit {
            var hole = count
            count += 1
            while hole > 0 {
                let parent = (hole - 1) / 2
                guard unsafe ScoredSlot.isWorse(answer, storage[parent]) else { break }
                unsafe storage[hole] = storage[parent]
                hole = parent
            }
            unsafe storage[hole] = answer
        } else if unsafe ScoredSlot.isWorse(storage[0], answer) {
            sink(answer, below: count)
        }
    }

    package func merge(_ other: TopK) {
        for index in 0..<other.count { unsafe offer(other.storage[index]) }
    }

    /// Hands out the answers, best first, and empties the heap. Valid until it is used again.
    package func takeSorted() -> UnsafeBufferPointer<ScoredSlot> {
        let total = count
        var left = total
        while left > 1 {
            left -= 1
            let last = unsafe storage[left]
            unsafe storage[left] = storage[0]
            sink(last, below: left)
        }
        count = 0
        return unsafe UnsafeBufferPointer(start: storage, count: total)
    }

    private func sink(_ answer: ScoredSlot, below end: Int) {
        let heap = unsafe storage
        var hole = 0
        while true {
            var child = 2 * hole + 1
            if child >= end { break }
            if child + 1 < end, unsafe ScoredSlot.isWorse(heap[child + 1], heap[child]) { child += 1 }
            guard unsafe ScoredSlot.isWorse(heap[child], answer) else { break }
            unsafe heap[hole] = heap[child]
            hole = child
        }
        unsafe heap[hole] = answer
    }
}
