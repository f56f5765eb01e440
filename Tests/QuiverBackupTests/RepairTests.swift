import Quiver
import QuiverModel
import QuiverTestKit
import Synchronization
import Testing

@testable import QuiverBackup

/// Flipped bits, set aside and sent again.
@Suite struct RepairTests {
    /// One object of each kind, by its key.
    static func kinds(_ repository: BackupRepository, _ manifest: BackupManifest) throws -> [String: String] {
        let collection = try #require(manifest.collections.first { $0.name == "a" })
        let base = try repository.base(collection.base)
        let segment = try #require(base.segments.first)
        var names = [
            "base": collection.base, "list of records": base.records,
            "records": try repository.partList(base.records).parts[0].object, "list of a segment": segment.list,
            "segment": try repository.partList(segment.list).parts[0].object,
        ]
        if let piece = collection.log.last {
            names["list of a log"] = piece.list
            names["log"] = try repository.partList(piece.list).parts[0].object
        }
        var keys = names.mapValues { BackupRepository.objectKey($0) }
        keys["manifest"] = BackupRepository.backupsPrefix + manifest.id
        return keys
    }

    static func flip(_ key: String, _ store: MemoryStore, _ generator: inout SeededGenerator) throws {
        var bytes = try #require(store.objects[key])
        // Several, for a few bits of a compressed frame mean nothing.
        for _ in 0..<3 { bytes[generator.below(bytes.count)] ^= UInt8(1 << generator.below(8)) }
        store.objects[key] = bytes
    }

    static func repair(_ repository: BackupRepository) throws -> BackupVerification.Report {
        var options = BackupVerification.Options()
        options.isRepairing = true
        return try BackupVerification.run(repository, options)
    }

    /// Nothing has changed since: everything comes back, but for a manifest, whose backup is gone.
    @Test(arguments: [false, true]) func sendsAgainWhatWasDamaged(isEncrypted: Bool) throws {
        var generator = SeededGenerator(seed: runSeed("sendsAgainWhatWasDamaged"))
        let sample = try RepositoryTests.sample(&generator)
        let wanted = try sample.image("a")
        let source = try PinnedSource(DatabaseBackupSource(sample.database))
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: isEncrypted ? RepositoryTests.key : nil, creating: true)
        let first = try BackupCreation.run(repository, from: source)
        let whole = store.objects
        for (kind, key) in try Self.kinds(repository, first).sorted(by: { $0.key < $1.key }) {
            store.objects = whole
            try Self.flip(key, store, &generator)
            let report = try Self.repair(repository)
            #expect(report.setAside == [key], "\(kind)")
            #expect(report.incomplete == [first.id], "\(kind)")
            #expect(report.damage.contains { $0.contains(key) }, "\(kind)")
            #expect(store.objects[key] == nil && store.objects["damaged/" + key] != nil)
            // Nothing more to do, but it is missing; for a manifest nobody misses it.
            let again = try Self.repair(repository)
            #expect(again.setAside == [] && again.incomplete == (kind == "manifest" ? [] : [first.id]), "\(kind)")

            let second = try BackupCreation.run(repository, from: source)
            let after = try BackupVerification.run(repository)
            #expect(after.damage == [] && after.incomplete == [], "\(kind): \(after.damage)")
            for id in kind == "manifest" ? [second.id] : [first.id, second.id] {
                let (copy, _) = try SampleDatabase.restored(repository) { $0.moment = .backup(id) }
                #expect(try copy.image("a") == wanted, "\(kind)")
            }
            let pruned = try BackupPruning.run(repository, keeping: BackupRetention())
            #expect(pruned.kept.contains(second.id))
            #expect(store.objects.keys.allSatisfy { !$0.hasPrefix("damaged/") }, "\(kind)")
        }
    }

    /// The server has gone on: what it has no more is told as missing, and everything else is whole.
    @Test func tellsWhatCannotBeSentAgain() throws {
        var generator = SeededGenerator(seed: runSeed("tellsWhatCannotBeSentAgain"))
        let sample = try RepositoryTests.sample(&generator)
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: nil, creating: true)
        let first = try RepositoryTests.create(repository, sample)
        var images = [first.id: try sample.image("a")]
        try sample.upsert("a", ids: 0..<200, &generator)
        let second = try RepositoryTests.create(repository, sample)
        images[second.id] = try sample.image("a")
        #expect(second.collections[0].isIncremental)
        let third = try RepositoryTests.create(repository, sample) { $0.isFull = true }
        images[third.id] = try sample.image("a")
        let source = try PinnedSource(DatabaseBackupSource(sample.database))
        let whole = store.objects
        let victims = Set(try Self.kinds(repository, first).values).union(try Self.kinds(repository, second).values)
            .union(try Self.kinds(repository, third).values).sorted()
        for key in victims {
            store.objects = whole
            try Self.flip(key, store, &generator)
            let report = try Self.repair(repository)
            #expect(report.setAside == [key])
            let made = try BackupCreation.run(repository, from: source)
            let after = try BackupVerification.run(repository)
            #expect(!after.incomplete.contains(made.id), "\(key)")
            #expect(Set(after.incomplete).isSubset(of: report.incomplete), "\(key)")
            #expect(after.damage.isEmpty == after.incomplete.isEmpty)
            // What is told as whole can be restored, and nothing else.
            for (id, image) in images where BackupRepository.backupsPrefix + id != key {
                let copy = try? SampleDatabase.restored(repository) { $0.moment = .backup(id) }.0
                #expect((copy != nil) == !after.incomplete.contains(id), "\(key) \(id)")
                if let copy { #expect(try copy.image("a") == image, "\(key) \(id)") }
            }
            let (copy, _) = try SampleDatabase.restored(repository) { $0.moment = .backup(made.id) }
            #expect(try copy.image("a") == images[third.id])
            // Incomplete ones can be removed.
            let pruned = try BackupPruning.run(repository, keeping: BackupRetention(), removing: Set(after.incomplete))
            #expect(pruned.removed == after.incomplete)
            #expect(try BackupVerification.run(repository).damage == [])
            #expect(store.objects.keys.allSatisfy { !$0.hasPrefix("damaged/") }, "\(key)")
        }
    }

    @Test func waitsUntilNobodyWritesHere() throws {
        var generator = SeededGenerator(seed: 12)
        let sample = try RepositoryTests.sample(&generator)
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: nil, creating: true)
        let made = try RepositoryTests.create(repository, sample)
        let key = try #require(try Self.kinds(repository, made)["segment"])
        try Self.flip(key, store, &generator)
        let writer = try RepositoryLock(store, .shared, what: "backup create")
        #expect(throws: BackupError.self) { try Self.repair(repository) }
        #expect(store.objects[key] != nil)
        writer.release()
        #expect(try Self.repair(repository).setAside == [key])
    }
}
