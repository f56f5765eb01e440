import ArgumentParser
import QuiverJSON
import QuiverModel
import QuiverTestKit
import Synchronization
import Testing

@testable import QuiverCLI

struct MigrationTests {
    @Test func placesBetweenIDs() throws {
        func key(_ text: String) throws -> PointKey { try #require(PointKey(description: text)) }
        let uuid = try key("00000000-0000-0000-0000-000000000010")
        #expect(try key("5").middle(to: try key("9")) == key("7"))
        #expect(try key("5").middle(to: try key("6")) == nil)
        #expect(try key("5").middle(to: uuid) == key("00000000-0000-0000-0000-000000000000"))
        #expect(try key("00000000-0000-0000-0000-000000000000").middle(to: uuid) == key("00000000-0000-0000-0000-000000000008"))
        #expect(try PointKey.first.middle(to: .end) == key("00000000-0000-0000-0000-000000000000"))
        #expect(try key("ffffffff-ffff-ffff-ffff-ffffffffffff").middle(to: .end) == nil)
        #expect(try key("18446744073709551615") < uuid && uuid < .end)
        #expect(PointKey.end.description == "" && PointKey(description: "") == .end && PointKey(description: "-1") == nil)
        #expect(try key("3").distance(to: try key("10")) == 7)
        #expect(try key("3").distance(to: uuid) == nil)
        #expect(uuid.distance(to: uuid) == 0)
    }

    /// Workers that read, divide and give up in any order copy every id exactly once, or more than once where one gave up.
    @Test func everyIDIsCopied() {
        var random = SeededGenerator(seed: runSeed("everyIDIsCopied"))
        for _ in 0..<60 {
            var ids = Set((0..<random.below(200)).map { _ in PointKey(.number(random.chance(50) ? UInt64(random.below(400)) : random.next())) })
            for _ in 0..<random.below(200) {
                ids.insert(PointKey(.uuid(PointUUID(high: random.chance(50) ? 7 : random.next(), low: random.next()))))
            }
            check(ids.sorted(), &random)
        }
    }

    private func check(_ ids: [PointKey], _ random: inout SeededGenerator) {
        struct Worker {
            var lease: CopyLedger.Lease
            var place: PointKey
        }
        var ledger = CopyLedger()
        var workers: [Worker] = []
        var copied: [PointKey: Int] = [:]
        var steps = 0
        while !ledger.isComplete {
            steps += 1
            guard steps < 100_000 else {
                Issue.record("it does not come to an end")
                return
            }
            if workers.count < 4, random.chance(50) {
                if let lease = ledger.take() {
                    workers.append(Worker(lease: lease, place: lease.first))
                } else if let offer = ledger.offer(leastIDs: 4) {
                    let found = ids.first { $0 >= offer.middle }
                    if random.chance(10) {
                        ledger.withdraw(offer)
                    } else if let lease = ledger.divide(offer, found: found) {
                        workers.append(Worker(lease: lease, place: lease.first))
                    }
                }
            }
            if random.chance(2) {
                // Everything stops, and goes on from what was noted.
                ledger = CopyLedger(remaining: ledger.remaining, copied: ledger.copied)
                workers = []
            }
            guard !workers.isEmpty else { continue }
            let index = random.below(workers.count)
            let worker = workers[index]
            if random.chance(3) {
                ledger.release(worker.lease)
                workers.remove(at: index)
                continue
            }
            let page = ids.filter { $0 >= worker.place }.prefix(5)
            let next = page.count == 5 ? ids.first { $0 > page[page.endIndex - 1] } ?? .end : .end
            let end = ledger.claim(worker.lease, to: next)
            let taken = page.filter { $0 < end }
            for id in taken { copied[id, default: 0] += 1 }
            ledger.advance(worker.lease, to: min(next, end), count: taken.count)
            if next < end {
                workers[index].place = next
            } else {
                workers.remove(at: index)
            }
        }
        #expect(Set(copied.keys) == Set(ids))
        #expect(ledger.copied == copied.values.reduce(0, +))
    }

    @Test func stateIsReadAsItWasWritten() throws {
        var state = MigrationState(from: "http://a:1", to: "http://b:2")
        state.collections["x\"y"] = MigrationState.Collection(
            target: "z", phase: .copying, copied: 5, points: 9,
            remaining: [
                .init(next: .first, end: try #require(PointKey(description: "18446744073709551615"))),
                .init(next: try #require(PointKey(description: "00000000-0000-0000-0000-000000000001")), end: .end),
            ], fingerprint: "0123")
        state.collections["done"] = MigrationState.Collection(
            target: "done", phase: .verified, copied: 9, points: 9, remaining: [], fingerprint: "")
        #expect(MigrationState(bytes: state.bytes) == state)
        #expect(MigrationState(bytes: Array(#"{"format": 2, "from": "", "to": "", "collections": {}}"#.utf8)) == nil)
        #expect(MigrationState(bytes: Array("{".utf8)) == nil)
    }

    @Test func oneProcessAtAMigration() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/a/b/state.json"
        let fresh = MigrationState(from: "a", to: "b")
        do {
            let file = try MigrationStateFile(path, fresh: fresh)
            #expect(!file.wasThere)
            #expect(throws: CommandFailure.self) { _ = try MigrationStateFile(path, fresh: fresh) }
            try file.update {
                $0.collections["c"] = .init(target: "c", phase: .copied, copied: 1, points: 1, remaining: [], fingerprint: "f")
            }
        }
        let again = try MigrationStateFile(path, fresh: fresh)
        #expect(again.wasThere && again.current.collections["c"]?.phase == .copied)
    }

    @Test func anotherMigrationsFileIsRefused() throws {
        let file = try TemporaryFile(String(decoding: MigrationState(from: "a", to: "b").bytes, as: UTF8.self))
        let failure = #expect(throws: CommandFailure.self) {
            _ = try MigrationStateFile(file.path, fresh: MigrationState(from: "a", to: "c"))
        }
        #expect(failure?.code == .dataError)
    }

    @Test func pagesBecomeUpserts() throws {
        let answer = """
            {"result": {"points": [
              {"id": 1, "payload": {"a": 1.50, "b": null}, "vector": [1e-3, 2]},
              {"id": 7, "payload": null, "vector": {"x": [[1], [2]], "s": {"indices": [], "values": []}}, "order_value": 1},
              {"id": "00000000-0000-0000-0000-00000000000a", "payload": {}, "vector": null}],
             "next_page_offset": "00000000-0000-0000-0000-00000000000b"}}
            """
        let page = try PointPage(answer: Array(answer.utf8))
        #expect(page.ids.map(\.description) == ["1", "7", "00000000-0000-0000-0000-00000000000a"])
        #expect(page.next?.description == "00000000-0000-0000-0000-00000000000b")
        #expect(page.count(before: PointKey(.number(8))) == 2 && page.count(before: .end) == 3)
        let texts = page.upserts(count: 3, maximumBytes: 1 << 20, maximumPoints: 2).map { String(decoding: $0, as: UTF8.self) }
        #expect(texts == [
            #"{"points":[{"id":1,"vector":[1e-3, 2],"payload":{"a": 1.50, "b": null}},"#
                + #"{"id":7,"vector":{"x": [[1], [2]], "s": {"indices": [], "values": []}}}]}"#,
            #"{"points":[{"id":"00000000-0000-0000-0000-00000000000a","vector":{},"payload":{}}]}"#,
        ])
        #expect(page.upserts(count: 3, maximumBytes: 1, maximumPoints: 9).count == 3)
        #expect(page.upserts(count: 0, maximumBytes: 1, maximumPoints: 9).isEmpty)
    }

    @Test(arguments: [
        #"{"result": {}}"#, #"{"result": {"points": [{"id": -1}]}}"#, "no",
        #"{"result": {"points": [{"id": 2}, {"id": 1}], "next_page_offset": null}}"#,
    ])
    func wrongPagesAreRefused(answer: String) {
        let failure = #expect(throws: CommandFailure.self) { _ = try PointPage(answer: Array(answer.utf8)) }
        #expect(failure?.code == .dataError)
    }

    @Test func vectorsAreCompared() throws {
        func same(_ left: String, _ right: String, _ tolerance: Double = 0) throws -> Bool {
            VectorComparison.isSame(
                try JSONValue(parsing: Array(left.utf8)), try JSONValue(parsing: Array(right.utf8)), tolerance: tolerance)
        }
        #expect(try same("[0.1, 2]", "[0.10000000149011612, 2.0]"))
        #expect(try !same("[0.1, 2]", "[0.1001, 2]") && same("[0.1, 2]", "[0.1001, 2]", 1e-3))
        #expect(try !same("[1]", "[1, 2]") && !same("[[1]]", "[1]") && same("[[1], [2]]", "[[1], [2]]"))
        #expect(try same(#"{"indices": [1], "values": [2]}"#, #"{"values": [2.0], "indices": [1]}"#))
        #expect(try !same(#"{"indices": [1], "values": [2]}"#, #"{"indices": [2], "values": [2]}"#, 1))
    }

    @Test func answersAreCompared() {
        func problem(_ expected: [(id: String, score: Double)], _ found: [(id: String, score: Double)]) -> String? {
            AnswerComparison.problem(expected: expected, found: found, tolerance: 1e-5)
        }
        #expect(problem([("1", 0.9), ("2", 0.5), ("3", 0.5)], [("1", 0.9), ("3", 0.5), ("2", 0.5)]) == nil)
        #expect(problem([("1", 0.9), ("2", 0.5)], [("1", 0.9), ("4", 0.5)]) == nil)
        #expect(problem([("1", 0.9), ("2", 0.5)], [("4", 0.9), ("2", 0.5)]) != nil)
        #expect(problem([("1", 0.9)], []) != nil && problem([("1", 0.9)], [("1", 0.8)]) != nil)
    }
}

