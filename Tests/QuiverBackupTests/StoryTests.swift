import Quiver
import QuiverModel
import QuiverTestKit
import Testing

@testable import QuiverBackup

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Collections come, change and go between backups; any moment is as it was, or is refused because its log went with a
/// collection.
@Suite struct StoryTests {
    /// Everything at one moment.
    struct Moment {
        var time: UInt64
        /// By names: the image, and what lives under the name.
        var collections: [String: (image: [String], life: Int)] = [:]
        var aliases: [String] = []
        /// Backups made before it.
        var backups: Int
    }

    static func now() -> UInt64 {
        usleep(1_500)
        let now = UInt64(Timestamp.now().microsecondsSinceEpoch)
        usleep(1_500)
        return now
    }

    struct Story {
        var sample: SampleDatabase
        var generator: SeededGenerator
        var moments: [Moment] = []
        /// By names: the life under each; lives never come again.
        var lives: [String: Int] = [:]
        var nextLife = 0
        /// By life: how many backups there were when it ended.
        var ends: [Int: Int] = [:]
        var backups = 0

        mutating func step() throws {
            let name = ["a", "b", "c"][generator.below(3)]
            switch generator.below(10) {
            case 0:
                if let life = lives.removeValue(forKey: name) {
                    ends[life] = backups
                    try sample.database.deleteCollectionBlocking(name)
                }
            case 1 where lives[name] != nil:
                try sample.database.updateAliasesBlocking([.create(alias: "x\(generator.below(2))", collection: name)])
            case 2 where lives[name] != nil:
                try sample.database.updateAliasesBlocking([.delete(alias: "x\(generator.below(2))")])
            default:
                if lives[name] == nil {
                    try sample.make(name)
                    lives[name] = nextLife
                    nextLife += 1
                    // Some stay empty for a while.
                    if generator.below(3) == 0 { return }
                }
                let first = generator.below(300)
                try sample.upsert(name, ids: first..<first + 1 + generator.below(150), &generator)
                if generator.below(3) == 0 { try sample.delete(name, ids: [first]) }
            }
        }

        mutating func remember() throws {
            var moment = Moment(time: StoryTests.now(), backups: backups)
            for (name, life) in lives { moment.collections[name] = (try sample.image(name), life) }
            moment.aliases = try sample.database.aliases().map { "\($0.alias)=\($0.collection)" }
            moments.append(moment)
        }
    }

    @Test func everyMomentOfAStoryIsAsItWasOrIsRefused() throws {
        let seed = runSeed("everyMomentOfAStory")
        var story = Story(sample: try SampleDatabase(), generator: SeededGenerator(seed: seed))
        let repository = try BackupRepository(MemoryStore(), key: nil, creating: true)
        for round in 0..<4 {
            for _ in 0..<(round == 0 ? 3 : 9) {
                try story.step()
                if round > 0 { try story.remember() }
            }
            _ = try RepositoryTests.create(repository, story.sample)
            story.backups += 1
        }
        #expect(try BackupVerification.run(repository).damage == [])
        var (restored, refused, made) = (0, 0, 0)
        for moment in story.moments {
            // The log of what has gone before the next backup has gone with it.
            let lost = moment.collections.filter { story.ends[$0.value.life] == moment.backups }
            do throws(BackupError) {
                let (copy, found) = try Self.restore(repository, moment.time)
                #expect(lost.isEmpty, "\(lost.keys) at \(moment.time)")
                try Self.compare(copy, moment)
                restored += 1
                made += found.filter { $0.replayedRecords == Int($0.sequence) }.count
            } catch {
                #expect(!lost.isEmpty, "\(error)")
                guard case .request(let text) = error else { throw error }
                #expect(text.contains("deleted at ") && lost.keys.contains { text.contains("`\($0)`") }, "\(text)")
                refused += 1
            }
            // Each other one all the same.
            for (name, wanted) in moment.collections where lost[name] == nil && !lost.isEmpty {
                let (copy, _) = try Self.restore(repository, moment.time, [(name, "copy")])
                #expect(try copy.image("copy") == wanted.image, "\(name) at \(moment.time)")
            }
        }
        print("\(restored) moments restored, \(refused) refused, \(made) collections from their first update on")
        #expect(restored > 0)
    }

