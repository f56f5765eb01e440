package import QuiverLMDB
package import QuiverModel

/// Counts the points that have each value of an indexed field.
///
/// Without a filter the lengths of the postings are the counts. With one, either all postings are read and compared with
/// the matching slots, or, where these are few, their payloads.
package struct FacetCounter {
    private let index: FieldIndex
    private let matching: MatchSet?
    private let payloads: Database
    private let transaction: TransactionHandle
    private let deadline: Deadline
    private var top: FacetTop

    /// - Parameter matching: the points that count; nil for all.
    /// - Throws: `.indexCannotFacet`, `.storage`, `.timeout`.
    package static func count(
        _ index: FieldIndex, matching: MatchSet?, limit: Int, payloads: Database, in transaction: TransactionHandle,
        deadline: Deadline = .never
    ) throws(PayloadError) -> [FacetHit] {
        guard index.params.answersMatch, index.isReady else { throw .indexCannotFacet(field: index.field.text) }
        var counter = FacetCounter(
            index: index, matching: matching, payloads: payloads, transaction: transaction, deadline: deadline,
            top: FacetTop(limit: limit))
        if let matching, try counter.isShorterByPayloads(matching) {
            try counter.countPayloads(matching.slots ?? [])
        } else {
            try counter.countPostings()
        }
        return counter.top.hits
    }

    /// A payload read costs about as much as this many posted slots.
    private static let payloadCost = 64

    private func isShorterByPayloads(_ matching: MatchSet) throws(PayloadError) -> Bool {
        guard matching.slots != nil else { return false }
        let posted = try storing { () throws(LMDBError) in try transaction.entryCount(index.database) }
        return matching.count * Self.payloadCost < posted
    }

    // MARK: Payloads

    private mutating func countPayloads(_ slots: [UInt32]) throws(PayloadError) {
        try countPayloads(slots) { _ in true }
    }

    private mutating func countPayloads(
        _ slots: [UInt32], where isWanted: ([UInt8]) -> Bool
    ) throws(PayloadError) {
        var counts: [[UInt8]: Int] = [:]
        for (place, slot) in slots.enumerated() {
            if place & 255 == 255 { try deadline.check() }
            for value in try values(slot) where isWanted(value) { counts[value, default: 0] += 1 }
        }
        for (bytes, count) in counts {
            if let value = value(bytes) { top.add(value, count) }
        }
    }

    /// The different values of a point that have a key: the bytes of strings, the keys of others. Not as
    /// `FacetValue`, for which differently composed strings are the same.
    private func values(_ slot: UInt32) throws(PayloadError) -> Set<[UInt8]> {
        try storing { () throws(LMDBError) in
            var values: Set<[UInt8]> = []
            guard
                let text = try unsafe withUnsafeBytes(of: slot, { (key) throws(LMDBError) in
                    try unsafe transaction.getUnchecked(payloads, key)
                })
            else { return values }
            let base = unsafe text.textBase
            var found: [Int] = []
            unsafe index.path.collect(base, 0, text.count, into: &found)
            for at in found {
                guard unsafe base[at] == UInt8(ascii: "[") else {
                    if let value = unsafe value(base, at, text.count) { values.insert(value) }
                    continue
                }
                var element = unsafe TextScan.firstElement(base, at, text.count)
                while element >= 0 {
                    if let value = unsafe value(base, element, text.count) { values.insert(value) }
                    element = unsafe TextScan.nextElement(base, element, text.count)
                }
            }
            return values
        }
    }

    private func value(_ base: TextBase, _ at: Int, _ end: Int) -> [UInt8]? {
        if index.params.type == .keyword {
            guard unsafe base[at] == UInt8(ascii: "\"") else { return nil }
            return unsafe TextScan.withString(base, at, TextScan.endOfString(base, at, end)) { unsafe Array($0) }
        }
        var key: [UInt8] = []
        if unsafe FieldKey.append(index.params.type, base, at, end, to: &key) == .others { return nil }
        // Both forms of a value are the same one.
        switch index.params.type {
        case .integer: return Array(key.prefix(9))
        case .uuid: return Array(key.prefix(17))
        default: return key
        }
    }

    private func value(_ bytes: [UInt8]) -> FacetValue? {
        index.params.type == .keyword
            ? .string(String(decoding: bytes, as: UTF8.self)) : unsafe bytes.withUnsafeBytes { unsafe value(ofKey: $0) }
    }

    // MARK: Postings

    /// One value under one or two keys: an integer also as a float, a UUID also written in another way.
    private struct Group {
        var key: [UInt8]
        var count: Int
    }

    private mutating func countPostings() throws(PayloadError) {
        var keyCount = 0
        var cut: [[UInt8]] = []
        do throws(LMDBError) {
            var keys = try transaction.openCursor(index.database)
            var postings = try transaction.openCursor(index.database)
            var group: Group?
            var entry = try unsafe keys.firstNotBelow(FieldKey.beforeValues)
            while let shown = unsafe entry, unsafe shown.key.first == FieldKey.valueTag {
                keyCount += 1
                if keyCount & 255 == 0 && deadline.hasPassed { break }
                if unsafe FieldKey.isCutKeyword(shown.key, index.params.type) {
                    cut.append(unsafe Array(shown.key))
                } else {
                    try unsafe count(shown.key, &keys, &postings, &group)
                }
                unsafe entry = try keys.nextKey()
            }
            finish(&group)
        } catch {
            throw .storage(error)
        }
        try deadline.check()
        for key in cut { try countCut(key) }
    }

    private mutating func count(
        _ key: UnsafeRawBufferPointer, _ keys: inout Cursor, _ postings: inout Cursor, _ group: inout Group?
    ) throws(LMDBError) {
        // The other form of a value has its key and one byte more.
        if let value = group?.key, index.params.type != .keyword, key.count == value.count + 1, unsafe key.starts(with: value) {
            var slots = Set(try matchingSlots(value, &postings))
            slots.formUnion(try matchingSlots(unsafe Array(key), &postings))
            group?.count = slots.count
            return
        }
        finish(&group)
        let bytes = unsafe Array(key)
        group = Group(
            key: bytes, count: matching == nil ? try keys.duplicateCount() : try matchingCount(bytes, &postings))
    }

    private mutating func finish(_ group: inout Group?) {
        guard let finished = group else { return }
        group = nil
        if !top.isAbove(finished.count) { return }
        if let value = unsafe finished.key.withUnsafeBytes({ unsafe value(ofKey: $0) }) { top.add(value, finished.count) }
    }

    private func matchingCount(_ key: [UInt8], _ postings: inout Cursor) throws(LMDBError) -> Int {
        guard let bitmap = matching?.bitmap else { return 0 }
        var count = 0
        try postings.forEachPosting(of: key) { run in
            for place in 0..<run.count where bitmap.contains(run[place]) { count += 1 }
            return true
        }
        return count
    }

    private func matchingSlots(_ key: [UInt8], _ postings: inout Cursor) throws(LMDBError) -> [UInt32] {
        let bitmap = matching?.bitmap
        var slots: [UInt32] = []
        try postings.forEachPosting(of: key) { run in
            for place in 0..<run.count where bitmap?.contains(run[place]) ?? true { slots.append(run[place]) }
            return true
        }
        return slots
    }

    /// Several long strings may share a key: their payloads tell them apart.
    private mutating func countCut(_ key: [UInt8]) throws(PayloadError) {
        let slots = try storing { () throws(LMDBError) in
            var postings = try transaction.openCursor(index.database)
            return try matchingSlots(key, &postings)
        }
        try countPayloads(slots) { FieldKey.keyword(String(decoding: $0, as: UTF8.self)) == key }
    }

    private func value(ofKey key: UnsafeRawBufferPointer) -> FacetValue? {
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: unsafe key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        switch index.params.type {
        case .keyword: return .string(unsafe String(decoding: key.dropFirst(), as: UTF8.self))
        case .integer: return key.count >= 9 ? .integer(KeyOrder.int64(from: word(1))) : nil
        case .bool: return key.count == 2 ? .bool(unsafe key[1] == 1) : nil
        case .uuid: return key.count >= 17 ? .string(PointUUID(high: word(1), low: word(9)).description) : nil
        case .float, .datetime, .geo, .text: return nil
        }
    }
}

