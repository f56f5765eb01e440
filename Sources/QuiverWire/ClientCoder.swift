import QuiverJSON
package import QuiverModel

/// The other side of the interface: bodies for a server and what it answered, for tools that are its clients.
package enum ClientCoder {
    /// The body of `PUT …/points` for the points in `range` of a batch, or all of them.
    package static func upsert(_ batch: PointBatch, _ range: Range<Int>? = nil) -> [UInt8] {
        let entries = batch.entries[range ?? batch.entries.indices]
        let size = entries.reduce(256) { size, entry in
            let fixed = 96 + (entry.payload?.utf8.count ?? 0)
            return batch.vectors[entry.vectors].reduce(size + fixed) { $0 + $1.count * bytesOfComponent($1) + 48 }
        }
        var writer = JSONWriter(reservingByteCount: size)
        writer.beginObject()
        writer.key("points")
        writer.beginArray()
        for entry in entries {
            writer.beginObject()
            writer.key("id")
            ResponseEncoder.write(entry.id, &writer)
            writer.key("vector")
            write(batch.vectors[entry.vectors], of: batch, &writer)
            if let payload = entry.payload {
                writer.key("payload")
                writer.value(raw: payload.utf8)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    /// A float takes about eleven bytes and its comma; an index as much.
    private static func bytesOfComponent(_ vector: PointBatch.VectorRef) -> Int {
        if case .sparse = vector.shape { 24 } else { 12 }
    }

    private static func write(
        _ vectors: ArraySlice<PointBatch.VectorRef>, of batch: PointBatch, _ writer: inout JSONWriter
    ) {
        if vectors.count == 1, let only = vectors.first, batch.vectorNames[only.name].isEmpty {
            write(only, of: batch, &writer)
            return
        }
        writer.beginObject()
        for vector in vectors {
            writer.key(named: batch.vectorNames[vector.name])
            write(vector, of: batch, &writer)
        }
        writer.endObject()
    }

    private static func write(_ vector: PointBatch.VectorRef, of batch: PointBatch, _ writer: inout JSONWriter) {
        switch vector.shape {
        case .dense: writer.value(floats: batch.components[vector.offset..<vector.offset + vector.count])
        case .multi(let rowCount):
            // Rows of different sizes, which fit nowhere, are one.
            let size = vector.count / max(rowCount, 1)
            writer.beginArray()
            for row in 0..<max(rowCount, 1) {
                let offset = vector.offset + row * size
                writer.value(floats: batch.components[offset..<offset + size])
            }
            writer.endArray()
        case .sparse(let firstIndex):
            writer.object { writer in
                writer.key("indices")
                writer.value(indices: batch.indices[firstIndex..<firstIndex + vector.count])
                writer.key("values")
                writer.value(floats: batch.components[vector.offset..<vector.offset + vector.count])
            }
        }
    }

    /// The body of `PUT /collections/{name}` for these vectors and nothing else.
    package static func createCollection(_ vectors: VectorsConfig) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("vectors")
        ResponseEncoder.write(vectors, &writer)
        writer.endObject()
        return writer.bytes
    }

    /// The text of an error answer; nil when the body is none.
    package static func errorText(_ body: [UInt8]) -> String? {
        guard let document = try? JSONDocument(parsing: body) else { return nil }
        return document.withRoot { root in
            let status = root.member("status")
            return status?.member("error")?.string
        }
    }

    /// `result.status` of an update's answer; nil when the body is none.
    package static func updateStatus(_ body: [UInt8]) -> UpdateStatus? {
        guard let document = try? JSONDocument(parsing: body) else { return nil }
        return document.withRoot { root in
            let status = root.member("result")?.member("status")?.string
            return status.flatMap { UpdateStatus(rawValue: $0) }
        }
    }
}
