import QuiverLMDB
import QuiverModel
import QuiverPayload
import Testing

@Suite("Field indexes")
struct FieldIndexTests {
    private func pointCount(_ collection: SampleCollection, _ field: String) throws -> Int {
        let index = try #require(PayloadPath(field).flatMap { collection.indexes[$0] })
        let transaction = try collection.environment.beginRead()
        return try index.pointCount(in: transaction.handle)
    }

    @Test("count the points that have a value of their type")
    func counts() throws {
        let collection = try SampleCollection()
        try collection.write([
            (0, #"{"n":1}"#), (1, #"{"n":2.5}"#), (2, #"{"n":[1,1,"x"]}"#), (3, #"{"n":null}"#), (4, "{}"), (5, #"{"n":"1"}"#),
        ])
        for type in PayloadIndexType.allCases {
            try collection.createIndex("n", type)
            try collection.buildAll()
            let expected: [PayloadIndexType: Int] = [.integer: 2, .float: 3, .keyword: 2, .text: 2]
            #expect(try pointCount(collection, "n") == expected[type] ?? 0, "\(type)")
        }
        try collection.createIndex("n", .integer)
        try collection.buildAll()
        try collection.write([(0, nil), (2, #"{"n":7}"#), (4, #"{"n":[8,9]}"#), (5, #"{"n":"2"}"#)])
        #expect(try pointCount(collection, "n") == 2)
        try collection.write([(2, nil), (4, nil)])
        #expect(try pointCount(collection, "n") == 0)
    }

    @Test("can be built while points change above and below, and go on after a restart")
    func building() throws {
        let collection = try SampleCollection()
        try collection.write((0..<50).map { (UInt32($0), "{\"k\":\"\($0 % 5)\"}") })
        try collection.createIndex("k", .keyword)
        try collection.buildStep(maxPoints: 20)
        let zero = #"{"k":"0"}"#
        try collection.write([(3, zero), (45, zero), (10, nil), (44, nil), (60, zero), (19, zero), (20, nil)])
        let path = try #require(PayloadPath("k"))
        let half = try #require(collection.indexes[path])
        #expect(!half.isReady)
        collection.indexes = collection.indexes.with(try FieldIndex.open(path, half.params, in: collection.environment))
        try collection.buildAll()
        let filter = Filter(must: [.field(FieldCondition(key: path, .match(.string("0"))))])
        let expected: [UInt32] = [0, 3, 5, 15, 19, 25, 30, 35, 40, 45, 60]
        #expect(try collection.slots(filter, withIndexes: false) == expected)
        #expect(try collection.slots(filter) == expected)
        #expect(try pointCount(collection, "k") == 48)
    }

    @Test("forget what a refused request collected")
    func discarding() throws {
        let collection = try SampleCollection()
        try collection.createIndex("k", .keyword)
        try collection.buildAll()
        var transaction = try collection.environment.beginWrite()
        var writer = try FieldIndexWriter(collection.indexes, transaction.handle)
        unsafe Array(#"{"k":"kept"}"#.utf8).withUnsafeBytes { unsafe writer.insert(1, $0) }
        let mark = writer.mark()
        unsafe Array(#"{"k":"refused"}"#.utf8).withUnsafeBytes { unsafe writer.insert(2, $0) }
        writer.discard(to: mark)
        try writer.flush(&transaction)
        try transaction.commit()
        #expect(try pointCount(collection, "k") == 1)
    }

    @Test("are not asked when the deadline has passed")
    func deadline() throws {
        let collection = try SampleCollection()
        try collection.write((0..<2000).map { (UInt32($0), "{\"k\":\($0)}") })
        let filter = Filter(must: [.isEmpty(try #require(PayloadPath("k")))])
        #expect(throws: PayloadError.timeout) {
            try collection.compiled(filter, deadline: Deadline(.now - .seconds(1))) { try $0.resolve(into: SlotBitmap()) }
        }
        let later = Deadline(after: .seconds(1000))
        try collection.compiled(filter, deadline: later) { try $0.resolve(into: SlotBitmap()) }
    }

    @Test("keep apart long strings with the same beginning")
    func longStrings() throws {
        let collection = try SampleCollection()
        try collection.createIndex("k", .keyword)
        try collection.buildAll()
        let path = try #require(PayloadPath("k"))
        let lengths = [494, 495, 496, 511, 512, 2000]
        let texts =
            lengths.map { String(repeating: "é", count: $0 / 2) + String(repeating: "x", count: $0 % 2) }
            + lengths.map { String(repeating: "s", count: $0) }
        try collection.write(texts.enumerated().map { (UInt32($0.offset), "{\"k\":\"\($0.element)\"}") })
        for (place, text) in texts.enumerated() {
            let match = Filter(must: [.field(FieldCondition(key: path, .match(.string(text))))])
            #expect(try collection.slots(match) == [UInt32(place)])
            let except = Filter(must: [.field(FieldCondition(key: path, .matchExcept(.strings([text]))))])
            #expect(try collection.slots(except).count == texts.count - 1)
        }
    }
}

@Suite("Slot bitmaps")
struct SlotBitmapTests {
    @Test("agree with sets of numbers", arguments: seeds)
    func sets(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let bitCounts = [random.below(300), random.below(300)]
            let bitmaps = bitCounts.map { SlotBitmap(bitCount: $0) }
            var sets: [Set<UInt32>] = [[], []]
            for place in 0..<2 {
                for _ in 0..<random.below(200) {
                    let slot = UInt32(random.below(320))
                    bitmaps[place].insert(slot)
                    if slot < bitCounts[place] { sets[place].insert(slot) }
                }
            }
            let result = SlotBitmap(bitCount: random.below(100))
            result.copy(from: bitmaps[0])
            switch random.below(3) {
            case 0:
                result.formUnion(bitmaps[1])
                sets[0].formUnion(sets[1].filter { $0 < bitCounts[0] })
            case 1:
                result.formIntersection(bitmaps[1])
                sets[0].formIntersection(sets[1])
            default:
                result.subtract(bitmaps[1])
                sets[0].subtract(sets[1])
            }
            var found: [UInt32] = []
            result.forEach { found.append($0) }
            #expect(found == sets[0].sorted(), "seed \(seed)")
            #expect(result.count == found.count && result.isEmpty == found.isEmpty)
            var walked: [UInt32] = []
            var next = result.next(from: 0)
            while let slot = next {
                walked.append(slot)
                next = result.next(from: slot + 1)
            }
            #expect(walked == found, "seed \(seed)")
            result.grow(bitCount: result.bitCount + 70)
            #expect(result.count == found.count)
            result.fill()
            #expect(result.count == result.bitCount)
        }
    }
}
