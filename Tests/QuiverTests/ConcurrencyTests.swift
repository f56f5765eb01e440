import Dispatch
import Quiver
import QuiverTestKit
import Testing

@testable import Quiver

/// Keeps a collection's writer busy until it is released.
private final class HeldWriter: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let task: Task<Void, any Error>

    /// Returns when the writer stands still.
    init(_ collection: Quiver.Collection) async {
        let gate = gate
        let began = Answer<Void>()
        task = Task {
            try await collection.onWriter { _ in
                began.give(.success(()))
                gate.wait()
            }
        }
        _ = await began.value(within: nil)
    }

    func release() async throws {
        gate.signal()
        try await task.value
    }
}

struct ConcurrencyTests {
    private static func smallSegments() -> Database.Options {
        var options = Database.Options()
        options.growingBytes = 200 * TestCollection.dimension * 4
        return options
    }

    /// Each batch writes its number into the payload and vector of all its points: whoever sees two numbers has seen
    /// half a batch.
    @Test func readersSeeWholeBatches() async throws {
        let test = try await TestCollection(options: ConcurrencyTests.smallSegments())
        let collection = test.collection
        let size = 40, batches = 150
        let path = try PayloadPath(parsing: "batch")
        func write(_ batch: Int) async throws {
            let payload = try Payload(json: #"{"batch":\#(batch)}"#)
            let points = (0..<size).map {
                Point(id: .number(UInt64($0)), vector: TestCollection.vector(batch), payload: payload)
            }
            try await collection.update([.upsert(PointBatch(points))])
        }
        try await write(0)
        try await collection.createIndex(path, PayloadIndexParams(type: .integer))
        let done = SharedFlag()

        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                defer { done.set() }
                for batch in 1...batches { try await write(batch) }
                return 0
            }
            for reader in 0..<3 {
                group.addTask {
                    var reads = 0
                    var newest = 0
                    while !done.isSet {
                        reads += 1
                        switch reader {
                        case 0:
                            let page = try await collection.scroll(ScrollRequest(limit: 1000, withVectors: .all))
                            let seen = Set(page.records.map { "\($0.payload?.text ?? "") \($0.vectors.map { "\($0)" } ?? "")" })
                            #expect(page.records.count == size && seen.count == 1, "\(seen)")
                        case 1:
                            let filter = Filter(must: [.field(FieldCondition(key: path, .range(NumberRange(gte: Double(newest)))))])
                            // Batches replace each other: from the newest one seen on, all points are there.
                            #expect(try await collection.count(filter: filter) == size)
                            let one = Filter(must: [.field(FieldCondition(key: path, .match(.integer(Int64(newest + 1)))))])
                            let count = try await collection.count(filter: one)
                            #expect(count == 0 || count == size)
                            if count == size { newest += 1 }
                        default:
                            var request = QueryRequest(
                                query: .nearest(.dense(TestCollection.vector(0))), limit: 100, withPayload: .all)
                            request.params.exact = reads % 2 == 0
                            let answers = try await collection.queryBatch([request, request])
                            let seen = Set(answers.joined().map { "\($0.payload?.text ?? "") \($0.score) \($0.version)" })
                            #expect(answers.allSatisfy { $0.count == size } && seen.count == 1, "\(seen)")
                        }
                    }
                    return reads
                }
            }
            var reads: [Int] = []
            for try await count in group { reads.append(count) }
            print("readers during \(batches) batches: \(reads) reads")
        }
        try await collection.settle()
        #expect(try await collection.count() == size)
    }

    /// Requests that take points away and bring others never change the number that is seen.
    @Test func requestsOfSeveralOperationsAreSeenWhole() async throws {
        let test = try await TestCollection(options: ConcurrencyTests.smallSegments())
        let collection = test.collection
        try await test.upsert(0..<60)
        let done = SharedFlag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { done.set() }
                for round in 0..<120 {
                    let old = (round * 60..<round * 60 + 60).map { PointID.number(UInt64($0)) }
                    let new = try (round * 60 + 60..<round * 60 + 120).map { try TestCollection.point($0) }
                    // Every third request fails at its end and has to leave nothing behind.
                    if round % 3 == 0 {
                        let failure = await kind {
                            try await collection.update([
                                .deletePoints(.ids(old)), .upsert(PointBatch(new)), .clearPayload(.ids([.number(999_999)])),
                            ])
                        }
                        #expect(failure == .notFound)
                    }
                    try await collection.update([.deletePoints(.ids(old)), .upsert(PointBatch(new))])
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    while !done.isSet {
                        #expect(try await collection.count() == 60)
                        let page = try await collection.scroll(ScrollRequest(limit: 1000, withVectors: .all))
                        let numbers = page.records.compactMap { if case .number(let number) = $0.id { Int(number) } else { nil } }
                        #expect(numbers.count == 60 && numbers.first.map { $0 % 60 == 0 && numbers == Array($0..<$0 + 60) } ?? false)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await test.hasExactly(120 * 60..<121 * 60))
        try test.reopen()
        #expect(try await test.hasExactly(120 * 60..<121 * 60))
    }

    @Test func manyWriters() async throws {
        let test = try await TestCollection(options: ConcurrencyTests.smallSegments())
        let collection = test.collection
        let writers = 12, requests = 25
        let sequences = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var sequences: [UInt64] = []
                    for request in 0..<requests {
                        let number = writer * 1000 + request
                        let result = try await collection.update([.upsert(PointBatch([try TestCollection.point(number)]))])
                        sequences.append(result.operationID)
                        // What was acknowledged is there for the next read.
                        let found = try await collection.retrieve([.number(UInt64(number))], withVectors: .all)
                        #expect(found.first?.vectors == .unnamed(.dense(TestCollection.vector(number))))
                        if request % 5 == 4 {
                            sequences.append(
                                try await collection.update([.deletePoints(.ids([.number(UInt64(number - 1))]))]).operationID)
                        }
                    }
                    return sequences
                }
            }
            var all: [[UInt64]] = []
            for try await sequences in group { all.append(sequences) }
            return all
        }
        #expect(sequences.allSatisfy { zip($0, $0.dropFirst()).allSatisfy { $0 < $1 } })
        #expect(Set(sequences.joined()).count == sequences.joined().count)
        let expected = (0..<writers).flatMap { writer in
            (0..<requests).filter { $0 % 5 != 3 }.map { writer * 1000 + $0 }
        }
        #expect(try await test.hasExactly(expected))
        try test.reopen()
        #expect(try await test.hasExactly(expected))
    }

    @Test func fullQueueIsRefused() async throws {
        var options = Database.Options()
        options.writeQueueBytes = 4096
        let test = try await TestCollection(options: options)
        let held = await HeldWriter(test.collection)
        let collection = test.collection
        let point = try TestCollection.point(1)
        let answers = LockedCondition<[QuiverError.Kind?]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    let outcome = await kind { try await collection.update([.upsert(PointBatch([point]))]) }
                    answers.change { $0.append(outcome) }
                }
            }
            while collection.core.writer.pendingUpdates + answers.read({ $0.count }) < 100 {
                try await Task.sleep(for: .milliseconds(1))
            }
            try await held.release()
            try await group.waitForAll()
        }
        let taken = answers.read { $0.count { $0 == nil } }
        #expect(taken >= 1 && taken < 100)
        #expect(answers.read { $0.allSatisfy { $0 == nil || $0 == .overloaded(retryAfterSeconds: 1) } })
        // With the queue empty again even a large request is taken.
        try await test.upsert(0..<500)
        #expect(try await test.hasExactly(0..<500))
    }

    /// A timeout answers in time, however short, and the update is applied all the same.
    @Test func updateTimesOutWhileItWaits() async throws {
        let test = try await TestCollection()
        let held = await HeldWriter(test.collection)
        let collection = test.collection
        for number in 0..<200 {
            let timeout = [Duration.zero, .nanoseconds(1), .microseconds(10), .milliseconds(1)][number % 4]
            let result = try await collection.update(
                [.upsert(PointBatch([try TestCollection.point(number)]))], timeout: timeout)
            #expect(result.status == .waitTimeout)
        }
        try await held.release()
        try await test.upsert([200])
        #expect(try await test.hasExactly(0..<201))
    }

    @Test func queryTimesOut() async throws {
        let test = try await TestCollection(TestCollection.config(indexed: false))
        try await test.upsert(0..<10_000)
        let query = QueryRequest(query: .nearest(.dense(TestCollection.vector(3))))
        #expect(await kind { _ = try await test.collection.query(query, timeout: .zero) } == .timeout)
        let filter = Filter(must: [.field(FieldCondition(key: try PayloadPath(parsing: "n"), .match(.integer(5))))])
        #expect(
            await kind { _ = try await test.collection.scroll(ScrollRequest(filter: filter), timeout: .zero) } == .timeout)
        // Time enough.
        #expect(try await test.collection.query(query, timeout: .seconds(60)).count == 10)
    }

    @Test func closingWhileInUse() async throws {
        for _ in 0..<5 {
            let test = try await TestCollection(options: ConcurrencyTests.smallSegments())
            try await test.upsert(0..<500)
            let collection = test.collection
            let database = test.database
            let acknowledged = LockedCondition<[Int]>([])
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        for number in 0... {
                            let outcome = await kind {
                                if task == 0 {
                                    let point = try TestCollection.point(1000 + number)
                                    try await collection.update([.upsert(PointBatch([point]))])
                                    acknowledged.change { $0.append(1000 + number) }
                                } else {
                                    _ = try await collection.query(QueryRequest(query: .nearest(.id(3)), withPayload: .all))
                                }
                            }
                            guard let outcome else { continue }
                            #expect(outcome == .closed)
                            return
                        }
                    }
                }
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(20))
                    DispatchQueue.global().sync { database.close() }
                }
            }
            try test.open()
            let expected = Array(0..<500) + acknowledged.read { $0 }
            #expect(try await test.hasExactly(expected))
        }
    }

    @Test func deletingACollectionInUse() async throws {
        let test = try await TestCollection(options: ConcurrencyTests.smallSegments())
        let collection = test.collection
        let database = test.database
        try await test.upsert(0..<1000)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<3 {
                group.addTask {
                    while true {
                        let outcome = await kind {
                            if task == 0 { try await test.upsert(0..<10) } else {
                                _ = try await collection.query(QueryRequest(query: .nearest(.id(3)), withPayload: .all))
                            }
                        }
                        guard let outcome else { continue }
                        #expect(outcome == .closed)
                        return
                    }
                }
            }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(20))
                #expect(await kind { _ = try await database.deleteCollection("c") } == nil)
            }
        }
        #expect(database.collectionNames.isEmpty)
        try await database.createCollection("c", TestCollection.config())
        #expect(try await database.collection("c").count() == 0)
    }
}

struct AnswerTests {
    /// A timeout that passes before anyone waits counts as well.
    @Test func shortestTimeouts() async {
        for _ in 0..<3000 {
            let nothing = await Answer<Int>().value(within: .zero)
            #expect(nothing == nil)
        }
    }

    @Test func answersBeforeAndAfterTheWait() async throws {
        let early = Answer<Int>()
        early.give(.success(1))
        #expect(try await early.value(within: .seconds(60))?.get() == 1)
        let late = Answer<Int>()
        Task {
            try await Task.sleep(for: .milliseconds(5))
            late.give(.failure(.service("late")))
        }
        #expect(await kind { _ = try await late.value(within: nil)?.get() } == .service)
    }
}
