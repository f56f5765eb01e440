import ArgumentParser
import QuiverJSON
import QuiverModel
import Synchronization
import Testing

@testable import QuiverCLI

struct ImportTests {
    @Test func linesAreRows() throws {
        let file = try TemporaryFile("{\"a\": 1}\n{ }\r\n{\"b\":[1, 2]}")
        #expect(try JSONLinesFile.countRows(file.path) == 3)
        var lines = try JSONLinesFile(file.path)
        #expect(try lines.next()?.text == #"{"a":1}"#)
        #expect(try lines.next()?.text == "{}")
        #expect(try lines.next()?.text == #"{"b":[1,2]}"#)
        #expect(try lines.next() == nil)
    }

    @Test func longFilesAreReadInPieces() throws {
        let rows = 3000
        let filler = String(repeating: "x", count: 1000)
        let file = try TemporaryFile((0..<rows).map { "{\"n\":\($0),\"t\":\"\(filler)\"}\n" }.joined() + "\n  \n")
        #expect(try JSONLinesFile.countRows(file.path) == rows)
        var lines = try JSONLinesFile(file.path)
        try lines.skip(2000)
        #expect(try lines.next()?.text.hasPrefix(#"{"n":2000,"#) == true)
    }

    @Test(arguments: [
        ("{}\n{\"a\":}\n", 2, "bad JSON at line 2"), ("{}\n[1]\n", 2, "line 2 is not a JSON object"),
        ("{}\n\n{}\n", 2, "an empty line before line 3"),
    ])
    func badLinesAreNamed(text: String, rows: Int, message: String) throws {
        let file = try TemporaryFile(text)
        let failure = #expect(throws: CommandFailure.self) {
            var lines = try JSONLinesFile(file.path)
            while try lines.next() != nil {}
        }
        #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
        #expect(failure?.code == .dataError)
    }

    @Test func addresses() throws {
        func parts(_ text: String) throws -> [String] {
            let address = try ServerAddress(text)
            return [address.host, "\(address.port)", address.prefix]
        }
        #expect(try parts("http://localhost:7000") == ["localhost", "7000", ""])
        #expect(try parts("localhost") == ["localhost", "6333", ""])
        #expect(try parts("HTTP://[::1]:80/db/") == ["::1", "80", "/db"])
        #expect(try parts("https://a") == ["a", "6333", ""])
        #expect(try ServerAddress("https://[::1]/x").url == "https://[::1]:6333/x")
        for text in [
            "http://", "http://a:b", "http://a:0", "http://u@a", "http://a/?q", "ftp://a", "[::1",
        ] {
            #expect(throws: ServerAddress.Fault.self) { _ = try ServerAddress(text) }
        }
    }

    @Test func requestBody() throws {
        let payload = try payload(#"{"a":"ä"}"#)
        let batch = ImportBatch(firstID: 7, columns: 2, components: [0.5, -1, 2, 3.25], payloads: [payload, .empty])
        let text = String(decoding: RemoteTarget.body(batch), as: UTF8.self)
        let floats = try JSONDocument(parsing: Array(text.utf8)).withRoot { root in
            root.member("batch")?.member("vectors")?.elements.flatMap { row -> [Float] in
                var floats: [Float] = []
                return row.appendFloats(to: &floats) ? floats : []
            }
        }
        #expect(floats == batch.components)
        #expect(text.contains(#""ids":[7,8]"#) && text.contains(#""payloads":[{"a":"ä"},{}]"#))
        #expect(batch.points.entries.map(\.id) == [7, 8])
        #expect(batch.points.vectors.map(\.offset) == [0, 2])
    }

    private func payload(_ text: String) throws -> Payload {
        let file = try TemporaryFile(text)
        var lines = try JSONLinesFile(file.path)
        return try #require(try lines.next())
    }

    @Test func progressText() {
        #expect(
            Progress.text(done: 50, total: 200, before: 0, unit: .points, elapsed: .seconds(5), barWidth: 0)
                == "25 % 50/200 points, 10/s, 0:15 left")
        #expect(
            Progress.text(done: 200, total: 200, before: 100, unit: .points, elapsed: .seconds(10), barWidth: 4)
                == "[████] 100 % 200/200 points, 10/s")
        #expect(
            Progress.text(done: 1, total: 10_001, before: 0, unit: .points, elapsed: .seconds(1), barWidth: 0).hasSuffix(
                "2:46:40 left"))
    }

    @Test func importsAllRowsOnce() async throws {
        let target = RecordingTarget()
        let summary = try await importer(rows: 1000).run(into: target)
        #expect(summary.imported == 1000)
        let ids = target.ids.withLock { $0.sorted() }
        #expect(ids == (10..<1010).map { UInt64($0) })
        #expect(target.mostInFlight.withLock { $0 } <= 4)
    }

    @Test func resumesBehindWhatIsThere() async throws {
        let target = RecordingTarget(present: 300)
        let summary = try await importer(rows: 1000, resumes: true).run(into: target)
        #expect(summary.imported == 700 && summary.rows == 1000)
        #expect(target.ids.withLock { $0.sorted() } == (310..<1010).map { UInt64($0) })
        #expect(target.payloads.withLock { $0[310] } == #"{"row":300}"#)
    }

    @Test func rowCountsHaveToAgree() async throws {
        var importer = try importer(rows: 10)
        let short = try TemporaryFile("{}\n")
        importer.payloads = short.path
        let wrong = importer
        let failure = await #expect(throws: CommandFailure.self) { _ = try await wrong.run(into: RecordingTarget()) }
        #expect(failure?.message.contains("the vectors have 10 rows") == true)
    }

    private func importer(rows: Int, resumes: Bool = false) throws -> Importer {
        let data = NumPyFileTests.float32((0..<rows).map(Float.init))
        let vectors = try TemporaryFile(
            NumPyFileTests.file("{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), 1), }", data: data))
        let payloads = try TemporaryFile((0..<rows).map { "{\"row\":\($0)}\n" }.joined())
        files.withLock { $0 += [vectors, payloads].map(Kept.init) }
        var options = Importer.Options()
        options.firstID = 10
        options.batchRows = 64
        options.resumes = resumes
        return Importer(
            vectors: try NumPyFile(vectors.path), payloads: payloads.path,
            plan: ImportPlan(collection: "c", columns: 1, distance: nil, indexes: []), options: options)
    }

    /// Keeps files alive as long as the test's value.
    private struct Kept: @unchecked Sendable { let file: TemporaryFile }
    private let files = KeptFiles()

    private final class KeptFiles: Sendable {
        private let kept = Mutex<[Kept]>([])
        func withLock(_ body: (inout [Kept]) -> Void) { kept.withLock { body(&$0) } }
    }
}

/// Remembers what it was given.
private final class RecordingTarget: ImportTarget {
    let ids = Mutex<[UInt64]>([])
    let payloads = Mutex<[UInt64: String]>([:])
    let inFlight = Mutex(0)
    let mostInFlight = Mutex(0)
    private let present: Int

    init(present: Int = 0) { self.present = present }

    func prepare(_ plan: ImportPlan) async throws {}

    func presentIDs(from first: UInt64, limit: Int, collection: String) async throws -> Int { present }

    func upsert(_ batch: ImportBatch, collection: String) async throws {
        let now = inFlight.withLock { count in
            count += 1
            return count
        }
        mostInFlight.withLock { $0 = max($0, now) }
        await Task.yield()
        ids.withLock { ids in
            for row in 0..<batch.count { ids.append(batch.firstID + UInt64(row)) }
        }
        payloads.withLock { payloads in
            for (row, payload) in batch.payloads.enumerated() { payloads[batch.firstID + UInt64(row)] = payload.text }
        }
        inFlight.withLock { $0 -= 1 }
    }

    func state(collection: String) async throws -> ImportState {
        ImportState(isGreen: true, points: ids.withLock { $0.count }, indexedVectors: 0)
    }

    func close() async {}
}
