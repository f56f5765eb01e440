import QuiverLMDB

/// What is known of a node before it is resolved.
struct Estimate {
    var cardinality: Cardinality
    /// Posted slots to read, distinct keys counting as several.
    var cost: Int
}

extension CompiledFilter {
    /// How many points match, from the lengths of postings (O(1) each), ranges counted up to a bound, and for what no
    /// index answers a look at a few payloads. `min` and `max` are certain as long as the indexes are kept.
    ///
    /// - Parameter sampling: without it half of what no index answers is expected.
    package func estimate(sampling: Bool = true) throws(PayloadError) -> Cardinality {
        try estimate(of: root, sampling: sampling).cardinality
    }

    private var total: Int { context.live.count }

    /// - Parameter sampling: whether payloads are looked at where nothing else tells an expected value. The bounds are
    ///   the same without.
    func estimate(of node: Int32, sampling: Bool) throws(PayloadError) -> Estimate {
        if let known = estimates[Int(node)] { return known }
        let made = try makeEstimate(node, sampling)
        estimates[Int(node)] = made
        return made
    }

    private func makeEstimate(_ node: Int32, _ sampling: Bool) throws(PayloadError) -> Estimate {
        if let set = knownSet(node) { return Estimate(cardinality: .exactly(set.count), cost: 0) }
        let total = self.total
        if let access = accesses[Int(node)] { return try estimate(node, access, total, sampling) }
        switch kind(node) {
        case .always:
            return Estimate(cardinality: .exactly(total), cost: 0)
        case .never:
            return Estimate(cardinality: .exactly(0), cost: 0)
        case .slots:
            let slots = program.bitmaps[Int(unsafe program.nodes[Int(node)].first)]
            var count = 0
            for index in 0..<min(slots.wordCount, context.live.wordCount) {
                count += unsafe (slots.words[index] & context.live.words[index]).nonzeroBitCount
            }
            return Estimate(cardinality: .exactly(count), cost: 0)
        case .all:
            return combine(try estimates(of: children(node), sampling), total) { all($0, total) }
        case .any:
            return combine(try estimates(of: children(node), sampling), total) { any($0, total) }
        case .none:
            let inner = try estimates(of: children(node), sampling)
            return combine(inner, total) { parts in
                let some = any(parts, total)
                return Cardinality(min: total - some.max, expected: total - some.expected, max: total - some.min)
            }
        case .atLeast:
            let needed = Int(clamping: unsafe program.nodes[Int(node)].low)
            return combine(try estimates(of: children(node), sampling), total) { atLeast(needed, $0, total) }
        default:
            return Estimate(
                cardinality: Cardinality(min: 0, expected: sampling ? try sample(node, total) : total / 2, max: total),
                cost: total * 64)
        }
    }

    private func estimates(of nodes: [Int32], _ sampling: Bool) throws(PayloadError) -> [Estimate] {
        var found: [Estimate] = []
        for node in nodes { found.append(try estimate(of: node, sampling: sampling)) }
        return found
    }

    private func combine(
        _ parts: [Estimate], _ total: Int, _ body: ([Cardinality]) -> Cardinality
    ) -> Estimate {
        var cost = 0
        for part in parts { cost = min(cost + part.cost, Int.max / 4) }
        return Estimate(cardinality: body(parts.map(\.cardinality)), cost: cost)
    }

    // The expected values take the clauses for independent.

    private func all(_ parts: [Cardinality], _ total: Int) -> Cardinality {
        var missing = 0
        var share = 1.0
        var most = total
        for part in parts {
            missing += total - part.min
            share *= total == 0 ? 0 : Double(part.expected) / Double(total)
            most = min(most, part.max)
        }
        return Cardinality(min: max(0, total - missing), expected: Int((share * Double(total)).rounded()), max: most)
    }

    private func any(_ parts: [Cardinality], _ total: Int) -> Cardinality {
        var least = 0
        var missingShare = 1.0
        var most = 0
        for part in parts {
            least = max(least, part.min)
            missingShare *= total == 0 ? 1 : 1 - Double(part.expected) / Double(total)
            most = min(total, most + part.max)
        }
        return Cardinality(min: least, expected: Int(((1 - missingShare) * Double(total)).rounded()), max: most)
    }

    /// A matching point is counted at least `needed` times in the sum of the parts, one that does not match at most
    /// `needed - 1` times.
    private func atLeast(_ needed: Int, _ parts: [Cardinality], _ total: Int) -> Cardinality {
        guard needed > 0, needed <= parts.count else { return .exactly(needed <= 0 ? total : 0) }
        let leastSum = parts.reduce(0) { $0 + $1.min }
        let mostSum = parts.reduce(0) { $0 + $1.max }
        let surplus = leastSum - total * (needed - 1)
        let spread = parts.count - needed + 1
        let least = surplus > 0 ? (surplus + spread - 1) / spread : 0
        let expected = parts.reduce(0) { $0 + $1.expected } / parts.count
        return Cardinality(min: least, expected: expected, max: min(total, mostSum / needed))
    }

    // MARK: Indexes

    /// Distinct values of a range that are counted one by one.
    private static let countedKeys = 256
    private static let keyCost = 12

    private func estimate(
        _ node: Int32, _ access: IndexAccess, _ total: Int, _ sampling: Bool
    ) throws(PayloadError) -> Estimate {
        do throws(LMDBError) {
            return try countedEstimate(node, access, total, sampling)
        } catch {
            throw .storage(error)
        }
    }

