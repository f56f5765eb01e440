@testable import QuiverIndex
import QuiverTestKit
import Testing

/// Links between rows of one payload value, against the walk without them.
@Suite struct PayloadLinksTests {
    /// A sparse graph and a small beam, so that there is something to lose: every row has one of `values` values.
    @Test(arguments: [10, 50], [Float(0.01), 0.9]) func recallWithLinks(_ values: Int, walkedAs: Float) throws {
        let seed: UInt64 = 301
        let set = Dataset(count: 3000, dimension: 24, metric: .cosine, seed: seed)
        let graph = try HNSWBuilder.build(set.source, parameters: HNSWParameters(m: 4, efConstruct: 24))
        let groups = (0..<values).map { value in (0..<UInt32(set.count)).filter { Int($0) % values == value } }
        let bytes = try PayloadLinks.build(groups, source: set.source, parameters: HNSWParameters(m: 8, efConstruct: 32))
        #expect(bytes.count == PayloadLinks.chunkBytes(rowCount: set.count, payloadM: 8))
        let accepted = Bitmap(count: set.count) { $0 % values == 3 }
        let filter = RowFilter(acceptedSlots: accepted.words, acceptedBitCount: set.count, passFraction: walkedAs)
        let queries = set.queries(30, seed: seed + 1)
        try bytes.withUnsafeBufferPointer { bytes in
            let links = PayloadLinks(rowCount: set.count, payloadM: 8, base: try #require(bytes.baseAddress))
            #expect(links.isConsistent)
            for row in 0..<UInt32(set.count) {
                for index in 0..<links.capacity {
                    let link = links.lists.link(index, of: row)
                    #expect(link == noLink || (Int(link) % values == Int(row) % values && link != row))
                }
            }
            let plain = Searcher(data: set)
            let linked = Searcher(data: set, payloadLinks: links)
            let accepts = { (row: Int) in accepted.contains(row) }
            let without = plain.recall(graph.view, queries, ef: 16, filter: filter, accepts: accepts)
            let with = linked.recall(graph.view, queries, ef: 16, filter: filter, accepts: accepts)
            print(
                "seed \(seed), \(values) values, walked as \(walkedAs): recall \(without) -> \(with), "
                    + "scored \(plain.scored.count) -> \(linked.scored.count)")
            #expect(with >= without && with >= 0.95)
        }
    }
}
