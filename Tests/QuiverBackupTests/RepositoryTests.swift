import Quiver
import QuiverModel
import QuiverTestKit
import Synchronization
import Testing

@testable import QuiverBackup

@Suite struct RepositoryTests {
    static let key = RepositoryKey([UInt8](repeating: 3, count: 32))

    /// Two collections, some of it sealed.
    static func sample(_ generator: inout SeededGenerator) throws -> SampleDatabase {
        let sample = try SampleDatabase()
        for name in ["a", "b"] {
            try sample.make(name)
            for first in stride(from: 0, to: 1000, by: 100) {
                try sample.upsert(name, ids: first..<first + 100, &generator)
            }
        }
        try sample.database.updateAliasesBlocking([.create(alias: "x", collection: "a")])
        return sample
    }

    static func create(
        _ repository: BackupRepository, _ sample: SampleDatabase,
        _ change: (inout BackupCreation.Options) -> Void = { _ in }
    ) throws -> BackupManifest {
        var options = BackupCreation.Options()
        change(&options)
        return try BackupCreation.run(repository, from: DatabaseBackupSource(sample.database), options)
    }

    @Test(arguments: [false, true]) func bringsEverythingBack(isEncrypted: Bool) throws {
        var generator = SeededGenerator(seed: runSeed("bringsEverythingBack"))
        let sample = try Self.sample(&generator)
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: isEncrypted ? Self.key : nil, creating: true)
        _ = try Self.create(repository, sample)
        #expect(try BackupVerification.run(repository).damage == [])
        let (copy, restored) = try SampleDatabase.restored(repository)
        #expect(restored.count == 2)
        for name in ["a", "b"] { #expect(try copy.image(name) == sample.image(name)) }
        #expect(try copy.database.aliases().map { "\($0.alias)=\($0.collection)" } == ["x=a"])
        #expect(store.objects.keys.allSatisfy { !$0.hasPrefix("locks/") })
        let text = store.objects.values.contains { String(decoding: $0, as: UTF8.self).contains("\"text\"") }
        #expect(!text || !isEncrypted)
    }

    @Test func refusesAWrongKeyAtOnce() throws {
        let store = MemoryStore()
        _ = try BackupRepository(store, key: Self.key, creating: true)
        func error(_ key: RepositoryKey?) -> String {
            do {
                _ = try BackupRepository(store, key: key)
                return ""
            } catch { return "\(error)" }
        }
        #expect(error(Self.key) == "")
        #expect(error(RepositoryKey([UInt8](repeating: 4, count: 32))) == "the key is not that of memory")
        #expect(error(nil) == "memory is encrypted: its key is needed")
        let plain = MemoryStore()
        _ = try BackupRepository(plain, key: nil, creating: true)
        #expect(throws: BackupError.self) { try BackupRepository(plain, key: Self.key) }
    }

