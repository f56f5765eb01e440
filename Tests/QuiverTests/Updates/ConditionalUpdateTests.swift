import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// Upserts by mode and by condition, and updates of vectors by condition.
struct ConditionalUpdateTests {
    private let version: PayloadPath

    init() throws { version = try PayloadPath(parsing: "version") }

    private func batch(
        _ numbers: some Sequence<Int>, payload: String, mode: UpdateMode = .upsert, filter: Filter? = nil
    ) throws -> PointBatch {
        var batch = PointBatch(try numbers.map { try TestCollection.point($0, payload: payload) })
        batch.mode = mode
        batch.updateFilter = filter
        return batch
    }

    private func below(_ bound: Double) -> Filter {
        Filter(must: [.field(FieldCondition(key: version, .range(NumberRange(lt: bound))))])
    }

    /// The payload of each point, by its number.
    private func payloads(_ test: TestCollection) async throws -> [UInt64: String] {
        var result: [UInt64: String] = [:]
        for record in try await test.collection.scroll(ScrollRequest(limit: 1000)).records {
            guard case .number(let number) = record.id else { continue }
            result[number] = record.payload?.text
        }
        return result
    }

    @Test(arguments: [false, true])
    func filterDecidesWhatIsReplaced(indexed: Bool) async throws {
        let test = try await TestCollection()
        if indexed { try await test.collection.createIndex(version, PayloadIndexParams(type: .integer)) }
        try await test.upsert([6], payload: #"{"version":5}"#)
        try await test.collection.update([.upsert(try batch([6, 7], payload: #"{"version":4}"#, filter: below(4)))])
        #expect(try await payloads(test) == [6: #"{"version":5}"#, 7: #"{"version":4}"#])
        try await test.collection.update([.upsert(try batch([6], payload: #"{"version":6}"#, filter: below(6)))])
        #expect(try await payloads(test)[6] == #"{"version":6}"#)
        // A filter that asks nothing refuses nothing.
        try await test.collection.update([.upsert(try batch([6], payload: #"{"version":1}"#, filter: Filter()))])
        #expect(try await payloads(test)[6] == #"{"version":1}"#)
    }

    @Test func modes() async throws {
        let test = try await TestCollection()
        try await test.upsert([1], payload: #"{"version":1}"#)
        try await test.collection.update([.upsert(try batch([1, 2], payload: #"{"version":2}"#, mode: .insertOnly))])
        #expect(try await payloads(test) == [1: #"{"version":1}"#, 2: #"{"version":2}"#])
        // What is there stays, matching or not.
        try await test.collection.update(
            [.upsert(try batch([1, 3], payload: #"{"version":3}"#, mode: .insertOnly, filter: below(100)))])
        #expect(try await payloads(test) == [1: #"{"version":1}"#, 2: #"{"version":2}"#, 3: #"{"version":3}"#])
        try await test.collection.update([.upsert(try batch([2, 4], payload: #"{"version":9}"#, mode: .updateOnly))])
        #expect(try await payloads(test) == [1: #"{"version":1}"#, 2: #"{"version":9}"#, 3: #"{"version":3}"#])
        try await test.collection.update(
            [.upsert(try batch([1, 2, 4], payload: #"{"version":7}"#, mode: .updateOnly, filter: below(5)))])
        #expect(try await payloads(test) == [1: #"{"version":7}"#, 2: #"{"version":9}"#, 3: #"{"version":3}"#])
        #expect(try await test.collection.count() == 3)
    }

    /// A point twice in a batch: both are judged by what was there before it, and the last one stays.
    @Test func samePointTwice() async throws {
        let test = try await TestCollection()
        var batch = PointBatch([
            try TestCollection.point(1, payload: #"{"version":1}"#), try TestCollection.point(1, payload: #"{"version":2}"#),
        ])
        batch.mode = .insertOnly
        try await test.collection.update([.upsert(batch)])
        #expect(try await payloads(test) == [1: #"{"version":2}"#])
    }

    /// Later operations of a request see what the earlier ones did.
    @Test func seesEarlierOperations() async throws {
        let test = try await TestCollection()
        try await test.upsert([1], payload: #"{"version":1}"#)
        let id = PointSelector.ids([.number(1)])
        try await test.collection.update([
            .setPayload(try Payload(json: #"{"version":10}"#), id, path: nil),
            .upsert(try batch([1], payload: #"{"version":2}"#, filter: below(5))),
            .setPayload(try Payload(json: #"{"version":3}"#), id, path: nil),
            .upsert(try batch([1], payload: #"{"version":4,"last":true}"#, filter: below(4))),
        ])
        #expect(try await payloads(test) == [1: #"{"version":4,"last":true}"#])
    }

    @Test func vectorsByCondition() async throws {
        let test = try await TestCollection()
        try await test.upsert([1], payload: #"{"version":1}"#)
        try await test.upsert([2], payload: #"{"version":8}"#)
        var batch = PointBatch([
            Point(id: 1, vector: TestCollection.vector(71)), Point(id: 2, vector: TestCollection.vector(72)),
        ])
        batch.updateFilter = below(5)
        try await test.collection.update([.updateVectors(batch)])
        let records = try await test.collection.retrieve([1, 2], withVectors: .all)
        #expect(records.map(\.vectors) == [
            .unnamed(.dense(TestCollection.vector(71))), .unnamed(.dense(TestCollection.vector(2))),
        ])
        // A missing point is missing, whatever the filter.
        batch = PointBatch([Point(id: 3, vector: TestCollection.vector(1))])
        batch.updateFilter = below(5)
        let refused = batch
        #expect(await kind { try await test.collection.update([.updateVectors(refused)]) } == .notFound)
    }

    @Test func replayedAfterCrash() async throws {
        let test = try await TestCollection()
        try await test.upsert([1], payload: #"{"version":1}"#)
        var batch = try batch([1], payload: #"{"version":2}"#, mode: .insertOnly)
        batch.append(try TestCollection.point(2, payload: #"{"version":2}"#))
        try await test.collection.update([.upsert(batch)])
        try await test.crash()
        #expect(try await payloads(test) == [1: #"{"version":1}"#, 2: #"{"version":2}"#])
        let records = try await test.collection.retrieve([1, 2], withVectors: .all)
        #expect(records.map(\.vectors) == [1, 2].map { .unnamed(.dense(TestCollection.vector($0))) })
    }

    /// Random batches against a dictionary.
    @Test(arguments: 0..<8)
    func agreesWithModel(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let test = try await TestCollection()
        if random.chance(50) { try await test.collection.createIndex(version, PayloadIndexParams(type: .integer)) }
        var model: [UInt64: Int] = [:]
        for round in 0..<60 {
            let before = model
            let mode = random.pick(UpdateMode.allCases)
            let bound = random.chance(60) ? random.below(round + 2) : nil
            var batch = PointBatch()
            batch.mode = mode
            batch.updateFilter = bound.map { below(Double($0)) }
            for _ in 0..<1 + random.below(5) {
                let number = random.below(12)
                batch.append(try TestCollection.point(number, payload: #"{"version":\#(round)}"#))
                let old = before[UInt64(number)]
                let isWritten =
                    switch mode {
                    case .insertOnly: old == nil
                    case .updateOnly: old.map { old in bound.map { old < $0 } ?? true } ?? false
                    case .upsert: old.map { old in bound.map { old < $0 } ?? true } ?? true
                    }
                if isWritten { model[UInt64(number)] = round }
            }
            try await test.collection.update([.upsert(batch)])
            let found = try await payloads(test)
            try #require(found == model.mapValues { #"{"version":\#($0)}"# }, "seed \(seed), round \(round)")
        }
    }
}
