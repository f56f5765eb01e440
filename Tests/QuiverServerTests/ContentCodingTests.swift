import Foundation
import NIOCore
import Testing

@testable import QuiverServer

/// Compressed answers and bodies.
struct ContentCodingTests {
    @Test(arguments: [
        (nil, nil), ("", nil), ("identity", nil), ("gzip", .gzip), ("GZip", .gzip), ("deflate, gzip;q=0.5", .deflate),
        ("gzip, deflate", .gzip), ("gzip, deflate, br, zstd", .gzip), ("br", nil), ("gzip;q=0", nil), ("*", .gzip),
        ("gzip;q=0, *", .deflate), ("gzip;q=0.2, deflate;q=0.7", .deflate), ("gzip;q=2", nil), (" gzip ; q=1 ", .gzip),
        ("*;q=0", nil), ("x-gzip", .gzip),
    ] as [(String?, ContentCoding?)])
    func negotiation(field: String?, expected: ContentCoding?) {
        #expect(ContentCoding.accepted(field) == expected)
    }

    @Test(arguments: ContentCoding.allCases)
    func thereAndBack(coding: ContentCoding) throws {
        var generator = SystemRandomNumberGenerator()
        for count in [0, 1, 1000, 65_536, 300_000] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0..<8, using: &generator) }
            guard let packed = Deflater.compress(bytes, coding) else {
                #expect(count < 64)
                continue
            }
            #expect(packed.count < bytes.count)
            let back = try Inflater.inflate(ByteBuffer(bytes: packed), coding, limit: count, padding: 64)
            #expect(Array(buffer: back) == bytes && back.writableBytes >= 64)
            #expect(throws: Inflater.Failure.tooLong) { () throws(Inflater.Failure) in
                try Inflater.inflate(ByteBuffer(bytes: packed), coding, limit: count - 1, padding: 0)
            }
            for cut in [1, packed.count / 2, packed.count - 1] {
                #expect(throws: Inflater.Failure.malformed) { () throws(Inflater.Failure) in
                    try Inflater.inflate(ByteBuffer(bytes: packed.prefix(cut)), coding, limit: count, padding: 0)
                }
            }
        }
        // What does not get shorter is left alone.
        #expect(Deflater.compress((0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }, coding) == nil)
    }

    @Test func longAnswersAreCompressedForWhoeverAsks() async throws {
        try await RunningServer.serving { (server: RunningServer) async throws in
            let plain = try await URLRequestLike.get(server.port, "/telemetry?details_level=10", accept: nil)
            #expect(plain.fields["content-encoding"] == nil)
            for (accept, name) in [("gzip", "gzip"), ("deflate;q=0.3, br", "deflate")] {
                let packed = try await URLRequestLike.get(server.port, "/metrics", accept: accept)
                #expect(packed.status == 200 && packed.fields["content-encoding"] == name)
                #expect(packed.fields["vary"] == "Accept-Encoding")
                let coding = try #require(ContentCoding(field: name))
                let text = try Inflater.inflate(ByteBuffer(bytes: packed.body), coding, limit: 1 << 20, padding: 0)
                #expect(String(buffer: text).contains("\ncollections_total 0\n"))
            }
            let short = try await URLRequestLike.get(server.port, "/collections", accept: "gzip")
            #expect(short.fields["content-encoding"] == nil)
        }
        var options = ServerOptions()
        options.enableCompression = false
        try await RunningServer.serving(options: options) { (server: RunningServer) async throws in
            let answer = try await URLRequestLike.get(server.port, "/metrics", accept: "gzip")
            #expect(answer.fields["content-encoding"] == nil)
        }
    }

    @Test func bodiesMayBeCompressed() async throws {
        var options = ServerOptions()
        options.maximumRequestBytes = 4000
        try await RunningServer.serving(options: options) { (server: RunningServer) async throws in
            let config = #"{"vectors":{"size":2,"distance":"Dot"}}"# + String(repeating: " ", count: 3000)
            for (index, coding) in ContentCoding.allCases.enumerated() {
                let packed = try #require(Deflater.compress(Array(config.utf8), coding))
                let answer = try await URLRequestLike.send(
                    server.port, "PUT", "/collections/c\(index)", packed, coding: "\(coding.name)")
                #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
            }
            let long = try #require(Deflater.compress([UInt8](repeating: 32, count: 4001), .gzip))
            let refused = try await URLRequestLike.send(server.port, "PUT", "/collections/d", long, coding: "gzip")
            #expect(refused.status == 400)
            #expect(
                String(decoding: refused.body, as: UTF8.self)
                    .contains("Payload error: JSON payload has exceeded limit (4000 bytes)."))
            let broken = try await URLRequestLike.send(
                server.port, "PUT", "/collections/d", Array("{}".utf8), coding: "gzip")
            #expect(broken.status == 400)
        }
    }
}

/// One request over a socket of its own, with bodies of any bytes.
private enum URLRequestLike {
    struct Response {
        var status: Int
        var fields: [String: String]
        var body: [UInt8]
    }

    static func get(_ port: Int, _ path: String, accept: String?) async throws -> Response {
        let field = accept.map { "Accept-Encoding: \($0)\r\n" } ?? ""
        return try await run(port, Array("GET \(path) HTTP/1.1\r\nHost: a\r\n\(field)Connection: close\r\n\r\n".utf8))
    }

    static func send(
        _ port: Int, _ method: String, _ path: String, _ body: [UInt8], coding: String
    ) async throws -> Response {
        let head = "\(method) \(path) HTTP/1.1\r\nHost: a\r\nContent-Encoding: \(coding)\r\n"
            + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        return try await run(port, Array(head.utf8) + body)
    }

    private static func run(_ port: Int, _ bytes: [UInt8]) async throws -> Response {
        let all = try await ByteClient.exchange(port, bytes)
        let end = try #require(all.firstRange(of: Array("\r\n\r\n".utf8)))
        let lines = String(decoding: all[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let name = line.prefix { $0 != ":" }
            fields[name.lowercased()] = line.dropFirst(name.count + 1).drop { $0 == " " }.description
        }
        let status = Int(lines[0].dropFirst(9).prefix(3)) ?? 0
        return Response(status: status, fields: fields, body: Array(all[end.upperBound...]))
    }
}
