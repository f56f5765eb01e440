import Quiver
import QuiverTestKit

@testable import Quiver

/// A database in a directory of its own with a collection "c" of small vectors, which can be closed, copied and opened again.
final class TestCollection: @unchecked Sendable {
    // @unchecked: opened and closed by the test alone, while no task of its uses it.
    static let dimension = 8

    let directory: TemporaryDirectory
    private(set) var path: String
    private(set) var database: Database
    private(set) var collection: Quiver.Collection
    var options: Database.Options
    private var copies = 0

    static func config(indexed: Bool = true, _ distance: Distance = .euclid) -> CollectionConfig {
        var config = CollectionConfig(size: dimension, distance: distance)
        config.optimizers.indexingThreshold = indexed ? 1 : 0
        config.optimizers.vacuumMinVectorNumber = 16
        config.hnsw.m = 8
        return config
    }

    init(_ config: CollectionConfig = TestCollection.config(), options: Database.Options = Database.Options()) async throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/0"
        var options = options
        options.workerThreads = 2
        options.indexingThreads = 1
        self.options = options
        database = try Database.open(path, options: options)
        try await database.createCollection("c", config)
        collection = try database.collection("c")
    }

    deinit { database.close() }

    var segmentsPath: String { collection.core.store.segmentsDirectory }
    var collectionPath: String { collection.core.store.directory }

    func close() { database.close() }

    func open() throws {
        database = try Database.open(path, options: options)
        collection = try database.collection("c")
    }

    /// What is said of the storage, or else of its collection, when it is opened; nil when it serves.
    func refusal() -> QuiverError? {
        do throws(QuiverError) {
            let database = try Database.open(path, options: options)
            defer { database.close() }
            _ = try database.collection("c")
            return nil
        } catch {
            return error
        }
    }

    /// The same where the collection may be gone.
    func reopenStorage() throws {
        close()
        database = try Database.open(path, options: options)
    }

    func reopen() throws {
        close()
        try open()
    }

    /// Goes on with what a crash at this moment would leave behind.
    func crash() async throws {
        copies += 1
        let copy = directory.path + "/\(copies)"
        try await collection.copyStorage(from: path, to: copy)
        close()
        path = copy
        try open()
    }

    // MARK: Points

    /// A vector that only this number has: its distance from another's is the difference of the numbers.
    static func vector(_ number: Int) -> [Float] {
        [Float(number)] + [Float](repeating: 0, count: dimension - 1)
    }

    static func point(_ number: Int, payload: String? = nil) throws -> Point {
        Point(
            id: .number(UInt64(number)), vector: vector(number),
            payload: try Payload(json: payload ?? #"{"n":\#(number),"even":\#(number % 2 == 0)}"#))
    }

    @discardableResult
    func upsert(_ numbers: some Sequence<Int>, payload: String? = nil) async throws -> UpdateResult {
        try await collection.update([.upsert(PointBatch(try numbers.map { try TestCollection.point($0, payload: payload) }))])
    }

    @discardableResult
    func delete(_ numbers: some Sequence<Int>) async throws -> UpdateResult {
        try await collection.update([.deletePoints(.ids(numbers.map { .number(UInt64($0)) }))])
    }

    /// Every point of `numbers` is there with its vector and payload, nearest to itself, and none else is.
    func hasExactly(_ numbers: some Sequence<Int>) async throws -> Bool {
        let numbers = numbers.sorted()
        let page = try await collection.scroll(ScrollRequest(limit: 100_000, withVectors: .all))
        guard page.records.map(\.id) == numbers.map({ .number(UInt64($0)) }) else { return false }
        for (record, number) in zip(page.records, numbers) {
            guard record.vectors == .unnamed(.dense(TestCollection.vector(number))),
                record.payload == (try TestCollection.point(number).payload)
            else { return false }
        }
        for number in numbers.prefix(5) + numbers.suffix(5) {
            let hits = try await collection.query(
                QueryRequest(query: .nearest(.dense(TestCollection.vector(number))), limit: 1))
            guard hits.map(\.id) == [.number(UInt64(number))], hits.first?.score == 0 else { return false }
        }
        return true
    }

    func logRecords() throws -> Int { try collection.logRecordCount() }
}

/// The kind of error that `body` throws; nil when it throws none.
func kind(_ body: () async throws -> Void) async -> QuiverError.Kind? {
    do {
        try await body()
        return nil
    } catch {
        print("refused:", error)
        return (error as? QuiverError)?.kind
    }
}
