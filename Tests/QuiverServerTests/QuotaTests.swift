import Quiver
import Testing

@testable import QuiverServer

/// Quotas: set, kept, and enforced.
struct QuotaTests {
    @Test func settingAndKeeping() async throws {
        let directory = TemporaryDirectory()
        defer { directory.remove() }
        var options = ServerOptions()
        options.quotas.isEnabled = true
        options.quotas.maximumDiskUsagePercent = 100
        for round in 0..<2 {
            let database = try Database.open(directory.path)
            let listeners = try await RunningServer.start(database, options)
            let client = try await WireClient.connect(listeners[0].port)
            let first = try await client.request("GET", "/quotas")
            let config =
                round == 0
                ? #"{"result":{"config":{"enabled":true,"max_disk_usage_percent":100},"usage":{"resident_memory_percent":"#
                : #"{"result":{"config":{"enabled":false,"max_resident_memory_percent":80,"release_margin_percent":0},"usage":{"#
            #expect(first.body.hasPrefix(config), "\(first.body)")
            #expect(first.body.contains(#""disk_usage_percent":"#) && !first.body.contains("peers"))
            let set = try await client.request(
                "PUT", "/quotas?wait=true",
                #"{"enabled":false,"max_resident_memory_percent":80,"release_margin_percent":0}"#)
            #expect(set.body.hasPrefix(#"{"result":true,"status":"ok""#))
            await client.close()
            for listener in listeners { _ = await listener.stop(within: .zero) }
            database.close()
        }
    }

    @Test func whatIsRefusedWhenTheDiskIsFull() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            _ = try await client.request("PUT", "/collections/c", #"{"vectors":{"size":2,"distance":"Dot"}}"#)
            let points = #"{"points":[{"id":1,"vector":[1,0]}]}"#
            #expect(try await client.request("PUT", "/collections/c/points?wait=true", points).status == 200)
            // Whatever the machine is: some of its disk is taken.
            let quota = #"{"enabled":true,"max_disk_usage_percent":1,"release_margin_percent":0}"#
            #expect(try await client.request("PUT", "/quotas", quota).status == 200)
            let refused = try await client.request("PUT", "/collections/c/points?wait=true", points)
            #expect(refused.status == 507)
            let pattern =
                #/\{"status":\{"error":"Insufficient storage: Disk usage is at [0-9]+% of total capacity, exceeding the configured limit of 1%. Help: Reduce disk usage \(e\.g\. delete points or drop collections\), or raise `max_disk_usage_percent` in the global quota config\."\},"time":.*/#
            #expect(refused.body.wholeMatch(of: pattern) != nil, "\(refused.body)")
            for (method, path, body, status) in [
                ("POST", "points/payload/clear", #"{"points":[1]}"#, 507),
                ("POST", "points/vectors/delete", #"{"points":[1],"vector":[""]}"#, 507),
                ("PUT", "index", #"{"field_name":"a","field_schema":"bool"}"#, 507),
                ("POST", "points/batch", #"{"operations":[{"delete":{"points":[7]}},{"upsert":\#(points)}]}"#, 507),
                ("POST", "points/batch", #"{"operations":[{"delete":{"points":[7]}}]}"#, 200),
                ("POST", "points/delete", #"{"points":[1]}"#, 200), ("POST", "points/count", "{}", 200),
            ] {
                let answer = try await client.request(method, "/collections/c/\(path)", body)
                #expect(answer.status == status, "\(path) \(answer.body)")
            }
            #expect(try await client.request("GET", "/metrics").body.contains("\nquota_exceeded{resource=\"disk\"} 1\n"))
            #expect(try await client.request("PUT", "/quotas", #"{"enabled":false}"#).status == 200)
            #expect(try await client.request("PUT", "/collections/c/points?wait=true", points).status == 200)
        }
    }
}
