/// A sorted array of candidates, best first, over memory of a scratch.
enum CandidatePool {
    /// Puts `candidate` behind all that are at least as good, dropping the last when the pool already holds
    /// `limit`. Returns its place. The caller has checked that it is better than the last of a full pool.
    @inline(__always)
    static func insert(
        _ candidate: Candidate, into pool: UnsafeMutablePointer<Candidate>, count: inout Int, limit: Int
    ) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low &+ high) &>> 1
            if unsafe pool[middle].score >= candidate.score { low = middle &+ 1 } else { high = middle }
        }
        if count == limit { count &-= 1 }
        let place = unsafe pool + low
        unsafe (place + 1).update(from: place, count: count &- low)
        unsafe place.pointee = candidate
        count &+= 1
        return low
    }
}

/// A bounded heap with the worst candidate on top, over memory of a scratch.
enum CandidateHeap {
    /// Keeps the best `limit` (> 0) of all that are offered.
    @inline(__always)
    static func offer(
        _ candidate: Candidate, to heap: UnsafeMutablePointer<Candidate>, count: inout Int, limit: Int
    ) {
        if count < limit {
            var hole = count
            count &+= 1
            while hole > 0 {
                let parent = (hole &- 1) &>> 1
                guard unsafe Candidate.isWorse(candidate, heap[parent]) else { break }
                unsafe heap[hole] = heap[parent]
                hole = parent
            }
            unsafe heap[hole] = candidate
        } else if unsafe Candidate.isWorse(heap[0], candidate) {
            unsafe sink(candidate, in: heap, count: count)
        }
    }

    /// Replaces the top by `candidate`.
    private static func sink(_ candidate: Candidate, in heap: UnsafeMutablePointer<Candidate>, count: Int) {
        var hole = 0
        while true {
            var child = 2 &* hole &+ 1
            if child >= count { break }
            if child &+ 1 < count, unsafe Candidate.isWorse(heap[child &+ 1], heap[child]) { child &+= 1 }
            guard unsafe Candidate.isWorse(heap[child], candidate) else { break }
            unsafe heap[hole] = heap[child]
            hole = child
        }
        unsafe heap[hole] = candidate
    }

    /// Turns the heap into an array sorted best first.
    static func sort(_ heap: UnsafeMutablePointer<Candidate>, count: Int) {
        var left = count
        while left > 1 {
            left -= 1
            let last = unsafe heap[left]
            unsafe heap[left] = heap[0]
            unsafe sink(last, in: heap, count: left)
        }
    }
}
