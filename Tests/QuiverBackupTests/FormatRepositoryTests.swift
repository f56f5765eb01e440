import Foundation
import Logging
import QuiverModel
public import QuiverTestKit
import Testing

@testable public import Quiver
@testable import QuiverBackup

extension Quiver.Collection: FormatCollection {}

/// Repositories that earlier versions wrote are verified and restored, to both backups and to a moment between them.
@Suite struct FormatRepositoryTests {
    private static var directory: String {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(2)
        return parts.joined(separator: "/") + "/Data/formats"
    }

    private static var versions: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter { Int($0) != nil }.sorted()
    }

    private static func archive(_ version: String, isEncrypted: Bool) -> String {
        directory + "/" + version + "/repository-\(isEncrypted ? "encrypted" : "plain").tar.zst"
    }

    private static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(arguments)")
    }

    private static func open(_ path: String) throws -> Database {
        var options = Database.Options()
        options.workerThreads = 1
        options.indexingThreads = 1
        options.logger.logLevel = .critical
        options.scrubInterval = .zero
        return try Database.open(path, options: options)
    }

    private static func key(_ isEncrypted: Bool) -> RepositoryKey? {
        isEncrypted ? RepositoryKey(FormatScript.keyBytes) : nil
    }

    private static func run(_ step: FormatStep, _ name: String, _ database: Database) throws {
        if try database.collection(name).run(step) { return }
        guard case .setMetadata(let metadata) = step else { return }
        var patch = CollectionPatch()
        patch.metadata = metadata
        try database.updateCollectionBlocking(name, patch)
    }

    /// What each collection holds after so many of the later steps; nil: all.
    private static func expected(_ story: FormatScript.Story, _ count: Int? = nil) -> FormatExpectation.Collection {
        FormatScript.model(story, story.steps + story.later.prefix(count ?? .max)).expectation(FormatQuestion.all)
    }

    /// `QUIVER_FREEZE_FORMATS=1`, once the storage's sample is there. What there is is never made anew.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["QUIVER_FREEZE_FORMATS"] != nil), arguments: [false, true])
    func freeze(isEncrypted: Bool) throws {
        let version = "\(FormatScript.version)"
        let target = Self.archive(version, isEncrypted: isEncrypted)
        try #require(!FileManager.default.fileExists(atPath: target), "\(target) is frozen")
        let scratch = try TemporaryDirectory()
        let database = try Self.open(scratch.path + "/storage")
        defer { database.close() }
        let content = try SnapshotFile.open(Self.directory + "/" + version + "/storage.snapshot")
        try database.snapshots.recoverStorage(from: content.source(), of: database, replacing: false)
        let store = try DirectoryObjectStore(scratch.path + "/repository")
        let repository = try BackupRepository(store, key: Self.key(isEncrypted), creating: true)
        _ = try BackupCreation.run(repository, from: DatabaseBackupSource(database), BackupCreation.Options())
        for story in FormatScript.stories {
            for step in story.later { try Self.run(step, story.name, database) }
        }
        try database.updateAliasesBlocking([.create(alias: "second", collection: "quantized")])
        let second = try BackupCreation.run(repository, from: DatabaseBackupSource(database), BackupCreation.Options())
        let everything = try #require(second.collections.first { $0.name == "everything" })
        try #require(everything.isIncremental, "the log has to be behind a base")
        try Self.run([
            "tar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-C", scratch.path, "-I", "zstd -19", "-cf",
            target, "repository",
        ])
    }

    private static func check(_ database: Database, _ count: Int?) throws {
        for story in FormatScript.stories {
            let collection = try database.collection(story.name)
            expectNone(try collection.differences(expected(story, count)), "\(story.name)")
        }
    }

    @Test(arguments: versions, [false, true]) func repositoryIsRestored(_ version: String, isEncrypted: Bool) throws {
        let scratch = try TemporaryDirectory()
        try Self.run(["tar", "--zstd", "-xf", Self.archive(version, isEncrypted: isEncrypted), "-C", scratch.path])
        let store = try DirectoryObjectStore(scratch.path + "/repository")
        let repository = try BackupRepository(store, key: Self.key(isEncrypted))
        #expect(try BackupVerification.run(repository).damage == [])
        let manifests = try repository.manifests()
        try #require(manifests.count == 2)
        for (index, manifest) in manifests.enumerated() {
            let database = try Self.open(scratch.path + "/\(index)")
            defer { database.close() }
            var options = BackupRestoration.Options()
            options.moment = .backup(manifest.id)
            _ = try BackupRestoration.run(repository, into: database, options)
            try Self.check(database, index == 0 ? 0 : nil)
            let aliases = try database.aliases().map(\.alias)
            #expect(Set(aliases) == Set(FormatScript.aliases.keys).union(index == 0 ? [] : ["second"]))
        }
        // Each moment between the two, under another name.
        let story = try #require(FormatScript.stories.first { $0.name == "everything" })
        let base = try #require(manifests[0].collections.first { $0.name == "everything" }).sequence
        let database = try Self.open(scratch.path + "/between")
        defer { database.close() }
        for count in 1..<story.later.count {
            var options = BackupRestoration.Options()
            options.moment = .sequence(base + UInt64(count))
            options.collections = [("everything", "at \(count)")]
            _ = try BackupRestoration.run(repository, into: database, options)
            let collection = try database.collection("at \(count)")
            expectNone(try collection.differences(Self.expected(story, count)), "\(count)")
        }
        // It goes on being written.
        var options = BackupCreation.Options()
        options.isFull = true
        let latest = try Self.open(scratch.path + "/0")
        defer { latest.close() }
        _ = try BackupCreation.run(repository, from: DatabaseBackupSource(latest), options)
        #expect(try BackupVerification.run(repository).damage == [])
    }

    /// A repository or a backup of a format that is not known is refused, and nothing is changed.
    @Test func unknownFormatsAreRefused() throws {
        func message(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return ""
        }
        let store = MemoryStore()
        let database = try SampleDatabase()
        try database.make("a")
        let repository = try BackupRepository(store, key: nil, creating: true)
        let made = try BackupCreation.run(
            repository, from: DatabaseBackupSource(database.database), BackupCreation.Options())
        func change(_ key: String) throws -> [UInt8] {
            let bytes = try #require(store.objects[key])
            let json = try #require(SealedText.open(bytes))
            let text = String(decoding: json, as: UTF8.self).replacing(#""format":1"#, with: #""format":9,"new":{}"#)
            return SealedText.seal(Array(text.utf8))
        }
        let key = "backups/" + made.id
        store.objects[key] = try change(key)
        #expect(message { _ = try repository.manifest(made.id) }.contains("\(key) has format 9; this version reads format 1"))
        store.objects[BackupRepository.descriptionKey] = try change(BackupRepository.descriptionKey)
        let before = store.objects
        for creating in [false, true] {
            let message = message { _ = try BackupRepository(store, key: nil, creating: creating) }
            #expect(message.contains("memory has format 9; this version reads format 1"))
        }
        #expect(store.objects == before)
    }
}

private func expectNone(_ differences: [String], _ what: String) {
    #expect(differences.isEmpty, "\(what): \(differences.prefix(5).joined(separator: "\n  "))")
}
