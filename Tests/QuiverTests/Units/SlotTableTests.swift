import QuiverPayload
import QuiverTestKit
import Testing

@testable import Quiver

struct SlotTableTests {
    /// Calls `body` with the table of ascending `slots`.
    private func withTable(_ slots: [UInt32], _ body: (SlotTable) -> Void) {
        let first = slots.first ?? 0, last = slots.last ?? 0
        var bitmap = [UInt64](repeating: 0, count: SlotTable.wordCount(first: first, last: last))
        var ranks = [UInt32](repeating: 0, count: SlotTable.rankCount(first: first, last: last))
        slots.withUnsafeBufferPointer { slots in
            bitmap.withUnsafeMutableBufferPointer { bitmap in
                ranks.withUnsafeMutableBufferPointer { ranks in
                    SlotTable.fill(slots: slots, bitmap: bitmap, ranks: ranks)
                    guard let slotBase = slots.baseAddress, let bits = bitmap.baseAddress, let rank = ranks.baseAddress else {
                        return
                    }
                    body(
                        SlotTable(
                            slots: slotBase, count: slots.count, bitmap: bits, ranks: rank, firstSlot: first, lastSlot: last))
                }
            }
        }
    }

    @Test func agreesWithDictionary() {
        var random = SeededGenerator(seed: runSeed("slot table"))
        for round in 0..<60 {
            let base = random.pick([0, 1, 511, 512, 100_000, (1 << 30) - 5000])
            let span = random.pick([1, 64, 511, 513, 4000])
            let percent = random.pick([1, 50, 99, 100])
            var slots = (0..<span).filter { _ in random.chance(percent) }.map { UInt32(base + $0) }
            if slots.isEmpty { slots = [UInt32(base)] }
            let rows = Dictionary(uniqueKeysWithValues: slots.enumerated().map { ($1, UInt32($0)) })
            withTable(slots) { table in
                for slot in max(0, base - 600)..<base + span + 600 {
                    let slot = UInt32(slot)
                    if table.row(ofSlot: slot) != rows[slot] {
                        Issue.record("round \(round): slot \(slot) of \(slots.count) from \(base)")
                        return
                    }
                }
                #expect(table.row(ofSlot: 0) == rows[0] && table.row(ofSlot: .max) == nil)
            }
        }
    }

    @Test func rowsOfASetAreThoseFoundOneByOne() {
        var random = SeededGenerator(seed: runSeed("rows of a set"))
        for round in 0..<200 {
            let base = random.pick([0, 1, 63, 64, 65, 127, 511, 1000])
            let span = random.pick([1, 63, 64, 65, 700, 3000])
            let percent = random.pick([2, 50, 99, 100])
            var slots = (0..<span).filter { _ in random.chance(percent) }.map { UInt32(base + $0) }
            if slots.isEmpty { slots = [UInt32(base)] }
            // Sets that end before, within and behind the segment.
            let set = SlotBitmap(bitCount: random.pick([0, base, base + span / 2, base + span, base + span + 500]))
            let density = random.pick([1, 30, 100])
            for slot in 0..<set.bitCount where random.chance(density) { set.insert(UInt32(slot)) }
            withTable(slots) { table in
                let expected = slots.enumerated().filter { set.contains($1) }.map { UInt32($0.offset) }
                #expect(table.rows(in: MatchSet(copying: set), 0..<slots.count) == expected, "round \(round)")
                let first = random.below(slots.count)
                let part = first..<(first + random.below(slots.count - first + 1))
                #expect(
                    table.rows(in: MatchSet(copying: set), part) == expected.filter { part.contains(Int($0)) },
                    "round \(round)")
            }
        }
    }
}
