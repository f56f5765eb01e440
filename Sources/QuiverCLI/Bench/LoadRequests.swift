import QuiverJSON
import QuiverModel

/// Whole requests, head and body, made before the clock runs: one buffer, and where each ends.
struct LoadRequests: Sendable {
    enum Kind: String, Sendable {
        case upsert, query
    }

    let kind: Kind
    /// Points that one request carries; 1 for queries.
    let pointsPerRequest: Int
    private(set) var bytes: [UInt8] = []
    private(set) var ends: [Int] = []

    var count: Int { ends.count }

    func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    private mutating func append(head: String, body: [UInt8]) {
        bytes += "\(head)Content-Length: \(body.count)\r\n\r\n".utf8
        bytes += body
        ends.append(bytes.count)
    }

    /// What does not change from request to request.
    static func head(_ method: String, _ path: String, _ address: ServerAddress, apiKey: String?) -> String {
        "\(method) \(address.prefix)\(path) HTTP/1.1\r\nHost: \(address.host):\(address.port)\r\n"
            + "Content-Type: application/json\r\n" + (apiKey.map { "api-key: \($0)\r\n" } ?? "")
    }

    // MARK: Upserts

    /// Points in batches; the id of a row is its number.
    /// - Throws: `CommandFailure` with 65 when a payload is wrong, 66 when a file is missing.
    static func upserts(
        vectors: NumPyFile, payloads: String?, batch: Int, mostRows: Int, head: String
    ) throws(CommandFailure) -> LoadRequests {
        var requests = LoadRequests(kind: .upsert, pointsPerRequest: batch)
        var lines: JSONLinesFile?
        if let payloads { lines = try JSONLinesFile(payloads) }
        let rows = min(vectors.header.rows, mostRows)
        var first = 0
        while first < rows {
            let taken = first..<min(rows, first + batch)
            let components = try vectors.components(rows: taken)
            var writer = JSONWriter(reservingByteCount: components.count * 12)
            writer.beginObject()
            writer.key("points")
            writer.beginArray()
            for row in taken {
                let start = (row - first) * vectors.header.columns
                writer.beginObject()
                writer.key("id")
                writer.value(row)
                writer.key("vector")
                writer.value(floats: Array(components[start..<start + vectors.header.columns]))
                if let payload = try lines?.next() {
                    writer.key("payload")
                    writer.value(raw: payload.utf8)
                }
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
            requests.append(head: head, body: writer.bytes)
            first = taken.upperBound
        }
        return requests
    }

    // MARK: Queries

    /// What all queries have in common.
    struct QueryForm: Sendable {
        var limit = 10
        var ef: Int?
        var exact = false
        var withPayload = false
        /// JSON texts, taken in turn; none: no filter.
        var filters: [[UInt8]] = []
    }

    static func queries(
        vectors: NumPyFile, form: QueryForm, mostRows: Int, head: String
    ) throws(CommandFailure) -> LoadRequests {
        var requests = LoadRequests(kind: .query, pointsPerRequest: 1)
        for row in 0..<min(vectors.header.rows, mostRows) {
            let components = try vectors.components(rows: row..<row + 1)
            var writer = JSONWriter(reservingByteCount: components.count * 12 + 256)
            writer.beginObject()
            writer.key("query")
            writer.value(floats: components)
            writer.key("limit")
            writer.value(form.limit)
            if form.ef != nil || form.exact {
                writer.key("params")
                writer.beginObject()
                if let ef = form.ef {
                    writer.key("hnsw_ef")
                    writer.value(ef)
                }
                if form.exact {
                    writer.key("exact")
                    writer.value(true)
                }
                writer.endObject()
            }
            if !form.filters.isEmpty {
                writer.key("filter")
                writer.value(raw: form.filters[row % form.filters.count])
            }
            if form.withPayload {
                writer.key("with_payload")
                writer.value(true)
            }
            writer.endObject()
            requests.append(head: head, body: writer.bytes)
        }
        return requests
    }
}
