import QuiverModel
import Testing

@testable import QuiverServer

struct ServerTests {
    private func serving(
        options: ServerOptions = ServerOptions(), _ body: @Sendable (WireClient) async throws -> Void
    ) async throws {
        try await RunningServer.serving(options: options, body)
    }

    private func text(_ response: WireClient.Response) -> String { response.body }

    private func send(
        _ client: WireClient, _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]
    ) async throws -> WireClient.Response {
        try await client.request(method, path, body, fields: headers)
    }

    @Test func serviceRoutes() async throws {
        try await serving { client in
            let root = try await send(client, "GET", "/")
            #expect(
                text(root)
                    == #"{"title":"qdrant - vector search engine","version":"1.19.0","commit":"\#(ServerVersion.commit)"}"#
            )
            #expect(root.fields["content-type"] == "application/json")
            for path in ["/healthz", "/livez", "/healthz/"] {
                #expect(text(try await send(client, "GET", path)) == "healthz check passed")
            }
            #expect(text(try await send(client, "GET", "/readyz")) == "all shards are ready")
            #expect(
                text(try await send(client, "GET", "/cluster")).hasPrefix(
                    #"{"result":{"status":"disabled"},"status":"ok""#))
        }
    }

    @Test func unknownRoutesAndMethods() async throws {
        try await serving { client in
            let unknown = try await send(client, "GET", "/nothing/here")
            #expect(unknown.status == 404 && unknown.body.isEmpty)
            let method = try await send(client, "DELETE", "/healthz")
            #expect(method.status == 404 && method.body.isEmpty)
            let standalone = try await send(client, "POST", "/cluster/recover")
            #expect(standalone.status == 405)
            #expect(text(standalone).contains("standalone mode"))
            let later = try await send(client, "GET", "/collections/c/shards/0/snapshot/partial/manifest")
            #expect(
                later.status == 501
                    && text(later).contains(#""error":"The manifest of a partial snapshot is not supported yet""#))
        }
    }

    @Test func headHasTheLengthAndNoBody() async throws {
        try await serving { client in
            let head = try await send(client, "HEAD", "/healthz")
            #expect(head.status == 200 && head.fields["content-length"] == "20" && head.body.isEmpty)
            #expect(text(try await send(client, "GET", "/healthz")).utf8.count == 20)
        }
    }

    @Test func bodiesHaveALimit() async throws {
        var options = ServerOptions()
        options.maximumRequestBytes = 64
        try await serving(options: options) { client in
            let long = try await send(client, "PUT", "/collections/c", String(repeating: " ", count: 65))
            #expect(long.status == 400)
            #expect(
                text(long).contains("Payload error: JSON payload (65 bytes) is larger than allowed (limit: 64 bytes)."))
            let fitting = try await send(client, "PUT", "/collections/c", String(repeating: " ", count: 64))
            #expect(fitting.status == 400 && !text(fitting).contains("Payload error"))
        }
    }

    @Test func crossOriginRules() async throws {
        let origin = ["Origin": "http://example.com"]
        var preflight = origin
        preflight["Access-Control-Request-Method"] = "PUT"
        try await serving { [preflight] client in
            #expect(
                try await send(client, "GET", "/", headers: origin).fields["access-control-allow-origin"]
                    == "http://example.com")
            let answer = try await send(client, "OPTIONS", "/collections/c", headers: preflight)
            #expect(answer.status == 200)
            #expect(answer.fields["access-control-allow-methods"]?.contains("PUT") == true)
            let plain = try await send(client, "GET", "/")
            #expect(plain.fields["access-control-allow-origin"] == nil)
        }
        var closed = ServerOptions()
        closed.enableCORS = false
        try await serving(options: closed) { client in
            let answer = try await send(client, "GET", "/", headers: origin)
            #expect(answer.fields["access-control-allow-origin"] == nil)
        }
    }

    @Test func parametersAreChecked() async throws {
        try await serving { client in
            let timeout = try await send(client, "PUT", "/collections/c/points?timeout=0", "{}")
            #expect(timeout.status == 422)
            #expect(
                text(timeout).contains(
                    "Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]"))
            let name = try await send(client, "PUT", "/collections/a%3Fb", "{}")
            #expect(name.status == 422)
            let id = try await send(client, "GET", "/collections/c/points/minus")
            #expect(id.status == 400 && text(id).contains(#"Can not recognize \"minus\" as point id"#))
        }
    }

    @Test func configuredDefaultsHoldForNewCollections() async throws {
        var options = ServerOptions()
        options.collectionDefaults.hnsw.m = 24
        options.collectionDefaults.optimizers.indexingThreshold = 77
        try await serving(options: options) { client in
            let config = #"{"vectors":{"size":2,"distance":"Dot"},"hnsw_config":{"ef_construct":44}}"#
            #expect(try await send(client, "PUT", "/collections/c", config).status == 200)
            let info = text(try await send(client, "GET", "/collections/c"))
            #expect(info.contains(#""m":24,"ef_construct":44"#) && info.contains(#""indexing_threshold":77"#))
        }
    }

    @Test func mainJob() async throws {
        try await serving { client in
            let missing = try await send(client, "GET", "/collections/things")
            #expect(missing.status == 404)
            #expect(text(missing).contains("Not found: Collection `things` doesn't exist!"))
            #expect(text(try await send(client, "GET", "/collections/things/exists")).contains(#""exists":false"#))

            let config = #"{"vectors":{"size":2,"distance":"Dot"}}"#
            #expect(try await send(client, "PUT", "/collections/things", config).status == 200)
            #expect(try await send(client, "PUT", "/collections/things", config).status == 409)
            let points = #"""
                {"points":[{"id":1,"vector":[1,0],"payload":{"color":"red"}},{"id":2,"vector":[0,1],"payload":{"color":"blue"}},
                {"id":"5c56c793-69f3-4fbf-87e6-c4bf54c28c26","vector":[0.5,0.5]}]}
                """#
            let upsert = try await send(client, "PUT", "/collections/things/points?wait=true", points)
            #expect(upsert.status == 200 && text(upsert).contains(#""status":"completed""#))

            let index = try await send(
                client, "PUT", "/collections/things/index?wait=true", #"{"field_name":"color","field_schema":"keyword"}"#
            )
            #expect(index.status == 200)
            let query = try await send(client, "POST", "/collections/things/points/query", #"{"query":[1,0],"limit":1}"#)
            #expect(text(query).contains(#""points":[{"id":1,"#))
            let search = try await send(
                client, "POST", "/collections/things/points/search",
                #"{"vector":[1,0],"limit":3,"filter":{"must":[{"key":"color","match":{"value":"blue"}}]}}"#)
            #expect(text(search).hasPrefix(#"{"result":[{"id":2,"#))
            #expect(
                text(try await send(client, "POST", "/collections/things/points/count", "{}")).contains(#""count":3"#))
            #expect(
                text(try await send(client, "GET", "/collections/things/points/2")).contains(
                    #""payload":{"color":"blue"}"#))
            let absent = try await send(client, "GET", "/collections/things/points/9")
            #expect(absent.status == 404 && text(absent).contains("Point with id 9 does not exists!"))

            let batch = try await send(
                client, "POST", "/collections/things/points/batch?wait=true",
                #"{"operations":[{"delete":{"points":[1]}},{"set_payload":{"payload":{"n":1},"points":[2]}}]}"#)
            #expect(batch.status == 200 && text(batch).occurrences(of: "operation_id") == 2)
            let scroll = text(try await send(client, "POST", "/collections/things/points/scroll", #"{"limit":1}"#))
            #expect(scroll.contains(#""next_page_offset":"5c56c793-69f3-4fbf-87e6-c4bf54c28c26""#))
            let dimension = try await send(
                client, "PUT", "/collections/things/points", #"{"points":[{"id":1,"vector":[1]}]}"#)
            #expect(dimension.status == 400)
            #expect(text(dimension).contains("Wrong input: Vector dimension error: expected dim: 2, got 1"))

            #expect(try await send(client, "DELETE", "/collections/things/index/color?wait=true").status == 200)
            #expect(text(try await send(client, "DELETE", "/collections/things")).contains(#""result":true"#))
            #expect(text(try await send(client, "DELETE", "/collections/things")).contains(#""result":false"#))
        }
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func occurrences(of part: String) -> Int { ranges(of: part).count }
}
