import QuiverLMDB
import QuiverModel
import QuiverPayload
import Testing

@Suite("order_by")
struct OrderTests {
    private func scan(
        _ collection: SampleCollection, _ order: OrderBy, within: SlotBitmap? = nil
    ) throws -> [(value: OrderValue, slot: UInt32)] {
        let index = try #require(collection.indexes[order.key])
        let transaction = try collection.environment.beginRead()
        var found: [(value: OrderValue, slot: UInt32)] = []
        try index.forEachInOrder(order, within, .never, transaction.handle) { value, slot in
            found.append((value, slot))
            return true
        }
        return found
    }

    @Test("walks integers both ways from a start, several values several times", arguments: seeds)
    func integers(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let collection = try SampleCollection()
        let path = try #require(PayloadPath("n"))
        try collection.createIndex("n", .integer)
        try collection.buildAll()
        var pairs: [(value: Int64, slot: UInt32)] = []
        var changes: [(slot: UInt32, text: String?)] = []
        for slot in 0..<UInt32(200) {
            let values = (0..<random.below(3)).map { _ in random.pick([.min, .max, -5, 0, 1, 2, 3, 1 << 60] as [Int64]) }
            for value in Set(values) { pairs.append((value, slot)) }
            // A float without fraction has the integer's place.
            let texts = values.map { abs(Double($0)) < 10 && random.chance(30) ? "\($0).0" : "\($0)" }
            let list = "[\(texts.joined(separator: ","))]"
            changes.append((slot, texts.count == 1 ? "{\"n\":\(texts[0])}" : "{\"n\":\(list),\"m\":1.5}"))
        }
        try collection.write(changes)
        let within = SlotBitmap(bitCount: 200)
        for slot in 0..<UInt32(200) where random.chance(50) { within.insert(slot) }
        for start in [nil, Int64.min, -5, 0, 4, .max] {
            for direction in [OrderBy.Direction.ascending, .descending] {
                for restriction in [nil, within] {
                    let order = OrderBy(key: path, direction: direction, startFrom: start.map { .integer($0) })
                    let found = try scan(collection, order, within: restriction)
                    let expected = pairs
                        .filter { restriction?.contains($0.slot) ?? true }
                        .filter { pair in start.map { direction == .ascending ? pair.value >= $0 : pair.value <= $0 } ?? true }
                        .sorted { left, right in
                            if left.value != right.value {
                                return direction == .ascending ? left.value < right.value : left.value > right.value
                            }
                            return left.slot < right.slot
                        }
                    #expect(found.map(\.slot) == expected.map(\.slot), "seed \(seed), \(order)")
                    #expect(found.map(\.value) == expected.map { .integer($0.value) }, "seed \(seed), \(order)")
                }
            }
        }
    }

    @Test("gives floats and microseconds, and refuses other indexes")
    func types() throws {
        let collection = try SampleCollection()
        try collection.write([
            (0, #"{"f":2.5,"d":"2020-01-01T00:00:00Z","k":"x"}"#), (1, #"{"f":-1,"d":"1969-12-31T23:59:59.999999Z"}"#),
            (2, #"{"f":[1e300,-0.0]}"#),
        ])
        for (field, type) in [("f", PayloadIndexType.float), ("d", .datetime), ("k", .keyword)] {
            try collection.createIndex(field, type)
        }
        let float = OrderBy(key: try #require(PayloadPath("f")), startFrom: .float(-0.5))
        #expect(throws: PayloadError.indexNotReady(field: "f")) { try scan(collection, float) }
        try collection.buildAll()
        #expect(try scan(collection, float).map(\.value) == [.float(0), .float(2.5), .float(1e300)])
        let dates = OrderBy(key: try #require(PayloadPath("d")), direction: .descending)
        #expect(try scan(collection, dates).map(\.value) == [.integer(1_577_836_800_000_000), .integer(-1)])
        let start = OrderBy(key: dates.key, startFrom: Timestamp("1970-01-01").map { .datetime($0) })
        #expect(try scan(collection, start).map(\.slot) == [0])
        let keyword = OrderBy(key: try #require(PayloadPath("k")))
        #expect(throws: PayloadError.indexCannotOrder(field: "k")) { try scan(collection, keyword) }
    }
}
