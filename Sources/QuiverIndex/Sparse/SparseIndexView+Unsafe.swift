/// An inverted index (`SparseIndexFormat`) in memory, heap or mapped file, that outlives the view.
@safe package struct SparseIndexView: @unchecked Sendable {  // Immutable memory, read only.
    package let rowCount: Int
    package let termCount: Int
    package let postingCount: Int
    let sliceCount: Int
    let ids: UnsafePointer<UInt32>
    let entries: UnsafePointer<SparseTerm>
    let slices: UnsafePointer<SparseSlice>
    let postings: UnsafeRawPointer
    /// Without the padding.
    let postingsBytes: Int

    /// nil when the header is unknown, sizes disagree, a buffer is not aligned (terms to 8 bytes, the others to 4), or
    /// the terms do not ascend in ids, slices and postings. Slices are checked when they are read.
    package init?(
        terms: UnsafeRawBufferPointer, slices: UnsafeRawBufferPointer, postings: UnsafeRawBufferPointer
    ) {
        guard let termsBase = terms.baseAddress, let slicesBase = slices.baseAddress,
            let postingsBase = postings.baseAddress, terms.count >= SparseIndexFormat.headerBytes,
            Int(bitPattern: termsBase) % 8 == 0, Int(bitPattern: slicesBase) % 4 == 0,
            Int(bitPattern: postingsBase) % 4 == 0
        else { return nil }
        let header = unsafe termsBase.load(as: SparseIndexHeader.self)
        guard header.magic == SparseIndexFormat.magic, header.version == SparseIndexFormat.version,
            header.windowRows == UInt32(SparseIndexFormat.windowRows),
            header.rowCount <= UInt64(Candidate.maximumRowCount), header.termCount <= 1 << 32,
            header.sliceCount <= UInt64(UInt32.max), header.postingCount <= UInt64(Int.max),
            SparseIndexFormat.termsBytes(termCount: Int(header.termCount)) <= terms.count,
            Int(header.sliceCount) * SparseIndexFormat.sliceBytes <= slices.count,
            header.postingsBytes <= UInt64(postings.count),
            header.postingsBytes >= UInt64(SparseIndexFormat.padding)
        else { return nil }
        rowCount = Int(header.rowCount)
        termCount = Int(header.termCount)
        sliceCount = Int(header.sliceCount)
        postingCount = Int(header.postingCount)
        postingsBytes = Int(header.postingsBytes) - SparseIndexFormat.padding
        unsafe ids = (termsBase + SparseIndexFormat.headerBytes).assumingMemoryBound(to: UInt32.self)
        unsafe entries = (termsBase + SparseIndexFormat.headerBytes + SparseIndexFormat.idsBytes(termCount: termCount))
            .assumingMemoryBound(to: SparseTerm.self)
        unsafe self.slices = slicesBase.assumingMemoryBound(to: SparseSlice.self)
        unsafe self.postings = postingsBase
        guard termsAscend() else { return nil }
    }

    private func termsAscend() -> Bool {
        var slice: UInt32 = 0
        var posting: UInt64 = 0
        for index in 0..<termCount {
            let entry = unsafe entries[index]
            guard unsafe index == 0 || ids[index - 1] < ids[index], entry.firstSlice >= slice, entry.postings >= posting,
                entry.postings % 4 == 0, entry.step.isFinite, entry.step >= 0, entry.minimum <= entry.maximum
            else { return false }
            slice = entry.firstSlice
            posting = entry.postings
        }
        return Int(slice) <= sliceCount && posting <= UInt64(postingsBytes)
    }

    /// How many rows have an entry at `index`, dead rows included: what `idf` counts.
    package func rowCount(of index: UInt32) -> Int {
        guard let place = place(of: index) else { return 0 }
        return unsafe Int(entries[place].rowCount)
    }

    /// Where a term stands. Ids often lie close together, so the first guess is a straight line through both ends.
    func place(of id: UInt32) -> Int? {
        guard termCount > 0, unsafe id >= ids[0], unsafe id <= ids[termCount - 1] else { return nil }
        let first = unsafe UInt64(ids[0])
        let span = unsafe UInt64(ids[termCount - 1]) - first
        var low = 0
        var high = termCount
        if span > 0 {
            let guess = Int((UInt64(id) - first) * UInt64(termCount - 1) / span)
            var step = 8
            if unsafe ids[guess] <= id {
                low = guess
                while unsafe low + step < termCount && ids[low + step] <= id { (low, step) = (low + step, step * 2) }
                high = min(low + step, termCount)
            } else {
                high = guess
                while unsafe high - step >= 0 && ids[high - step] > id { (high, step) = (high - step, step * 2) }
                low = max(high - step, 0)
            }
        }
        while high - low > 1 {
            let middle = (low + high) / 2
            if unsafe ids[middle] <= id { low = middle } else { high = middle }
        }
        return unsafe ids[low] == id ? low : nil
    }

    /// The slices of the term at `place`.
    @inline(__always) func slices(at place: Int) -> Range<Int> {
        let first = unsafe Int(entries[place].firstSlice)
        let end = unsafe place + 1 < termCount ? Int(entries[place + 1].firstSlice) : sliceCount
        return first..<end
    }

    /// Where the postings of the term at `place` lie.
    @inline(__always) func postings(at place: Int) -> Range<Int> {
        let first = unsafe Int(truncatingIfNeeded: entries[place].postings)
        let end = unsafe place + 1 < termCount ? Int(truncatingIfNeeded: entries[place + 1].postings) : postingsBytes
        return first..<end
    }
}
