import QuiverJSON
package import QuiverModel

/// A JSON value of a report that is put together elsewhere. Members are written in their order.
package indirect enum ReportValue {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case text(String)
    case array([ReportValue])
    case object([(String, ReportValue)])
    /// JSON that was written elsewhere.
    case raw([UInt8])
    /// As in `GET /collections/{name}`.
    case config(CollectionConfig)
    /// Its member `params` alone.
    case params(CollectionConfig)

    func write(_ writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.value(value)
        case .int(let value): writer.value(value)
        case .double(let value): writer.value(value)
        case .text(let value): writer.value(value)
        case .array(let values):
            writer.beginArray()
            for value in values { value.write(&writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (key, value) in members {
                writer.key(named: key)
                value.write(&writer)
            }
            writer.endObject()
        case .raw(let text): writer.value(raw: text)
        case .config(let config): ResponseEncoder.write(config, &writer)
        case .params(let config): ResponseEncoder.writeParams(config, &writer)
        }
    }
}

extension ResponseEncoder {
    package static func report(_ value: ReportValue, seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: 4096) { value.write(&$0) }
    }

    /// The value alone, for a file.
    package static func text(_ value: ReportValue) -> [UInt8] {
        var writer = JSONWriter()
        value.write(&writer)
        return writer.bytes
    }
}
