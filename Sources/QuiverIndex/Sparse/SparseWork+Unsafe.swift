import CVectorKernels

/// One search over one segment.
@safe struct SparseWork {
    private let query: SparseQuery
    private let index: SparseIndexView
    private let rows: SparseRowsView
    private let filter: RowFilter
    private let segment: UInt32
    private let top: TopK
    private let scratch: SparseScratch
    private let kernels: qvk_sparse_kernels
    private let terms: UnsafeMutablePointer<SparseCursor>
    private let active: UnsafeMutablePointer<SparseActiveSlice>
    private let sums: UnsafeMutablePointer<UInt16>
    private let best: UnsafeMutablePointer<UInt16>
    private let limit: Int
    private var termCount = 0
    private var bestCount = 0
    private var pendingCount = 0
    /// Units of the sums in a score of 1.
    private var unitsPerScore: Float = 0
    /// What rounding may make a score larger than the sum of its parts.
    private var slack: Float = 0
    /// A row's score has at least its sum less so many units.
    private var uncertainty = 0
    /// No part of a score is negative, so that sums tell what a row has at least.
    private var isPositive = true
    private var outcome = Search.Outcome()

    /// Costs in units of adding one posting from a list.
    private static let bitmapCost = 600
    private static let rowCost = 300
    private static let scanCost = 250

    init(
        query: SparseQuery, index: SparseIndexView, rows: SparseRowsView, filter: RowFilter, segment: UInt32, top: TopK,
        scratch: SparseScratch
    ) {
        self.query = query
        self.index = index
        self.rows = rows
        self.filter = filter
        self.segment = segment
        self.top = top
        self.scratch = scratch
        limit = min(top.limit, rows.count)
        scratch.reserve(terms: query.count, best: limit)
        unsafe kernels = qvk_sparse_active().pointee
        unsafe terms = scratch.terms
        unsafe active = scratch.active
        unsafe sums = scratch.sums
        unsafe best = scratch.best
    }

    /// Looks up the terms and chooses the unit. False when it is cheaper to score the accepted rows one by one, or the
    /// query has more terms than 16-bit sums can tell apart.
    mutating func prepare() -> Bool {
        var total: Float = 0
        var largest: Float = 0
        var postingCount = 0
        var count = 0
        for position in 0..<query.count {
            guard let place = unsafe index.place(of: query.indices[position]) else { continue }
            let entry = unsafe index.entries[place]
            let weight = unsafe query.weights[position]
            let isHelpful = weight > 0 && entry.maximum > 0 || weight < 0 && entry.minimum < 0
            let contribution = isHelpful ? abs(weight) * entry.step * 255 : 0
            if weight > 0 ? entry.minimum < 0 : weight < 0 && entry.maximum > 0 { isPositive = false }
            let slices = index.slices(at: place)
            let postings = index.postings(at: place)
            let cost = Float(min(Int(entry.rowCount), slices.count * Self.bitmapCost))
            unsafe terms[count] = SparseCursor(
                slice: slices.lowerBound, sliceEnd: slices.upperBound, postings: postings.lowerBound,
                postingsEnd: postings.upperBound, multiplier: contribution.bitPattern, merit: contribution / max(cost, 1))
            total += contribution
            largest = max(largest, contribution)
            postingCount += Int(entry.rowCount)
            count += 1
        }
        termCount = count
        if count > 16_384 || !total.isFinite { return false }
        if !filter.acceptsAll && filter.passFraction * Float(rows.count * Self.rowCost) < Float(postingCount) {
            return false
        }
        // The sums' largest value must fit 16 bits, and so must each multiplier.
        let room = Float(65_535 - 2 * count - 8)
        unitsPerScore = total > 0 ? min(room / total, 65_000 / largest) : 1
        guard unitsPerScore > 0, unitsPerScore.isFinite else { return false }
        slack = 4e-6 * total
        uncertainty = Int(slack * unitsPerScore) + 2
        for position in 0..<count {
            let contribution = unsafe Float(bitPattern: terms[position].multiplier)
            let multiplier = UInt32((contribution * unitsPerScore * (256.0 / 255.0)).rounded(.up))
            unsafe terms[position].multiplier = multiplier
            uncertainty += Int(multiplier >> 8) + 3  // One code too many, and what is rounded up twice.
        }
        var order = unsafe UnsafeMutableBufferPointer(start: terms, count: count)
        unsafe order.sort { $0.merit > $1.merit }
        return true
    }

