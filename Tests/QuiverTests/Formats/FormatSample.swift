import Foundation
public import QuiverTestKit

@testable public import Quiver

extension Quiver.Collection: FormatCollection {}

/// The frozen files of one version of the formats, in `Tests/Data/formats`, and how those of the present one are made.
enum FormatSample {
    static var directory: String {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/") + "/Data/formats"
    }

    static let storage = "storage.tar.zst"
    static let storageSnapshot = "storage.snapshot"
    static let collectionSnapshot = "plain.snapshot"
    static let expectation = "expected.json"

    /// Of those that were frozen.
    static var versions: [String] {
        ((try? Files.names(in: directory)) ?? []).filter { Int($0) != nil }.sorted()
    }

    static func path(_ version: String, _ name: String) -> String { directory + "/" + version + "/" + name }

    static func expectation(_ version: String) throws -> FormatExpectation {
        try FormatExpectation(path: path(version, expectation))
    }

    /// Runs a program of the system, which has to end well.
    static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw QuiverError(.service, "\(arguments) failed") }
    }

    /// The storage directory of a version, unpacked below `directory`.
    static func unpackStorage(_ version: String, below directory: String) throws -> String {
        try run(["tar", "--zstd", "-xf", path(version, storage), "-C", directory])
        return directory + "/storage"
    }

    // MARK: Making

    static func make(_ target: String) async throws {
        guard !Files.exists(target) else { throw QuiverError(.alreadyExists, "\(target) is frozen") }
        let scratch = try TemporaryDirectory()
        let path = scratch.path + "/storage"
        let database = try Database.open(path, options: .quiet)
        try database.keepLogs(true)
        var models: [String: FormatModel] = [:]
        try await database.createCollection(FormatScript.empty, CollectionConfig())
        for story in FormatScript.stories {
            try await database.createCollection(story.name, story.config)
            for step in story.steps { try await run(step, story.name, database) }
            models[story.name] = FormatScript.model(story, story.steps)
        }
        for (alias, name) in FormatScript.aliases {
            try database.updateAliasesBlocking([.create(alias: alias, collection: name)])
        }
        // For the journal: one that came and went, and one that was restored over itself.
        try await database.createCollection("brief", CollectionConfig(size: 2, distance: .dot))
        _ = try await database.deleteCollection("brief")
        try database.snapshots.recover(
            from: source(try database.archive(.collection(FormatScript.empty))), into: FormatScript.empty, of: database)
        for name in database.collectionNames { try await database.collection(name).settle() }
        let expected = FormatExpectation(
            collections: models.mapValues { $0.expectation(FormatQuestion.all) }, aliases: FormatScript.aliases)
        for (name, wanted) in expected.collections {
            let found = try database.collection(name).differences(wanted)
            guard found.isEmpty else { throw QuiverError(.service, "\(name): \(found.prefix(5))") }
        }
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        try Data(try database.archive(.storage)).write(to: URL(fileURLWithPath: target + "/" + storageSnapshot))
        try Data(try database.archive(.collection("plain")))
            .write(to: URL(fileURLWithPath: target + "/" + collectionSnapshot))
        database.close()
        try run([
            "tar", "--sparse", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--exclude=*-lock",
            "-C", scratch.path, "-I", "zstd -19", "-cf", target + "/" + storage, "storage",
        ])
        try expected.write(target + "/" + expectation)
    }

    static func run(_ step: FormatStep, _ name: String, _ database: Database) async throws {
        let collection = try database.collection(name)
        if try collection.run(step) { return }
        switch step {
        case .setMetadata(let metadata):
            var patch = CollectionPatch()
            patch.metadata = metadata
            try await database.updateCollection(name, patch)
        case .seal: try await collection.seal()
        default: throw QuiverError(.service, "\(step) is not done")
        }
    }
}
