import Quiver
import QuiverModel
import QuiverBackup
import QuiverTestKit

@testable import Quiver

/// A database of a test's own. `a` has vectors and payloads, an index, and small segments, so that there are several.
final class SampleDatabase {
    let directory: TemporaryDirectory
    let database: Database
    static let dimension = 8

    init() throws {
        directory = try TemporaryDirectory()
        var options = Database.Options()
        options.workerThreads = 2
        options.indexingThreads = 1
        options.growingBytes = 8 << 10
        database = try Database.open(directory.path + "/storage", options: options)
    }

    deinit { database.close() }

    func make(_ name: String) throws {
        var config = CollectionConfig(size: Self.dimension, distance: .euclid)
        config.optimizers.indexingThreshold = 0
        try database.createCollectionBlocking(name, config)
    }

    func upsert(_ name: String, ids: Range<Int>, _ generator: inout SeededGenerator) throws {
        let points = try ids.map { id in
            Point(
                id: .number(UInt64(id)), vector: generator.vector(Self.dimension),
                payload: try Payload(json: "{\"n\":\(generator.below(100)),\"text\":\"p\(id)\"}"))
        }
        _ = try database.collection(name).updateBlocking([.upsert(PointBatch(points))])
    }

    func delete(_ name: String, ids: [Int]) throws {
        _ = try database.collection(name).updateBlocking([.deletePoints(.ids(ids.map { .number(UInt64($0)) }))])
    }

    func image(_ name: String) throws -> [String] { try Self.image(database, name) }

    /// Every point with payload, vector bits and version.
    static func image(_ database: Database, _ name: String) throws -> [String] {
        let collection = try database.collection(name)
        let page = try collection.scrollBlocking(
            ScrollRequest(limit: 100_000, withPayload: .all, withVectors: .all))
        return ["sequence \(collection.core.view.load().sequence)"] + page.records.map { "\($0)" }
    }

    /// A database made of a backup.
    static func restored(
        _ repository: BackupRepository, _ change: (inout BackupRestoration.Options) -> Void = { _ in }
    ) throws -> (SampleDatabase, [BackupRestoration.Restored]) {
        let sample = try SampleDatabase()
        var options = BackupRestoration.Options()
        change(&options)
        return (sample, try BackupRestoration.run(repository, into: sample.database, options))
    }
}
