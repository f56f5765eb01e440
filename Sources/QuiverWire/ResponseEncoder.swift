import QuiverJSON
package import QuiverModel

/// Whole response bodies, one function for each kind of answer.
///
/// An answer is `{"result":…,"status":"ok","time":<seconds>}`, or `{"status":{"error":"text"},"time":<seconds>}`.
/// There is no `usage`, as in Qdrant where it has nothing to tell: clients before 1.9 refuse fields they do not know.
package enum ResponseEncoder {
    static func envelope(
        _ seconds: Double, reserving byteCount: Int = 256, _ result: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        JSONWriter.bytes(reservingByteCount: byteCount + envelopeByteCount) { writer in
            writer.beginObject()
            writer.key("result")
            result(&writer)
            writer.key("status")
            writer.value("ok")
            writer.key("time")
            writer.value(seconds)
            writer.endObject()
        }
    }

    /// Room for everything but the result.
    private static let envelopeByteCount = 128

    /// The body of an answer that is not 2xx. `message` is the whole text, prefix included.
    package static func error(_ message: String, seconds: Double) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("status")
        writer.beginObject()
        writer.key("error")
        writer.value(message)
        writer.endObject()
        writer.key("time")
        writer.value(seconds)
        writer.endObject()
        return writer.bytes
    }

    /// 202: the work goes on after the answer.
    package static func accepted(seconds: Double) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("status")
        writer.value("accepted")
        writer.key("time")
        writer.value(seconds)
        writer.endObject()
        return writer.bytes
    }

    /// `result` is a boolean: creating, changing and deleting collections, changing aliases.
    package static func flag(_ value: Bool, seconds: Double) -> [UInt8] {
        envelope(seconds) { $0.value(value) }
    }

    /// `result` is JSON text that is fixed, or was written elsewhere.
    package static func result(raw text: String, seconds: Double) -> [UInt8] {
        envelope(seconds) { $0.value(raw: Array(text.utf8)) }
    }

    /// `{"exists":…}`
    package static func exists(_ exists: Bool, seconds: Double) -> [UInt8] {
        envelope(seconds) { writer in
            writer.beginObject()
            writer.key("exists")
            writer.value(exists)
            writer.endObject()
        }
    }

    /// `{"collections":[{"name":…}]}`
    package static func collections(_ names: [String], seconds: Double) -> [UInt8] {
        envelope(seconds) { writer in
            writer.beginObject()
            writer.key("collections")
            writer.beginArray()
            for name in names {
                writer.beginObject()
                writer.key("name")
                writer.value(name)
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
        }
    }

    /// `{"aliases":[{"alias_name":…,"collection_name":…}]}`
    package static func aliases(_ aliases: [(alias: String, collection: String)], seconds: Double) -> [UInt8] {
        envelope(seconds) { writer in
            writer.beginObject()
            writer.key("aliases")
            writer.beginArray()
            for (alias, collection) in aliases {
                writer.beginObject()
                writer.key("alias_name")
                writer.value(alias)
                writer.key("collection_name")
                writer.value(collection)
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
        }
    }

    /// `{"operation_id":…,"status":…}`
    package static func update(_ result: UpdateResult, seconds: Double) -> [UInt8] {
        envelope(seconds) { write(result, &$0) }
    }

    /// The answer to `points/batch`: the operations were applied as one, so all have the same result.
    package static func batchUpdate(_ result: UpdateResult, count: Int, seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: 64 + 64 * count) { writer in
            writer.beginArray()
            for _ in 0..<count { write(result, &writer) }
            writer.endArray()
        }
    }

    private static func write(_ result: UpdateResult, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("operation_id")
        writer.value(result.operationID)
        writer.key("status")
        writer.value(result.status.rawValue)
        writer.endObject()
    }

    /// `GET /`, which has no envelope. `commit` is 40 hexadecimal digits.
    package static func root(title: String, version: String, commit: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("title")
        writer.value(title)
        writer.key("version")
        writer.value(version)
        writer.key("commit")
        writer.value(commit)
        writer.endObject()
        return writer.bytes
    }
}
