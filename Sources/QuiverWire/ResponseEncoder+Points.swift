import QuiverJSON
package import QuiverModel

extension ResponseEncoder {
    /// `GET …/points/{id}`
    package static func record(_ record: Record, seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: estimate(record)) { write(record, &$0) }
    }

    /// `POST …/points`
    package static func records(_ records: [Record], seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: estimate(records)) { write(records, &$0) }
    }

    /// `{"points":[…],"next_page_offset":…}`; the offset is null at the end.
    package static func scroll(_ page: ScrollPage, seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: estimate(page.records)) { writer in
            writer.beginObject()
            writer.key("points")
            write(page.records, &writer)
            writer.key("next_page_offset")
            if let offset = page.nextOffset { write(offset, &writer) } else { writer.null() }
            writer.endObject()
        }
    }

    /// `{"count":…}`
    package static func count(_ count: Int, seconds: Double) -> [UInt8] {
        envelope(seconds) { writer in
            writer.beginObject()
            writer.key("count")
            writer.value(count)
            writer.endObject()
        }
    }

    /// `POST …/points/query`: `{"points":[…]}`
    package static func query(_ points: [ScoredPoint], seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: estimate(points)) { writeResponse(points, &$0) }
    }

    /// `POST …/points/query/batch`: a list of `{"points":[…]}`
    package static func queryBatch(_ lists: [[ScoredPoint]], seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: lists.reduce(256) { $0 + estimate($1) }) { writer in
            writer.beginArray()
            for points in lists { writeResponse(points, &writer) }
            writer.endArray()
        }
    }

    /// `POST …/points/search` and `…/recommend`: a plain list.
    package static func search(_ points: [ScoredPoint], seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: estimate(points)) { write(points, &$0) }
    }

    /// `POST …/points/search/batch` and `…/recommend/batch`: a list of lists.
    package static func searchBatch(_ lists: [[ScoredPoint]], seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: lists.reduce(256) { $0 + estimate($1) }) { writer in
            writer.beginArray()
            for points in lists { write(points, &writer) }
            writer.endArray()
        }
    }

    /// The three `…/groups` endpoints: `{"groups":[{"id":…,"hits":[…],"lookup":…}]}`
    package static func groups(_ groups: [PointGroup], seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: groups.reduce(256) { $0 + estimate($1.hits) }) { writer in
            writer.beginObject()
            writer.key("groups")
            writer.beginArray()
            for group in groups { write(group, &writer) }
            writer.endArray()
            writer.endObject()
        }
    }
}

// MARK: Parts

extension ResponseEncoder {
    static func write(_ id: PointID, _ writer: inout JSONWriter) {
        switch id {
        case .number(let number): writer.value(number)
        case .uuid(let uuid): writer.value(uuid.description)
        }
    }

    private static func write(_ records: [Record], _ writer: inout JSONWriter) {
        writer.beginArray()
        for record in records { write(record, &writer) }
        writer.endArray()
    }

    private static func write(_ record: Record, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        write(record.id, &writer)
        write(payload: record.payload, vectors: record.vectors, orderValue: record.orderValue, &writer)
        writer.endObject()
    }

    private static func writeResponse(_ points: [ScoredPoint], _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("points")
        write(points, &writer)
        writer.endObject()
    }

    private static func write(_ points: [ScoredPoint], _ writer: inout JSONWriter) {
        writer.beginArray()
        for point in points { write(point, &writer) }
        writer.endArray()
    }

    private static func write(_ point: ScoredPoint, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        write(point.id, &writer)
        writer.key("version")
        writer.value(point.version)
        writer.key("score")
        writer.value(point.score)
        write(payload: point.payload, vectors: point.vectors, orderValue: point.orderValue, &writer)
        writer.endObject()
    }

    /// What a record and a scored point share; what is not there is left out.
    private static func write(
        payload: Payload?, vectors: PointVectors?, orderValue: OrderValue?, _ writer: inout JSONWriter
    ) {
        if let payload {
            writer.key("payload")
            writer.value(raw: payload.utf8)
        }
        if let vectors {
            writer.key("vector")
            write(vectors, &writer)
        }
        if let orderValue {
            writer.key("order_value")
            switch orderValue {
            case .integer(let value): writer.value(value)
            case .float(let value): writer.value(value)
            }
        }
    }

    /// The unnamed vector as an array, named ones as an object.
    static func write(_ vectors: PointVectors, _ writer: inout JSONWriter) {
        switch vectors {
        case .unnamed(let vector): write(vector, &writer)
        case .none:
            writer.beginObject()
            writer.endObject()
        case .named(let named):
            writer.beginObject()
            for (name, vector) in named.sorted(by: { $0.key < $1.key }) {
                writer.key(named: name)
                write(vector, &writer)
            }
            writer.endObject()
        }
    }

    /// An array, an array of arrays, or `{indices, values}`.
    private static func write(_ vector: VectorValue, _ writer: inout JSONWriter) {
        switch vector {
        case .dense(let floats): writer.value(floats: floats)
        case .multi(let rows):
            writer.beginArray()
            for row in rows { writer.value(floats: row) }
            writer.endArray()
        case .sparse(let sparse):
            writer.beginObject()
            writer.key("indices")
            writer.value(indices: sparse.indices)
            writer.key("values")
            writer.value(floats: sparse.values)
            writer.endObject()
        }
    }

    private static func write(_ group: PointGroup, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        switch group.id {
        case .string(let value): writer.value(value)
        case .integer(let value): writer.value(value)
        case .unsigned(let value): writer.value(value)
        }
        writer.key("hits")
        write(group.hits, &writer)
        if let lookup = group.lookup {
            writer.key("lookup")
            write(lookup, &writer)
        }
        writer.endObject()
    }
}

// MARK: Room to reserve, so that large answers are not copied while they grow

extension ResponseEncoder {
    private static func estimate(_ records: [Record]) -> Int { records.reduce(256) { $0 + estimate($1) } }

    private static func estimate(_ points: [ScoredPoint]) -> Int {
        points.reduce(256) { $0 + 160 + estimate(payload: $1.payload, vectors: $1.vectors) }
    }

    private static func estimate(_ record: Record) -> Int {
        160 + estimate(payload: record.payload, vectors: record.vectors)
    }

    private static func estimate(payload: Payload?, vectors: PointVectors?) -> Int {
        let components =
            switch vectors {
            case nil, .some(.none): 0
            case .unnamed(let vector): count(vector)
            case .named(let named): named.values.reduce(0) { $0 + count($1) }
            }
        // As much as the writer reserves for them, which is more than floats take.
        return (payload?.utf8.count ?? 0) + components * JSONWriter.floatByteCount
    }

    private static func count(_ vector: VectorValue) -> Int {
        switch vector {
        case .dense(let floats): floats.count
        case .multi(let rows): rows.reduce(0) { $0 + $1.count }
        case .sparse(let sparse): 2 * sparse.values.count
        }
    }
}
