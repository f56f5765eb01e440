import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOPosix
import Quiver
import QuiverTestKit
import Testing

@testable import QuiverServer

struct ServerTests {
    /// Runs a server over a database in a directory of its own.
    private func serving(
        _ setup: TestingSetup = .live, options: ServerOptions = ServerOptions(),
        _ body: @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        let directory = TemporaryDirectory()
        defer { directory.remove() }
        let database = try Database.open(directory.path)
        defer { database.close() }
        var options = options
        options.host = "127.0.0.1"
        options.port = 0
        let server = QuiverServer(
            database: database, options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await server.application(group: MultiThreadedEventLoopGroup.singleton) { _, _ in }.test(setup, body)
    }

    private func text(_ response: TestResponse) -> String { String(buffer: response.body) }

    private func send(
        _ client: any TestClientProtocol, _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await client.execute(uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
        { $0 }
    }

    @Test func serviceRoutes() async throws {
        try await serving { client in
            let root = try await send(client, .get, "/")
            #expect(
                text(root)
                    == #"{"title":"qdrant - vector search engine","version":"1.19.0","commit":"\#(ServerVersion.commit)"}"#
            )
            #expect(root.headers[.contentType] == "application/json")
            for path in ["/healthz", "/livez", "/healthz/"] {
                #expect(text(try await send(client, .get, path)) == "healthz check passed")
            }
            #expect(text(try await send(client, .get, "/readyz")) == "all shards are ready")
            #expect(
                text(try await send(client, .get, "/cluster")).hasPrefix(
                    #"{"result":{"status":"disabled"},"status":"ok""#))
        }
    }

    @Test func unknownRoutesAndMethods() async throws {
        try await serving { client in
            let unknown = try await send(client, .get, "/nothing/here")
            #expect(unknown.status == .notFound && unknown.body.readableBytes == 0)
            let method = try await send(client, .delete, "/healthz")
            #expect(method.status == .notFound && method.body.readableBytes == 0)
            let standalone = try await send(client, .post, "/cluster/recover")
            #expect(standalone.status == .methodNotAllowed)
            #expect(text(standalone).contains("standalone mode"))
            let later = try await send(client, .post, "/collections/c/facet", "{}")
            #expect(
                later.status == .notImplemented && text(later).contains(#""error":"Faceting is not supported yet""#))
        }
    }

    @Test func headHasTheLengthAndNoBody() async throws {
        try await serving { client in
            let head = try await send(client, .head, "/healthz")
            #expect(head.status == .ok && head.headers[.contentLength] == "20" && head.body.readableBytes == 0)
            #expect(text(try await send(client, .get, "/healthz")).utf8.count == 20)
        }
    }

    @Test func bodiesHaveALimit() async throws {
        var options = ServerOptions()
        options.maximumRequestBytes = 64
        try await serving(options: options) { client in
            let long = try await send(client, .put, "/collections/c", String(repeating: " ", count: 65))
            #expect(long.status == .badRequest)
            #expect(
                text(long).contains("Payload error: JSON payload (65 bytes) is larger than allowed (limit: 64 bytes)."))
            let fitting = try await send(client, .put, "/collections/c", String(repeating: " ", count: 64))
            #expect(fitting.status == .badRequest && !text(fitting).contains("Payload error"))
        }
    }

    @Test func crossOriginRules() async throws {
        let origin: HTTPFields = [.origin: "http://example.com"]
        var preflight = origin
        preflight[try #require(HTTPField.Name("Access-Control-Request-Method"))] = "PUT"
        try await serving { [preflight] client in
            #expect(
                try await send(client, .get, "/", headers: origin).headers[.accessControlAllowOrigin]
                    == "http://example.com")
            let answer = try await send(client, .options, "/collections/c", headers: preflight)
            #expect(answer.status == .ok)
            #expect(answer.headers[.accessControlAllowMethods]?.contains("PUT") == true)
            let plain = try await send(client, .get, "/")
            #expect(plain.headers[.accessControlAllowOrigin] == nil)
        }
        var closed = ServerOptions()
        closed.enableCORS = false
        try await serving(options: closed) { client in
            let answer = try await send(client, .get, "/", headers: origin)
            #expect(answer.headers[.accessControlAllowOrigin] == nil)
        }
    }

    @Test func parametersAreChecked() async throws {
        try await serving { client in
            let timeout = try await send(client, .put, "/collections/c/points?timeout=0", "{}")
            #expect(timeout.status == .unprocessableContent)
            #expect(
                text(timeout).contains(
                    "Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]"))
            let name = try await send(client, .put, "/collections/a%3Fb", "{}")
            #expect(name.status == .unprocessableContent)
            let id = try await send(client, .get, "/collections/c/points/minus")
            #expect(id.status == .badRequest && text(id).contains(#"Can not recognize \"minus\" as point id"#))
        }
    }

    @Test func configuredDefaultsHoldForNewCollections() async throws {
        var options = ServerOptions()
        options.collectionDefaults.hnsw.m = 24
        options.collectionDefaults.optimizers.indexingThreshold = 77
        try await serving(options: options) { client in
            let config = #"{"vectors":{"size":2,"distance":"Dot"},"hnsw_config":{"ef_construct":44}}"#
            #expect(try await send(client, .put, "/collections/c", config).status == .ok)
            let info = text(try await send(client, .get, "/collections/c"))
            #expect(info.contains(#""m":24,"ef_construct":44"#) && info.contains(#""indexing_threshold":77"#))
        }
    }

    @Test func mainJob() async throws {
        try await serving { client in
            let missing = try await send(client, .get, "/collections/things")
            #expect(missing.status == .notFound)
            #expect(text(missing).contains("Not found: Collection `things` doesn't exist!"))
            #expect(text(try await send(client, .get, "/collections/things/exists")).contains(#""exists":false"#))

            let config = #"{"vectors":{"size":2,"distance":"Dot"}}"#
            #expect(try await send(client, .put, "/collections/things", config).status == .ok)
            #expect(try await send(client, .put, "/collections/things", config).status == .conflict)
            let points = #"""
                {"points":[{"id":1,"vector":[1,0],"payload":{"color":"red"}},{"id":2,"vector":[0,1],"payload":{"color":"blue"}},
                {"id":"5c56c793-69f3-4fbf-87e6-c4bf54c28c26","vector":[0.5,0.5]}]}
                """#
            let upsert = try await send(client, .put, "/collections/things/points?wait=true", points)
            #expect(upsert.status == .ok && text(upsert).contains(#""status":"completed""#))

            let index = try await send(
                client, .put, "/collections/things/index?wait=true", #"{"field_name":"color","field_schema":"keyword"}"#
            )
            #expect(index.status == .ok)
            let query = try await send(client, .post, "/collections/things/points/query", #"{"query":[1,0],"limit":1}"#)
            #expect(text(query).contains(#""points":[{"id":1,"#))
            let search = try await send(
                client, .post, "/collections/things/points/search",
                #"{"vector":[1,0],"limit":3,"filter":{"must":[{"key":"color","match":{"value":"blue"}}]}}"#)
            #expect(text(search).hasPrefix(#"{"result":[{"id":2,"#))
            #expect(
                text(try await send(client, .post, "/collections/things/points/count", "{}")).contains(#""count":3"#))
            #expect(
                text(try await send(client, .get, "/collections/things/points/2")).contains(
                    #""payload":{"color":"blue"}"#))
            let absent = try await send(client, .get, "/collections/things/points/9")
            #expect(absent.status == .notFound && text(absent).contains("Point with id 9 does not exists!"))

            let batch = try await send(
                client, .post, "/collections/things/points/batch?wait=true",
                #"{"operations":[{"delete":{"points":[1]}},{"set_payload":{"payload":{"n":1},"points":[2]}}]}"#)
            #expect(batch.status == .ok && text(batch).occurrences(of: "operation_id") == 2)
            let scroll = text(try await send(client, .post, "/collections/things/points/scroll", #"{"limit":1}"#))
            #expect(scroll.contains(#""next_page_offset":"5c56c793-69f3-4fbf-87e6-c4bf54c28c26""#))
            let dimension = try await send(
                client, .put, "/collections/things/points", #"{"points":[{"id":1,"vector":[1]}]}"#)
            #expect(dimension.status == .badRequest)
            #expect(text(dimension).contains("Wrong input: Vector dimension error: expected dim: 2, got 1"))

            #expect(try await send(client, .delete, "/collections/things/index/color?wait=true").status == .ok)
            #expect(text(try await send(client, .delete, "/collections/things")).contains(#""result":true"#))
            #expect(text(try await send(client, .delete, "/collections/things")).contains(#""result":false"#))
        }
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func occurrences(of part: String) -> Int { ranges(of: part).count }
}
