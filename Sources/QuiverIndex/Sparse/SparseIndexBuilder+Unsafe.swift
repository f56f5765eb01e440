import CVectorKernels

/// Builds the inverted index of sparse rows by counting and placing, window by window. Beside the chunks it needs 28
/// bytes for each distinct index and 4 for each entry of one window. The same rows give the same bytes.
package enum SparseIndexBuilder {
    /// - Throws: `IndexError.cancelled`, within one window; `tooManyRows` when slices or distinct indices exceed 32 bits.
    package static func build(_ rows: SparseRowsView, control: BuildControl? = nil) throws(IndexError) -> SparseIndexChunks {
        control?.begin(total: 2 * rows.count)
        let work = SparseBuild(rows)
        try work.count(control)
        let chunks = try work.layOut()
        try work.place(into: chunks, control)
        return chunks
    }
}

/// What a build has counted. One thread.
@safe private final class SparseBuild {
    /// What is known of one term. Ordinals number terms by their first appearance until `layOut` sorts them.
    struct Tally {
        var id: UInt32
        /// In the current window.
        var windowCount: UInt32 = 0
        var rowCount: UInt32 = 0
        var sliceCount: UInt32 = 0
        var minimum = Float.infinity
        var maximum = -Float.infinity
        /// While counting: bytes of postings. While placing: where the next slice's postings go.
        var postings = 0
    }

    private let rows: SparseRowsView
    private var ordinals: OrdinalTable
    private var tallies: UnsafeMutablePointer<Tally>
    private var tallyCapacity = 1024
    private var termCount = 0
    /// The terms of the current window, in order of appearance.
    private var touched: [UInt32] = []
    /// Decoded values of one row.
    private var decoded: UnsafeMutablePointer<Float>
    private var decodedCapacity = 1024

    init(_ rows: SparseRowsView) {
        self.rows = rows
        ordinals = OrdinalTable()
        unsafe tallies = .allocate(capacity: tallyCapacity)
        unsafe decoded = .allocate(capacity: decodedCapacity)
    }

    deinit {
        ordinals.free()
        unsafe tallies.deallocate()
        unsafe decoded.deallocate()
    }

    /// The row and its values as floats.
    @inline(__always) private func row(_ index: Int) -> (qvk_sparse_row, UnsafePointer<Float>) {
        var raw = unsafe rows.raw(index)
        if rows.datatype == .float32 { return unsafe (raw, raw.values.assumingMemoryBound(to: Float.self)) }
        if unsafe raw.count > decodedCapacity {
            unsafe decoded.deallocate()
            decodedCapacity = unsafe raw.count
            unsafe decoded = .allocate(capacity: decodedCapacity)
        }
        unsafe qvk_sparse_decode(&raw, rows.datatype.raw, decoded)
        return unsafe (raw, UnsafePointer(decoded))
    }

    private func windows(_ control: BuildControl?, _ body: (Range<Int>) -> Void) throws(IndexError) {
        var first = 0
        while first < rows.count {
            if control?.isCancelled == true { throw .cancelled }
            let end = min(first + SparseIndexFormat.windowRows, rows.count)
            body(first..<end)
            control?.advance(by: end - first)
            first = end
        }
    }

    // MARK: Counting

    func count(_ control: BuildControl?) throws(IndexError) {
        try windows(control) { window in
            for index in window { countRow(index) }
            for ordinal in touched { unsafe endSlice(&tallies[Int(ordinal)]) }
            touched.removeAll(keepingCapacity: true)
        }
    }

    private func countRow(_ index: Int) {
        let (raw, values) = unsafe row(index)
        for entry in unsafe 0..<raw.count {
            let ordinal = unsafe Int(ordinals.ordinal(of: raw.indices[entry], count: termCount))
            if ordinal == termCount { unsafe addTerm(raw.indices[entry]) }
            let tally = unsafe tallies + ordinal
            if unsafe tally.pointee.windowCount == 0 { touched.append(UInt32(truncatingIfNeeded: ordinal)) }
            unsafe tally.pointee.windowCount &+= 1
            unsafe tally.pointee.minimum = min(tally.pointee.minimum, values[entry])
            unsafe tally.pointee.maximum = max(tally.pointee.maximum, values[entry])
        }
    }

    @inline(never) private func addTerm(_ id: UInt32) {
        if termCount == tallyCapacity {
            let larger = UnsafeMutablePointer<Tally>.allocate(capacity: 2 * tallyCapacity)
            unsafe larger.moveInitialize(from: tallies, count: termCount)
            unsafe tallies.deallocate()
            unsafe tallies = larger
            tallyCapacity *= 2
        }
        unsafe (tallies + termCount).initialize(to: Tally(id: id))
        termCount += 1
    }

