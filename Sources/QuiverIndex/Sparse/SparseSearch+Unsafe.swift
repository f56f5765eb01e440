import CVectorKernels

/// Exact searches by dot product over sparse rows that share an index with the query.
///
/// The index is read term by term within windows of 8,192 rows: each posting adds an upper bound of its contribution to
/// a 16-bit sum. Rows whose sum can reach the worst answer so far are scored exactly. Terms are ordered so that those
/// which add much for little work come first; what remains is left out once it cannot make answers of rows that are not
/// good already, and the few that are good are cheaper to score (the idea of MaxScore: Turtle, Flood 1995).
package enum SparseSearch {
    /// Offers every matching, accepted row that can be an answer.
    /// - Parameters:
    ///   - rows: the rows `index` was built from.
    ///   - segment: told in the answers.
    ///   - top: may hold answers of other segments; its worst is the score to beat.
    package static func top(
        _ query: SparseQuery, index: SparseIndexView, rows: SparseRowsView, filter: RowFilter, segment: UInt32,
        into top: TopK, scratch: SparseScratch, deadline: ContinuousClock.Instant? = nil
    ) -> Search.Outcome {
        guard query.count > 0, top.limit > 0, rows.count > 0 else { return Search.Outcome() }
        var work = SparseWork(
            query: query, index: index, rows: rows, filter: filter, segment: segment, top: top, scratch: scratch)
        guard work.prepare(passFraction: filter.passFraction) else {
            return scan(query, rows: rows, filter: filter, segment: segment, into: top, scratch: scratch, deadline: deadline)
        }
        return work.run(deadline)
    }

    /// Scores every accepted row: for rows without an index, and for filters that leave few.
    /// - Parameter firstRow: the number of `rows`' first row in the segment, for rows that lie in several pieces.
    package static func scan(
        _ query: SparseQuery, rows: SparseRowsView, filter: RowFilter, segment: UInt32, firstRow: UInt32 = 0,
        into top: TopK, scratch: SparseScratch, deadline: ContinuousClock.Instant? = nil
    ) -> Search.Outcome {
        var outcome = Search.Outcome()
        guard query.count > 0, top.limit > 0 else { return outcome }
        var rowFilter = unsafe filter.raw
        var first = 0
        while first < rows.count {
            let n = min(1024, rows.count &- first)
            let count = unsafe qvk_collect_accepted(
                &rowFilter, firstRow &+ UInt32(truncatingIfNeeded: first), n, scratch.rows)
            unsafe score(
                scratch.rows, count, query, rows, filter, segment, firstRow: firstRow, top, &outcome.scoredCount)
            first &+= n
            if Search.isPast(deadline) {
                outcome.timedOut = true
                break
            }
        }
        return outcome
    }

    /// Scores the listed rows exactly and offers those that share an index with the query.
    static func score(
        _ list: UnsafePointer<UInt32>, _ count: Int, _ query: SparseQuery, _ rows: SparseRowsView, _ filter: RowFilter,
        _ segment: UInt32, firstRow: UInt32, _ top: TopK, _ scored: inout Int
    ) {
        let kernels = unsafe qvk_sparse_active().pointee
        var table = unsafe query.table
        let datatype = rows.datatype.raw
        var bound = top.bound
        for position in 0..<count {
            if position &+ 4 < count { unsafe prefetch(rows, Int(list[position &+ 4] &- firstRow)) }
            let row = unsafe list[position]
            var raw = unsafe rows.raw(Int(row &- firstRow))
            var matches: UInt32 = 0
            let value = unsafe kernels.score(&table, &raw, datatype, &matches)
            guard matches > 0, value >= bound else { continue }
            top.offer(ScoredSlot(score: value, slot: filter.slot(of: row), segment: segment, row: row))
            bound = top.bound
        }
        scored &+= count
    }

    @inline(__always) private static func prefetch(_ rows: SparseRowsView, _ row: Int) {
        let raw = unsafe rows.raw(row)
        let bytes = unsafe raw.count &* rows.datatype.valueBytes
        var offset = 0
        while unsafe offset < 4 &* raw.count {
            unsafe qvk_prefetch(UnsafeRawPointer(raw.indices) + offset)
            offset &+= 64
        }
        offset = 0
        while offset < bytes {
            unsafe qvk_prefetch(raw.values + offset)
            offset &+= 64
        }
    }
}

/// One search over one segment.
@safe struct SparseWork {
    let query: SparseQuery
    let index: SparseIndexView
    let rows: SparseRowsView
    let filter: RowFilter
    let segment: UInt32
    let top: TopK
    let scratch: SparseScratch
    var kernels = unsafe qvk_sparse_active().pointee
    var termCount = 0
    /// Units of the sums in a score of 1.
    var unitsPerScore: Float = 0
    /// What rounding may make a score larger than the sum of its parts.
    var slack: Float = 0
    var outcome = Search.Outcome()

