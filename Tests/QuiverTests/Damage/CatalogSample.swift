import Foundation
import Quiver
import QuiverTestKit

@testable import Quiver

/// A storage of some small collections and aliases that random requests made, and what it is to answer.
final class CatalogSample {
    struct Contents: Equatable {
        /// By name: size of the vectors, number of points, metadata.
        var collections: [String: [String]] = [:]
        var aliases: [String: String] = [:]
    }

    let directory: TemporaryDirectory
    let path: String
    var random: SeededGenerator
    private(set) var expected = Contents()
    private var copies = 0

    static let names = ["a", "b", "c", "d", "e"]
    private static let aliases = ["x", "y", "z"]

    init(seed: UInt64, requests: Int) async throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/0"
        random = SeededGenerator(seed: seed)
        let database = try Database.open(path, options: .quiet)
        defer { database.close() }
        for _ in 0..<requests { try await request(database) }
        // One at least, and one that leads there.
        if expected.collections.isEmpty { try await make("a", database) }
        let name = expected.collections.keys.sorted().first ?? ""
        try await database.updateAliases([.create(alias: "x", collection: name)])
        expected.aliases["x"] = name
    }

    private func make(_ name: String, _ database: Database) async throws {
        let size = Int.random(in: 2...6, using: &random), count = Int.random(in: 1...5, using: &random)
        try await database.createCollection(name, CollectionConfig(size: size, distance: .dot))
        let points = (0..<count).map { Point(id: .number(UInt64($0)), vector: [Float](repeating: 1, count: size)) }
        _ = try await database.collection(name).update([.upsert(PointBatch(points))])
        expected.collections[name] = ["\(size)", "\(count)", ""]
    }

    private func request(_ database: Database) async throws {
        let name = CatalogSample.names.randomElement(using: &random) ?? ""
        let alias = CatalogSample.aliases.randomElement(using: &random) ?? ""
        let exists = expected.collections[name] != nil
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3: if !exists { try await make(name, database) }
        case 4:
            guard exists else { break }
            _ = try await database.deleteCollection(name)
            expected.collections[name] = nil
            expected.aliases = expected.aliases.filter { $0.value != name }
        case 5, 6:
            guard exists else { break }
            try await database.updateAliases([.create(alias: alias, collection: name)])
            expected.aliases[alias] = name
        case 7:
            try await database.updateAliases([.delete(alias: alias)])
            expected.aliases[alias] = nil
        case 8:
            guard exists else { break }
            var patch = CollectionPatch()
            patch.metadata = #"{"a":\#(Int.random(in: 0..<100, using: &random))}"#
            try await database.updateCollection(name, patch)
            expected.collections[name]?[2] = patch.metadata ?? ""
        default:
            // All take the places of themselves, in one change.
            let archive = try database.archive(.storage)
            try database.snapshots.recoverStorage(from: source(archive), of: database, replacing: true)
        }
    }

    static func contents(_ database: Database) throws -> Contents {
        var contents = Contents()
        for name in database.collectionNames {
            let info = try database.collection(name).infoBlocking()
            let size = info.config.vectors?.byName[""]?.size ?? 0
            contents.collections[name] = ["\(size)", "\(info.pointsCount)", info.config.metadata ?? ""]
        }
        for (alias, collection) in try database.aliases() { contents.aliases[alias] = collection }
        return contents
    }

    // MARK: Damage

    func copy() throws -> String {
        copies += 1
        let target = directory.path + "/copy-\(copies)"
        try copyTree(path, target)
        return target
    }

    /// Flips bits of a file, cuts it off, or takes all of it away.
    func damage(_ file: String) throws {
        let url = URL(fileURLWithPath: file)
        var bytes = try Data(contentsOf: url)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return try FileManager.default.removeItem(at: url)
        case 1: bytes = Data()
        case 2: bytes.removeLast(Int.random(in: 1...max(1, bytes.count), using: &random))
        case 3:
            let start = Int.random(in: 0..<bytes.count, using: &random) & ~4095
            for place in start..<min(start + 4096, bytes.count) { bytes[place] = 0 }
        default:
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
        }
        try bytes.write(to: url)
    }

    static func directories(_ path: String) throws -> [CollectionDirectory] {
        try Files.names(in: path + "/collections").sorted().map { CollectionDirectory(path: path + "/collections/" + $0) }
    }

    static func verify(_ path: String) throws -> [StorageFinding] {
        var findings: [StorageFinding] = []
        _ = try StorageVerifier(path: path).run(note: { findings.append($0) })
        return findings
    }
}
