import QuiverPayload
import QuiverTestKit
import Testing

@testable import Quiver

struct ChunkedBitmapTests {
    /// Bits near the borders of words and chunks, and far ones.
    private static func bit(_ random: inout SeededGenerator) -> UInt32 {
        let around = random.pick([0, 63, 64, 65_535, 65_536, 131_072, 1_000_000])
        return UInt32(max(0, around + random.below(5) - 2))
    }

    @Test func agreesWithSet() {
        var random = SeededGenerator(seed: runSeed("chunked bitmap"))
        var bitmap = ChunkedBitmap()
        var set: Set<UInt32> = []
        /// Older versions: what a reader holds must never change.
        var versions: [(table: ChunkedBitmap.Table, set: Set<UInt32>)] = []
        for _ in 0..<4000 {
            let bit = ChunkedBitmapTests.bit(&random)
            if random.chance(60) {
                #expect(bitmap.insert(bit) == set.insert(bit).inserted)
            } else {
                #expect(bitmap.remove(bit) == (set.remove(bit) != nil))
            }
            #expect(bitmap.count == set.count)
            if random.chance(2) { versions.append((bitmap.makeTable(bitCount: 1_000_010), set)) }
        }
        let probes = Set((0..<200).map { _ in ChunkedBitmapTests.bit(&random) }).union(set).union([.max])
        for (table, set) in versions {
            #expect(table.count == set.count)
            #expect(probes.allSatisfy { table.contains($0) == set.contains($0) })
            // The raw pointers tell the same.
            for bit in probes where bit < 1_000_010 {
                let words = table.pointers[Int(bit) / ChunkedBitmap.bitsPerChunk]
                let place = Int(bit) % ChunkedBitmap.bitsPerChunk
                let isSet = words.map { $0[place / 64] >> UInt64(place % 64) & 1 == 1 } ?? false
                #expect(isSet == set.contains(bit))
            }
        }
        #expect(probes.allSatisfy { bitmap.contains($0) == set.contains($0) })
    }

    @Test func clearsBitsOfAnother() {
        var random = SeededGenerator(seed: runSeed("chunked bitmap, clearing"))
        for bitCount in [1, 64, 65, 65_536, 65_537, 200_000] {
            var bitmap = ChunkedBitmap()
            var set: Set<UInt32> = []
            for _ in 0..<50 {
                let bit = UInt32(random.below(bitCount))
                bitmap.insert(bit)
                set.insert(bit)
            }
            let all = SlotBitmap(bitCount: bitCount)
            all.fill()
            bitmap.remove(from: all)
            #expect(all.count == bitCount - set.count)
            #expect(set.allSatisfy { !all.contains($0) })
        }
    }
}
