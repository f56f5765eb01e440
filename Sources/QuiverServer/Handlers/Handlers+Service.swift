import Quiver
import QuiverModel
import QuiverWire

extension Handlers {
    /// Clients compare the version with their own, and some check that there are exactly these keys.
    func root() -> Answer {
        .json(
            ResponseEncoder.root(
                title: "qdrant - vector search engine", version: ServerVersion.interface, commit: ServerVersion.commit))
    }

    func issues(_ call: Call) -> Answer {
        report(.object([("issues", .array([]))]), call)
    }

    func clearIssues(_ call: Call) -> Answer {
        .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
    }

    func report(_ value: ReportValue, _ call: Call) -> Answer {
        .json(ResponseEncoder.report(value, seconds: call.elapsedSeconds))
    }

    // MARK: Quotas

    func quotas(_ call: Call) -> Outcome {
        .worker { () throws(Rejection) in
            let use = quotaManager.use()
            return report(
                .object([
                    ("config", quotaManager.config.report),
                    (
                        "usage",
                        .object([
                            ("resident_memory_percent", use.memory.map { .int($0) } ?? .null),
                            ("disk_usage_percent", use.disk.map { .int($0) } ?? .null),
                        ])
                    ),
                ]), call)
        }
    }

    func updateQuotas(_ call: Call) -> Outcome {
        .worker { () throws(Rejection) in
            try quotaManager.set(try decode(call.body, RequestDecoder.quotaConfig))
            return .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
        }
    }

    // MARK: The process

    func logger(_ call: Call) -> Answer {
        let level = options.logLevel?(nil).level ?? "info"
        return report(.object([("log_level", .text(level.uppercased()))]), call)
    }

    func updateLogger(_ call: Call) throws(Rejection) -> Answer {
        if let level = try decode(call.body, RequestDecoder.loggerLevel) {
            guard let change = options.logLevel else { throw .unavailable("Changing the level of the log") }
            guard change(level.lowercased()).isKnown else {
                throw Rejection(status: 500, text: "Service internal error: there is no log level `\(level)`")
            }
        }
        return .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
    }

    func stackTrace(_ call: Call) -> Outcome {
        .worker { () throws(Rejection) in
            let threads = ProcessUse.threadNames().map { thread in
                ReportValue.object([("id", .int(thread.id)), ("name", .text(thread.name)), ("frames", .array([]))])
            }
            return report(.object([("threads", .array(threads))]), call)
        }
    }

    func debugger(_ call: Call) -> Answer {
        report(.object([("pyroscope", .null)]), call)
    }

    func updateDebugger(_ call: Call) throws(Rejection) -> Answer {
        try decode(call.body, RequestDecoder.debuggerPatch)
        return .json(ResponseEncoder.flag(true, seconds: call.elapsedSeconds))
    }

    func slowRequests(_ call: Call) -> Answer {
        let entries = slowRequests.slowest(call.query.limit, containing: call.query.request)
        return report(
            .object([
                (
                    "requests",
                    .array(
                        entries.map { entry in
                            .object([
                                ("collection_name", .text(entry.collection)), ("duration", .double(entry.seconds)),
                                ("datetime", .text(Timestamps.text(entry.time))),
                                ("request_name", .text(entry.request)), ("approx_count", .int(entry.count)),
                                ("request_body", .null),
                            ])
                        })
                )
            ]), call)
    }

    func auditLogs(_ call: Call) throws(Rejection) -> Answer {
        try decode(call.body, RequestDecoder.auditLogQuery)
        throw Rejection(status: 400, text: "Bad request: Audit logging is not configured")
    }
}
