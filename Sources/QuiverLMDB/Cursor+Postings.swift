import CLMDB

/// A run of ascending slots, lying packed in a page of the map: valid as long as the transaction's values.
///
/// They may lie at odd addresses (a short posting sits behind its key), so they are loaded unaligned.
@safe @frozen @usableFromInline
package struct PostingRun {
    @usableFromInline package let base: UnsafeRawPointer
    @usableFromInline package let count: Int

    @inline(__always)
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let address = bytes.baseAddress, bytes.count >= 4 else { return nil }
        unsafe base = unsafe address
        count = bytes.count / 4
    }

    @inlinable @inline(__always)
    package subscript(index: Int) -> UInt32 {
        unsafe base.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
    }
}

// Reading postings a page at a time.
//
// LMDB 0.9's MDB_GET_MULTIPLE answers success without touching the value when the key has a single one, and, after
// MDB_NEXT_NODUP from a longer posting, may answer with the page of the key before. So the number of values is asked
// first (O(1), it lies in the page): a single one is what the move already gave, and only longer postings are read by
// page. The number also says when to stop, which saves the call that would find nothing.
extension Cursor {
    /// Moves to `key` and gives the first run of its posting; nil without the key. `nextPostings` gives the others.
    @inlinable
    package mutating func postings(of key: some ByteSource) throws(LMDBError) -> PostingRun? {
        guard let entry = try unsafe find(key, nil as UnsafeRawBufferPointer?, .exactly) else { return nil }
        return try unsafe firstRun(entry.value)
    }

    /// The first run of the posting whose key the cursor was moved to by `first` or `nextKey`, which gave `firstValue`.
    package mutating func firstPostings(_ firstValue: UnsafeRawBufferPointer) throws(LMDBError) -> PostingRun {
        try unsafe firstRun(firstValue)
    }

    /// The next run of the posting; nil when all has been given.
    @usableFromInline
    package mutating func nextPostings() throws(LMDBError) -> PostingRun? {
        if remainingPostingCount <= 0 { return nil }
        return try run(MDB_NEXT_MULTIPLE)
    }

    /// After a move to the first value of a key, with that value.
    @usableFromInline
    mutating func firstRun(_ firstValue: UnsafeRawBufferPointer) throws(LMDBError) -> PostingRun {
        guard flags.isSuperset(of: .postings), firstValue.count == 4, let single = unsafe PostingRun(firstValue) else {
            throw .incompatibleDatabase
        }
        let count = try duplicateCount()
        if count == 1 { return single }
        remainingPostingCount = count
        return try run(MDB_GET_MULTIPLE)
    }

    private mutating func run(_ operation: MDB_cursor_op) throws(LMDBError) -> PostingRun {
        var keyValue = unsafe MDB_val()
        var value = unsafe MDB_val()
        let code = unsafe mdb_cursor_get(pointer, &keyValue, &value, operation)
        if code != MDB_SUCCESS { throw code == MDB_NOTFOUND ? .corrupted : .reading(code) }
        guard let run = unsafe PostingRun(UnsafeRawBufferPointer(value)), run.count <= remainingPostingCount else {
            throw .corrupted
        }
        remainingPostingCount -= run.count
        return run
    }

    /// Calls `body` with every run of the posting of `key`, until it returns false. Returns the number of slots shown.
    @inlinable @discardableResult
    package mutating func forEachPosting(
        of key: some ByteSource, _ body: (PostingRun) -> Bool
    ) throws(LMDBError) -> Int {
        var count = 0
        var run = try postings(of: key)
        while let shown = run {
            count += shown.count
            if !body(shown) { break }
            run = try nextPostings()
        }
        return count
    }

    /// Sets the bit of every slot in the posting of `key`; slots from `bitCount` on are left out.
    /// Returns the length of the posting.
    package mutating func orPostings(
        of key: some ByteSource, into words: UnsafeMutablePointer<UInt64>, bitCount: Int
    ) throws(LMDBError) -> Int {
        guard let first = try postings(of: key) else { return 0 }
        return try unsafe orRuns(from: first, into: words, bitCount: bitCount)
    }

    /// Sets the bits of the postings of all keys from `lower` to `upper` (not included; nil for no end), in the
    /// order of their bytes. Returns the sum of the lengths of the postings.
    package mutating func orPostings(
        from lower: some ByteSource, below upper: (some ByteSource)?,
        into words: UnsafeMutablePointer<UInt64>, bitCount: Int
    ) throws(LMDBError) -> Int {
        precondition(!flags.contains(.integerKey), "ranges are by the order of bytes")
        var count = 0
        var entry = try unsafe find(lower, nil as UnsafeRawBufferPointer?, .notBelow)
        while let found = unsafe entry {
            if let upper, unsafe upper.withBytes({ unsafe !isBelow(found.key, $0) }) { break }
            let first = try unsafe firstRun(found.value)
            count += try unsafe orRuns(from: first, into: words, bitCount: bitCount)
            unsafe entry = try step(MDB_NEXT_NODUP)
        }
        return count
    }

    private mutating func orRuns(
        from first: PostingRun, into words: UnsafeMutablePointer<UInt64>, bitCount: Int
    ) throws(LMDBError) -> Int {
        unsafe setBits(first.base, first.count, words, bitCount)
        var count = first.count
        while let run = try nextPostings() {
            unsafe setBits(run.base, run.count, words, bitCount)
            count += run.count
        }
        return count
    }

    /// Copies the posting of `key` to `slots`, as much as fits. Returns the length of the whole posting.
    package mutating func copyPostings(
        of key: some ByteSource, into slots: UnsafeMutableBufferPointer<UInt32>
    ) throws(LMDBError) -> Int {
        guard var run = try postings(of: key) else { return 0 }
        let total = run.count + remainingPostingCount
        var copied = 0
        while true {
            let count = min(run.count, slots.count - copied)
            if count > 0, let base = slots.baseAddress {
                unsafe UnsafeMutableRawPointer(base + copied).copyMemory(from: run.base, byteCount: count * 4)
                copied += count
            }
            guard copied < slots.count, let next = try nextPostings() else { return total }
            run = next
        }
    }
}

/// The hot loop: one unaligned load, one compare (the file's numbers are not trusted), one read and write per slot.
private func setBits(_ base: UnsafeRawPointer, _ count: Int, _ words: UnsafeMutablePointer<UInt64>, _ bitCount: Int) {
    var offset = 0
    let end = count &* 4
    while offset < end {
        let slot = Int(unsafe base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        if slot < bitCount { unsafe words[slot &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: slot & 63) }
        offset &+= 4
    }
}

/// LMDB's own order of keys: byte by byte, the shorter first.
private func isBelow(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    unsafe left.lexicographicallyPrecedes(right)
}
