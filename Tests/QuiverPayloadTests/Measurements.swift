import Glibc
import QuiverLMDB
import QuiverModel
import QuiverPayload
import Testing

/// Figures rather than checks: `QUIVER_MEASURE=packages.jsonl swift test -c release --filter Measurements`.
@Suite("Measurements", .enabled(if: unsafe getenv("QUIVER_MEASURE") != nil))
struct Measurements {
    @Test("of a catalogue with five indexes and without")
    func catalogue() throws {
        guard let name = unsafe getenv("QUIVER_MEASURE"), let file = unsafe fopen(name, "r") else { return }
        defer { unsafe fclose(file) }
        var lines: [String] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        while unsafe getline(&line, &capacity, file) > 0, let read = unsafe line {
            lines.append(unsafe String(cString: read))
        }
        unsafe free(line)
        let collection = try SampleCollection()
        let payloads = try lines.map { try collection.payload($0).utf8 }
        let fields: [(String, PayloadIndexType)] = [
            ("section", .keyword), ("team", .keyword), ("tags", .keyword), ("installed_size", .integer), ("has_homepage", .bool),
        ]
        for (field, type) in fields { try collection.createIndex(field, type) }
        try collection.buildAll()
        collection.live.grow(bitCount: payloads.count)
        collection.live.fill()

        for (what, set) in [("without indexes", FieldIndexSet.none), ("with five indexes", collection.indexes)] {
            var transaction = try collection.environment.beginWrite()
            try transaction.removeAll(collection.payloads)
            try transaction.commit()
            var writing = Duration.zero
            var start = 0
            while start < payloads.count {
                let end = min(start + 256, payloads.count)
                var transaction = try collection.environment.beginWrite()
                let clock = ContinuousClock.now
                var writer = try FieldIndexWriter(set, transaction.handle)
                for slot in start..<end {
                    let key = unsafe withUnsafeBytes(of: UInt32(slot)) { unsafe Array($0) }
                    try transaction.put(collection.payloads, key, payloads[slot])
                    unsafe payloads[slot].withUnsafeBytes { unsafe writer.insert(UInt32(slot), $0) }
                }
                try writer.flush(&transaction)
                writing += ContinuousClock.now - clock
                try transaction.commit()
                start = end
            }
            print("write, 256 a batch, \(what), commit not counted: \(writing / payloads.count) a point")
        }

        func condition(_ field: String, _ predicate: FieldCondition.Predicate) throws -> Condition {
            .field(FieldCondition(key: try #require(PayloadPath(field)), predicate))
        }
        let section = try condition("section", .match(.string("libs")))
        let size = try condition("installed_size", .range(NumberRange(lt: 230)))
        let large = try condition("installed_size", .range(NumberRange(gte: 3087)))
        let tag = try condition("tags", .match(.string("role::shared-lib")))
        let filters: [(String, Filter)] = [
            ("section", Filter(must: [section])), ("installed_size < 230", Filter(must: [size])),
            ("tags", Filter(must: [tag])), ("section, size < 230, tag", Filter(must: [section, size, tag])),
            ("section, size >= 3087", Filter(must: [section, large])), ("not section", Filter(mustNot: [section])),
        ]
        for (name, filter) in filters {
            for withIndexes in [true, false] {
                var best = Duration.seconds(1000)
                var bestEstimate = Duration.seconds(1000)
                var count = 0
                var estimated = Cardinality.exactly(0)
                let result = SlotBitmap()
                for _ in 0..<(withIndexes ? 200 : 10) {
                    let clock = ContinuousClock.now
                    count = try collection.compiled(filter, withIndexes: withIndexes) { compiled in
                        try compiled.resolve(into: result)
                        return result.count
                    }
                    best = min(best, ContinuousClock.now - clock)
                    let second = ContinuousClock.now
                    estimated = try collection.compiled(filter, withIndexes: withIndexes) { try $0.estimate() }
                    bestEstimate = min(bestEstimate, ContinuousClock.now - second)
                }
                print(
                    "\(name), \(withIndexes ? "indexes" : "payloads"): \(count) of \(payloads.count) in \(best);",
                    "\(estimated) in \(bestEstimate)")
            }
        }
    }
}
