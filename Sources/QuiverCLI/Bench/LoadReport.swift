import QuiverJSON

/// The outcome of a run, as a table for people or as JSON lines for programs: one line for each kind of request.
struct LoadReport {
    var result: LoadRun.Result
    var options: LoadRun.Options
    var label: String?
    /// Of the server's process, during the measured part.
    var serverCPUSeconds: Double?

    private static let quantiles: [(name: StaticString, share: Double)] = [
        ("p50_us", 0.5), ("p90_us", 0.9), ("p99_us", 0.99), ("p999_us", 0.999),
    ]

    private var kinds: [(kind: LoadRequests.Kind, outcome: LoadRun.Outcome)] {
        result.byKind.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }
    }

    private var sent: Int { result.byKind.values.reduce(0) { $0 + $1.sent } }

    var jsonLines: [String] {
        kinds.map { kind, outcome in
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("what")
            writer.value("load")
            if let label {
                writer.key("label")
                writer.value(label)
            }
            writer.key("kind")
            writer.value(kind.rawValue)
            writer.key("loop")
            writer.value(options.rate == nil ? "closed" : "open")
            writer.key("connections")
            writer.value(options.connections)
            if let rate = options.rate {
                writer.key("rate")
                writer.value(rate)
            }
            writer.key("requests")
            writer.value(outcome.sent)
            writer.key("seconds")
            writer.value(Self.rounded(result.seconds, 3))
            writer.key("per_second")
            writer.value(Self.rounded(perSecond(outcome.sent), 1))
            writer.key("points_per_second")
            writer.value(Self.rounded(perSecond(outcome.points), 1))
            writer.key("mean_us")
            writer.value(Self.rounded(outcome.histogram.mean / 1e3, 1))
            for (name, share) in Self.quantiles {
                writer.key(name)
                writer.value(Self.rounded(Double(outcome.histogram.quantile(share)) / 1e3, 1))
            }
            writer.key("max_us")
            writer.value(Self.rounded(Double(outcome.histogram.maximum) / 1e3, 1))
            writer.key("client_cpu_us")
            writer.value(Self.rounded(perRequest(result.clientCPUSeconds), 1))
            if let serverCPUSeconds {
                writer.key("server_cpu_us")
                writer.value(Self.rounded(perRequest(serverCPUSeconds), 1))
            }
            writer.key("errors")
            writer.beginObject()
            for (name, count) in outcome.errors.sorted(by: { $0.key < $1.key }) {
                writer.key(named: name)
                writer.value(count)
            }
            writer.endObject()
            writer.endObject()
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }

    var table: String {
        var rows = [["", "requests", "per second", "points/s", "p50", "p90", "p99", "p99.9", "max", "errors"]]
        for (kind, outcome) in kinds {
            let errors = outcome.errors.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            rows.append(
                [
                    kind.rawValue, String(outcome.sent), String(Int(perSecond(outcome.sent))),
                    String(Int(perSecond(outcome.points))),
                ] + Self.quantiles.map { Self.microseconds(outcome.histogram.quantile($0.share)) } + [
                    Self.microseconds(outcome.histogram.maximum),
                    errors.isEmpty ? "none" : errors.joined(separator: ", "),
                ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            row.enumerated().map { column, text in
                let room = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + room : room + text
            }.joined(separator: "  ")
        }
        let loop = options.rate.map { "open loop, \(Int($0)) requests a second" } ?? "closed loop"
        lines.insert("\(options.connections) connections, \(loop), \(Self.rounded(result.seconds, 2)) s", at: 0)
        var costs = "processor time a request: \(Int(perRequest(result.clientCPUSeconds))) µs of the generator"
        if let serverCPUSeconds { costs += ", \(Int(perRequest(serverCPUSeconds))) µs of the server" }
        lines.append(costs)
        if let error = result.firstError { lines.append("first error: \(error)") }
        return lines.joined(separator: "\n")
    }

    private func perSecond(_ count: Int) -> Double { result.seconds > 0 ? Double(count) / result.seconds : 0 }

    /// Microseconds, over requests of all kinds.
    private func perRequest(_ seconds: Double) -> Double { sent > 0 ? seconds * 1e6 / Double(sent) : 0 }

    private static func rounded(_ value: Double, _ places: Int) -> Double {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        return (value * scale).rounded() / scale
    }

    private static func microseconds(_ nanoseconds: UInt64) -> String {
        nanoseconds < 10_000_000 ? "\((nanoseconds + 500) / 1000) µs" : "\((nanoseconds + 500_000) / 1_000_000) ms"
    }
}