    static func restore(
        _ repository: BackupRepository, _ time: UInt64, _ collections: [(name: String, newName: String)]? = nil
    ) throws(BackupError) -> (SampleDatabase, [BackupRestoration.Restored]) {
        do {
            return try SampleDatabase.restored(repository) {
                $0.moment = .time(time)
                $0.collections = collections
            }
        } catch {
            throw BackupError(wrapping: error)
        }
    }

    static func compare(_ copy: SampleDatabase, _ moment: Moment) throws(BackupError) {
        do {
            #expect(Set(copy.database.collectionNames) == Set(moment.collections.keys), "at \(moment.time)")
            for (name, wanted) in moment.collections {
                #expect(try copy.image(name) == wanted.image, "\(name) at \(moment.time)")
            }
            let aliases = try copy.database.aliases().map { "\($0.alias)=\($0.collection)" }
            #expect(aliases == moment.aliases, "at \(moment.time)")
        } catch {
            throw BackupError(wrapping: error)
        }
    }

    @Test func aCollectionMadeBetweenBackupsIsReachedBySequence() throws {
        var generator = SeededGenerator(seed: runSeed("aCollectionMadeBetweenBackups"))
        let sample = try RepositoryTests.sample(&generator)
        let repository = try BackupRepository(MemoryStore(), key: nil, creating: true)
        _ = try RepositoryTests.create(repository, sample)
        try sample.make("new")
        var images: [[String]] = [try sample.image("new")]
        for first in 0..<6 {
            try sample.upsert("new", ids: first * 50..<first * 50 + 80, &generator)
            images.append(try sample.image("new"))
        }
        let second = try RepositoryTests.create(repository, sample)
        let saved = try #require(second.collections.first { $0.name == "new" })
        #expect(saved.bridge?.first?.after == 0)
        for (sequence, image) in images.enumerated() {
            let (copy, restored) = try SampleDatabase.restored(repository) {
                $0.moment = .sequence(UInt64(sequence))
                $0.collections = [("new", "new")]
            }
            #expect(restored[0].replayedRecords == (sequence == images.count - 1 ? 0 : sequence))
            #expect(try copy.image("new") == image)
            // It goes on.
            try copy.upsert("new", ids: 0..<10, &generator)
        }
    }

    /// A restored one came with a state of its own, which is in no log.
    @Test func aCollectionRestoredBetweenBackupsIsNotBuiltFromItsLog() throws {
        var generator = SeededGenerator(seed: runSeed("aCollectionRestoredBetweenBackups"))
        let sample = try RepositoryTests.sample(&generator)
        let repository = try BackupRepository(MemoryStore(), key: nil, creating: true)
        _ = try RepositoryTests.create(repository, sample)
        try sample.make("small")
        try sample.upsert("small", ids: 0..<3, &generator)
        _ = try RepositoryTests.create(repository, sample)
        var options = BackupRestoration.Options()
        options.collections = [("small", "again"), ("a", "other")]
        _ = try BackupRestoration.run(repository, into: sample.database, options)
        let moment = Self.now()
        try sample.upsert("again", ids: 5..<6, &generator)
        let third = try RepositoryTests.create(repository, sample)
        #expect(third.collections.filter { ["again", "other"].contains($0.name) }.allSatisfy { $0.bridge == nil })
        for name in ["again", "other"] {
            #expect(throws: BackupError.self) { try Self.restore(repository, moment, [(name, name)]) }
        }
        let (copy, _) = try Self.restore(repository, moment, [("small", "small")])
        #expect(try copy.image("small") == sample.image("small"))
    }
}
