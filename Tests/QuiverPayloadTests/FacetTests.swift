import QuiverModel
import QuiverPayload
import Testing

@Suite("Facets")
struct FacetTests {
    @Test("count the points of each value as the oracle does", arguments: seeds)
    func agree(seed: UInt64) throws {
        var samples = RandomSamples(random: SeededGenerator(seed: seed))
        let collection = try SampleCollection()
        let types: [(String, PayloadIndexType)] = [
            ("a", .keyword), ("b", .integer), ("c", .uuid), ("a[].b", .bool), ("b[].a", .keyword), ("a.b", .integer),
        ]
        for (field, type) in types { try collection.createIndex(field, type) }
        try collection.buildAll()
        var contents: [UInt32: Sample] = [:]
        for round in 0..<6 {
            var changes: [(slot: UInt32, text: String?)] = []
            for _ in 0..<200 {
                let slot = UInt32(samples.random.below(300))
                let object = samples.random.chance(10) ? nil : samples.object(2)
                contents[slot] = object
                changes.append((slot, object?.text))
            }
            try collection.write(changes)
            for (field, type) in types {
                let path = try #require(PayloadPath(field))
                for filter in [nil, samples.filter(1), samples.filter(0), Filter(must: [.hasID([.number(3), .number(4)])])] {
                    let limit = samples.random.pick([1, 3, 10, 1000])
                    let expected = counts(path, type, filter, contents).prefix(limit)
                    let found = try collection.facet(path, filter: filter, limit: limit)
                    #expect(
                        found.map { "\(Array("\($0.value)".utf8)) \($0.count)" }
                            == expected.map { "\(Array("\($0.value)".utf8)) \($0.count)" },
                        "seed \(seed), round \(round), \(field) \(type), \(String(describing: filter))")
                }
            }
        }
    }

    private func counts(
        _ path: PayloadPath, _ type: PayloadIndexType, _ filter: Filter?, _ contents: [UInt32: Sample]
    ) -> [FacetHit] {
        var counts: [[UInt8]: (value: FacetValue, count: Int)] = [:]
        for (slot, object) in contents {
            let oracle = Oracle(root: object, slot: Int(slot))
            if let filter, !oracle.holds(filter) { continue }
            var seen: [[UInt8]: FacetValue] = [:]
            for found in oracle.values(path) {
                var elements = [found]
                if case .array(let inner) = found { elements = inner }
                for case let value? in elements.map({ facetValue($0, type) }) { seen[Array("\(value)".utf8)] = value }
            }
            for (bytes, value) in seen { counts[bytes, default: (value, 0)].count += 1 }
        }
        return counts.values.map { FacetHit(value: $0.value, count: $0.count) }.sorted { left, right in
            if left.count != right.count { return left.count > right.count }
            switch (left.value, right.value) {
            case (.string(let one), .string(let other)): return one.utf8.lexicographicallyPrecedes(other.utf8)
            case (.integer(let one), .integer(let other)): return one < other
            case (.bool(let one), .bool(let other)): return !one && other
            default: return false
            }
        }
    }

    private func facetValue(_ value: Sample, _ type: PayloadIndexType) -> FacetValue? {
        switch (value, type) {
        case (.string(let text), .keyword): .string(text)
        case (.string(let text), .uuid): PointUUID(text).map { .string($0.description) }
        case (.integer(let number), .integer): .integer(number)
        case (.double(let text), .integer): Double(text).flatMap { Int64(exactly: $0) }.map { .integer($0) }
        case (.bool(let value), .bool): .bool(value)
        default: nil
        }
    }

    @Test("need an index that knows the values")
    func refusals() throws {
        let collection = try SampleCollection()
        let path = try #require(PayloadPath("k"))
        for type in [PayloadIndexType.float, .datetime, .geo, .text] {
            try collection.createIndex("k", type)
            try collection.buildAll()
            #expect(throws: PayloadError.indexCannotFacet(field: "k")) { try collection.facet(path, filter: nil, limit: 10) }
        }
        var params = PayloadIndexParams(type: .integer, givenAsObject: true)
        params.lookup = false
        try collection.createIndex("k", params)
        try collection.buildAll()
        #expect(throws: PayloadError.indexCannotFacet(field: "k")) { try collection.facet(path, filter: nil, limit: 10) }
        #expect("\(PayloadError.indexCannotFacet(field: "k"))".hasPrefix("No appropriate index for faceting: `k`. Please"))
    }
}
