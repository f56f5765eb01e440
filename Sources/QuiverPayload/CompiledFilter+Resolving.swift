import QuiverLMDB
package import QuiverModel

extension CompiledFilter {
    /// The exact set of matching slots. `result` takes over the range of slots of the live ones.
    /// - Throws: `.timeout`, `.storage`.
    package func resolve(into result: SlotBitmap) throws(PayloadError) {
        try context.deadline.check()
        let found = try resolve(root, within: context.live)
        result.copy(from: found)
        giveBack(found)
    }

    /// The matching slots, taken from the cache or kept there where that is possible.
    package static func matches(_ filter: Filter, _ context: FilterContext) throws(PayloadError) -> MatchSet {
        guard let cache = context.cache else { return try CompiledFilter(filter, context).matches() }
        let key = FilterKey(filter, scope: context.indexes.payloads.identity)
        if let key, let known = cache.set(key, in: context.indexes) { return known }
        let compiled = try CompiledFilter(filter, context)
        let set = try compiled.matches()
        if let key { cache.keep(set, for: key, stamps: compiled.stamps) }
        return set
    }

    /// The set that is kept for a filter, if it is. Costs no more than looking.
    package static func knownMatches(
        _ filter: Filter, _ indexes: FieldIndexSet, _ cache: FilterCache
    ) -> MatchSet? {
        FilterKey(filter, scope: indexes.payloads.identity).flatMap { cache.set($0, in: indexes) }
    }

    private func matches() throws(PayloadError) -> MatchSet {
        try context.deadline.check()
        if let access = accesses[Int(root)], let set = try keptSet(root, access) { return set }
        return MatchSet(try resolve(root, within: context.live))
    }

    // MARK: Kept clauses

    /// The set of a clause, from the cache or put there; nil when it is not one that is kept.
    private func keptSet(_ node: Int32, _ access: IndexAccess) throws(PayloadError) -> MatchSet? {
        guard let cache = context.cache, let key = keys[Int(node)] else { return nil }
        if let set = cache.set(key, in: context.indexes) { return set }
        let found = try resolve(node, access, within: context.live)
        let set = MatchSet(copying: found)
        giveBack(found)
        // A short posting is read as fast as it is looked up here.
        if set.slots == nil || access.isLongWay { cache.keep(set, for: key, stamps: [access.index.stamp]) }
        return set
    }

    /// The set of a clause if it is in the cache.
    func knownSet(_ node: Int32) -> MatchSet? {
        guard let cache = context.cache, let key = keys[Int(node)] else { return nil }
        return cache.set(key, in: context.indexes)
    }

    // Bitmaps come from `take` and go back with `giveBack`; one that an error leaves behind is freed with its references.

    private func take() -> SlotBitmap {
        guard let spare = spareBitmaps.popLast() else { return SlotBitmap(bitCount: context.live.bitCount) }
        spare.resize(bitCount: context.live.bitCount)
        return spare
    }

    private func giveBack(_ bitmap: SlotBitmap) { spareBitmaps.append(bitmap) }

    /// The slots of `candidates` for which the node holds.
    private func resolve(_ node: Int32, within candidates: SlotBitmap) throws(PayloadError) -> SlotBitmap {
        if let access = accesses[Int(node)] {
            guard let set = try keptSet(node, access) else { return try resolve(node, access, within: candidates) }
            let found = take()
            if let slots = set.slots {
                for slot in slots where candidates.contains(slot) { found.insert(slot) }
            } else {
                found.copy(from: candidates)
                found.formIntersection(set.bitmap)
            }
            return found
        }
        let found = take()
        switch kind(node) {
        case .always:
            found.copy(from: candidates)
        case .never:
            break
        case .slots:
            found.copy(from: candidates)
            found.formIntersection(program.bitmaps[Int(unsafe program.nodes[Int(node)].first)])
        case .all:
            found.copy(from: candidates)
            try narrow(found, toAll: children(node))
        case .any:
            try resolveAny(children(node), within: candidates, into: found)
        case .none:
            found.copy(from: candidates)
            try narrow(found, toAll: [node])
        case .atLeast where isSelectable[Int(node)]:
            try resolveAtLeast(node, within: candidates, into: found)
        default:
            found.copy(from: candidates)
            try verify(found, [node])
        }
        return found
    }

