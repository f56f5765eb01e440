import QuiverJSON

extension RequestDecoder {
    /// `POST /logger`: the level to log from. What else Qdrant's logger can be told is refused.
    package static func loggerLevel(_ body: UnsafeRawBufferPointer) throws(WireError) -> String? {
        try unsafe decode(body) { (node) throws(WireFault) in
            try node.requireObject("struct LoggerConfig")
            for name: StaticString in ["span_events", "format", "color", "on_disk"] {
                try node.refuse(name, "Changing `\(name)` of the log")
            }
            return try node.optionalString("log_level")
        }
    }

    /// `PATCH /debugger`: whether it switches Pyroscope off, which is all that can be done.
    package static func debuggerPatch(_ body: UnsafeRawBufferPointer) throws(WireError) {
        try unsafe decode(body) { (node) throws(WireFault) in
            try node.requireObject("enum DebugConfigPatch")
            guard let pyroscope = try node.field("pyroscope") else { throw node.missing("pyroscope") }
            if !pyroscope.isNull { throw pyroscope.unsupported("Profiling by Pyroscope") }
        }
    }

    /// `POST /audit/logs` is only checked: there is no such log.
    package static func auditLogQuery(_ body: UnsafeRawBufferPointer) throws(WireError) {
        try unsafe decode(body) { (node) throws(WireFault) in
            try node.requireObject("struct AuditLogRequest")
            if let limit = try node.given("limit") { _ = try limit.count(from: 1, to: 10_000) }
        }
    }
}
