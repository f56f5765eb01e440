import QuiverModel
import QuiverPayload
import Testing

@Suite("Kept answers of filters")
struct FilterCacheTests {
    private func filter(_ field: String, _ predicate: FieldCondition.Predicate) throws -> Filter {
        Filter(must: [.field(FieldCondition(key: try #require(PayloadPath(field)), predicate))])
    }

    private func sample() throws -> SampleCollection {
        let collection = try SampleCollection()
        for field in ["a", "b"] { try collection.createIndex(field, .integer) }
        try collection.buildAll()
        try collection.write((0..<1000).map { ($0, "{\"a\":\($0 % 10),\"b\":\($0),\"c\":\($0 % 7)}") })
        return collection
    }

    @Test("hold while what they were computed from stays")
    func hold() throws {
        let collection = try sample()
        let cache = FilterCache()
        let a = try filter("a", .match(.integer(3)))
        let c = try filter("c", .match(.integer(3)))
        let (firstA, firstC) = (try collection.matches(a, cache), try collection.matches(c, cache))
        #expect(firstA.count == 100)
        #expect(try collection.matches(a, cache) === firstA)
        #expect(try collection.matches(c, cache) === firstC)

        // Another indexed field of a point changes: what only asks for `a` holds, what reads payloads does not.
        try collection.write([(5, "{\"a\":5,\"b\":-1,\"c\":5}")])
        #expect(try collection.matches(a, cache) === firstA)
        #expect(try collection.matches(c, cache) !== firstC)

        // The very same payload again changes nothing in any index.
        try collection.write([(6, "{\"a\":6,\"b\":6,\"c\":6}")])
        #expect(try collection.matches(a, cache) === firstA)

        try collection.write([(7, "{\"a\":3,\"b\":7,\"c\":0}")])
        let second = try collection.matches(a, cache)
        #expect(second !== firstA && second.count == 101)
        try collection.write([(7, nil)])
        #expect(try collection.matches(a, cache).count == 100)
    }

    @Test("do not outlive their index")
    func dropped() throws {
        let collection = try sample()
        let cache = FilterCache()
        let a = try filter("a", .range(NumberRange(gte: 3)))
        let first = try collection.matches(a, cache)
        try collection.dropIndex("a")
        try collection.write([(3, "{\"a\":0}")])
        #expect(try collection.matches(a, cache).count == first.count - 1)
        try collection.createIndex("a", .integer)
        try collection.buildAll()
        #expect(try collection.matches(a, cache).count == first.count - 1)
    }

    @Test("tell texts apart that only look alike")
    func bytes() throws {
        let collection = try SampleCollection()
        try collection.write([(0, #"{"a":"\u00e9"}"#), (1, #"{"a":"e\u0301"}"#)])
        let cache = FilterCache()
        #expect(try collection.matches(filter("a", .match(.string("\u{e9}"))), cache).bitmap.next(from: 0) == 0)
        #expect(try collection.matches(filter("a", .match(.string("e\u{301}"))), cache).bitmap.next(from: 0) == 1)
    }

    @Test("stay within their bytes")
    func bounded() throws {
        let collection = try sample()
        let cache = FilterCache(mostBytes: 16 << 10)
        for low in 0..<300 {
            let set = try collection.matches(filter("b", .range(NumberRange(gte: Double(low)))), cache)
            #expect(set.count == 1000 - low)
            #expect(cache.byteCount <= cache.mostBytes)
        }
        #expect(cache.entryCount > 0)
    }
}
