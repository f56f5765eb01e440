import Foundation
import Quiver
import QuiverArchive
import QuiverTestKit
import Testing

@testable import Quiver

/// Random collections, each copied again and again by a snapshot of it while it is sealed, merged and indexed in the
/// background: the copy has every record of the original, and goes on as the original would have.
///
/// `QUIVER_SEED` repeats a run.
@Suite struct SnapshotModelTests {
    @Test(arguments: ModelTests.shapes.indices)
    func copyIsTheCollection(_ index: Int) async throws {
        let (name, shape) = ModelTests.shapes[index]
        let seed = runSeed("snapshots of models, \(name)")
        var run = try await ModelRun(shape: shape, seed: seed &+ UInt64(index))
        defer { run.database.close() }
        for step in 0..<240 {
            do {
                try await run.step()
                if step % 12 == 11 { try await run.restoreFromSnapshot() }
            } catch {
                Issue.record("QUIVER_SEED=\(seed), \(name), step \(step): \(error)")
                return
            }
        }
    }

    /// The kinds of vectors that the models do not have: multivectors, halves, bytes, sparse ones.
    @Test func copyOfKinds() async throws {
        let seed = runSeed("snapshots of kinds")
        for (index, shape) in KindShape.all.enumerated() where index % 5 == 0 {
            let run = try await KindRun(shape, seed: seed &+ UInt64(index))
            defer { run.database.close() }
            for _ in 0..<4 { try await run.upsert(60) }
            try await run.collection.seal()
            try await run.upsert(10)
            let archive = try run.database.archive(.collection("kind"))
            let before = try StoreDump(run.collection)
            let points = try run.collection.everything()
            try run.database.snapshots.recover(from: source(archive), into: "copy", of: run.database)
            let copy = try run.database.collection("copy")
            let copied = try copy.everything()
            #expect(copied.map(\.id) == points.map(\.id), "QUIVER_SEED=\(seed)")
            #expect(copied.map(\.vectors) == points.map(\.vectors), "QUIVER_SEED=\(seed)")
            if run.collection.core.view.load().sequence == (try StoreDump(copy) == before ? copy.lastSequence : .max) {
                #expect(copy.config == run.collection.config)
            }
        }
    }
}

extension ModelRun {
    /// Goes on with a copy, in this database or in another one.
    mutating func restoreFromSnapshot() async throws {
        let scope: SnapshotScope = random.random.chance(50) ? .collection(ModelRun.collectionName) : .storage
        // Background work may change segments between the two: the records of a quiet collection are compared.
        let isQuiet = random.random.chance(50)
        if isQuiet { try await collection.settle() }
        let expected = try StoreDump(collection)
        let archive = try database.archive(scope)
        let step = 1 + random.random.below(100_000)
        if random.random.chance(50) {
            // Over the collection itself, after more has happened to it.
            try await collection.update([.deletePoints(.filter(Filter()))])
            if scope == .storage {
                try database.snapshots.recoverStorage(from: source(archive, step: step), of: database, replacing: true)
            } else {
                try database.snapshots.recover(
                    from: source(archive, step: step), into: ModelRun.collectionName, of: database)
            }
            collection = try database.collection(ModelRun.collectionName)
            try require(try database.collectionDirectories.count == 1, "a directory is left over")
        } else {
            database.close()
            try moveOn { database in
                if scope == .storage {
                    try database.snapshots.recoverStorage(from: source(archive, step: step), of: database, replacing: false)
                } else {
                    try database.snapshots.recover(
                        from: source(archive, step: step), into: ModelRun.collectionName, of: database,
                        checksum: Checksum.text(archive))
                }
            }
        }
        if isQuiet, let difference = expected.difference(try StoreDump(collection)) {
            throw Mismatch(description: "the copy differs: \(difference)")
        }
        note("restored")
        try await checkEverything()
    }
}

extension Checksum {
    static func text(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { Hexadecimal.text(Checksum.sha256($0) ?? []) } }
}
