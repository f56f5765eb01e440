import Foundation
import Logging
import NIOPosix
import Quiver
import QuiverTestKit
import QuiverWire
import Testing

@testable import QuiverServer

/// Bodies that stream, in both directions, over real connections.
struct TransferTests {
    /// A server whose storage has a file of random bytes under a snapshot's name.
    private static func serving(
        byteCount: Int, options: ServerOptions = ServerOptions(),
        _ body: @Sendable (RunningServer, [UInt8]) async throws -> Void
    ) async throws {
        try await RunningServer.serving(options: options) { (server: RunningServer) async throws in
            var random = SeededGenerator(seed: UInt64(byteCount))
            var bytes: [UInt8] = []
            bytes.reserveCapacity(byteCount + 8)
            while bytes.count < byteCount { withUnsafeBytes(of: random.next()) { bytes += $0 } }
            bytes.removeLast(bytes.count - byteCount)
            let directory = server.database.snapshots.path
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: directory + "/file.snapshot"))
            try await body(server, bytes)
        }
    }

    private static func get(_ port: Int, _ fields: String = "", method: String = "GET") async throws -> (head: String, body: [UInt8]) {
        let answer = try await ByteClient.exchange(
            port, Array("\(method) /snapshots/file.snapshot HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)\r\n".utf8))
        let end = try #require(answer.firstRange(of: Array("\r\n\r\n".utf8)))
        return (String(decoding: answer[..<end.lowerBound], as: UTF8.self), Array(answer[end.upperBound...]))
    }

    @Test(arguments: [0, 1, 65_536, 3_000_001]) func wholeFiles(byteCount: Int) async throws {
        try await Self.serving(byteCount: byteCount) { server, bytes in
            let (head, body) = try await Self.get(server.port)
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.contains("Content-Length: \(byteCount)"))
            #expect(head.contains("Content-Disposition: attachment; filename=\"file.snapshot\""))
            #expect(head.contains("Accept-Ranges: bytes") && head.contains("Content-Type: application/octet-stream"))
            #expect(body == bytes)
        }
    }

    @Test func rangesAndConditions() async throws {
        try await Self.serving(byteCount: 200_000) { server, bytes in
            let (head, _) = try await Self.get(server.port, method: "HEAD")
            func field(_ name: String) throws -> String {
                let line = try #require(head.components(separatedBy: "\r\n").first { $0.hasPrefix(name + ": ") })
                return String(line.dropFirst(name.count + 2))
            }
            let (tag, date) = (try field("ETag"), try field("Last-Modified"))
            #expect(try field("Content-Length") == "200000")
            for (fields, status, range) in [
                ("Range: bytes=1000-1999\r\n", 206, 1000..<2000), ("Range: bytes=-7\r\n", 206, 199_993..<200_000),
                ("Range: bytes=150000-\r\n", 206, 150_000..<200_000), ("Range: bytes=200000-\r\n", 416, 0..<0),
                ("Range: bytes=5-6\r\nIf-Range: \(tag)\r\n", 206, 5..<7),
                ("Range: bytes=5-6\r\nIf-Range: \(date)\r\n", 206, 5..<7),
                ("Range: bytes=5-6\r\nIf-Range: \"other\"\r\n", 200, 0..<200_000),
                ("If-None-Match: W/\(tag)\r\n", 304, 0..<0), ("If-None-Match: \"x\", \(tag)\r\n", 304, 0..<0),
                ("If-None-Match: \"x\"\r\n", 200, 0..<200_000), ("If-Match: \"x\"\r\n", 412, 0..<0),
                ("If-Match: *\r\nRange: bytes=0-1\r\n", 206, 0..<2), ("If-Modified-Since: \(date)\r\n", 304, 0..<0),
                ("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 412, 0..<0),
            ] {
                let (head, body) = try await Self.get(server.port, fields)
                #expect(head.hasPrefix("HTTP/1.1 \(status) "), "\(fields)\(head)")
                #expect(body == Array(bytes[range]), "\(fields)")
                if status == 206 {
                    #expect(head.contains("Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/200000"))
                }
                if status == 416 { #expect(head.contains("Content-Range: bytes */200000")) }
                if status == 304 { #expect(!head.contains("Content-Length")) }
            }
        }
    }

    @Test func requestsBehindADownloadAreAnsweredBehindIt() async throws {
        try await Self.serving(byteCount: 5_000_000) { server, bytes in
            let get = "GET /snapshots/file.snapshot HTTP/1.1\r\nHost: a\r\n\r\n"
            let last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            let answer = try await ByteClient.exchange(
                server.port, Array((get + "HEAD" + get.dropFirst(3) + get + last).utf8))
            let text = Array("healthz check passed".utf8)
            #expect(answer.count > 2 * bytes.count && answer.suffix(text.count).elementsEqual(text))
            let first = try #require(answer.firstRange(of: bytes))
            #expect(answer[first.upperBound...].firstRange(of: bytes) != nil)
        }
    }

    /// Whoever asks and does not read is left alone after a while; nobody else notices.
    @Test func clientsThatTakeNothingAreClosed() async throws {
        var options = ServerOptions()
        options.stallTimeout = .milliseconds(300)
        try await Self.serving(byteCount: 40_000_000, options: options) { server, bytes in
            let idle = try await SilentClient.connect(server.port)
            try await idle.send("GET /snapshots/file.snapshot HTTP/1.1\r\nHost: a\r\n\r\n")
            let other = try await server.connect()
            #expect(try await other.request("GET", "/healthz").status == 200)
            await other.close()
            let received = try await idle.readToEnd(after: .seconds(2))
            #expect(received < bytes.count)
        }
    }

    /// Downloads under way are finished when the server is told to stop.
    @Test func downloadsAreFinishedBeforeTheServerStops() async throws {
        let directory = QuiverServerTests.TemporaryDirectory()
        defer { directory.remove() }
        let database = try Database.open(directory.path)
        defer { database.close() }
        try FileManager.default.createDirectory(atPath: database.snapshots.path, withIntermediateDirectories: true)
        try Data(count: 20_000_000).write(to: URL(filePath: database.snapshots.path + "/file.snapshot"))
        let listeners = try await RunningServer.start(database, ServerOptions())
        let client = try await SilentClient.connect(listeners[0].port)
        try await client.send("GET /snapshots/file.snapshot HTTP/1.1\r\nHost: a\r\n\r\n")
        try await client.waitForFirstByte()
        async let unfinished = listeners[0].stop(within: .seconds(30))
        let received = try await client.readToEnd(after: .milliseconds(300))
        #expect(received > 20_000_000)
        #expect(await unfinished == 0)
    }

    // MARK: Uploads

    private final class ArraySink: SnapshotSink {
        var bytes: [UInt8] = []
        func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
    }

    private static func archive(_ database: Database) async throws -> [UInt8] {
        try await database.createCollection("origin", CollectionConfig(size: 4, distance: .dot))
        let points = (1...500).map { "{\"id\":\($0),\"vector\":[\($0),0,1,2]}" }.joined(separator: ",")
        let operations = try Array("{\"points\":[\(points)]}".utf8).withUnsafeBytes { try RequestDecoder.upsert($0) }
        try await database.collection("origin").update(operations)
        let sink = ArraySink()
        try database.snapshots.stream(.collection("origin"), of: database, to: sink)
        return sink.bytes
    }

    private static func form(_ content: [UInt8], name: String = "snapshot") -> [UInt8] {
        Array("--b\r\nContent-Disposition: form-data; name=\"first\"\r\n\r\nignored\r\n".utf8)
            + Array("--b\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"../../x\"\r\n\r\n".utf8) + content
            + Array("\r\n--b--\r\n".utf8)
    }

    private static func head(_ length: String, path: String = "/collections/copy/snapshots/upload", _ more: String = "") -> [UInt8] {
        Array(
            "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n\(length)\r\n\(more)\r\n"
                .utf8)
    }

    private static func points(_ client: WireClient, _ collection: String) async throws -> String {
        try await client.request("POST", "/collections/\(collection)/points/count", "{}").body
    }

    @Test func uploadsAreNotBoundByTheLargestRequest() async throws {
        var options = ServerOptions()
        options.maximumRequestBytes = 1000
        try await RunningServer.serving(options: options) { (server: RunningServer) async throws in
            let form = Self.form(try await Self.archive(server.database))
            let client = try await server.connect()
            try await client.send(Self.head("Content-Length: \(form.count)") + form)
            #expect(try await client.receive().status == 200)
            #expect(try await Self.points(client, "copy").contains("\"count\":500"))

            // In chunks, in pieces of odd sizes.
            try await client.send(Self.head("Transfer-Encoding: chunked", path: "/collections/chunks/snapshots/upload"))
            var rest = form[...]
            while !rest.isEmpty {
                let piece = rest.prefix(997)
                rest = rest.dropFirst(piece.count)
                try await client.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10])
            }
            try await client.send(Array("0\r\n\r\n".utf8))
            #expect(try await client.receive().status == 200)
            #expect(try await Self.points(client, "chunks").contains("\"count\":500"))
            await client.close()
        }
    }

    @Test func aWordIsGivenOnlyForWhatIsWanted() async throws {
        var options = ServerOptions()
        options.security.apiKey = "key"
        try await RunningServer.serving(options: options) { (server: RunningServer) async throws in
            let form = Self.form(try await Self.archive(server.database))
            let length = "Content-Length: \(form.count)"
            let expects = "Expect: 100-continue\r\n"
            for (head, status) in [
                (Self.head(length, expects), 401),
                (Self.head(length, path: "/collections/a/shards/1/snapshots/upload", expects + "api-key: key\r\n"), 404),
                (Self.head(length, path: "/collections/a%2Fb/snapshots/upload", expects + "api-key: key\r\n"), 422),
                (Self.head(length, path: "/collections/a/snapshots/upload?wait=x", expects + "api-key: key\r\n"), 400),
                (
                    Array(
                        "POST /collections/a/snapshots/upload HTTP/1.1\r\nHost: a\r\n\(length)\r\n\(expects)api-key: key\r\n\r\n"
                            .utf8), 400
                ),
            ] {
                let client = try await server.connect()
                try await client.send(head)
                let answer = try await client.receive()
                #expect(answer.status == status && answer.fields["connection"] == "close")
                await client.close()
            }
            let client = try await server.connect()
            try await client.send(Self.head(length, expects + "api-key: key\r\n"))
            #expect(try await client.receive().status == 100)
            try await client.send(form)
            #expect(try await client.receive().status == 200)
            await client.close()
        }
    }

    @Test func clientsThatLeaveInTheMiddleLeaveNothing() async throws {
        try await RunningServer.serving { (server: RunningServer) async throws in
            let form = Self.form(try await Self.archive(server.database))
            let directory = server.database.path + "/collections"
            let before = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            for share in [1, 3, 5, 9] {
                let client = try await server.connect()
                try await client.send(Self.head("Content-Length: \(form.count)") + form.prefix(form.count * share / 10))
                await client.close()
            }
            let patience = ContinuousClock.now + .seconds(20)
            while try FileManager.default.contentsOfDirectory(atPath: directory).sorted() != before {
                try #require(.now < patience, "something was left")
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(!server.database.collectionExists("copy"))
        }
    }

    @Test func stalledUploadsAreGivenUp() async throws {
        var options = ServerOptions()
        options.stallTimeout = .milliseconds(200)
        try await RunningServer.serving(options: options) { (server: RunningServer) async throws in
            let client = try await server.connect()
            try await client.send(Self.head("Content-Length: 10000") + Self.form([1, 2, 3]).prefix(40))
            #expect(try await client.receive().status == 408)
            await client.close()
        }
    }

    /// The refusal arrives although megabytes are still on their way, and what is there stays as it is.
    @Test func archivesThatAreNoneAreRefusedInTheMiddle() async throws {
        try await RunningServer.serving { (server: RunningServer) async throws in
            let archive = try await Self.archive(server.database)
            let client = try await server.connect()
            let junk = Self.form([UInt8](repeating: 7, count: 5_000_000))
            try await client.send(
                Self.head("Content-Length: \(junk.count)", path: "/collections/origin/snapshots/upload") + junk)
            #expect(try await client.receive().status == 400)
            await client.close()

            let second = try await server.connect()
            var random = SeededGenerator(seed: 5)
            for _ in 0..<25 {
                var damaged = archive
                if Bool.random(using: &random) {
                    damaged.removeLast(Int.random(in: 1..<archive.count, using: &random))
                } else {
                    damaged[Int.random(in: 0..<archive.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                }
                let form = Self.form(damaged)
                try await second.send(
                    Self.head("Content-Length: \(form.count)", path: "/collections/origin/snapshots/upload") + form)
                let answer = try await second.receive()
                #expect(answer.status == 400, "\(answer.body)")
            }
            #expect(try await Self.points(second, "origin").contains("\"count\":500"))
            await second.close()
        }
    }

    @Test func formsThatAreWrong() async throws {
        try await RunningServer.serving { (server: RunningServer) async throws in
            let client = try await server.connect()
            for (form, text) in [
                (Self.form([1], name: "other"), "Field with name `snapshot` is required"),
                (Self.form([]), "does not contain a collection config"),
                (Array("--b\r\n\r\n\r\n--b--".utf8), "Content-Disposition header was not found"),
                (Array("--c--".utf8), "Multipart stream is incomplete"),
            ] {
                try await client.send(Self.head("Content-Length: \(form.count)") + form)
                let answer = try await client.receive()
                #expect(answer.status == 400 && answer.body.contains(text), "\(answer.body)")
            }
            await client.close()
        }
    }
}
