import Foundation
import Quiver
import QuiverArchive
import QuiverWire
import Testing

@testable import QuiverServer

/// What docs/BACKUP-INTERFACE.md promises.
struct BackupSessionTests {
    private struct Envelope<Result: Decodable>: Decodable { var result: Result }

    private struct Manifest: Decodable {
        struct Collection: Decodable {
            var name: String
            var identity: String
            var sequence: UInt64
            var first_logged_sequence: UInt64
            var manifest: CollectionManifest
        }
        struct Alias: Decodable {
            var alias_name: String
            var collection_name: String
        }
        var session: String
        var time_us: UInt64
        var journal_number: UInt64
        var collections: [Collection]
        var aliases: [Alias]
    }

    struct Frame: Equatable {
        var kind: UInt8
        var sequence: UInt64
        var content: [UInt8]
    }

    private static func open(_ client: WireClient, _ body: String = "{}") async throws -> Manifest {
        let answer = try await client.request("POST", "/quiver/backups", body)
        return try JSONDecoder().decode(Envelope<Manifest>.self, from: Data(answer.body.utf8)).result
    }

    /// The body of an answer in chunks.
    private static func get(_ port: Int, _ path: String) async throws -> [UInt8] {
        let answer = try await ByteClient.exchange(
            port, Array("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
        let end = try #require(answer.firstRange(of: Array("\r\n\r\n".utf8)))
        var rest = answer[end.upperBound...]
        guard String(decoding: answer[..<end.lowerBound], as: UTF8.self).contains("Transfer-Encoding: chunked") else {
            return Array(rest)
        }
        var body: [UInt8] = []
        while let line = rest.firstRange(of: [13, 10]) {
            let count = try #require(Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16))
            rest = rest[line.upperBound...]
            body += rest.prefix(count)
            rest = rest.dropFirst(count + 2)
        }
        return body
    }

    /// Parsed here anew, not by the code that writes them.
    private static func frames(_ bytes: [UInt8]) throws -> [Frame] {
        func number(_ range: Range<Int>) -> UInt64 { bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        var frames: [Frame] = []
        var offset = 0
        while offset < bytes.count {
            let count = Int(number(offset + 4..<offset + 8))
            let content = Array(bytes[offset + 24..<offset + 24 + count])
            let kind = bytes[offset]
            if kind == 255 {
                guard var digest = StreamDigest() else { throw BackupFrames.NoMemory() }
                bytes.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<offset])) }
                #expect(content == digest.value())
                #expect(offset + 24 + count == bytes.count)
                return frames
            }
            frames.append(Frame(kind: kind, sequence: number(offset + 8..<offset + 16), content: content))
            offset += 24 + count
        }
        Issue.record("the stream has no end")
        return frames
    }

    @Test func aSessionIsOneMoment() async throws {
        try await RunningServer.serving { (server: RunningServer) async throws in
            let client = try await server.connect()
            for name in ["a", "b"] {
                _ = try await client.request("PUT", "/collections/\(name)", #"{"vectors":{"size":2,"distance":"Dot"}}"#)
            }
            let update = #"{"points":[{"id":1,"vector":[1,0]}]}"#
            for _ in 0..<3 { _ = try await client.request("PUT", "/collections/a/points?wait=true", update) }
            _ = try await client.request(
                "POST", "/collections/aliases",
                #"{"actions":[{"create_alias":{"collection_name":"a","alias_name":"x"}}]}"#)
            let manifest = try await Self.open(client)
            _ = try await client.request("PUT", "/collections/a/points?wait=true", update)
            #expect(manifest.collections.map(\.name) == ["a", "b"])
            #expect(manifest.aliases.map(\.alias_name) == ["x"] && manifest.aliases.map(\.collection_name) == ["a"])
            let a = manifest.collections[0]
            #expect(a.manifest.identity == a.identity && a.manifest.sequence == a.sequence)

            let path = "/quiver/backups/\(manifest.session)"
            let records = try Self.frames(try await Self.get(server.port, "\(path)/\(a.identity)/records"))
            #expect(!records.isEmpty && records.allSatisfy { $0.kind == 1 && !$0.content.isEmpty })
            #expect(records == (try Self.frames(try await Self.get(server.port, "\(path)/\(a.identity)/records"))))
            let log = try Self.frames(try await Self.get(server.port, "\(path)/\(a.identity)/log?after=\(a.sequence - 2)"))
            #expect(log.map(\.sequence) == [a.sequence - 1, a.sequence] && log.allSatisfy { $0.kind == 2 })
            #expect(try await client.request("GET", "\(path)/journal?after=0").status == 200)
            #expect(try await client.request("POST", "\(path)/saved").status == 200)

            for missing in ["\(path)/nothing/records", "\(path)/\(a.identity)/segments/99", "/quiver/backups/none"] {
                #expect(try await client.request("GET", missing).status == 404)
            }
            #expect(try await client.request("GET", path).body.contains(a.identity))
            #expect(try await client.request("DELETE", "\(path)/\(a.identity)/records").status == 200)
            #expect(try await client.request("DELETE", path).status == 200)
            #expect(try await client.request("GET", path).status == 404)
            #expect(try await client.request("PUT", "/quiver/log_retention", #"{"keep":false}"#).status == 200)
            #expect(try await client.request("PUT", "/quiver/log_retention", "{}").status == 400)
            await client.close()
        }
    }

    @Test func sessionsAreFew() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            var sessions: [String] = []
            for _ in 0..<BackupSessions.mostSessions { sessions.append(try await Self.open(client).session) }
            let refused = try await client.request("POST", "/quiver/backups")
            #expect(refused.status == 429 && refused.fields["retry-after"] != nil)
            _ = try await client.request("DELETE", "/quiver/backups/\(sessions[0])")
            _ = try await Self.open(client)
            #expect(try await client.request("POST", "/quiver/backups", #"{"collections":["none"]}"#).status == 429)
        }
    }

    @Test func collectionsMayBeChosen() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            #expect(try await client.request("POST", "/quiver/backups", #"{"collections":["none"]}"#).status == 404)
            #expect(try await client.request("POST", "/quiver/backups", #"{"collections":"none"}"#).status == 400)
            _ = try await client.request("PUT", "/collections/a", #"{"vectors":{"size":2,"distance":"Dot"}}"#)
            #expect(try await Self.open(client, #"{"collections":[]}"#).collections.isEmpty)
        }
    }
}
