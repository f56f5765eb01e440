import Testing

@testable import QuiverServer

/// What happens to connections, below the interface.
struct ConnectionTests {
    @Test func manyRequestsOnOneConnection() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            for _ in 0..<50 { #expect(try await client.request("GET", "/healthz").status == 200) }
        }
    }

    /// Answers come in the order of the requests, although some are given at once and others by other threads.
    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            _ = try await client.request("PUT", "/collections/c", #"{"vectors":{"size":2,"distance":"Dot"}}"#)
            let update = #"{"points":[{"id":1,"vector":[1,0]}]}"#
            var bytes = ""
            for number in 0..<200 {
                switch number % 4 {
                case 0: bytes += "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
                case 1: bytes += "GET /collections/c HTTP/1.1\r\nHost: a\r\n\r\n"
                case 2:
                    bytes += "PUT /collections/c/points HTTP/1.1\r\nHost: a\r\nContent-Length: \(update.utf8.count)\r\n\r\n"
                        + update
                default: bytes += "POST /collections/c/points/count HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
                }
            }
            try await client.send(bytes)
            for number in 0..<200 {
                let answer = try await client.receive()
                let expected = ["healthz", "points_count", "operation_id", #""count":"#][number % 4]
                #expect(answer.status == 200 && answer.body.contains(expected), "number \(number): \(answer.body)")
            }
        }
    }

    @Test func headAndBodyMayComeInPieces() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            for piece in ["PUT /collec", "tions/c HTT", "P/1.1\r\nHost: a\r\nContent-Le", "ngth: 39\r\n\r\n{\"vectors\":"] {
                try await client.send(piece)
                try await Task.sleep(for: .milliseconds(5))
            }
            try await client.send(#"{"size":2,"distance":"Dot"}}"#)
            #expect(try await client.receive().status == 200)
            try await client.send(
                "POST /collections/c/points/count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
            )
            #expect(try await client.receive().body.contains(#""count":0"#))
        }
    }

    @Test func olderClientsAreClosedUnlessTheyAsk() async throws {
        try await RunningServer.serving { (server: RunningServer) async throws in
            let plain = try await server.connect()
            try await plain.send("GET /healthz HTTP/1.0\r\n\r\n")
            let answer = try await plain.receive()
            #expect(answer.status == 200 && answer.fields["connection"] == "close")
            #expect(await plain.isClosedByServer())

            let kept = try await server.connect()
            for _ in 0..<2 {
                try await kept.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(try await kept.receive().fields["connection"] == "keep-alive")
            }
            await kept.close()
        }
    }

    @Test func closesWhenAsked() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            let answer = try await client.request("GET", "/healthz", fields: ["Connection": "close"])
            #expect(answer.status == 200 && answer.fields["connection"] == "close")
            #expect(await client.isClosedByServer())
        }
    }

    @Test func aClientThatHasSentItsLastIsStillAnswered() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            try await client.send("GET /collections HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.shutDownOutput()
            #expect(try await client.receive().body.contains("collections"))
            #expect(try await client.receive().status == 200)
            #expect(await client.isClosedByServer())
        }
    }

    @Test func bodiesThatWaitForAWordGetIt() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            try await client.send(
                "PUT /collections/c HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 39\r\n\r\n")
            #expect(try await client.receive().status == 100)
            try await client.send(#"{"vectors":{"size":2,"distance":"Dot"}}"#)
            #expect(try await client.receive().status == 200)
        }
    }

    @Test func bodiesThatWouldBeRefusedAreNotAskedFor() async throws {
        var options = ServerOptions()
        options.maximumRequestBytes = 64
        try await RunningServer.serving(options: options) { (server: RunningServer) async throws in
            for (path, length, status) in [("/collections/c", 65, 400), ("/nothing", 10, 404)] {
                let client = try await server.connect()
                try await client.send(
                    "PUT \(path) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: \(length)\r\n\r\n")
                let answer = try await client.receive()
                #expect(answer.status == status && answer.fields["connection"] == "close")
                await client.close()
            }
        }
    }

    /// The answer arrives although the body is on its way, whether its length was told or not.
    @Test func bodiesThatAreTooLongAreRefused() async throws {
        var options = ServerOptions()
        options.maximumRequestBytes = 1000
        try await RunningServer.serving(options: options) { (server: RunningServer) async throws in
            let told = try await server.connect()
            try await told.send("PUT /collections/c HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
            try await told.send(String(repeating: " ", count: 3_000_000))
            #expect(try await told.receive().body.contains("JSON payload (3000000 bytes) is larger than allowed"))
            #expect(await told.isClosedByServer())

            let untold = try await server.connect()
            try await untold.send("PUT /collections/c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<3 { try await untold.send("1f4\r\n" + String(repeating: " ", count: 500) + "\r\n") }
            #expect(try await untold.receive().body.contains("has exceeded limit (1000 bytes)"))
            try await untold.send("0\r\n\r\n")
            #expect(await untold.isClosedByServer())
        }
    }

    @Test func slowHeadsAreGivenUp() async throws {
        var options = ServerOptions()
        options.headTimeout = .milliseconds(100)
        try await RunningServer.serving(options: options) { (client: WireClient) async throws in
            try await client.send("GET /healthz HTTP/1.1\r\n")
            #expect(try await client.receive().status == 408)
            #expect(await client.isClosedByServer())
        }
    }

    @Test func stalledBodiesAreGivenUp() async throws {
        var options = ServerOptions()
        options.stallTimeout = .milliseconds(100)
        try await RunningServer.serving(options: options) { (client: WireClient) async throws in
            try await client.send("PUT /collections/c HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
            #expect(try await client.receive().status == 408)
            try await client.shutDownOutput()
            #expect(await client.isClosedByServer())
        }
    }

    @Test func idleConnectionsAreClosed() async throws {
        var options = ServerOptions()
        // Long enough for a request on a machine that is busy with other tests.
        options.idleTimeout = .seconds(15)
        try await RunningServer.serving(options: options) { (client: WireClient) async throws in
            #expect(try await client.request("GET", "/healthz").status == 200)
            #expect(await client.isClosedByServer())
        }
    }

    @Test(arguments: [
        ("NONSENSE\r\n\r\n", 400), ("GET / HTTP/9.9\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nLong: " + String(repeating: "x", count: 100_000) + "\r\n\r\n", 431),
    ])
    func whatIsNotHTTPIsRefused(bytes: String, status: Int) async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            try await client.send(bytes)
            #expect(try await client.receive().status == status)
            #expect(await client.isClosedByServer())
        }
    }

    @Test func targetsMayBeAbsolute() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            #expect(try await client.request("GET", "http://other:1/healthz?x=1").status == 200)
        }
    }

    @Test func aTimeoutAnswersBeforeTheUpdateIsDone() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            _ = try await client.request("PUT", "/collections/c", #"{"vectors":{"size":2,"distance":"Dot"}}"#)
            let answer = try await client.request(
                "PUT", "/collections/c/points?wait=true&timeout=5", #"{"points":[{"id":1,"vector":[1,0]}]}"#)
            #expect(answer.body.contains(#""status":"completed""#))
            // The timer of an answered request must not answer a later one.
            #expect(try await client.request("GET", "/healthz").body == "healthz check passed")
        }
    }

    /// Whoever meets a collection that is being deleted is told that it is not there.
    @Test func requestsRacingADeletionAreNotFound() async throws {
        try await RunningServer.serving { (server: RunningServer) async throws in
            for _ in 0..<5 {
                let client = try await server.connect()
                _ = try await client.request("PUT", "/collections/c", #"{"vectors":{"size":2,"distance":"Dot"}}"#)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<4 {
                        group.addTask {
                            let other = try await server.connect()
                            for _ in 0..<60 {
                                let answer =
                                    number % 2 == 0
                                    ? try await other.request(
                                        "PUT", "/collections/c/points?wait=true",
                                        #"{"points":[{"id":1,"vector":[1,0]}]}"#)
                                    : try await other.request(
                                        "POST", "/collections/c/points/query", #"{"query":[1,0]}"#)
                                #expect([200, 404].contains(answer.status), "\(answer.status) \(answer.body)")
                            }
                            await other.close()
                        }
                    }
                    group.addTask {
                        try await Task.sleep(for: .milliseconds(10))
                        #expect(try await client.request("DELETE", "/collections/c").status == 200)
                    }
                    try await group.waitForAll()
                }
                await client.close()
            }
        }
    }

    @Test func stoppingFinishesWhatIsUnderWay() async throws {
        try await RunningServer.serving { (server: RunningServer) async throws in
            let idle = try await server.connect()
            _ = try await idle.request("PUT", "/collections/c", #"{"vectors":{"size":2,"distance":"Dot"}}"#)
            let busy = try await server.connect()
            let body = #"{"points":[{"id":1,"vector":[1,0]}]}"#
            try await busy.send(
                "PUT /collections/c/points?wait=true HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n{")
            try await Task.sleep(for: .milliseconds(50))
            async let unfinished = server.listener.stop(within: .seconds(10))
            #expect(await idle.isClosedByServer())
            try await busy.send(String(body.dropFirst()))
            let answer = try await busy.receive()
            #expect(answer.status == 200 && answer.fields["connection"] == "close")
            #expect(await unfinished == 0)
            await #expect(throws: (any Error).self) { try await server.connect() }
        }
    }
}
