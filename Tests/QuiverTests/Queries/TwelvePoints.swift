import Quiver
import QuiverTestKit
import Testing

/// Twelve points on a plane, small enough to ask another engine about them: expected numbers are Qdrant's.
struct TwelvePoints {
    static let vectors: [[Float]] = [
        [-0.52, 0.09], [-0.26, 0.21], [0.25, -0.87], [-0.97, 0.67], [-0.48, -0.53], [0.99, -0.06], [0.67, -0.05],
        [0.28, -0.7], [0.27, 0.74], [0.05, 0.48], [0.34, -0.87], [0.52, 0.18],
    ]
    static let near = Query.nearest(.dense([1, 0.2]))
    static let high = Query.nearest(.dense([0, 1]))

    let directory: TemporaryDirectory
    let database: Database
    let collection: Quiver.Collection

    init(_ distance: Distance = .dot) async throws {
        directory = try TemporaryDirectory()
        database = try Database.open(directory.path)
        try await database.createCollection("c", CollectionConfig(size: 2, distance: distance))
        collection = try database.collection("c")
        let points = try Self.vectors.enumerated().map { place, vector in
            let id = place + 1
            let n = id % 3 == 0 ? "\(id)" : "[\(id % 4),\(id)]"
            return Point(id: .number(UInt64(id)), vector: vector, payload: try Payload(json: #"{"n":\#(n),"k":\#(id)}"#))
        }
        try await collection.update([.upsert(PointBatch(points))])
        for key in ["n", "k"] {
            try await collection.createIndex(try PayloadPath(parsing: key), PayloadIndexParams(type: .integer))
        }
    }

    typealias Hit = (id: UInt64, score: Float)

    func ask(_ request: QueryRequest) async throws -> [Hit] {
        try await collection.query(request).map { point in
            guard case .number(let id) = point.id else { return (0, point.score) }
            return (id, point.score)
        }
    }

    func ask(
        _ query: Query, _ prefetch: [Prefetch] = [], threshold: Float? = nil, limit: Int = 12, offset: Int = 0
    ) async throws -> [Hit] {
        try await ask(
            QueryRequest(prefetch: prefetch, query: query, scoreThreshold: threshold, limit: limit, offset: offset))
    }

    static func ids(_ ids: UInt64...) -> Filter { Filter(must: [.hasID(Set(ids.map(PointID.number)))]) }
}

/// The same points with the same scores; of equal scores the order is free.
func expectSame(
    _ hits: [TwelvePoints.Hit], _ expected: [TwelvePoints.Hit], _ what: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    func told(_ hits: [TwelvePoints.Hit]) -> String { hits.map { "\($0.id): \($0.score)" }.joined(separator: ", ") }
    let differs = hits.count != expected.count
        || zip(hits, expected).contains { abs($0.score - $1.score) > 2e-5 * max(1, abs($1.score)) }
        || Set(hits.map(\.id)) != Set(expected.map(\.id))
        || hits.contains { hit in
            expected.first { $0.id == hit.id }.map { abs($0.score - hit.score) > 2e-5 * max(1, abs($0.score)) } ?? true
        }
    #expect(!differs, "\(what.map { "\($0): " } ?? "")\(told(hits)) but \(told(expected))", sourceLocation: sourceLocation)
}
