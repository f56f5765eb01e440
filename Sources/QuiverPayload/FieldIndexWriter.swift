package import QuiverLMDB
import QuiverModel
import QuiverText

/// Keeps all indexes of a collection in step with its payloads, inside one write transaction.
///
/// Changes are collected first (pure computation, so `old` may lie in the map) and written by `flush`, sorted by key:
/// a batch costs one write per distinct value rather than one per point. What is not flushed is not written.
/// What is added must not be there, and what is removed must: that keeps the digest of an index true.
package struct FieldIndexWriter: ~Copyable {
    /// A slot to be added to the posting of a key, or removed from it.
    private struct Change {
        /// The key's first eight bytes, so that most comparisons need no memory access.
        var prefix: UInt64
        var keyOffset: UInt32
        var slot: UInt32
        var order: UInt32
        var keyCount: UInt16
        var index: UInt16
        var isAddition: Bool
    }

    /// A place in the collected changes to which `discard` goes back.
    package struct Mark {
        fileprivate var changes: Int
        fileprivate var bytes: Int
        fileprivate var pointDeltas: [Int]
    }

    private let indexes: [FieldIndex]
    /// The first slot not built yet, for each index: slots from there on are left to the build.
    private var built: [UInt32]
    private var changes: [Change] = []
    private var bytes: [UInt8] = []
    private var pointDeltas: [Int]
    private var found: [Int] = []
    private var foundBefore: [Int] = []
    /// What changes were asked for, whether or not they were taken back.
    private var isChanged: [Bool]
    package private(set) var hasChangedPayloads = false

    /// Reads how far indexes that are being built have come, so it must be made inside the transaction it writes to.
    package init(_ set: FieldIndexSet, _ transaction: TransactionHandle) throws(PayloadError) {
        indexes = set.indexes
        pointDeltas = Array(repeating: 0, count: set.indexes.count)
        isChanged = Array(repeating: false, count: set.indexes.count)
        built = []
        for index in set.indexes {
            built.append(index.isReady ? FieldKey.ready : try index.progress(in: transaction))
        }
    }

    /// Bytes that wait for `flush`; worth one when it reaches some megabytes.
    package var pendingByteCount: Int { changes.count * MemoryLayout<Change>.stride + bytes.count }

    // MARK: Changes of points

    /// Whether something may have been written to an index.
    func hasChanged(_ index: FieldIndex) -> Bool {
        guard let place = indexes.firstIndex(where: { $0.stamp.identity == index.stamp.identity }) else { return true }
        return isChanged[place]
    }

    /// Takes the changes of another writer of the same indexes and transaction for its own.
    package mutating func noteChanges(of other: borrowing FieldIndexWriter) {
        if other.hasChangedPayloads { hasChangedPayloads = true }
        for place in isChanged.indices where other.isChanged[place] { isChanged[place] = true }
    }

    /// A slot that had no point before. `payload` is the stored text, `{}` for none.
    package mutating func insert(_ slot: UInt32, _ payload: UnsafeRawBufferPointer) {
        hasChangedPayloads = true
        for place in indexes.indices where slot < built[place] {
            unsafe collect(place, slot, payload, isAddition: true)
        }
    }

    /// The point of a slot goes; `payload` is its text so far.
    package mutating func remove(_ slot: UInt32, _ payload: UnsafeRawBufferPointer) {
        hasChangedPayloads = true
        for place in indexes.indices where slot < built[place] {
            unsafe collect(place, slot, payload, isAddition: false)
        }
    }

    /// A point's payload changes. Indexes whose field stays as it was are not touched.
    package mutating func replace(
        _ slot: UInt32, old: UnsafeRawBufferPointer, new: UnsafeRawBufferPointer
    ) {
        hasChangedPayloads = true
        for place in indexes.indices where slot < built[place] {
            if unsafe isSameField(indexes[place].path, old, new) { continue }
            unsafe collect(place, slot, old, isAddition: false)
            unsafe collect(place, slot, new, isAddition: true)
        }
    }

    /// The distinct keys that were collected for one slot, of one index, and whether the point counts; they are forgotten.
    mutating func takeInsertion() -> (keys: Set<[UInt8]>, points: Int) {
        var keys: Set<[UInt8]> = []
        for change in changes {
            keys.insert(Array(bytes[Int(change.keyOffset)..<Int(change.keyOffset) + Int(change.keyCount)]))
        }
        let points = pointDeltas.reduce(0, +)
        changes.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        for place in pointDeltas.indices { pointDeltas[place] = 0 }
        return (keys, points)
    }

    package func mark() -> Mark { Mark(changes: changes.count, bytes: bytes.count, pointDeltas: pointDeltas) }

    /// Forgets what was collected since `mark` (a request that failed). Not across a `flush`.
    package mutating func discard(to mark: Mark) {
        precondition(mark.changes <= changes.count, "the changes have been flushed")
        changes.removeLast(changes.count - mark.changes)
        bytes.removeLast(bytes.count - mark.bytes)
        pointDeltas = mark.pointDeltas
    }

    private mutating func isSameField(
        _ path: CompiledPath, _ old: UnsafeRawBufferPointer, _ new: UnsafeRawBufferPointer
    ) -> Bool {
        found.removeAll(keepingCapacity: true)
        foundBefore.removeAll(keepingCapacity: true)
        let oldBase = unsafe old.textBase
        let newBase = unsafe new.textBase
        unsafe path.collect(oldBase, 0, old.count, into: &foundBefore)
        unsafe path.collect(newBase, 0, new.count, into: &found)
        guard found.count == foundBefore.count else { return false }
        for (before, after) in zip(foundBefore, found) {
            let count = unsafe TextScan.endOfValue(oldBase, before, old.count) - before
            guard unsafe TextScan.endOfValue(newBase, after, new.count) - after == count,
                unsafe TextScan.equalBytes(oldBase + before, newBase + after, count)
            else { return false }
        }
        return true
    }

    private mutating func collect(
        _ place: Int, _ slot: UInt32, _ payload: UnsafeRawBufferPointer, isAddition: Bool
    ) {
        isChanged[place] = true
        let type = indexes[place].params.type
        let base = unsafe payload.textBase
        let end = payload.count
        found.removeAll(keepingCapacity: true)
        unsafe indexes[place].path.collect(base, 0, end, into: &found)
        var isEmpty = true
        var isNull = false
        var hasOthers = false
        var hasValue = false
        for at in found {
            switch unsafe base[at] {
            case UInt8(ascii: "n"):
                isNull = true
            case UInt8(ascii: "["):
                var element = unsafe TextScan.firstElement(base, at, end)
                if element >= 0 { isEmpty = false }
                while element >= 0 {
                    let standing = unsafe add(place, type, slot, base, element, end, isAddition)
                    if standing != .others { hasValue = true }
                    if standing != .keyed { hasOthers = true }
                    element = unsafe TextScan.nextElement(base, element, end)
                }
            default:
                isEmpty = false
                let standing = unsafe add(place, type, slot, base, at, end, isAddition)
                if standing != .others { hasValue = true }
                if standing != .keyed { hasOthers = true }
            }
        }
        if isEmpty { addSpecial(place, FieldKey.empty, slot, isAddition) }
        if isNull { addSpecial(place, FieldKey.null, slot, isAddition) }
        if hasOthers { addSpecial(place, FieldKey.others, slot, isAddition) }
        if hasValue { pointDeltas[place] += isAddition ? 1 : -1 }
    }

    @inline(__always)
    private mutating func add(
        _ place: Int, _ type: PayloadIndexType, _ slot: UInt32, _ base: TextBase, _ at: Int, _ end: Int,
        _ isAddition: Bool
    ) -> FieldKey.Standing {
        if let analyzer = indexes[place].analyzer {
            guard unsafe base[at] == UInt8(ascii: "\"") else { return .others }
            unsafe addTokens(analyzer, place, slot, base, at, end, isAddition)
            return .keyed
        }
        let start = bytes.count
        let standing = unsafe FieldKey.append(type, base, at, end, to: &bytes)
        if standing != .others { append(place, start, slot, isAddition) }
        return standing
    }

    /// A key for each token. Repetitions do no harm; those in a row are left out, as beginnings of one long word are
    /// where they are cut.
    private mutating func addTokens(
        _ analyzer: FieldAnalyzer, _ place: Int, _ slot: UInt32, _ base: TextBase, _ at: Int, _ end: Int, _ isAddition: Bool
    ) {
        let text = unsafe TextScan.withString(base, at, TextScan.endOfString(base, at, end)) {
            unsafe String(decoding: $0, as: UTF8.self)
        }
        let first = bytes.count
        var last = 0..<0
        unsafe analyzer.analyzer.forEachDocumentToken(text) { token in
            let start = bytes.count
            unsafe FieldKey.appendToken(token, to: &bytes)
            if bytes[start...].elementsEqual(bytes[last]) {
                bytes.removeLast(bytes.count - start)
                return
            }
            last = start..<bytes.count
            append(place, start, slot, isAddition)
        }
        if bytes.count == first { addSpecial(place, FieldKey.blank, slot, isAddition) }
    }

    private mutating func addSpecial(_ place: Int, _ kind: UInt8, _ slot: UInt32, _ isAddition: Bool) {
        let start = bytes.count
        bytes.append(0)
        bytes.append(kind)
        append(place, start, slot, isAddition)
    }

    private mutating func append(_ place: Int, _ start: Int, _ slot: UInt32, _ isAddition: Bool) {
        let count = bytes.count - start
        var prefix: UInt64 = 0
        for offset in 0..<min(8, count) { prefix |= UInt64(bytes[start + offset]) &<< UInt64(56 &- 8 &* offset) }
        changes.append(Change(
            prefix: prefix, keyOffset: UInt32(truncatingIfNeeded: start), slot: slot,
            order: UInt32(truncatingIfNeeded: changes.count), keyCount: UInt16(truncatingIfNeeded: count),
            index: UInt16(truncatingIfNeeded: place), isAddition: isAddition))
    }

    // MARK: Writing

    /// Writes what was collected. To be called before the transaction's filters are resolved, and before it commits.
    package mutating func flush(_ transaction: inout WriteTransaction) throws(PayloadError) {
        if changes.isEmpty { return }
        do throws(LMDBError) {
            try write(transaction.handle)
        } catch {
            throw .storage(error)
        }
        changes.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        for place in pointDeltas.indices { pointDeltas[place] = 0 }
    }

    private mutating func write(_ transaction: TransactionHandle) throws(LMDBError) {
        sortChanges()
        var additions: [UInt32] = []
        var at = 0
        while at < changes.count {
            let place = changes[at].index
            var cursor = try transaction.openCursor(indexes[Int(place)].database)
            var digest: UInt64 = 0
            while at < changes.count, changes[at].index == place {
                at = try writeKey(from: at, &cursor, &additions, &digest)
            }
            try writePointCount(Int(place), &cursor, &digest)
            try IndexDigest.add(digest, &cursor)
        }
    }

    /// Writes all changes of one key. Returns the place of the next.
    private func writeKey(
        from first: Int, _ cursor: inout Cursor, _ additions: inout [UInt32], _ digest: inout UInt64
    ) throws(LMDBError) -> Int {
        let head = changes[first]
        let key = Array(bytes[Int(head.keyOffset)..<Int(head.keyOffset) + Int(head.keyCount)])
        additions.removeAll(keepingCapacity: true)
        let seed = unsafe key.withUnsafeBytes { unsafe SetDigest.seed($0) }
        var at = first
        while at < changes.count, sameKey(head, changes[at]) {
            let slot = changes[at].slot
            let wasThere = !changes[at].isAddition
            var isThere = changes[at].isAddition
            at += 1
            while at < changes.count, changes[at].slot == slot, sameKey(head, changes[at]) {
                isThere = changes[at].isAddition
                at += 1
            }
            if isThere {
                // Removed first and added last: it stays.
                if !wasThere {
                    additions.append(slot)
                    digest &+= SetDigest.member(seed, slot)
                }
            } else if unsafe try withUnsafeBytes(of: slot, { (raw) throws(LMDBError) in
                try unsafe cursor.moveTo(key, value: raw)
            }) {
                try cursor.deleteCurrent()
                digest &-= SetDigest.member(seed, slot)
            }
        }
        try unsafe additions.withUnsafeBufferPointer { (slots) throws(LMDBError) in
            try unsafe cursor.putPostings(key, slots)
        }
        return at
    }

    private func writePointCount(
        _ place: Int, _ cursor: inout Cursor, _ digest: inout UInt64
    ) throws(LMDBError) {
        if pointDeltas[place] == 0 { return }
        var count = 0
        let key = FieldKey.special(FieldKey.pointCount)
        if let stored = try unsafe cursor.value(of: key), stored.count == 4 {
            let before = unsafe stored.loadUnaligned(as: UInt32.self)
            count = Int(before)
            digest &-= IndexDigest.member(key, before)
            try cursor.deleteCurrent(allDuplicates: true)
        }
        let changed = UInt32(clamping: count + pointDeltas[place])
        if changed == 0 { return }
        digest &+= IndexDigest.member(key, changed)
        _ = try unsafe withUnsafeBytes(of: changed) { (raw) throws(LMDBError) in
            try unsafe cursor.put(key, raw)
        }
    }

    private mutating func sortChanges() {
        let bytes = self.bytes
        unsafe bytes.withUnsafeBufferPointer { keys in
            changes.sort { left, right in
                if left.index != right.index { return left.index < right.index }
                if left.prefix != right.prefix { return left.prefix < right.prefix }
                let order = unsafe FieldIndexWriter.compareKeys(left, right, keys)
                if order != 0 { return order < 0 }
                if left.slot != right.slot { return left.slot < right.slot }
                return left.order < right.order
            }
        }
    }

    private func sameKey(_ left: Change, _ right: Change) -> Bool {
        guard left.index == right.index, left.prefix == right.prefix, left.keyCount == right.keyCount else { return false }
        return unsafe bytes.withUnsafeBufferPointer { unsafe FieldIndexWriter.compareKeys(left, right, $0) == 0 }
    }

    /// Of two keys with the same prefix.
    private static func compareKeys(_ left: Change, _ right: Change, _ keys: UnsafeBufferPointer<UInt8>) -> Int {
        let common = Int(min(left.keyCount, right.keyCount))
        var offset = 8
        while offset < common {
            let a = unsafe keys[Int(left.keyOffset) + offset]
            let b = unsafe keys[Int(right.keyOffset) + offset]
            if a != b { return a < b ? -1 : 1 }
            offset += 1
        }
        return Int(left.keyCount) - Int(right.keyCount)
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes as text; an empty buffer gives a pointer that nobody follows.
    @inline(__always)
    var textBase: TextBase {
        unsafe (baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped).assumingMemoryBound(to: UInt8.self)
    }
}