    mutating func run(_ deadline: ContinuousClock.Instant?) -> Search.Outcome {
        let windowCount = SparseIndexFormat.windowCount(rows: min(rows.count, index.rowCount))
        for window in 0..<windowCount {
            searchWindow(window)
            if window & 7 == 7 && Search.isPast(deadline) {
                outcome.timedOut = true
                break
            }
        }
        scorePending()
        return outcome
    }

    /// The least sum of a row that can be an answer.
    private var threshold: Int {
        let known = unsafe isPositive && bestCount == limit ? Int(best[0]) &- uncertainty : 1
        let bound = top.bound
        guard bound > 0 else { return max(1, known) }
        let units = (bound - slack) * unitsPerScore
        return max(1, known, units >= 65_536 ? 65_536 : Int(units))
    }

    private mutating func searchWindow(_ window: Int) {
        var remaining = 0
        var remainingCost = 0
        let activeCount = activate(window, &remaining, &remainingCost)
        let least = threshold
        if remaining < least { return }
        // Below it, rows with none of the terms added so far cannot be answers. With a bound of 1 nothing is left out.
        var nextCheck = least - 1
        for position in 0..<activeCount {
            let slice = unsafe active[position]
            let base = unsafe index.postings + slice.postings
            let codes = unsafe (base + SparseIndexFormat.placesBytes(count: slice.count)).assumingMemoryBound(to: UInt8.self)
            if SparseIndexFormat.isBitmap(count: slice.count) {
                unsafe kernels.add_bitmap(sums, base.assumingMemoryBound(to: UInt8.self), codes, slice.multiplier)
            } else {
                unsafe kernels.add(sums, base.assumingMemoryBound(to: UInt16.self), codes, slice.count, slice.multiplier)
            }
            remaining &-= slice.largest
            remainingCost &-= slice.cost
            if remaining <= nextCheck && least > 1 && remainingCost > 4 * Self.scanCost {
                let affordable = remainingCost / Self.rowCost
                if unsafe kernels.count(sums, UInt32(truncatingIfNeeded: least &- remaining), affordable) <= affordable { break }
                nextCheck = remaining &* 7 / 8
            }
        }
        collect(window, without: remaining)
        unsafe sums.update(repeating: 0, count: SparseIndexFormat.windowRows)
    }

    /// Lists the terms that occur in `window`, with the sum of what they can add and of what they cost.
    private mutating func activate(_ window: Int, _ remaining: inout Int, _ remainingCost: inout Int) -> Int {
        var count = 0
        for position in 0..<termCount {
            let term = unsafe terms + position
            let at = unsafe term.pointee.slice
            guard unsafe at < term.pointee.sliceEnd else { continue }
            let slice = unsafe index.slices[at]
            guard slice.window == UInt32(truncatingIfNeeded: window) else { continue }
            unsafe term.pointee.slice = at &+ 1
            let size = slice.count
            let first = unsafe term.pointee.postings &+ 4 &* Int(slice.offset)
            let bytes = SparseIndexFormat.postingsBytes(count: size)
            // A damaged slice is left out.
            guard unsafe first &+ bytes <= term.pointee.postingsEnd, size <= SparseIndexFormat.windowRows else { continue }
            unsafe prefetch(index.postings + first, bytes)
            let multiplier = unsafe term.pointee.multiplier
            let largest = Int((UInt32(slice.largestCode) &* multiplier) >> 8) &+ 1
            let cost = SparseIndexFormat.isBitmap(count: size) ? Self.bitmapCost : size &+ 8
            unsafe active[count] = SparseActiveSlice(
                postings: first, count: size, multiplier: multiplier, largest: largest, cost: cost)
            count &+= 1
            remaining &+= largest
            remainingCost &+= cost
        }
        return count
    }

    /// Fetches the first lines of a slice; the processor sees for itself how long ones go on.
    @inline(__always) private func prefetch(_ start: UnsafeRawPointer, _ bytes: Int) {
        var offset = 0
        while offset < min(bytes, 1024) {
            unsafe qvk_prefetch(start + offset)
            offset &+= 64
        }
    }