struct RESTClientTests {
    /// Answers what it was given, one after the other.
    private final class Script: RESTTransport {
        let answers: Mutex<[Result<RESTClient.Answer, RESTTransportError>]>
        let asked = Mutex(0)

        init(_ answers: [Result<RESTClient.Answer, RESTTransportError>]) { self.answers = Mutex(answers) }

        func send(_ method: String, _ path: String, _ body: [UInt8]?) async -> Result<RESTClient.Answer, RESTTransportError> {
            asked.withLock { $0 += 1 }
            return answers.withLock { $0.isEmpty ? .success(.init(status: 200, body: [])) : $0.removeFirst() }
        }
    }

    private static func answer(_ status: Int, _ text: String = "") -> Result<RESTClient.Answer, RESTTransportError> {
        .success(RESTClient.Answer(status: status, body: Array(text.utf8)))
    }

    private static func lost(refused: Bool) -> Result<RESTClient.Answer, RESTTransportError> {
        .failure(RESTTransportError(reason: "lost", isPassing: true, isRefused: refused))
    }

    private func call(
        _ answers: [Result<RESTClient.Answer, RESTTransportError>], isCreation: Bool = false
    ) async -> (Result<Int, CommandFailure>, asked: Int) {
        let script = Script(answers)
        let client = RESTClient(url: "http://x", transport: script, patience: .seconds(600))
        do throws(CommandFailure) {
            let status = try await client.call("PUT", "/a", accepting: [200], isCreation: isCreation).status
            return (.success(status), script.asked.withLock { $0 })
        } catch {
            return (.failure(error), script.asked.withLock { $0 })
        }
    }

