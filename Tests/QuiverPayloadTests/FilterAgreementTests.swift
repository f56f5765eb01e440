import Glibc
import QuiverLMDB
import QuiverModel
import QuiverPayload
import Testing

/// `QUIVER_SEED` reruns one seed.
let seeds: [UInt64] = unsafe getenv("QUIVER_SEED").flatMap { unsafe UInt64(String(cString: $0)) }.map { [$0] } ?? [1, 2, 3, 104]

@Suite("Filters give the same answer whatever answers them")
struct FilterAgreementTests {
    /// Updates, index builds in small steps, drops and re-typed indexes go on between the filters.
    @Test("as the oracle, with indexes that come and go", arguments: seeds)
    func agree(seed: UInt64) throws {
        var samples = RandomSamples(random: SeededGenerator(seed: seed))
        let collection = try SampleCollection()
        var contents: [UInt32: Sample] = [:]
        let slotCount = 120
        var vectors: [String: Set<Int>] = ["": [], "v": []]
        for name in ["", "v"] {
            let slots = SlotBitmap(bitCount: slotCount)
            for slot in 0..<slotCount where samples.random.chance(50) {
                slots.insert(UInt32(slot))
                vectors[name, default: []].insert(slot)
            }
            collection.withVector[name] = slots
        }

        // The second one throws away all the time.
        let caches = [FilterCache(), FilterCache(mostBytes: 8 << 10)]
        var asked: [Filter] = []

        for round in 0..<60 {
            var changes: [(slot: UInt32, text: String?)] = []
            for _ in 0..<samples.random.below(round == 0 ? 200 : 25) {
                let slot = UInt32(samples.random.below(slotCount))
                if samples.random.chance(15) {
                    contents[slot] = nil
                    changes.append((slot, nil))
                } else {
                    let object = samples.object(2)
                    contents[slot] = object
                    changes.append((slot, object.text))
                }
            }
            try collection.write(changes)
            if samples.random.chance(50) {
                let path = samples.random.pick(RandomSamples.paths)
                let type = samples.random.pick(PayloadIndexType.allCases)
                try collection.createIndex(path.text, type == .text ? samples.textOptions() : PayloadIndexParams(type: type))
            }
            if samples.random.chance(80) { try collection.buildStep(maxPoints: 1 + samples.random.below(60)) }
            if samples.random.chance(10), let index = collection.indexes.indexes.randomElement(using: &samples.random) {
                try collection.dropIndex(index.field.text)
            }

            for _ in 0..<25 {
                // Many are asked again after changes, and after changes of other fields only.
                let filter = asked.isEmpty || samples.random.chance(50) ? samples.filter(2) : samples.random.pick(asked)
                asked.append(filter)
                func answers(_ texts: [OracleTexts]) -> [UInt32] {
                    contents.filter { slot, object in
                        Oracle(root: object, slot: Int(slot), vectors: vectors, texts: texts).holds(filter)
                    }.keys.sorted()
                }
                let plain = try collection.slots(filter, withIndexes: false)
                let plainExpected = answers([])
                try #require(plain == plainExpected, "seed \(seed), round \(round), without indexes: \(filter)")
                // Text indexes define what texts match.
                let texts = collection.indexes.indexes.filter { $0.isReady && $0.params.type == .text }
                let expected = texts.isEmpty ? plainExpected : answers(texts.map { OracleTexts($0.field, $0.params) })
                let schema = collection.indexes.indexes.map { "\($0.field): \($0.params.type) \($0.isReady)" }
                let indexed = try collection.slots(filter)
                try #require(indexed == expected, "seed \(seed), round \(round), with \(schema): \(filter)")
                for cache in caches {
                    let set = try collection.matches(filter, cache)
                    var slots: [UInt32] = []
                    set.bitmap.forEach { slots.append($0) }
                    try #require(slots == expected, "seed \(seed), round \(round), cached, with \(schema): \(filter)")
                    #expect(set.count == expected.count && set.slots ?? expected == expected)
                    #expect(cache.byteCount <= cache.mostBytes)
                }
                for withIndexes in [false, true] {
                    let expected = withIndexes ? expected : plainExpected
                    try collection.compiled(filter, withIndexes: withIndexes) { compiled in
                        let estimate = try compiled.estimate()
                        #expect(
                            estimate.min <= expected.count && expected.count <= estimate.max,
                            "seed \(seed): \(estimate) of \(expected.count), \(schema), \(filter)")
                        #expect(estimate.min <= estimate.expected && estimate.expected <= estimate.max)
                        let slot = UInt32(samples.random.below(slotCount))
                        #expect(try compiled.matches(slot) == expected.contains(slot), "seed \(seed): \(filter)")
                    }
                }
            }
        }
        try checkIndexes(collection, contents, seed)
    }

    /// An index that was kept up through all changes holds what one built afresh holds.
    private func checkIndexes(_ collection: SampleCollection, _ contents: [UInt32: Sample], _ seed: UInt64) throws {
        try collection.buildAll()
        for index in collection.indexes.indexes {
            let kept = try entries(of: index, collection)
            try collection.createIndex(index.field.text, index.params)
            try collection.buildAll()
            let fresh = try #require(collection.indexes[index.field])
            #expect(kept == (try entries(of: fresh, collection)), "seed \(seed): \(index.field) \(index.params.type)")
            let transaction = try collection.environment.beginRead()
            let opened = try FieldIndex.open(index.field, index.params, in: collection.environment)
            #expect(opened.isReady)
            #expect(try opened.pointCount(in: transaction.handle) <= contents.count)
        }
    }

    private func entries(of index: FieldIndex, _ collection: SampleCollection) throws -> [[UInt8]] {
        let transaction = try collection.environment.beginRead()
        var cursor = try transaction.openCursor(index.database)
        var entries: [[UInt8]] = []
        var entry = try unsafe cursor.first()
        while let found = unsafe entry {
            entries.append(unsafe Array(found.key) + Array(found.value))
            unsafe entry = try cursor.next()
        }
        return entries
    }
}