    private func endSlice(_ tally: inout Tally) {
        let count = Int(tally.windowCount)
        tally.rowCount += tally.windowCount
        tally.sliceCount += 1
        tally.postings += SparseIndexFormat.postingsBytes(count: count)
        tally.windowCount = 0
    }

    // MARK: Laying out

    /// Sorts the terms, writes their entries, and turns counts into places.
    func layOut() throws(IndexError) -> SparseIndexChunks {
        var sliceCount = 0
        var postingCount = 0
        var postingsBytes = 0
        for ordinal in 0..<termCount {
            sliceCount += unsafe Int(tallies[ordinal].sliceCount)
            postingCount += unsafe Int(tallies[ordinal].rowCount)
            postingsBytes += unsafe tallies[ordinal].postings
        }
        guard sliceCount <= Int(UInt32.max), termCount <= Int(UInt32.max) else { throw .tooManyRows }
        var sorted = unsafe UnsafeMutableBufferPointer(start: tallies, count: termCount)
        unsafe sorted.sort { $0.id < $1.id }
        for ordinal in 0..<termCount { unsafe ordinals.set(tallies[ordinal].id, to: UInt32(ordinal)) }

        let chunks = SparseIndexChunks(
            termCount: termCount, sliceCount: sliceCount, postingsBytes: postingsBytes + SparseIndexFormat.padding)
        let header = SparseIndexHeader(
            rowCount: UInt64(rows.count), termCount: UInt64(termCount), sliceCount: UInt64(sliceCount),
            postingCount: UInt64(postingCount), postingsBytes: UInt64(postingsBytes + SparseIndexFormat.padding))
        unsafe chunks.terms.storeBytes(of: header, as: SparseIndexHeader.self)
        let (ids, entries) = unsafe chunks.writable
        var slice = 0
        var posting = 0
        for ordinal in 0..<termCount {
            let tally = unsafe tallies[ordinal]
            let magnitude = max(abs(tally.minimum), abs(tally.maximum))
            unsafe ids[ordinal] = tally.id
            unsafe entries[ordinal] = SparseTerm(
                postings: UInt64(posting), firstSlice: UInt32(slice), rowCount: tally.rowCount,
                step: (magnitude / 255).nextUp, minimum: tally.minimum, maximum: tally.maximum)
            unsafe tallies[ordinal].postings = posting
            unsafe tallies[ordinal].sliceCount = UInt32(slice)  // From here on: the term's next slice.
            slice += Int(tally.sliceCount)
            posting += tally.postings
        }
        return chunks
    }

    // MARK: Placing

    func place(into chunks: SparseIndexChunks, _ control: BuildControl?) throws(IndexError) {
        let (_, entries) = unsafe chunks.writable
        guard let slices = unsafe chunks.slices.baseAddress?.assumingMemoryBound(to: SparseSlice.self),
            let postings = unsafe chunks.postings.baseAddress
        else { return }
        // Of each term: how many of its postings in this window are placed.
        let placed = UnsafeMutablePointer<UInt32>.allocate(capacity: max(termCount, 1))
        defer { unsafe placed.deallocate() }
        unsafe placed.initialize(repeating: 0, count: termCount)
        var found: [UInt32] = []

        try windows(control) { window in
            // First the counts of the window again, remembering which term each entry is.
            found.removeAll(keepingCapacity: true)
            for index in window {
                let raw = unsafe rows.raw(index)
                for entry in unsafe 0..<raw.count {
                    let ordinal = unsafe ordinals.ordinal(of: raw.indices[entry], count: termCount)
                    found.append(ordinal)
                    if unsafe tallies[Int(ordinal)].windowCount == 0 { touched.append(ordinal) }
                    unsafe tallies[Int(ordinal)].windowCount &+= 1
                }
            }
            var at = 0
            for index in window {
                let (raw, values) = unsafe row(index)
                let place = index &- window.lowerBound
                for entry in unsafe 0..<raw.count {
                    let ordinal = Int(found[at])
                    at &+= 1
                    let tally = unsafe tallies + ordinal
                    let code = unsafe Self.code(values[entry], step: entries[ordinal].step)
                    let count = unsafe Int(tally.pointee.windowCount)
                    let base = unsafe postings + tally.pointee.postings
                    let rank = unsafe Int(placed[ordinal])
                    if SparseIndexFormat.isBitmap(count: count) {
                        let byte = unsafe (base + place / 8).assumingMemoryBound(to: UInt8.self)
                        unsafe byte.pointee |= 1 << UInt8(place % 8)
                    } else {
                        unsafe (base + 2 &* rank).storeBytes(of: UInt16(truncatingIfNeeded: place), as: UInt16.self)
                    }
                    unsafe (base + (SparseIndexFormat.placesBytes(count: count) &+ rank)).storeBytes(of: code, as: UInt8.self)
                    let slice = unsafe slices + Int(tally.pointee.sliceCount)
                    unsafe slice.pointee.largestCode = max(slice.pointee.largestCode, code)
                    unsafe placed[ordinal] = UInt32(truncatingIfNeeded: rank &+ 1)
                }
            }
            for ordinal in touched.lazy.map(Int.init) {
                let tally = unsafe tallies + ordinal
                let slice = unsafe slices + Int(tally.pointee.sliceCount)
                unsafe slice.pointee.window = UInt32(window.lowerBound >> SparseIndexFormat.windowShift)
                unsafe slice.pointee.offset = UInt32(truncatingIfNeeded: (tally.pointee.postings &- Int(entries[ordinal].postings)) / 4)
                unsafe slice.pointee.countMinusOne = UInt16(truncatingIfNeeded: tally.pointee.windowCount &- 1)
                unsafe tally.pointee.postings &+= SparseIndexFormat.postingsBytes(count: Int(tally.pointee.windowCount))
                unsafe tally.pointee.sliceCount &+= 1
                unsafe tally.pointee.windowCount = 0
                unsafe placed[ordinal] = 0
            }
            touched.removeAll(keepingCapacity: true)
        }
    }