/// The values with the largest counts, of equal counts the first.
private struct FacetTop {
    private let limit: Int
    private var found: [FacetHit] = []
    /// Smaller counts are not among the first `limit`.
    private var least = 1

    init(limit: Int) { self.limit = max(0, limit) }

    func isAbove(_ count: Int) -> Bool { limit > 0 && count >= least }

    mutating func add(_ value: FacetValue, _ count: Int) {
        guard isAbove(count) else { return }
        found.append(FacetHit(value: value, count: count))
        // Sorted now and then: that costs a constant share of it for each value.
        if found.count >= 1024 && found.count / 2 > limit { shorten() }
    }

    private mutating func shorten() {
        found.sort { $0.count != $1.count ? $0.count > $1.count : $0.value.isBelow($1.value) }
        if found.count > limit { found.removeLast(found.count - limit) }
        if found.count == limit, let last = found.last { least = last.count }
    }

    var hits: [FacetHit] {
        var top = self
        top.shorten()
        return top.found
    }
}

extension FacetValue {
    /// Of values of one index: strings by their bytes.
    fileprivate func isBelow(_ other: FacetValue) -> Bool {
        switch (self, other) {
        case (.string(let left), .string(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.integer(let left), .integer(let right)): left < right
        case (.bool(let left), .bool(let right)): !left && right
        default: false
        }
    }
}