    @Test func sendsOnlyWhatIsNewAndReachesEveryMomentBetween() throws {
        var generator = SeededGenerator(seed: runSeed("sendsOnlyWhatIsNew"))
        let sample = try Self.sample(&generator)
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: nil, creating: true)
        let first = try Self.create(repository, sample)
        var images = [try sample.image("a")]
        var sequences = [first.collections[0].sequence]
        for _ in 0..<8 {
            let id = generator.below(1000)
            try sample.upsert("a", ids: id..<id + 1, &generator)
            try sample.delete("a", ids: [generator.below(1000)])
            images.append(try sample.image("a"))
            sequences.append(sequences[sequences.count - 1] + 2)
        }
        // In several parts, so that a moment may end within one or between two.
        let second = try Self.create(repository, sample) { $0.logPartBytes = 300 }
        #expect(second.collections[0].isIncremental && second.previous == first.id)
        #expect(!second.collections[1].isIncremental)
        #expect(second.sent.storedBytes < first.sent.storedBytes / 10)
        // A third with a new base: the moments before it are reached all the same.
        try sample.upsert("a", ids: 5..<6, &generator)
        sequences.append(sequences[sequences.count - 1] + 1)
        images.append(try sample.image("a"))
        let third = try Self.create(repository, sample) { $0.isFull = true }
        #expect(!third.collections[0].isIncremental && third.collections[0].bridge?.count == 1)
        for (sequence, image) in zip(sequences, images) {
            let (copy, restored) = try SampleDatabase.restored(repository) {
                $0.moment = .sequence(sequence)
                $0.collections = [("a", "copy")]
            }
            #expect(restored.map(\.sequence) == [sequence])
            #expect(try copy.image("copy") == image)
        }
        #expect(try BackupVerification.run(repository).damage == [])
        for (id, image) in [(first.id, images[0]), (second.id, images[8]), (third.id, images[9])] {
            let (copy, _) = try SampleDatabase.restored(repository) { $0.moment = .backup(id) }
            #expect(try copy.image("a") == image)
        }
    }

    @Test func startsAnewWhereTheLogIsTooLongOrTheBaseIsNotWhole() throws {
        var generator = SeededGenerator(seed: 5)
        let sample = try Self.sample(&generator)
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: nil, creating: true)
        _ = try Self.create(repository, sample)
        try sample.upsert("a", ids: 0..<100, &generator)
        let second = try Self.create(repository, sample) {
            $0.leastLogBytes = 1
            $0.logShare = 0.000_001
        }
        #expect(!second.collections[0].isIncremental && second.collections[0].bridge != nil)
        // What is lost is sent again by the next backup that finds out.
        let base = try repository.base(second.collections[0].base)
        let lost = try repository.partList(base.records).parts[0].object
        store.state.withLock { $0.objects[BackupRepository.objectKey(lost)] = nil }
        var quick = BackupVerification.Options()
        quick.isQuick = true
        let report = try BackupVerification.run(repository, quick)
        #expect(report.damage.count == 1 && report.damage[0].contains(lost) && report.damage[0].contains(second.id))
        try sample.upsert("a", ids: 0..<1, &generator)
        let third = try Self.create(repository, sample)
        #expect(!third.collections[0].isIncremental)
        let (copy, _) = try SampleDatabase.restored(repository)
        #expect(try copy.image("a") == sample.image("a"))
    }

    @Test func leavesNothingHalfMadeBehindAnyFailure() throws {
        var generator = SeededGenerator(seed: 6)
        let sample = try Self.sample(&generator)
        let wanted = try sample.image("a")
        let source = try PinnedSource(DatabaseBackupSource(sample.database))
        let empty = MemoryStore()
        _ = try BackupRepository(empty, key: nil, creating: true)
        let start = empty.objects
        let probe = MemoryStore()
        probe.objects = start
        _ = try BackupCreation.run(try BackupRepository(probe, key: nil), from: source)
        let writes = probe.state.withLock { $0.writes }
        #expect(writes > 10)
        for failing in 1...writes {
            let store = MemoryStore()
            store.objects = start
            let repository = try BackupRepository(store, key: nil)
            store.state.withLock { $0.failsFrom = failing }
            let made = try? BackupCreation.run(repository, from: source)
            store.state.withLock { $0.failsFrom = nil }
            // All there, or none.
            #expect(try repository.backupIDs().count == (made == nil ? 0 : 1))
            // The lock that could not be removed counts for nothing later, and what was sent is not sent again.
            let sent = store.objects.keys.filter { $0.hasPrefix("objects/") }.count
            store.advance(seconds: 3600)
            let again = try BackupCreation.run(repository, from: source)
            #expect(again.sent.objects + sent == probe.objects.keys.filter { $0.hasPrefix("objects/") }.count)
            #expect(try BackupVerification.run(repository).damage == [])
            if failing % 5 == 1 {
                let (copy, _) = try SampleDatabase.restored(repository)
                #expect(try copy.image("a") == wanted)
            }
        }
    }

    @Test(arguments: [false, true]) func namesWhatIsDamaged(isEncrypted: Bool) throws {
        var generator = SeededGenerator(seed: runSeed("namesWhatIsDamaged"))
        let sample = try Self.sample(&generator)
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: isEncrypted ? Self.key : nil, creating: true)
        _ = try Self.create(repository, sample)
        try sample.upsert("a", ids: 0..<10, &generator)
        _ = try Self.create(repository, sample)
        let whole = store.objects
        for key in whole.keys.sorted() {
            let bytes = try #require(whole[key])
            for _ in 0..<6 {
                var changed = bytes
                changed[generator.below(bytes.count)] ^= UInt8(1 << generator.below(8))
                store.objects[key] = changed
                if key == BackupRepository.descriptionKey {
                    #expect(throws: BackupError.self) { try BackupRepository(store, key: isEncrypted ? Self.key : nil) }
                } else {
                    let report = try BackupVerification.run(repository)
                    // A few bits of a compressed frame mean nothing: then the content is what was written, by its name.
                    let isAsWritten = (try? repository.content(of: String(key.suffix(64)))) != nil
                    #expect(report.damage.contains { $0.contains(key) } || isAsWritten, "\(key)")
                }
            }
            store.objects[key] = bytes
        }
    }

    @Test func removesOnlyWhatNobodyNeeds() throws {
        var generator = SeededGenerator(seed: runSeed("removesOnlyWhatNobodyNeeds"))
        let sample = try Self.sample(&generator)
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: nil, creating: true)
        var images: [String: [String]] = [:]
        for round in 0..<6 {
            let manifest = try Self.create(repository, sample) { $0.isFull = round == 3 }
            images[manifest.id] = try sample.image("a")
            let id = generator.below(900)
            try sample.upsert("a", ids: id..<id + 20, &generator)
        }
        store.objects["objects/00/" + String(repeating: "0", count: 64)] = [1, 2, 3]
        let before = store.objects.count
        var retention = BackupRetention()
        retention.last = 2
        #expect(try BackupPruning.run(repository, keeping: retention, isDry: true).removed.count == 4)
        #expect(store.objects.count == before)
        let report = try BackupPruning.run(repository, keeping: retention)
        #expect(report.kept.count == 2 && report.removed.count == 4)
        #expect(store.objects["objects/00/" + String(repeating: "0", count: 64)] == nil)
        #expect(try BackupVerification.run(repository).damage == [])
        for id in report.kept {
            let (copy, _) = try SampleDatabase.restored(repository) { $0.moment = .backup(id) }
            #expect(try copy.image("a") == images[id])
        }
        // Nothing but these two and what they need.
        let left = try BackupPruning.run(repository, keeping: BackupRetention())
        #expect(left.removedObjects == 0 && left.kept == report.kept)
    }

    @Test func keepsPruneAndCreateApart() throws {
        var generator = SeededGenerator(seed: 9)
        let sample = try Self.sample(&generator)
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: nil, creating: true)
        _ = try Self.create(repository, sample)
        let writer = try RepositoryLock(store, .shared, what: "backup create")
        #expect(throws: BackupError.self) { try BackupPruning.run(repository, keeping: BackupRetention()) }
        // Two backups at once do not disturb each other.
        _ = try Self.create(repository, sample)
        writer.release()
        let pruner = try RepositoryLock(store, .exclusive, what: "backup prune")
        #expect(throws: BackupError.self) { try Self.create(repository, sample) }
        #expect(try repository.backupIDs().count == 2)
        // A process that was killed does not stop others for ever.
        store.advance(seconds: 1900)
        _ = try Self.create(repository, sample)
        #expect(throws: BackupError.self) { try pruner.renew(atOnce: true); try Self.lose(pruner, store) }
        #expect(try repository.backupIDs().count == 3)
    }

    private static func lose(_ lock: RepositoryLock, _ store: MemoryStore) throws {
        store.objects = store.objects.filter { !$0.key.hasPrefix("locks/") }
        try lock.renew(atOnce: true)
    }

    @Test func restoresNothingOverWhatIsThereUnlessAsked() throws {
        var generator = SeededGenerator(seed: 10)
        let sample = try Self.sample(&generator)
        let repository = try BackupRepository(MemoryStore(), key: nil, creating: true)
        _ = try Self.create(repository, sample)
        let saved = try sample.image("a")
        try sample.upsert("a", ids: 0..<50, &generator)
        let changed = try sample.image("a")
        #expect(throws: BackupError.self) { try BackupRestoration.run(repository, into: sample.database) }
        #expect(try sample.image("a") == changed)
        var options = BackupRestoration.Options()
        options.collections = [("a", "old")]
        _ = try BackupRestoration.run(repository, into: sample.database, options)
        #expect(try sample.image("old") == saved && sample.image("a") == changed)
        options.collections = [("a", "a")]
        options.isReplacing = true
        _ = try BackupRestoration.run(repository, into: sample.database, options)
        #expect(try sample.image("a") == saved)
        options.collections = [("none", "none")]
        #expect(throws: BackupError.self) { try BackupRestoration.run(repository, into: sample.database, options) }
    }

    @Test func leavesTheDatabaseAloneWhenTheBackupIsDamaged() throws {
        var generator = SeededGenerator(seed: 11)
        let sample = try Self.sample(&generator)
        let store = MemoryStore()
        let repository = try BackupRepository(store, key: nil, creating: true)
        let manifest = try Self.create(repository, sample)
        let base = try repository.base(manifest.collections[1].base)
        let key = BackupRepository.objectKey(try repository.partList(base.segments.last?.list ?? base.records).parts[0].object)
        store.state.withLock { $0.objects[key]?.bytes[40] ^= 1 }
        let target = try SampleDatabase()
        #expect(throws: BackupError.self) { try BackupRestoration.run(repository, into: target.database) }
        #expect(!target.database.collectionExists("a") && !target.database.collectionExists("b"))
    }
}