    /// The smallest code whose weight is not below the value's magnitude.
    @inline(__always) private static func code(_ value: Float, step: Float) -> UInt8 {
        let magnitude = abs(value)
        var code = min(max((magnitude / step).rounded(.up), 1), 255)
        if code * step < magnitude { code += 1 }
        return UInt8(min(code, 255))
    }
}

extension SparseIndexChunks {
    /// The ids and entries of the chunk of terms.
    @unsafe fileprivate var writable: (ids: UnsafeMutablePointer<UInt32>, entries: UnsafeMutablePointer<SparseTerm>) {
        guard let base = unsafe terms.baseAddress else { preconditionFailure("a header is always there") }
        let ids = unsafe base + SparseIndexFormat.headerBytes
        return unsafe (
            ids.assumingMemoryBound(to: UInt32.self),
            (ids + SparseIndexFormat.idsBytes(termCount: termCount)).assumingMemoryBound(to: SparseTerm.self)
        )
    }
}

/// A hash table from ids to ordinals: linear probing, at most half full.
@safe private struct OrdinalTable {
    private struct Slot {
        var id: UInt32
        /// 0: empty.
        var ordinalPlusOne: UInt32
    }
    private var slots: UnsafeMutablePointer<Slot>
    private var bits: UInt32 = 16
    private var used = 0

    init() {
        unsafe slots = .allocate(capacity: 1 << bits)
        unsafe slots.initialize(repeating: Slot(id: 0, ordinalPlusOne: 0), count: 1 << bits)
    }

    func free() { unsafe slots.deallocate() }

    /// The slot of `id`, or the empty one where it belongs.
    @inline(__always) private func slot(of id: UInt32) -> UnsafeMutablePointer<Slot> {
        let mask = 1 << Int(bits) &- 1
        var at = Int((id &* 0x9E37_79B1) >> (32 &- bits))
        while unsafe slots[at].ordinalPlusOne != 0 && slots[at].id != id { at = (at &+ 1) & mask }
        return unsafe slots + at
    }

    /// The ordinal of `id`, which becomes `count` when it is new.
    @inline(__always) mutating func ordinal(of id: UInt32, count: Int) -> UInt32 {
        let slot = unsafe slot(of: id)
        let ordinal = unsafe slot.pointee.ordinalPlusOne
        if ordinal != 0 { return ordinal &- 1 }
        unsafe slot.pointee = Slot(id: id, ordinalPlusOne: UInt32(truncatingIfNeeded: count) &+ 1)
        used &+= 1
        if 2 &* used > 1 << Int(bits) { grow() }
        return UInt32(truncatingIfNeeded: count)
    }

    func set(_ id: UInt32, to ordinal: UInt32) { unsafe slot(of: id).pointee.ordinalPlusOne = ordinal + 1 }

    @inline(never) private mutating func grow() {
        let old = unsafe slots
        let oldCount = 1 << Int(bits)
        bits += 1
        unsafe slots = .allocate(capacity: 1 << bits)
        unsafe slots.initialize(repeating: Slot(id: 0, ordinalPlusOne: 0), count: 1 << bits)
        for index in 0..<oldCount where unsafe old[index].ordinalPlusOne != 0 {
            unsafe slot(of: old[index].id).pointee = old[index]
        }
        unsafe old.deallocate()
    }
}
