package import QuiverLMDB
package import QuiverModel

/// The slots of an index by the order of their values, for `order_by`. A slot with several values comes with each.
///
/// Belongs to the thread and the lifetime of its transaction.
package struct OrderedScan: ~Copyable {
    private var cursor: Cursor
    private let type: PayloadIndexType
    private let direction: OrderBy.Direction
    private let within: SlotBitmap?
    private let deadline: Deadline
    private let start: UInt64?
    private var isStarted = false
    /// The key that was looked at to see whether it has the same value as the one before.
    private var ahead: Place?
    private var groupCount = 0

    /// - Parameter within: leaves all other slots out; nil for none.
    /// - Throws: `.indexCannotOrder`, `.indexNotReady`, `.storage`.
    package init(
        _ index: FieldIndex, _ order: OrderBy, in transaction: TransactionHandle, within: SlotBitmap?,
        deadline: Deadline = .never
    ) throws(PayloadError) {
        guard index.params.answersRange else { throw .indexCannotOrder(field: index.field.text) }
        guard index.isReady else { throw .indexNotReady(field: index.field.text) }
        cursor = try storing { () throws(LMDBError) in try transaction.openCursor(index.database) }
        type = index.params.type
        direction = order.direction
        self.within = within
        self.deadline = deadline
        start = order.startFrom.map { OrderedScan.bits($0, index.params.type, order.direction) }
    }

    /// The next value that some slot has, with these slots ascending in place of what was in `slots`; nil at the end.
    package mutating func next(into slots: inout [UInt32]) throws(PayloadError) -> OrderValue? {
        while true {
            groupCount &+= 1
            if groupCount & 255 == 0 { try deadline.check() }
            slots.removeAll(keepingCapacity: true)
            let bits: UInt64?
            do throws(LMDBError) {
                bits = try readGroup(&slots)
            } catch {
                throw .storage(error)
            }
            guard let bits else { return nil }
            if !slots.isEmpty { return value(bits) }
        }
    }

    /// A key with a value: of an integer index also that of the float with the same value, which stands next to it.
    private struct Place {
        var bits: UInt64
        var isFloat: Bool
    }

    private mutating func readGroup(_ slots: inout [UInt32]) throws(LMDBError) -> UInt64? {
        if ahead == nil { ahead = try nextPlace() }
        guard let place = ahead else { return nil }
        ahead = nil
        try readPostings(place, &slots)
        guard type == .integer else { return place.bits }
        ahead = try nextPlace()
        guard let other = ahead, other.bits == place.bits else { return place.bits }
        ahead = nil
        let count = slots.count
        try readPostings(other, &slots)
        // A slot with both forms of the value comes with it once.
        if slots.count > count { slots = Set(slots).sorted() }
        return place.bits
    }

    private mutating func nextPlace() throws(LMDBError) -> Place? {
        guard let entry = try unsafe nextKey() else { return nil }
        let count = unsafe entry.key.count
        guard count == 9 || (count == 10 && type == .integer), unsafe entry.key[0] == FieldKey.valueTag else {
            return nil
        }
        let bits = UInt64(bigEndian: unsafe entry.key.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
        return Place(bits: bits, isFloat: count == 10)
    }

    private mutating func readPostings(_ place: Place, _ slots: inout [UInt32]) throws(LMDBError) {
        var run = try cursor.postings(of: FieldKey.integer(place.bits, isFloat: place.isFloat))
        while let shown = run {
            for index in 0..<shown.count {
                let slot = shown[index]
                if within?.contains(slot) ?? true { slots.append(slot) }
            }
            run = try cursor.nextPostings()
        }
    }

    private mutating func nextKey() throws(LMDBError) -> Cursor.Entry? {
        defer { isStarted = true }
        switch (direction, isStarted) {
        case (.ascending, false):
            return try unsafe cursor.firstNotBelow(start.map(FieldKey.number) ?? FieldKey.beforeValues)
        case (.ascending, true):
            return try unsafe cursor.nextKey()
        case (.descending, false):
            // To the first key above the start, and one back.
            let above: ShortKey
            if let start, start < UInt64.max { above = FieldKey.number(start + 1) } else { above = FieldKey.afterValues }
            if unsafe try cursor.firstNotBelow(above) != nil { return try unsafe cursor.previousKey() }
            return try unsafe cursor.last()
        case (.descending, true):
            return try unsafe cursor.previousKey()
        }
    }

    private func value(_ bits: UInt64) -> OrderValue {
        type == .float ? .float(KeyOrder.double(from: bits)) : .integer(KeyOrder.int64(from: bits))
    }

    /// The start as a place among the values; a moment counts as microseconds.
    private static func bits(_ start: OrderBy.Start, _ type: PayloadIndexType, _ direction: OrderBy.Direction) -> UInt64 {
        if type == .float {
            switch start {
            case .integer(let value): return KeyOrder.bits(of: Double(value)) ?? 0
            case .float(let value): return KeyOrder.bits(of: value) ?? 0
            case .datetime(let value): return KeyOrder.bits(of: Double(value.microsecondsSinceEpoch)) ?? 0
            }
        }
        switch start {
        case .integer(let value):
            return KeyOrder.bits(of: value)
        case .float(let value):
            let rounded = value.rounded(direction == .ascending ? .up : .down)
            return KeyOrder.bits(of: Int64(exactly: rounded) ?? (value < 0 ? Int64.min : Int64.max))
        case .datetime(let value):
            return KeyOrder.bits(of: value.microsecondsSinceEpoch)
        }
    }
}

extension FieldIndex {
    /// Calls `body` with every value and slot in order until it returns false; equal values by slot.
    /// - Throws: what `OrderedScan` throws, and what `body` does.
    package func forEachInOrder(
        _ order: OrderBy, _ within: SlotBitmap?, _ deadline: Deadline, _ transaction: TransactionHandle,
        _ body: (OrderValue, UInt32) throws -> Bool
    ) throws {
        var scan = try OrderedScan(self, order, in: transaction, within: within, deadline: deadline)
        var slots: [UInt32] = []
        while let value = try scan.next(into: &slots) {
            for slot in slots where try !body(value, slot) { return }
        }
    }
}