    /// A payload read and evaluated costs about as much as this many posted slots.
    private static let payloadCost = 64

    /// Takes the candidates away for which one of the clauses does not hold. Cheap and selective ones first; what is
    /// dearer to look up than the remaining payloads are to read is left to one pass over these.
    private func narrow(_ candidates: SlotBitmap, toAll clauses: [Int32]) throws(PayloadError) {
        var unanswered = clauses.filter { !isSelectable[Int($0)] }
        var selectable: [(node: Int32, estimate: Estimate)] = []
        for clause in clauses where isSelectable[Int(clause)] {
            selectable.append((clause, try estimate(of: clause, sampling: false)))
        }
        selectable.sort { $0.estimate.cardinality.max < $1.estimate.cardinality.max }
        for (clause, estimate) in selectable {
            let remaining = candidates.count
            if remaining == 0 { return }
            if estimate.cost > remaining * Self.payloadCost {
                unanswered.append(clause)
                continue
            }
            if kind(clause) == .none {
                for child in children(clause) {
                    let found = try resolve(child, within: candidates)
                    candidates.subtract(found)
                    giveBack(found)
                }
            } else {
                let found = try resolve(clause, within: candidates)
                candidates.formIntersection(found)
                giveBack(found)
            }
        }
        if !unanswered.isEmpty { try verify(candidates, unanswered) }
    }

    private func resolveAny(
        _ children: [Int32], within candidates: SlotBitmap, into found: SlotBitmap
    ) throws(PayloadError) {
        let open = take()
        open.copy(from: candidates)
        for child in children where isSelectable[Int(child)] {
            let part = try resolve(child, within: open)
            found.formUnion(part)
            open.subtract(part)
            giveBack(part)
        }
        let unanswered = children.filter { !isSelectable[Int($0)] }
        if !unanswered.isEmpty {
            unsafe try eachPayload(open) { slot, text in
                for child in unanswered where unsafe self.holds(child, slot, text) {
                    found.insert(slot)
                    return
                }
            }
        }
        giveBack(open)
    }

    private func resolveAtLeast(
        _ node: Int32, within candidates: SlotBitmap, into found: SlotBitmap
    ) throws(PayloadError) {
        let needed = unsafe program.nodes[Int(node)].low
        var counts = [UInt32](repeating: 0, count: context.live.bitCount)
        for child in children(node) {
            let part = try resolve(child, within: candidates)
            part.forEach { slot in
                counts[Int(slot)] += 1
                if UInt64(counts[Int(slot)]) == needed { found.insert(slot) }
            }
            giveBack(part)
        }
    }

    // MARK: Postings

    private func resolve(
        _ node: Int32, _ access: IndexAccess, within candidates: SlotBitmap
    ) throws(PayloadError) -> SlotBitmap {
        try context.deadline.check()
        let found = take()
        let doubtful = take()
        do throws(LMDBError) {
            var cursor = try context.transaction.openCursor(access.index.database)
            try add(access.sure, &cursor, to: found)
            for range in access.ranges { try add(range, &cursor, to: found) }
            if let cover = access.cover { try add(cover, &cursor, to: found, doubtful) }
            if !access.common.isEmpty { try addCommon(access.common, &cursor, to: found) }
            if let absentFrom = access.absentFrom {
                let present = take()
                try add(absentFrom, &cursor, to: present)
                found.formUnion(context.live)
                found.subtract(present)
                giveBack(present)
            }
            try add(access.doubtful, &cursor, to: doubtful)
        } catch {
            throw .storage(error)
        }
        found.formIntersection(candidates)
        if access.isSuperset {
            doubtful.formUnion(found)
            found.removeAll()
        }
        doubtful.subtract(found)
        doubtful.formIntersection(candidates)
        try verify(doubtful, [node])
        found.formUnion(doubtful)
        giveBack(doubtful)
        return found
    }

    private func add(
        _ range: IndexAccess.KeyRange, _ cursor: inout Cursor, to bitmap: SlotBitmap
    ) throws(LMDBError) {
        _ = try unsafe cursor.orPostings(
            from: range.from, below: range.below, into: bitmap.words, bitCount: bitmap.bitCount)
    }

