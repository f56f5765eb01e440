import QuiverLMDB
import Testing

@Suite struct PostingTests {
    let scratch: Scratch
    let environment: Environment
    let index: Database

    init() throws {
        scratch = try Scratch()
        environment = try Environment(path: scratch.path("a.mdb"), options: .init(mapSizeBytes: 1 << 28))
        index = try environment.openDatabase("index", flags: .postings, creating: true)
    }

    /// Lengths around LMDB's forms of a posting: one value, a page within the page, a tree of its own.
    static let lengths = [1, 2, 3, 10, 200, 400, 500, 1019, 1020, 1021, 2040, 2041, 5000, 70_000]

    private func read(_ cursor: inout Cursor, _ key: some ByteSource) throws -> [UInt32] {
        var slots: [UInt32] = []
        let count = try cursor.forEachPosting(of: key) { run in
            for index in 0..<run.count { slots.append(run[index]) }
            return true
        }
        #expect(count == slots.count)
        return slots
    }

    @Test func postingsOfEveryFormAreReadWhole() throws {
        var generator = SeededGenerator()
        var expected: [String: [UInt32]] = [:]
        var write = try environment.beginWrite()
        for (number, length) in Self.lengths.enumerated() {
            // Keys of odd and even length: the values of a short posting lie right behind the key.
            let key = "key" + String(repeating: "x", count: number)
            var slots: Set<UInt32> = []
            while slots.count < length { slots.insert(.random(in: 0..<200_000, using: &generator)) }
            for slot in slots { #expect(try write.addPosting(index, key, slot)) }
            expected[key] = slots.sorted()
        }
        try write.commit()

        let transaction = try environment.beginRead()
        var cursor = try transaction.openCursor(index)
        // In an order in which short postings follow long ones through the same cursor.
        for key in (expected.keys.shuffled(using: &generator) + expected.keys.shuffled(using: &generator)) {
            let slots = try #require(expected[key])
            #expect(try read(&cursor, key) == slots)
            #expect(try transaction.duplicateCount(index, key) == slots.count)
            var copied = [UInt32](repeating: 0, count: slots.count)
            #expect(try copied.withUnsafeMutableBufferPointer { try cursor.copyPostings(of: key, into: $0) } == slots.count)
            #expect(copied == slots)
            var part = [UInt32](repeating: 0, count: slots.count / 2)
            #expect(try part.withUnsafeMutableBufferPointer { try cursor.copyPostings(of: key, into: $0) } == slots.count)
            #expect(part == Array(slots.prefix(part.count)))
        }
        #expect(try read(&cursor, "absent") == [])
        #expect(try transaction.duplicateCount(index, "absent") == 0)
    }

    @Test func aPostingShrunkToOneValueIsStillRead() throws {
        for length in [2, 3, 300, 3000] as [UInt32] {
            var write = try environment.beginWrite()
            for slot in 0..<length { try write.addPosting(index, key(length), slot) }
            try write.commit()
            write = try environment.beginWrite()
            for slot in 0..<length where slot != 1 { #expect(try write.removePosting(index, key(length), slot)) }
            #expect(try !write.removePosting(index, key(length), 0))
            do {
                var cursor = try write.openCursor(index)
                #expect(try read(&cursor, key(length)) == [1])
                cursor.close()
            }
            try write.commit()
            let transaction = try environment.beginRead()
            var cursor = try transaction.openCursor(index)
            #expect(try read(&cursor, key(length)) == [1])
        }
    }

    @Test func bitmapsMatchASetOfSlots() throws {
        var generator = SeededGenerator()
        let bitCount = 50_000
        var expected: [[UInt32]] = []
        var write = try environment.beginWrite()
        for number in UInt32(0)..<120 {
            let length = [1, 1, 2, 5, 60, 700, 4000].randomElement(using: &generator) ?? 1
            // Some slots lie beyond the bitmap.
            let slots = Set((0..<length).map { _ in UInt32.random(in: 0..<60_000, using: &generator) })
            for slot in slots { try write.addPosting(index, key(number * 2), slot) }
            expected.append(slots.sorted())
        }
        try write.commit()
        let transaction = try environment.beginRead()
        var cursor = try transaction.openCursor(index)
        func words(of slots: some Sequence<UInt32>) -> [UInt64] {
            var words = [UInt64](repeating: 0, count: (bitCount + 63) / 64)
            for slot in slots where slot < bitCount { words[Int(slot) / 64] |= 1 << UInt64(slot % 64) }
            return words
        }
        var union: Set<UInt32> = []
        var bits = words(of: [])
        for number in expected.indices.shuffled(using: &generator).prefix(60) {
            union.formUnion(expected[number])
            let count = try bits.withUnsafeMutableBufferPointer {
                try cursor.orPostings(of: key(UInt32(number) * 2), into: #require($0.baseAddress), bitCount: bitCount)
            }
            #expect(count == expected[number].count)
            #expect(bits == words(of: union))
        }
        for _ in 0..<60 {
            let lower = UInt32.random(in: 0..<245, using: &generator)
            let upper = Bool.random(using: &generator) ? UInt32.random(in: 0..<245, using: &generator) : nil
            let inside = expected.indices.filter { UInt32($0) * 2 >= lower && UInt32($0) * 2 < upper ?? .max }
            var bits = words(of: [])
            let count = try bits.withUnsafeMutableBufferPointer {
                try cursor.orPostings(
                    from: key(lower), below: upper.map { key($0) }, into: #require($0.baseAddress), bitCount: bitCount)
            }
            #expect(count == inside.reduce(0) { $0 + expected[$1].count })
            #expect(bits == words(of: inside.flatMap { expected[$0] }))
        }
    }

    @Test func manyPostingsArePutAtOnce() throws {
        var generator = SeededGenerator()
        var expected: Set<UInt32> = []
        let write = try environment.beginWrite()
        do {
            var cursor = try write.openCursor(index)
            for _ in 0..<6 {
                let slots = (0..<2000).map { _ in UInt32.random(in: 0..<100_000, using: &generator) }
                try slots.withUnsafeBufferPointer { try cursor.putPostings("k", $0) }
                expected.formUnion(slots)
            }
            cursor.close()
        }
        try write.commit()
        let transaction = try environment.beginRead()
        var cursor = try transaction.openCursor(index)
        #expect(try read(&cursor, "k") == expected.sorted())
    }

    @Test func otherDatabasesHaveNoPostings() throws {
        let plain = try environment.openDatabase("plain", creating: true)
        var write = try environment.beginWrite()
        try write.put(plain, "k", [1, 2, 3, 4])
        try write.commit()
        let transaction = try environment.beginRead()
        var cursor = try transaction.openCursor(plain)
        #expect(throws: LMDBError.incompatibleDatabase) { try cursor.forEachPosting(of: "k") { _ in true } }
    }
}
