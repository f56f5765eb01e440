import CVectorKernels
import QuiverTestKit
import Testing

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// The tables of kernels, and lists of links, which have no table entry.
@Suite struct KernelTableTests {
    @Test func tablesAreComplete() throws {
        for level in KernelLevel.all {
            let table = try #require(qvk_table_of(level))
            let words = UnsafeRawBufferPointer(start: table, count: MemoryLayout<qvk_table>.size).bindMemory(to: UInt.self)
            #expect(words.allSatisfy { $0 != 0 }, "level \(level.rawValue)")
        }
    }

    @Test func theBestLevelIsChosenUnlessAnotherIsNamed() throws {
        let names = try KernelLevel.all.map { String(cString: try #require(qvk_table_of($0)).pointee.name) }
        let wanted = getenv("QUIVER_KERNELS").map { String(cString: $0) }
        let active = String(cString: try #require(qvk_active()).pointee.name)
        #expect(active == (wanted.flatMap { names.contains($0) ? $0 : nil } ?? names.last))
    }

    @Test func widthsOfLinks() {
        #expect([1, 0xFFFF, 0x10000, 0xFFFFFF, 0x1000000].map { qvk_link_width($0) } == [2, 2, 3, 3, 4])
        #expect([2, 3, 4].map { qvk_no_link($0) } == [0xFFFF, 0xFFFFFF, 0xFFFF_FFFF])
    }

    @Test(arguments: [2, 3, 4] as [UInt32]) func packedLinks(_ width: UInt32) {
        let seed: UInt64 = 0x11275
        var random = SeededGenerator(seed: seed)
        let memory = GuardedMemory(byteCount: 1 << 12), rows = (1 << 16) - 1
        var visited = [UInt8](repeating: 0, count: rows)
        for round in 0..<3_000 {
            let capacity = random.below(70), filled = random.below(capacity + 1)
            // A repeated link is reported once.
            let links = (0..<filled).map { _ in UInt32(random.chance(20) ? random.below(4) : random.below(rows)) }
            let epoch = UInt8(1 + round % 250)
            if epoch == 1 { for row in 0..<rows { visited[row] = 0 } }
            let byteCount = capacity * Int(width) + Int(QVK_LINKS_SLACK_BYTES)
            let list = memory.last(byteCount, of: UInt8.self)
            for byte in 0..<byteCount { list[byte] = UInt8.random(in: 0...255, using: &random) }
            for index in 0..<capacity {
                qvk_set_packed_link(list, width, index, index < filled ? links[index] : qvk_no_link(width))
            }
            for index in 0..<capacity {
                #expect(qvk_packed_link(list, width, index) == (index < filled ? links[index] : qvk_no_link(width)))
            }
            for link in links where random.chance(40) { visited[Int(link)] = epoch }
            var wanted: [UInt32] = [], seen = visited
            for link in links where seen[Int(link)] != epoch {
                wanted.append(link)
                seen[Int(link)] = epoch
            }
            var out = [UInt32](repeating: 0, count: capacity)
            let count = qvk_gather_unvisited_packed(list, width, capacity, UInt32(rows), &visited, epoch, &out)
            #expect(Array(out.prefix(count)) == wanted, "width \(width), round \(round), seed \(seed)")
            for link in links { #expect(visited[Int(link)] == epoch) }

            // Every row with an even number is accepted.
            let accepted = [UInt64](repeating: 0x5555_5555_5555_5555, count: (rows + 63) / 64)
            for link in links { visited[Int(link)] = 0 }
            var filtered: [UInt32] = []
            for link in links where link % 2 == 0 && !filtered.contains(link) { filtered.append(link) }
            let limit = random.below(capacity + 1)
            let kept = accepted.withUnsafeBufferPointer { accepted in
                var filter = qvk_row_filter(
                    slot_of: nil, accepted_slots: accepted.baseAddress, accepted_bit_count: rows, dead_chunks: nil)
                return qvk_gather_accepted_packed(
                    list, width, capacity, UInt32(rows), &visited, epoch, &filter, &out, limit)
            }
            #expect(Array(out.prefix(kept)) == Array(filtered.prefix(limit)), "width \(width), round \(round), seed \(seed)")
        }
    }
}
