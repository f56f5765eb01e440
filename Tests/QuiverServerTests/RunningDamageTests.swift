import Foundation
import Logging
import QuiverModel
import Testing

@testable import Quiver
@testable import QuiverServer

/// Segment files that lose bytes while the server runs, found by reading them again and again.
struct RunningDamageTests {
    private static let pointCount = 3000

    /// A server that reads its segments all the time, with one of them in the collection `c`, one in `other`, and a
    /// snapshot of `c`.
    private func serving(
        _ body: @Sendable (RunningServer, WireClient, _ snapshot: String) async throws -> Void
    ) async throws {
        var storage = Database.Options()
        storage.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        storage.scrubDelay = .milliseconds(1)
        storage.scrubInterval = .milliseconds(50)
        storage.scrubBytesPerSecond = 1 << 40
        try await RunningServer.serving(storage: storage) { (server: RunningServer) async throws in
            let client = try await server.connect()
            for name in ["c", "other"] {
                let config = #"{"vectors":{"size":8,"distance":"Euclid"},"optimizers_config":{"indexing_threshold":1}}"#
                #expect(try await client.request("PUT", "/collections/\(name)", config).status == 200)
                let points = (0..<Self.pointCount).map { #"{"id":\#($0),"vector":\#(Self.vector($0))}"# }
                let body = #"{"points":[\#(points.joined(separator: ","))]}"#
                #expect(try await client.request("PUT", "/collections/\(name)/points?wait=true", body).status == 200)
                try await waits { try segment(server, name) != nil }
                try await waits { status(try await client.request("GET", "/collections/\(name)")) == "green" }
            }
            let made = try await client.request("POST", "/collections/c/snapshots?wait=true")
            let name = try #require(made.body.firstMatch(of: /"name":"([^"]+)"/)?.1)
            try await body(server, client, server.database.snapshots.path + "/c/" + name)
            await client.close()
        }
    }

    private static func vector(_ number: Int) -> String {
        "[" + (0..<8).map { "\((number * (2 * $0 + 1)) % 1009)" }.joined(separator: ",") + "]"
    }

    private func segment(_ server: RunningServer, _ name: String) throws -> SealedSegment? {
        let vectors = try server.database.collection(name).core.view.load().vectors
        guard let segment = vectors.first?.sealed.first?.segment, vectors.first?.sealed.count == 1,
            segment.entry.chunk(.links) != nil
        else { return nil }
        return segment
    }

    private func flip(_ segment: SealedSegment, _ chunk: SegmentChunk) throws {
        let place = try #require(segment.entry.chunk(chunk))
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: segment.path))
        defer { try? file.close() }
        let offset = UInt64(place.offset + place.byteCount / 2)
        try file.seek(toOffset: offset)
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data([byte ^ 0x10]))
        try file.synchronize()
    }

    private func waits(_ isTrue: () async throws -> Bool) async throws {
        for _ in 0..<3000 {
            if try await isTrue() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("it did not come about")
    }

    private func status(_ answer: WireClient.Response) -> String {
        answer.body.firstMatch(of: /"status":"([a-z]+)"/).map { String($0.1) } ?? ""
    }

    private func metric(_ client: WireClient, _ name: String) async throws -> [String] {
        try await client.request("GET", "/metrics").body.split(separator: "\n").map(String.init).filter { $0.hasPrefix(name) }
    }

    private func serves(_ client: WireClient, _ name: String) async throws {
        let body = #"{"query":\#(Self.vector(77)),"limit":1,"params":{"exact":true}}"#
        let answer = try await client.request("POST", "/collections/\(name)/points/query", body)
        #expect(answer.status == 200 && answer.body.contains(#""id":77,"#), "\(answer.body)")
        let count = try await client.request("POST", "/collections/\(name)/points/count", "{}")
        #expect(count.body.contains(#""count":\#(Self.pointCount)"#), "\(count.body)")
    }

    private func lose(_ server: RunningServer, _ client: WireClient) async throws {
        try flip(#require(try segment(server, "c")), .vectors)
        try await waits { status(try await client.request("GET", "/collections/c")) == "red" }
    }

    /// Lost vectors make it as one that could not be opened.
    @Test func lostVectors() async throws {
        try await serving { server, client, snapshot in
            let handle = try server.database.collection("c")
            try await lose(server, client)
            let info = try await client.request("GET", "/collections/c")
            #expect(info.status == 200 && info.body.contains("is unavailable: segment file"), "\(info.body)")
            #expect(try await handle.info().status == .red)
            #expect(server.database.unavailableCollections.map(\.name) == ["c"])
            let requests = [
                ("POST", "/points/query", #"{"query":[1,2,3,4,5,6,7,8],"limit":1}"#), ("POST", "/points/scroll", "{}"),
                ("GET", "/points/1", nil), ("POST", "/points/count", "{}"), ("POST", "/snapshots", nil),
                ("PUT", "/points?wait=true", #"{"points":[{"id":1,"vector":[1,2,3,4,5,6,7,8]}]}"#),
                ("PUT", "/points?wait=false", #"{"points":[{"id":1,"vector":[1,2,3,4,5,6,7,8]}]}"#),
                ("POST", "/points/delete?wait=true", #"{"points":[1]}"#),
                ("PUT", "/index?wait=true", #"{"field_name":"a","field_schema":"keyword"}"#),
                ("PATCH", "", #"{"optimizers_config":{"indexing_threshold":5}}"#),
            ]
            for (method, path, body) in requests {
                let answer = try await client.request(method, "/collections/c" + path, body)
                #expect(answer.status == 500 && answer.body.contains("is unavailable: segment file"), "\(method) \(path): \(answer.body)")
            }
            #expect(try await client.request("GET", "/collections").body.contains(#"{"name":"c"}"#))
            #expect(try await metric(client, "quiver_collection_unavailable{") == [#"quiver_collection_unavailable{id="c"} 1"#])
            #expect(try await metric(client, "collections_total ") == ["collections_total 2"])
            #expect(try await client.request("GET", "/telemetry?details_level=10").status == 200)
            try await serves(client, "other")

            let body = #"{"location":"file://\#(snapshot)"}"#
            let recovered = try await client.request("PUT", "/collections/c/snapshots/recover?wait=true", body)
            #expect(recovered.status == 200, "\(recovered.body)")
            try await serves(client, "c")
            #expect(try await metric(client, "quiver_collection_unavailable{").isEmpty)
        }
    }

    @Test func deletingWhatWasLost() async throws {
        try await serving { server, client, _ in
            let directory = try #require(try segment(server, "c")).path.split(separator: "/").dropLast(2).joined(separator: "/")
            try await lose(server, client)
            #expect(FileManager.default.fileExists(atPath: "/" + directory))
            #expect(try await client.request("DELETE", "/collections/c").body.contains(#""result":true"#))
            #expect(!FileManager.default.fileExists(atPath: "/" + directory))
            #expect(try await client.request("GET", "/collections/c").status == 404)
            #expect(server.database.unavailableCollections.isEmpty)
            try await serves(client, "other")
        }
    }

    /// What can be made anew is, and the file that was damaged is kept aside for a while.
    @Test func derivedDamage() async throws {
        try await serving { server, client, _ in
            let damaged = try #require(try segment(server, "c"))
            try flip(damaged, .links)
            try await waits { try await metric(client, "quiver_quarantined_files{") == [#"quiver_quarantined_files{id="c"} 1"#] }
            try await waits {
                let replaced = try segment(server, "c")
                let isGreen = status(try await client.request("GET", "/collections/c")) == "green"
                return replaced != nil && replaced !== damaged && isGreen
            }
            try await serves(client, "c")
            #expect(try await client.request("GET", "/telemetry?details_level=10").body.contains(#""quarantined_files":1"#))
            #expect(server.database.unavailableCollections.isEmpty)
        }
    }
}
