import Testing

@testable import QuiverServer

/// `GET /metrics` and `GET /telemetry`: the format, the names, and that the numbers are those of the engine.
struct MetricsTests {
    /// By series as written; records lines that are not of the format.
    private func samples(_ text: String) -> [String: Double] {
        var found: [String: Double] = [:]
        var family = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            if line.hasPrefix("# TYPE ") {
                family = String(line.split(separator: " ")[2])
                continue
            }
            if line.hasPrefix("# HELP ") { continue }
            let sample = #/(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? (?<value>[^ ]+)/#
            guard let match = line.wholeMatch(of: sample), let value = Double(String(match.value)) else {
                Issue.record("not a sample: \(line)")
                continue
            }
            #expect(match.name.hasPrefix(family), "\(line) stands in the family \(family)")
            let series = String(line.dropLast(match.value.count + 1))
            #expect(found[series] == nil, "\(series) comes twice")
            found[series] = value
        }
        return found
    }

    private func upsert(_ client: WireClient, _ ids: Range<Int>) async throws {
        let points = ids.map { #"{"id":\#($0),"vector":[\#($0),1,2,3],"payload":{"n":\#($0)}}"# }.joined(separator: ",")
        let answer = try await client.request(
            "PUT", "/collections/things/points?wait=true", #"{"points":[\#(points)]}"#, fields: [:])
        #expect(answer.status == 200)
    }

    private func create(_ client: WireClient) async throws {
        let answer = try await client.request(
            "PUT", "/collections/things", #"{"vectors":{"size":4,"distance":"Euclid"}}"#, fields: [:])
        #expect(answer.status == 200)
    }

    @Test func valuesFollowUpserts() async throws {
        try await RunningServer.serving { (client: WireClient) in
            try await create(client)
            let series = #"collection_points{id="things"}"#
            let growing = #"quiver_component_bytes{collection="things",vector="",component="growing"}"#
            let first = samples(try await client.request("GET", "/metrics", nil, fields: [:]).body)
            #expect(first["collections_total"] == 1)
            #expect(first[series] == 0 && first[growing] == 0)
            #expect(first[#"app_info{name="qdrant",version="1.19.0"}"#] == 1)
            #expect((first["memory_resident_bytes"] ?? 0) > 0)
            try await upsert(client, 0..<100)
            let second = samples(try await client.request("GET", "/metrics", nil, fields: [:]).body)
            #expect(second[series] == 100)
            #expect(second[#"collection_vectors{id="things",vector=""}"#] == 100)
            // Four floats and a slot each.
            #expect(second[growing] == 2000)
            let labels = #"method="PUT",endpoint="/collections/{collection_name}/points",status="200""#
            #expect(second["rest_responses_total{\(labels)}"] == 1)
            #expect(second["rest_responses_duration_seconds_bucket{\(labels),le=\"+Inf\"}"] == 1)
            let each = try await client.request("GET", "/metrics?per_collection=true", nil, fields: [:]).body
            #expect(samples(each)["rest_responses_total{\(labels),collection=\"things\"}"] == 1)
            let hidden = try await client.request("GET", "/metrics?anonymize=true&per_collection=true", nil, fields: [:])
            #expect(!hidden.body.contains("things"))
        }
    }

    @Test func parametersAreChecked() async throws {
        try await RunningServer.serving { (client: WireClient) in
            for (query, status) in [
                ("metrics?anonymize=yes", 400), ("metrics?timeout=0", 422), ("telemetry?details_level=11", 422),
                ("telemetry?details_level=x", 400), ("telemetry?details_level=10&per_collection=true", 200),
            ] {
                let answer = try await client.request("GET", "/" + query)
                #expect(answer.status == status, "\(query)")
            }
        }
    }

    @Test func telemetryGrowsWithItsLevel() async throws {
        try await RunningServer.serving { (client: WireClient) in
            try await create(client)
            try await upsert(client, 0..<10)
            for (key, level) in [("number_of_collections", 0), ("snapshots", 1), ("init_time_ms", 2), ("shards", 3), ("segments", 4)] {
                for asked in 0...5 {
                    let body = try await client.request("GET", "/telemetry?details_level=\(asked)", nil, fields: [:]).body
                    #expect(body.contains("\"\(key)\":") == (asked >= level), "\(key) \(asked)")
                }
            }
            let full = try await client.request("GET", "/telemetry?details_level=10", nil, fields: [:]).body
            #expect(full.contains(#""vectors_size_bytes":200"#) && full.contains(#""is_appendable":true"#))
        }
    }

    @Test func labelsAreEscaped() {
        #expect(PrometheusText.escaped("a\"b\\c\nd") == #"a\"b\\c\nd"#)
        var text = PrometheusText()
        text.family("empty", .gauge, "nothing", [])
        text.family("one", .gauge, "a value", [([("l", "\"")], 1.5)])
        #expect(text.text == "# HELP one a value\n# TYPE one gauge\none{l=\"\\\"\"} 1.5\n")
    }
}