    /// Costs in units of adding one posting from a list.
    static let bitmapCost = 400
    static let rowCost = 300
    static let scanCost = 250

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
    }

    /// Looks up the terms and chooses the unit. False when it is cheaper to score the accepted rows one by one, or the
    /// query has more terms than 16-bit sums can tell apart.
    mutating func prepare(passFraction: Float) -> Bool {
        scratch.reserve(terms: query.count)
        let terms = unsafe scratch.terms
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
        if !filter.acceptsAll && passFraction * Float(rows.count) * Float(Self.rowCost) < Float(postingCount) {
            return false
        }
        // The sums' largest value must fit 16 bits, and so must each multiplier.
        let room = Float(65_535 - 2 * count - 8)
        unitsPerScore = total > 0 ? min(room / total, 65_000 / largest) : 1
        slack = 4e-6 * total
        for position in 0..<count {
            let contribution = unsafe Float(bitPattern: terms[position].multiplier)
            unsafe terms[position].multiplier = UInt32((contribution * unitsPerScore * (256.0 / 255.0)).rounded(.up))
        }
        var sorted = unsafe UnsafeMutableBufferPointer(start: terms, count: count)
        unsafe sorted.sort { $0.merit > $1.merit }
        return unitsPerScore > 0 && unitsPerScore.isFinite
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
        return outcome
    }

    /// The least sum of a row that can be an answer.
    private var threshold: Int {
        let bound = top.bound
        guard bound > 0 else { return 1 }
        let units = (bound - slack) * unitsPerScore
        return units >= 65_536 ? 65_536 : max(1, Int(units))
    }

    private mutating func searchWindow(_ window: Int) {
        var remaining = 0
        var remainingCost = 0
        let activeCount = activate(window, &remaining, &remainingCost)
        var least = threshold
        if remaining < least { return }
        let sums = unsafe scratch.sums
        let active = unsafe scratch.active
        let postings = unsafe index.postings
        // Below it, rows with none of the terms added so far cannot be answers. Nothing can be left out for a bound of 1.
        var nextCheck = least - 1
        for position in 0..<activeCount {
            let slice = unsafe active[position]
            let base = unsafe postings + slice.postings
            let codes = unsafe (base + SparseIndexFormat.placesBytes(count: slice.count)).assumingMemoryBound(to: UInt8.self)
            if SparseIndexFormat.isBitmap(count: slice.count) {
                unsafe kernels.add_bitmap(sums, base.assumingMemoryBound(to: UInt8.self), codes, slice.multiplier)
            } else {
                unsafe kernels.add(sums, base.assumingMemoryBound(to: UInt16.self), codes, slice.count, slice.multiplier)
            }
            remaining &-= slice.largest
            remainingCost &-= slice.cost
            if remaining <= nextCheck && least > 1 && remainingCost > 2 * Self.scanCost {
                let candidates = unsafe kernels.count(sums, UInt32(truncatingIfNeeded: least &- remaining))
                if candidates &* Self.rowCost < remainingCost { break }
                nextCheck = remaining &* 7 / 8
            }
        }
        answer(window, &least, without: remaining)
        unsafe sums.update(repeating: 0, count: SparseIndexFormat.windowRows)
    }

    /// Lists the terms that occur in `window`, with the sum of what they can add and of what they cost.
    private mutating func activate(_ window: Int, _ remaining: inout Int, _ remainingCost: inout Int) -> Int {
        let terms = unsafe scratch.terms
        let active = unsafe scratch.active
        let slices = unsafe index.slices
        var count = 0
        for position in 0..<termCount {
            let term = unsafe terms + position
            let at = unsafe term.pointee.slice
            guard unsafe at < term.pointee.sliceEnd else { continue }
            let slice = unsafe slices[at]
            guard slice.window == UInt32(truncatingIfNeeded: window) else { continue }
            unsafe term.pointee.slice = at &+ 1
            let size = slice.count
            let first = unsafe term.pointee.postings &+ 4 &* Int(slice.offset)
            // A damaged slice is left out.
            guard unsafe first &+ SparseIndexFormat.postingsBytes(count: size) <= term.pointee.postingsEnd,
                size <= SparseIndexFormat.windowRows
            else { continue }
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

    /// Scores the rows whose sum can reach the bound, the most promising first.
    /// - Parameter rest: what terms that were not added could still add.
    private mutating func answer(_ window: Int, _ least: inout Int, without rest: Int) {
        let sums = unsafe scratch.sums
        var end = 65_536
        var wanted = max(top.limit, 8)
        while true {
            var low = max(least &- rest, 1)
            if low >= end { return }
            if unsafe kernels.count(sums, UInt32(low)) > 2 &* wanted {
                // A higher floor that leaves about as many as are wanted: their scores raise the bound for the others.
                var high = end
                while high &- low > 1 {
                    let middle = (low &+ high) / 2
                    let count = unsafe kernels.count(sums, UInt32(middle))
                    if count >= wanted { low = middle } else { high = middle }
                    if count >= wanted && count <= 2 &* wanted { break }
                }
            }
            answer(window, from: low, to: end)
            end = low
            wanted &*= 4
            least = threshold
        }
    }

    private mutating func answer(_ window: Int, from low: Int, to end: Int) {
        let places = unsafe scratch.places
        let list = unsafe scratch.rows
        let found = unsafe kernels.collect(scratch.sums, UInt32(low), UInt32(end), places)
        let first = UInt32(truncatingIfNeeded: window << SparseIndexFormat.windowShift)
        let limit = UInt32(truncatingIfNeeded: rows.count)
        var count = 0
        for position in 0..<found {
            let row = unsafe first &+ UInt32(places[position])
            unsafe list[count] = row
            count &+= row < limit ? 1 : 0
        }
        var rowFilter = unsafe filter.raw
        if !filter.acceptsAll { count = unsafe qvk_keep_accepted(&rowFilter, list, count) }
        unsafe SparseSearch.score(list, count, query, rows, filter, segment, firstRow: 0, top, &outcome.scoredCount)
    }
}