    private func countedEstimate(
        _ node: Int32, _ access: IndexAccess, _ total: Int, _ sampling: Bool
    ) throws(LMDBError) -> Estimate {
        var cursor = try context.transaction.openCursor(access.index.database)
        var least = 0
        var sum = 0
        var cost = 0
        var isComplete = true
        for key in access.sure {
            let count = try cursor.moveTo(key) ? try cursor.duplicateCount() : 0
            least = max(least, count)
            sum += count
            cost += count + Self.keyCost
        }
        let ranges = access.ranges + (access.cover?.inside.map(IndexAccess.KeyRange.init) ?? [])
        if !ranges.isEmpty {
            let counted = try count(ranges, &cursor)
            isComplete = counted.isComplete
            // Where every point has one value, postings do not overlap.
            let isSingle = try isSingleValued(access.index, &cursor)
            least = max(least, isSingle ? counted.sum : counted.longest)
            let values = try number(FieldKey.pointCount, &cursor)
            sum += isComplete ? counted.sum : values
            cost += counted.sum + counted.keys * Self.keyCost
            if !isComplete { cost += values * (1 + Self.keyCost / 4) }
        }
        var doubt = 0
        if let cover = access.cover, isComplete {
            let counted = try count(cover.border.map(IndexAccess.KeyRange.init), &cursor)
            isComplete = counted.isComplete
            let values = try number(FieldKey.pointCount, &cursor)
            doubt += isComplete ? counted.sum : values
            // Of each key the place is looked at.
            cost += (isComplete ? counted.keys : values) * Self.keyCost * 2
        }
        if !access.common.isEmpty {
            var shortest = Int.max
            var lengths = 0
            for key in access.common {
                let count = try cursor.moveTo(key) ? try cursor.duplicateCount() : 0
                shortest = min(shortest, count)
                lengths += count
            }
            least = max(least, lengths - total * (access.common.count - 1))
            sum += shortest
            cost += lengths + access.common.count * Self.keyCost
        }
        if let absentFrom = access.absentFrom {
            var absent = 0
            for key in absentFrom { absent += try cursor.moveTo(key) ? try cursor.duplicateCount() : 0 }
            least = max(least, total - absent)
            sum = min(total, sum + total)
            cost += absent + absentFrom.count * Self.keyCost
        }
        for key in access.doubtful { doubt += try cursor.moveTo(key) ? try cursor.duplicateCount() : 0 }
        // A doubtful slot costs a payload; at the border of a cover few are.
        cost += (access.cover == nil ? doubt : 0) * 64 + access.doubtful.count * Self.keyCost
        if access.isSuperset {
            cost += sum * 64
            least = 0
        }
        let most = min(total, sum + doubt)
        let expected: Int
        if let absentFrom = access.absentFrom, absentFrom.count > 0 {
            expected = least
        } else {
            expected = isComplete ? (access.isSuperset ? sum / 2 : sum) + doubt / 2 : most / 2
        }
        var cardinality = Cardinality(min: min(least, total), expected: expected, max: most)
        if !isComplete, sampling, let sampled = try? sample(node, total) {
            cardinality = Cardinality(min: cardinality.min, expected: sampled, max: cardinality.max)
        }
        return Estimate(cardinality: cardinality, cost: cost)
    }

    private func count(
        _ ranges: [IndexAccess.KeyRange], _ cursor: inout Cursor
    ) throws(LMDBError) -> (sum: Int, longest: Int, keys: Int, isComplete: Bool) {
        var sum = 0
        var longest = 0
        var keys = 0
        for range in ranges {
            var entry = try unsafe cursor.firstNotBelow(range.from)
            while let found = unsafe entry {
                guard unsafe range.below.withBytes({ unsafe found.key.lexicographicallyPrecedes($0) }) else { break }
                if keys == Self.countedKeys { return (sum, longest, keys, false) }
                let count = try cursor.duplicateCount()
                sum += count
                longest = max(longest, count)
                keys += 1
                unsafe entry = try cursor.nextKey()
            }
        }
        return (sum, longest, keys, true)
    }

    /// Whether no point has two values: then there are as many value entries as points with values.
    private func isSingleValued(_ index: FieldIndex, _ cursor: inout Cursor) throws(LMDBError) -> Bool {
        var entries = try context.transaction.entryCount(index.database)
        for kind in [
            FieldKey.empty, FieldKey.null, FieldKey.others, FieldKey.pointCount, FieldKey.progress, FieldKey.blank,
        ] {
            if try cursor.moveTo(FieldKey.special(kind)) { entries -= try cursor.duplicateCount() }
        }
        if let entry = try unsafe cursor.firstNotBelow(FieldKey.special(FieldKey.digest)),
            unsafe IndexDigest.digest(entry.key) != nil
        {
            entries -= 1
        }
        return try entries == number(FieldKey.pointCount, &cursor)
    }

    private func number(_ kind: UInt8, _ cursor: inout Cursor) throws(LMDBError) -> Int {
        guard let bytes = try unsafe cursor.value(of: FieldKey.special(kind)), bytes.count == 4 else { return 0 }
        return Int(unsafe bytes.loadUnaligned(as: UInt32.self))
    }

    // MARK: Samples

    private static let sampleCount = 32

    /// The expected number of matches, from payloads spread evenly over the range of slots.
    private func sample(_ node: Int32, _ total: Int) throws(PayloadError) -> Int {
        guard total > 0 else { return 0 }
        let slots = SlotBitmap(bitCount: context.live.bitCount)
        for place in 0..<Self.sampleCount {
            let start = UInt32(truncatingIfNeeded: context.live.bitCount / Self.sampleCount * place)
            if let slot = context.live.next(from: start) { slots.insert(slot) }
        }
        var hits = 0
        var seen = 0
        unsafe try eachPayload(slots) { slot, text in
            seen += 1
            if unsafe self.holds(node, slot, text) { hits += 1 }
        }
        return seen == 0 ? 0 : Int((Double(total) * Double(hits) / Double(seen)).rounded())
    }
}