    // MARK: Candidates

    /// Puts the accepted rows whose sum can reach the bound with those that wait, the most promising first: what they
    /// have raises the bound for the others.
    /// - Parameter rest: what terms that were not added could still add.
    private mutating func collect(_ window: Int, without rest: Int) {
        var end = 65_536
        var wanted = max(limit, 8)
        while true {
            var low = max(threshold &- rest, 1)
            if low >= end { return }
            if unsafe kernels.count(sums, UInt32(low), 2 &* wanted) > 2 &* wanted {
                var high = end
                while high &- low > 1 {
                    let middle = (low &+ high) / 2
                    let count = unsafe kernels.count(sums, UInt32(middle), 2 &* wanted)
                    if count >= wanted { low = middle } else { high = middle }
                    if count >= wanted && count <= 2 &* wanted { break }
                }
            }
            collect(window, from: low, to: end, without: rest)
            if !isPositive { scorePending() }
            end = low
            wanted &*= 4
        }
    }

    private mutating func collect(_ window: Int, from low: Int, to end: Int, without rest: Int) {
        let places = unsafe scratch.places
        let list = unsafe scratch.rows
        let found = unsafe kernels.collect(sums, UInt32(low), UInt32(end), places)
        let first = UInt32(truncatingIfNeeded: window << SparseIndexFormat.windowShift)
        let rowLimit = UInt32(truncatingIfNeeded: rows.count)
        var count = 0
        for position in 0..<found {
            let row = unsafe first &+ UInt32(places[position])
            unsafe list[count] = row
            count &+= row < rowLimit ? 1 : 0
        }
        if !filter.acceptsAll {
            var rowFilter = unsafe filter.raw
            count = unsafe qvk_keep_accepted(&rowFilter, list, count)
        }
        if pendingCount &+ count > SparseScratch.pendingLimit { scorePending() }
        for position in 0..<count {
            let row = unsafe list[position]
            let sum = unsafe sums[Int(row &- first)]
            unsafe qvk_prefetch(rows.offsets + Int(row))
            unsafe scratch.pending[pendingCount] = UInt64(Int(sum) &+ rest) << 32 | UInt64(row)
            pendingCount &+= 1
            remember(sum)
        }
    }

    /// Keeps the `limit` largest sums in a heap.
    private mutating func remember(_ sum: UInt16) {
        if bestCount < limit {
            var hole = bestCount
            bestCount &+= 1
            while hole > 0 {
                let parent = (hole &- 1) / 2
                guard unsafe best[parent] > sum else { break }
                unsafe best[hole] = best[parent]
                hole = parent
            }
            unsafe best[hole] = sum
        } else if unsafe sum > best[0] {
            var hole = 0
            while true {
                var child = 2 &* hole &+ 1
                if child >= bestCount { break }
                if unsafe child &+ 1 < bestCount && best[child &+ 1] < best[child] { child &+= 1 }
                guard unsafe best[child] < sum else { break }
                unsafe best[hole] = best[child]
                hole = child
            }
            unsafe best[hole] = sum
        }
    }

    /// Scores those that wait exactly, the most promising first, while they can be answers.
    private mutating func scorePending() {
        guard pendingCount > 0 else { return }
        let floor = UInt64(threshold) << 32
        let pending = unsafe scratch.pending
        var kept = 0
        for position in 0..<pendingCount {
            let entry = unsafe pending[position]
            unsafe pending[kept] = entry
            kept &+= entry >= floor ? 1 : 0
        }
        pendingCount = 0
        var order = unsafe UnsafeMutableBufferPointer(start: pending, count: kept)
        unsafe order.sort(by: >)
        var done = 0
        while done < kept {
            if unsafe pending[done] < UInt64(threshold) << 32 { break }
            let n = min(done == 0 ? max(limit, 16) : 16, kept &- done, SparseIndexFormat.windowRows)
            for position in 0..<n {
                unsafe scratch.rows[position] = UInt32(truncatingIfNeeded: pending[done &+ position])
            }
            unsafe SparseSearch.score(
                scratch.rows, n, query, rows, filter, segment, firstRow: 0, top, &outcome.scoredCount)
            done &+= n
        }
    }
}
