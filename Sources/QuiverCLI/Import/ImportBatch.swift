import QuiverModel

/// Consecutive rows on their way into a collection. The id of a row is the first id plus its number.
struct ImportBatch: Sendable {
    var firstID: UInt64
    var columns: Int
    /// Row after row.
    var components: [Float]
    /// One a row, or none at all.
    var payloads: [Payload]

    var count: Int { columns == 0 ? 0 : components.count / columns }

    /// The first component that JSON and the index cannot take; its row within the batch.
    var rowWithoutNumber: Int? {
        components.firstIndex { !$0.isFinite }.map { $0 / columns }
    }

    /// As the engine takes it.
    var points: PointBatch {
        var batch = PointBatch()
        let name = batch.index(ofName: "")
        batch.components = components
        for row in 0..<count {
            batch.vectors.append(PointBatch.VectorRef(name: name, offset: row * columns, count: columns))
            batch.entries.append(
                PointBatch.Entry(
                    id: .number(firstID + UInt64(row)), vectors: row..<row + 1,
                    payload: payloads.isEmpty ? nil : payloads[row]))
        }
        return batch
    }
}

/// What a collection has to look like before rows go in.
struct ImportPlan: Sendable {
    var collection: String
    var columns: Int
    /// Of a collection that is made; nil: Cosine, and an existing one may have any.
    var distance: Distance?
    var indexes: [(field: PayloadPath, type: PayloadIndexType)]
}

/// Where the rows go: a running server, or a storage directory.
protocol ImportTarget: Sendable {
    /// Makes the collection, or checks that the one there fits; then makes the field indexes.
    func prepare(_ plan: ImportPlan) async throws

    /// Of ids counted upwards from `first`, how many are there without a gap; at most `limit`.
    func presentIDs(from first: UInt64, limit: Int, collection: String) async throws -> Int

    /// Returns when the rows are durable.
    func upsert(_ batch: ImportBatch, collection: String) async throws

    func state(collection: String) async throws -> ImportState

    func close() async
}

struct ImportState: Sendable {
    var isGreen: Bool
    var points: Int
    var indexedVectors: Int
}

enum ImportMessages {
    static func dimension(_ collection: String, expected: Int, actual: Int) -> CommandFailure {
        CommandFailure(
            code: .dataError,
            message: "the collection \(collection) has vectors of \(expected) components, the file has \(actual)")
    }

    static func distance(_ collection: String, expected: Distance, actual: Distance) -> CommandFailure {
        CommandFailure(
            code: .dataError,
            message: "the collection \(collection) compares by \(expected.rawValue), not by \(actual.rawValue)")
    }

    static func noUnnamedVector(_ collection: String) -> CommandFailure {
        CommandFailure(
            code: .dataError, message: "the collection \(collection) has no unnamed vector, which is what import fills")
    }
}
