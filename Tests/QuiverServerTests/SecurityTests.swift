import Foundation
import Quiver
import Testing

@testable import QuiverServer

/// Keys and tokens: who is let in, to what, and the answers to everybody else.
struct SecurityTests {
    private static let secret = "a key of some length"

    private static func options(tokens: Bool = true) -> ServerOptions {
        var options = ServerOptions()
        options.security.apiKey = secret
        options.security.alternativeAPIKey = "another"
        options.security.readOnlyAPIKey = "only reads"
        options.security.acceptsTokens = tokens
        return options
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func token(
        _ claims: String, secret: String = secret, head: String = #"{"alg":"HS256","typ":"JWT"}"#
    ) -> String {
        let signed = base64URL(Array(head.utf8)) + "." + base64URL(Array(claims.utf8))
        let code = MessageAuthentication.hmacSHA256(key: Array(secret.utf8), Array(signed.utf8)) ?? []
        return signed + "." + base64URL(code)
    }

    private static func now(_ offset: Int) -> Int { Int(Date().timeIntervalSince1970) + offset }

    /// The example of RFC 7515, appendix A.1, whose key is a well-known octet sequence.
    @Test func knownSignature() throws {
        let key = try #require(
            Base64URL.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow".utf8))
        let signed =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
            + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        let code = try #require(MessageAuthentication.hmacSHA256(key: key, Array(signed.utf8)))
        #expect(Self.base64URL(code) == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        let token = Array((signed + "." + Self.base64URL(code)).utf8)
        guard case .expired = JSONWebToken.read(token, secret: key, at: 1_300_819_411) else {
            Issue.record("not expired")
            return
        }
        guard case .claims = JSONWebToken.read(token, secret: key, at: 1_300_819_410) else {
            Issue.record("not read")
            return
        }
    }

    @Test(arguments: ["", "A", "AA=", "A A", "AB", "A+"])
    func notBase64URL(text: String) {
        #expect(Base64URL.decode(text.utf8) == (text.isEmpty ? [] : nil))
    }

    @Test func openPathsNeedNoKey() async throws {
        try await RunningServer.serving(options: Self.options()) { (client: WireClient) async throws in
            for path in ["/", "/healthz", "/livez", "/readyz"] {
                #expect(try await client.request("GET", path).status == 200, "\(path)")
            }
            for (method, path) in [("GET", "/collections"), ("GET", "/metrics"), ("GET", "/nothing"), ("PUT", "/healthz")] {
                let answer = try await client.request(method, path)
                #expect(answer.status == 401)
                #expect(answer.body == "Must provide an API key or an Authorization bearer token")
                #expect(answer.fields["content-type"] == "text/plain; charset=utf-8")
            }
        }
    }

    @Test func keys() async throws {
        try await RunningServer.serving(options: Self.options(tokens: false)) { (client: WireClient) async throws in
            let config = #"{"vectors":{"size":2,"distance":"Dot"}}"#
            for (index, fields) in [["api-key": Self.secret], ["Authorization": "Bearer another"]].enumerated() {
                #expect(try await client.request("PUT", "/collections/c\(index)", config, fields: fields).status == 200)
            }
            let reading = ["api-key": "only reads"]
            #expect(try await client.request("GET", "/collections/c0", fields: reading).status == 200)
            let refused = try await client.request("DELETE", "/collections/c0", fields: reading)
            #expect(refused.status == 403)
            #expect(refused.body.hasPrefix(#"{"status":{"error":"Forbidden: Global manage access is required"},"time":"#))
            for fields in [
                ["api-key": "wrong"], ["Authorization": "Bearer " + Self.token(#"{}"#)], ["api-key": ""],
                ["api-key": "wrong", "Authorization": "Bearer another"],
            ] {
                let answer = try await client.request("GET", "/collections", fields: fields)
                #expect(answer.status == 401 && answer.body == "Invalid API key or JWT")
            }
            let other = try await client.request("GET", "/collections", fields: ["Authorization": "Basic another"])
            #expect(other.body == "Must provide an API key or an Authorization bearer token")
        }
    }

    @Test func withoutKeysEverythingIsOpen() async throws {
        var options = ServerOptions()
        options.security.apiKey = ""
        options.security.acceptsTokens = true
        try await RunningServer.serving(options: options) { (client: WireClient) async throws in
            #expect(try await client.request("GET", "/collections", fields: ["api-key": "any"]).status == 200)
        }
    }

    @Test func tokensThatAreNotGood() async throws {
        try await RunningServer.serving(options: Self.options()) { (client: WireClient) async throws in
            for (token, status, text) in [
                (Self.token(#"{"exp":\#(Self.now(-40))}"#), 403, "ExpiredSignature"),
                (Self.token(#"{}"#, secret: "wrong"), 403, "InvalidSignature"),
                (Self.token(#"{}"#, head: #"{"alg":"none"}"#), 401, "Invalid API key or JWT"),
                (Self.token(#"{}"#, head: #"{"alg":"HS512"}"#), 401, "Invalid API key or JWT"),
                (Self.token(#"{"access":"w"}"#), 401, "Invalid API key or JWT"),
                (Self.token(#"{"exp":"soon"}"#), 401, "Invalid API key or JWT"),
                ("a.b.c", 401, "Invalid API key or JWT"), ("a.b", 401, "Invalid API key or JWT"),
                (
                    Self.token(#"{"access":[{"collection":"c","access":"r","payload":{"a":1}}]}"#), 401,
                    "access: Restrictions by payload are not supported"
                ),
                (
                    Self.token(#"{"access":[{"collection":"c","access":"r"},{"collection":"c","access":"rw"}]}"#), 401,
                    "access: Collection name should be unique"
                ),
            ] {
                let answer = try await client.request("GET", "/collections", fields: ["Authorization": "Bearer " + token])
                #expect(answer.status == status && answer.body == text, "\(token)")
            }
            for claims in [#"{}"#, #"{"exp":\#(Self.now(-20))}"#, #"{"access":"m","sub":"x","subject":"y"}"#] {
                for key in [Self.secret, "another"] {
                    let fields = ["api-key": Self.token(claims, secret: key)]
                    #expect(try await client.request("DELETE", "/collections/none", fields: fields).status == 200)
                }
            }
        }
    }

    /// What is answered to each kind of token: 403 or something else.
    @Test func accessDecides() async throws {
        let read = Self.token(#"{"access":"r"}"#)
        @Sendable func one(_ mode: String) -> String { Self.token(#"{"access":[{"collection":"c","access":"\#(mode)"}]}"#) }
        // For each route: global read, collection r, rw, prw.
        let expectations: [(String, String, String, [Bool])] = [
            ("GET", "/collections", "", [true, true, true, true]),
            ("GET", "/aliases", "", [true, true, true, true]),
            ("GET", "/telemetry", "", [true, true, true, true]),
            ("GET", "/issues", "", [true, true, true, true]),
            ("GET", "/cluster/telemetry", "", [true, true, true, true]),
            ("GET", "/cluster", "", [true, false, false, false]),
            ("GET", "/metrics", "", [true, false, false, false]),
            ("GET", "/logger", "", [true, false, false, false]),
            ("GET", "/quotas", "", [true, false, false, false]),
            ("GET", "/snapshots", "", [true, false, false, false]),
            ("DELETE", "/issues", "", [false, false, false, false]),
            ("PUT", "/quotas", "{}", [false, false, false, false]),
            ("POST", "/cluster/recover", "", [false, false, false, false]),
            ("PUT", "/collections/c", "{}", [false, false, false, false]),
            ("POST", "/collections/aliases", #"{"actions":[]}"#, [false, false, false, false]),
            ("GET", "/collections/c", "", [true, true, true, true]),
            ("GET", "/collections/c/exists", "", [true, true, true, true]),
            ("GET", "/collections/c/optimizations", "", [true, true, true, true]),
            ("GET", "/collections/c/cluster", "", [true, true, true, false]),
            ("GET", "/collections/c/snapshots", "", [true, true, true, false]),
            ("POST", "/collections/c/snapshots", "", [false, false, true, false]),
            ("PUT", "/collections/c/snapshots/recover", "{}", [false, false, false, false]),
            ("PUT", "/collections/c/index", #"{"field_name":"a","field_schema":"bool"}"#, [false, false, true, false]),
            ("PUT", "/collections/c/points", #"{"points":[{"id":1,"vector":[1,0]}]}"#, [false, false, true, true]),
            ("POST", "/collections/c/points/query", "{}", [true, true, true, true]),
            ("POST", "/collections/c/points/delete", #"{"points":[5]}"#, [false, false, true, true]),
            ("GET", "/collections/d", "", [true, false, false, false]),
            ("POST", "/collections/d/points/scroll", "{}", [true, false, false, false]),
            (
                "POST", "/collections/c/points/query", #"{"query":1,"lookup_from":{"collection":"d"}}"#,
                [true, false, false, false]
            ),
        ]
        try await RunningServer.serving(options: Self.options()) { (client: WireClient) async throws in
            let config = #"{"vectors":{"size":2,"distance":"Dot"}}"#
            for name in ["c", "d"] {
                let made = try await client.request("PUT", "/collections/\(name)", config, fields: ["api-key": Self.secret])
                #expect(made.status == 200)
            }
            let tokens = [read, one("r"), one("rw"), one("prw")]
            for (method, path, body, allowed) in expectations {
                for (token, isAllowed) in zip(tokens, allowed) {
                    let answer = try await client.request(
                        method, path, body.isEmpty ? nil : body, fields: ["Authorization": "Bearer \(token)"])
                    #expect((answer.status != 403) == isAllowed, "\(method) \(path): \(answer.body)")
                }
            }
            func text(
                _ method: String, _ path: String, _ token: String
            ) async throws -> String {
                try await client.request(method, path, method == "PUT" ? "{}" : nil, fields: ["api-key": token]).body
            }
            #expect(try await text("GET", "/collections", one("r")).hasPrefix(#"{"result":{"collections":[{"name":"c"}]}"#))
            #expect(try await text("GET", "/collections/d", one("r")).contains("Forbidden: Access to collection d is required"))
            #expect(
                try await text("PUT", "/collections/c/points", one("r"))
                    .contains("Forbidden: Write access to collection c is required"))
            #expect(
                try await text("PUT", "/collections/c/index", one("prw"))
                    .contains("Forbidden: Only points access is allowed for collection c"))
            #expect(try await text("GET", "/cluster", one("r")).contains("Forbidden: Global access is required"))
            let telemetry = try await text("GET", "/telemetry?details_level=2", one("r"))
            #expect(telemetry.contains(#""id":"c""#) && !telemetry.contains(#""id":"d""#))
            #expect(!telemetry.contains(#""requests""#) && !telemetry.contains(#""quota""#))
        }
    }

    @Test func conditionsAreLookedAt() async throws {
        try await RunningServer.serving(options: Self.options()) { (client: WireClient) async throws in
            let key = ["api-key": Self.secret]
            _ = try await client.request("PUT", "/collections/users", "{}", fields: key)
            let points = #"{"points":[{"id":1,"vector":{},"payload":{"name":"ada","age":7}}]}"#
            #expect(try await client.request("PUT", "/collections/users/points?wait=true", points, fields: key).status == 200)
            for (collection, matches, status) in [
                ("users", #"{"key":"name","value":"ada"}"#, 200),
                ("users", #"{"key":"name","value":"ada"},{"key":"age","value":7}"#, 200),
                ("users", #"{"key":"name","value":"bob"}"#, 401), ("nobody", #"{"key":"name","value":"ada"}"#, 403),
            ] {
                let claims = #"{"value_exists":{"collection":"\#(collection)","matches":[\#(matches)]}}"#
                let answer = try await client.request("GET", "/collections", fields: ["api-key": Self.token(claims)])
                #expect(answer.status == status, "\(answer.body)")
                if status != 200 { #expect(answer.body == "Invalid JWT, stateful validation failed") }
            }
        }
    }

    @Test func theMetricsPortAsksForNoKey() async throws {
        let directory = TemporaryDirectory()
        defer { directory.remove() }
        let database = try Database.open(directory.path)
        defer { database.close() }
        // A port that is free at the moment: one that was given by the system and closed again.
        var options = Self.options()
        options.host = "127.0.0.1"
        options.port = 0
        options.metricsPrefix = "my_"
        let probe = try await RunningServer.start(database, options)
        options.metricsPort = probe[0].port
        for listener in probe { _ = await listener.stop(within: .zero) }
        let listeners = try await RunningServer.start(database, options)
        let client = try await WireClient.connect(listeners[1].port)
        let metrics = try await client.request("GET", "/metrics")
        #expect(metrics.status == 200 && metrics.body.contains("\nmy_collections_total 0\n"))
        #expect(try await client.request("GET", "/readyz").status == 200)
        #expect(try await client.request("GET", "/collections").status == 404)
        await client.close()
        for listener in listeners { _ = await listener.stop(within: .zero) }
    }
}
