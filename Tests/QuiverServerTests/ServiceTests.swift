import Testing

@testable import QuiverServer

/// What the server says about itself and about clusters it is not in.
struct ServiceTests {
    private func result(_ answer: WireClient.Response) -> String {
        guard answer.body.hasPrefix(#"{"result":"#), let end = answer.body.firstRange(of: #","status":"ok","time":"#) else {
            return answer.body
        }
        return String(answer.body[..<end.lowerBound].dropFirst(#"{"result":"#.count))
    }

    private func error(_ answer: WireClient.Response) -> String {
        guard answer.body.hasPrefix(#"{"status":{"error":""#), let end = answer.body.firstRange(of: #""},"time":"#) else {
            return answer.body
        }
        return String(answer.body[..<end.lowerBound].dropFirst(#"{"status":{"error":""#.count))
    }

    private func make(_ client: WireClient) async throws {
        _ = try await client.request("PUT", "/collections/c", #"{"vectors":{"size":2,"distance":"Dot"}}"#)
        let points = (1...3).map { #"{"id":\#($0),"vector":[\#($0),0]}"# }.joined(separator: ",")
        let answer = try await client.request("PUT", "/collections/c/points?wait=true", #"{"points":[\#(points)]}"#)
        #expect(answer.status == 200)
    }

    @Test(arguments: [
        ("GET", "/issues", "", #"{"issues":[]}"#), ("DELETE", "/issues", "", "true"),
        ("GET", "/cluster", "", #"{"status":"disabled"}"#), ("GET", "/debugger", "", #"{"pyroscope":null}"#),
        ("PATCH", "/debugger", #"{"pyroscope":null}"#, "true"), ("GET", "/logger", "", #"{"log_level":"INFO"}"#),
        ("GET", "/profiler/slow_requests?limit=0", "", #"{"requests":[]}"#),
        ("GET", "/collections/c/shards", "", "{}"),
        ("POST", "/collections/c/truncate_unapplied_wal", "", "0"),
        ("POST", "/collections/c/shards/0/cleanup?wait=true", "", #"{"operation_id":0,"status":"completed"}"#),
        ("POST", "/collections/c/shards/0/points/count", "{}", #"{"count":3}"#),
        (
            "GET", "/collections/c/optimizations", "",
            #"{"summary":{"queued_optimizations":0,"queued_segments":0,"queued_points":0,"idle_segments":1},"running":[]}"#
        ),
    ])
    func results(method: String, path: String, body: String, expected: String) async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            try await make(client)
            let answer = try await client.request(method, path, body.isEmpty ? nil : body)
            #expect(answer.status == 200 && result(answer) == expected)
        }
    }

    @Test(arguments: [
        ("POST", "/cluster/recover", "", 405, "Qdrant is running in standalone mode"),
        ("DELETE", "/cluster/peer/7?force=true", "", 405, "Qdrant is running in standalone mode"),
        ("PUT", "/cluster/metadata/keys/a", "1", 405, "Qdrant is running in standalone mode"),
        ("POST", "/collections/c/cluster", "{}", 405, "Qdrant is running in standalone mode"),
        ("PUT", "/collections/c/shards", #"{"shard_key":"a"}"#, 405, "Qdrant is running in standalone mode"),
        ("POST", "/collections/c/shards/delete", #"{"shard_key":"a"}"#, 405, "Qdrant is running in standalone mode"),
        ("GET", "/cluster/telemetry", "", 500, "Service internal error: Could not get telemetry from cluster"),
        ("POST", "/audit/logs", "{}", 400, "Bad request: Audit logging is not configured"),
        ("GET", "/collections/none/cluster", "", 404, "Not found: Collection `none` doesn't exist!"),
        ("GET", "/collections/none/optimizations", "", 404, "Not found: Collection `none` doesn't exist!"),
        ("GET", "/collections/none/shards", "", 404, "Not found: Collection `none` doesn't exist!"),
        ("GET", "/collections/none/memory", "", 404, "Not found: Collection `none` doesn't exist!"),
        (
            "GET", "/collections/c/optimizations?with=queued,nothing", "", 400,
            "Wrong input: Unknown field in 'with' parameter: nothing"
        ),
        (
            "GET", "/collections/c/optimizations?completed_limit=-1", "", 400,
            "Deserialize error in query parameters: invalid digit found in string"
        ),
        ("POST", "/collections/c/shards/1/points/count", "{}", 404, "Not found: Shard 1 not found"),
        (
            "PUT", "/quotas", #"{"enabled":true,"max_disk_usage_percent":0}"#, 422,
            "Validation error in JSON body: [max_disk_usage_percent: value 0 invalid, must be from 1 to 100]"
        ),
        (
            "PUT", "/quotas", #"{"release_margin_percent":101}"#, 422,
            "Validation error in JSON body: [release_margin_percent: value 101 invalid, must be 100 or smaller]"
        ),
        ("PATCH", "/debugger", #"{"pyroscope":{"url":"a","identifier":"b"}}"#, 501, "Profiling by Pyroscope is not supported yet"),
        ("POST", "/logger", #"{"on_disk":{"enabled":true}}"#, 501, "Changing `on_disk` of the log is not supported yet"),
    ])
    func refusals(method: String, path: String, body: String, status: Int, text: String) async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            try await make(client)
            let answer = try await client.request(method, path, body.isEmpty ? nil : body)
            #expect(answer.status == status && error(answer) == text)
        }
    }

    @Test func theShardOfACollection() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            try await make(client)
            let answer = result(try await client.request("GET", "/collections/c/cluster"))
            let pattern = #/\{"peer_id":[1-9][0-9]*,"shard_count":1,"local_shards":\[\{"shard_id":0,"points_count":3,"state":"Active"\}\],"remote_shards":\[\],"shard_transfers":\[\]\}/#
            #expect(answer.wholeMatch(of: pattern) != nil, "\(answer)")
            #expect(answer == result(try await client.request("GET", "/collections/c/cluster")))
            let points = try await client.request("POST", "/collections/c/shards/0/points", #"{"ids":[1]}"#)
            #expect(points.status == 200 && points.body.contains(#"[{"id":1"#))
            let memory = result(try await client.request("GET", "/collections/c/memory"))
            #expect(memory.hasPrefix(#"{"total":{"disk_bytes":"#))
            #expect(memory.contains(#""vectors":[{"name":"","storage":{"disk_bytes":0,"ram_bytes":36"#))
            let threads = try await client.request("GET", "/stacktrace")
            #expect(threads.body.contains(#""frames":[]"#))
        }
    }

    @Test func optimizationsAreListed() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            try await make(client)
            let path = "/collections/c/optimizations?with=queued,%20completed,,%20idle_segments%20&completed_limit=3"
            let answer = result(try await client.request("GET", path))
            let pattern = #/\{"summary":\{"queued_optimizations":0,"queued_segments":0,"queued_points":0,"idle_segments":1\},"running":\[\],"queued":\[\],"completed":\[\],"idle_segments":\[\{"uuid":"[-0-9a-f]{36}","points_count":3\}\]\}/#
            #expect(answer.wholeMatch(of: pattern) != nil, "\(answer)")
        }
    }

    @Test func theLevelOfTheLogMayChange() async throws {
        var options = ServerOptions()
        options.logLevel = { new in new == "loud" ? ("info", false) : (new ?? "debug", true) }
        try await RunningServer.serving(options: options) { (client: WireClient) async throws in
            #expect(result(try await client.request("GET", "/logger")) == #"{"log_level":"DEBUG"}"#)
            #expect(result(try await client.request("POST", "/logger", #"{"log_level":"WARN"}"#)) == "true")
            #expect(try await client.request("POST", "/logger", #"{"log_level":"loud"}"#).status == 500)
        }
    }

    @Test func parametersOfOtherRoutesAreIgnored() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            #expect(try await client.request("GET", "/collections?timeout=0&wait=x&consistency=0").status == 200)
            #expect(try await client.request("GET", "/telemetry?timeout=0").status == 422)
        }
    }

    // MARK: Telemetry and metrics

    /// The keys of the object that begins at the first `{` behind `start`.
    private func keys(_ text: String, after start: String) -> Set<String> {
        guard let place = text.firstRange(of: start) else { return [] }
        var depth = 0
        var isText = false
        var isEscaped = false
        var current = ""
        var last = ""
        var found: Set<String> = []
        for character in text[place.upperBound...] {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "\"" {
                    isText = false
                    last = current
                    continue
                }
                current.append(character)
                continue
            }
            switch character {
            case "\"":
                isText = true
                current = ""
            case "{", "[": depth += 1
            case "}", "]":
                depth -= 1
                if depth <= 0 { return found }
            case ":": if depth == 1 { found.insert(last) }
            default: break
            }
        }
        return found
    }

    @Test func telemetryHasTheKeysOfItsLevel() async throws {
        try await RunningServer.serving { (client: WireClient) async throws in
            try await make(client)
            for level in [0, 1, 2, 3, 4, 10] {
                let text = try await client.request("GET", "/telemetry?details_level=\(level)").body
                var root: Set = ["id", "app", "collections", "cluster", "requests", "quota"]
                if level >= 1 { root.formUnion(["memory", "hardware", "search_pool"]) }
                #expect(keys(text, after: #"{"result":"#) == root, "level \(level)")
                #expect(
                    keys(text, after: #""collections":"#)
                        == (level == 0
                            ? ["number_of_collections"] : ["number_of_collections", "collections", "snapshots"]))
                #expect(text.contains(#""last_responded":""#) == (level >= 1))
                #expect(text.contains("PUT /collections/{collection_name}/points"))
                guard level >= 1 else { continue }
                let item: Set =
                    switch level {
                    case 1: ["vectors", "optimizers_status", "params"]
                    case 2: ["id", "init_time_ms", "config"]
                    default: ["id", "init_time_ms", "config", "shards", "transfers", "resharding"]
                    }
                #expect(keys(text, after: #""collections":["#) == item, "level \(level)")
                guard level >= 3 else { continue }
                #expect(
                    keys(text, after: #""shards":["#)
                        == ["id", "key", "local", "remote", "replicate_states", "partial_snapshot"])
                var local: Set = [
                    "variant_name", "status", "total_optimized_points", "vectors_size_bytes", "payloads_size_bytes",
                    "num_points", "num_vectors", "num_vectors_by_name", "optimizations", "async_scorer", "update_queue",
                ]
                if level >= 4 { local.formUnion(["segments", "indexed_only_excluded_vectors"]) }
                #expect(keys(text, after: #""local":"#) == local, "level \(level)")
                #expect(text.contains(#""update_queue":{"length":0,"op_num":1,"deferred_points":0}"#))
                guard level >= 4 else { continue }
                #expect(
                    keys(text, after: #""segments":["#)
                        == ["info", "config", "vector_index_searches", "payload_field_indices"])
            }
        }
    }

    @Test func metricsHaveTheFamiliesOfANode() async throws {
        var options = ServerOptions()
        options.allocatorUse = { .init(allocatedBytes: 11, activeBytes: 22, retainedBytes: 33) }
        options.quotas.isEnabled = true
        options.quotas.maximumDiskUsagePercent = 100
        try await RunningServer.serving(options: options) { (client: WireClient) async throws in
            try await make(client)
            _ = try await client.request("POST", "/collections/c/facet", "{}")
            _ = try await client.request("GET", "/collections/c/points/1")
            let text = try await client.request("GET", "/metrics").body
            for line in [
                "app_status_recovery_mode 0", "collections_total 1", #"collection_points{id="c"} 3"#,
                "collections_vector_total 3", "collection_active_replicas_min 1", "collection_active_replicas_max 1",
                #"collection_running_optimizations{id="c"} 0"#, "collection_dead_replicas 0",
                #"snapshot_creation_running{id="c"} 0"#, #"snapshot_recovery_running{id="c"} 0"#,
                #"snapshot_created_total{id="c"} 0"#, #"collection_update_queue_length{id="c"} 0"#,
                #"collection_update_queue_deferred_points{id="c"} 0"#, "cluster_enabled 0",
                #"collection_indexed_only_excluded_points{id="c",vector=""} 3"#,
                "memory_active_bytes 22", "memory_allocated_bytes 11", "memory_metadata_bytes 0",
                "memory_retained_bytes 33", "# TYPE snapshot_created_total counter",
                #"rest_responses_total{method="PUT",endpoint="/collections/{collection_name}/points",status="200"} 1"#,
                "# HELP app_info information about qdrant server", "# TYPE app_info gauge",
            ] {
                #expect(text.contains("\n\(line)\n") || text.hasPrefix("\(line)\n"), "\(line)")
            }
            for family in [
                "process_threads", "process_open_fds", "process_max_fds", "process_open_mmaps", "system_max_mmaps",
                "process_minor_page_faults_total", "process_major_page_faults_total", "memory_resident_bytes",
                #"quota_exceeded{resource="disk"}"#,
            ] {
                #expect(text.contains("\n\(family) "), "\(family)")
            }
            // Only routes of the list, and no series for a resource without a bound.
            #expect(!text.contains("/facet") && !text.contains("/points/{id}") && !text.contains(#"resource="memory""#))
        }
    }
}
