import QuiverJSON
package import QuiverModel

extension ResponseEncoder {
    /// `POST …/facet`: `{"hits":[{"value":…,"count":…}]}`
    package static func facet(_ hits: [FacetHit], seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: 256 + 64 * hits.count) { writer in
            writer.beginObject()
            writer.key("hits")
            writer.beginArray()
            for hit in hits {
                writer.beginObject()
                writer.key("value")
                switch hit.value {
                case .string(let value): writer.value(value)
                case .integer(let value): writer.value(value)
                case .bool(let value): writer.value(value)
                }
                writer.key("count")
                writer.value(hit.count)
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
        }
    }

    /// `POST …/points/search/matrix/pairs`: `{"pairs":[{"a":…,"b":…,"score":…}]}`
    package static func matrixPairs(_ matrix: DistanceMatrix, seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: 256 + 96 * pairCount(matrix)) { writer in
            writer.beginObject()
            writer.key("pairs")
            writer.beginArray()
            for (id, neighbours) in zip(matrix.ids, matrix.neighbours) {
                for neighbour in neighbours {
                    writer.beginObject()
                    writer.key("a")
                    write(id, &writer)
                    writer.key("b")
                    write(matrix.ids[neighbour.place], &writer)
                    writer.key("score")
                    writer.value(neighbour.score)
                    writer.endObject()
                }
            }
            writer.endArray()
            writer.endObject()
        }
    }

    /// `POST …/points/search/matrix/offsets`: rows, columns and scores of the pairs in lists, and the ids that rows and
    /// columns are places in.
    package static func matrixOffsets(_ matrix: DistanceMatrix, seconds: Double) -> [UInt8] {
        envelope(seconds, reserving: 256 + 32 * pairCount(matrix) + 24 * matrix.ids.count) { writer in
            writer.beginObject()
            writer.key("offsets_row")
            writer.beginArray()
            for (row, neighbours) in matrix.neighbours.enumerated() {
                for _ in neighbours { writer.value(row) }
            }
            writer.endArray()
            writer.key("offsets_col")
            writer.beginArray()
            for neighbours in matrix.neighbours {
                for neighbour in neighbours { writer.value(neighbour.place) }
            }
            writer.endArray()
            writer.key("scores")
            writer.beginArray()
            for neighbours in matrix.neighbours {
                for neighbour in neighbours { writer.value(neighbour.score) }
            }
            writer.endArray()
            writer.key("ids")
            writer.beginArray()
            for id in matrix.ids { write(id, &writer) }
            writer.endArray()
            writer.endObject()
        }
    }

    private static func pairCount(_ matrix: DistanceMatrix) -> Int { matrix.neighbours.reduce(0) { $0 + $1.count } }
}