    @Test func whatPassesIsTriedAgain() async throws {
        let (result, asked) = await call([Self.answer(429), Self.lost(refused: false), Self.answer(200)])
        #expect(try result.get() == 200 && asked == 3)
    }

    @Test(arguments: [(400, 65), (404, 66), (403, 77), (507, 74), (501, 69)] as [(Int, Int32)])
    func whatDoesNotPassIsTold(status: Int, code: Int32) async {
        let (result, asked) = await call([Self.answer(status, #"{"status": {"error": "the reason"}}"#)])
        guard case .failure(let failure) = result else {
            Issue.record("accepted")
            return
        }
        #expect(failure.code.rawValue == code && failure.message.contains("the reason") && asked == 1)
    }

    @Test func whereNobodyListensNobodyWaits() async {
        let (result, asked) = await call([Self.lost(refused: true)])
        #expect(throws: CommandFailure.self) { try result.get() }
        #expect(asked == 1)
    }

    @Test func whatWasMadeByALostRequestIsThere() async throws {
        let (result, _) = await call([Self.answer(503), Self.answer(409)], isCreation: true)
        #expect(try result.get() == 409)
        let (refused, _) = await call([Self.answer(409)], isCreation: true)
        #expect(throws: CommandFailure.self) { try refused.get() }
    }
}
