import Quiver
import QuiverTestKit
import Testing

/// The example that README.md shows. What stands between the two marks is to be the same there.
@Test func readmeExample() async throws {
    let directory = try TemporaryDirectory()
    let answers = try await shop(directory.path + "/shop")
    #expect(answers == [["2", "1"], ["1"]])
}

private func shop(_ path: String) async throws -> [[String]] {
    // README: begin
    let database = try Database.open(path)
    defer { database.close() }
    try await database.createCollection("products", CollectionConfig(size: 4, distance: .cosine))
    let products = try database.collection("products")

    try await products.update([
        .upsert(PointBatch([
            Point(id: 1, vector: [0.9, 0.1, 0.1, 0.0], payload: try Payload(json: #"{"kind": "tea", "price": 4.5}"#)),
            Point(id: 2, vector: [0.8, 0.2, 0.1, 0.1], payload: try Payload(json: #"{"kind": "tea", "price": 3.9}"#)),
            Point(id: 3, vector: [0.1, 0.9, 0.3, 0.0], payload: try Payload(json: #"{"kind": "cup", "price": 9.0}"#)),
        ]))
    ])

    let kind = try PayloadPath(parsing: "kind"), price = try PayloadPath(parsing: "price")
    try await products.createIndex(kind, PayloadIndexParams(type: .keyword))
    try await products.createIndex(price, PayloadIndexParams(type: .float))

    let cheapTea = Filter(must: [
        .field(FieldCondition(key: kind, .match(.string("tea")))),
        .field(FieldCondition(key: price, .range(NumberRange(lt: 5)))),
    ])
    let request = QueryRequest(query: .nearest(.dense([0.8, 0.2, 0.1, 0.1])), filter: cheapTea, withPayload: .all)
    let before = try await products.query(request)  // 2, then 1

    // A new price is on disk when this returns; no vector and no graph was touched.
    try await products.update([.setPayload(try Payload(json: #"{"price": 6.5}"#), .ids([2]), path: nil)])
    let after = try await products.query(request)  // 1
    // README: end
    return [before, after].map { $0.map(\.id.description) }
}

/// The example of snapshots that README.md shows, after the first one.
@Test func readmeSnapshots() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/shop"
    _ = try await shop(path)
    let database = try Database.open(path)
    defer { database.close() }
    let products = try database.collection("products")
    let snapshot = try await database.writeSnapshot(of: "products", to: path + ".snapshot")
    try await products.update([.deletePoints(.ids([1, 2, 3]))])
    try await database.restoreSnapshot(fromFile: path + ".snapshot", into: "products", checksum: snapshot.checksum)
    let restored = try await database.collection("products").count()  // 3
    #expect(restored == 3)
}