    /// The slots with a place inside, and those at the border of which the cell does not tell.
    private func add(
        _ cover: GeoCover, _ cursor: inout Cursor, to found: SlotBitmap, _ doubtful: SlotBitmap
    ) throws(LMDBError) {
        for codes in cover.inside { try add(IndexAccess.KeyRange(codes), &cursor, to: found) }
        for codes in cover.border {
            var entry = try unsafe cursor.firstNotBelow(FieldKey.number(codes.lowerBound))
            while let shown = unsafe entry, let code = unsafe FieldKey.code(shown.key), code <= codes.upperBound {
                let relation = cover.relation(of: code)
                if relation != .outside {
                    let bitmap = relation == .inside ? found : doubtful
                    _ = try unsafe cursor.orPostings(
                        of: FieldKey.number(code), into: bitmap.words, bitCount: bitmap.bitCount)
                }
                unsafe entry = try cursor.nextKey()
            }
        }
    }

    /// The slots that are in the postings of all keys.
    private func addCommon(
        _ keys: [[UInt8]], _ cursor: inout Cursor, to found: SlotBitmap
    ) throws(LMDBError) {
        var lengths: [(key: [UInt8], count: Int)] = []
        for key in keys { lengths.append((key, try cursor.moveTo(key) ? try cursor.duplicateCount() : 0)) }
        lengths.sort { $0.count < $1.count }
        if lengths[0].count == 0 { return }
        let common = take()
        let other = take()
        try add([lengths[0].key], &cursor, to: common)
        for (key, _) in lengths.dropFirst() {
            if common.isEmpty { break }
            other.removeAll()
            try add([key], &cursor, to: other)
            common.formIntersection(other)
        }
        found.formUnion(common)
        giveBack(common)
        giveBack(other)
    }

    private func add(_ keys: [[UInt8]], _ cursor: inout Cursor, to bitmap: SlotBitmap) throws(LMDBError) {
        for key in keys {
            _ = try unsafe cursor.orPostings(of: key, into: bitmap.words, bitCount: bitmap.bitCount)
        }
    }

    // MARK: Payloads

    /// Takes the slots away whose payload does not satisfy all the nodes.
    private func verify(_ slots: SlotBitmap, _ nodes: [Int32]) throws(PayloadError) {
        unsafe try eachPayload(slots) { slot, text in
            for node in nodes where unsafe !self.holds(node, slot, text) {
                slots.remove(slot)
                return
            }
        }
    }

    /// Slots so near behind the last are reached by stepping rather than by a search from the root.
    private static let stepDistance: UInt32 = 12

    /// Calls `body` with every slot of the set and its text, nil when there is none. `body` may remove the slot.
    func eachPayload(
        _ slots: SlotBitmap, _ body: (UInt32, UnsafeRawBufferPointer?) -> Void
    ) throws(PayloadError) {
        guard var slot = slots.next(from: 0) else { return }
        var cursor = try storing { () throws(LMDBError) in try context.transaction.openCursor(context.payloads) }
        // Where the cursor is; nil when nowhere.
        var place: (slot: UInt32, text: UnsafeRawBufferPointer)?
        var count = 0
        while true {
            do throws(LMDBError) {
                while let at = unsafe place, unsafe at.slot < slot, unsafe slot - at.slot <= Self.stepDistance {
                    unsafe place = try Self.entry(try cursor.next())
                }
                if unsafe place == nil || place?.slot != slot {
                    let isBeyond = unsafe (place?.slot ?? 0) > slot
                    if !isBeyond {
                        unsafe place = try Self.entry(try unsafe withUnsafeBytes(of: slot) { (key) throws(LMDBError) in
                            try unsafe cursor.firstNotBelow(key)
                        })
                    }
                }
            } catch {
                throw .storage(error)
            }
            unsafe body(slot, place?.slot == slot ? place?.text : nil)
            count &+= 1
            if count & 255 == 0 { try context.deadline.check() }
            guard slot < UInt32.max, let next = slots.next(from: slot + 1) else { return }
            slot = next
        }
    }

    private static func entry(
        _ entry: Cursor.Entry?
    ) throws(LMDBError) -> (slot: UInt32, text: UnsafeRawBufferPointer)? {
        guard let entry = unsafe entry, unsafe entry.key.count == 4 else { return nil }
        return try unsafe (entry.key.loadUnaligned(as: UInt32.self), CheckedValue.content(entry.value))
    }
}
