package import Quiver
import QuiverModel

/// Brings backups back into a database.
///
/// Every collection is made aside and checked in full; only when all of them are whole they become
/// visible, in one change of the catalogue.
package struct BackupRestoration {
    package enum Moment: Sendable, Hashable {
        /// As a backup has it.
        case backup(String)
        /// Microseconds since 1970: everything that was acknowledged until then, and nothing that began later.
        case time(UInt64)
        /// Of the one chosen collection.
        case sequence(UInt64)
        case latest
    }

    package struct Options: Sendable {
        package var moment = Moment.latest
        /// Names, and those they get; nil: all, under their own names, with the aliases.
        package var collections: [(name: String, newName: String)]?
        /// Collections of the same names are replaced.
        package var isReplacing = false
        /// Called with the names and aliases that there are to be, before anything is read; may refuse them.
        package var check: (@Sendable (_ names: [String], _ aliases: [String]) throws -> Void)?
        package var progress: (@Sendable (BackupProgress) throws -> Void)?

        package init() {}
    }

    package struct Restored: Sendable {
        package var name: String
        package var newName: String
        package var sequence: UInt64
        package var replayedRecords: Int
        package var backup: String
    }

    let repository: BackupRepository
    let options: Options
    private let lock: RepositoryLock?

    package static func run(
        _ repository: BackupRepository, into database: Database, _ options: Options = Options()
    ) throws(BackupError) -> [Restored] {
        // Restoring has to be possible with rights to read alone.
        let lock: RepositoryLock?
        do throws(BackupError) {
            lock = try RepositoryLock(repository.store, .shared, what: "backup restore")
        } catch {
            if case .busy = error { throw error }
            lock = nil
        }
        defer { lock?.release() }
        let restoration = BackupRestoration(repository: repository, options: options, lock: lock)
        do { return try restoration.restore(into: database) } catch { throw BackupError(wrapping: error) }
    }

    private func restore(into database: Database) throws -> [Restored] {
        let (plans, aliases) = try plan()
        try options.check?(plans.map(\.newName), options.collections == nil ? aliases.map(\.alias) : [])
        if !options.isReplacing {
            for plan in plans where database.collectionExists(plan.newName) {
                throw BackupError.database(.collectionExists(plan.newName))
            }
        }
        let total = plans.reduce(UInt64(0)) { $0 + $1.byteCount }
        var done: UInt64 = 0
        var staged: [(staging: CollectionStaging, restored: Restored)] = []
        defer { for (staging, _) in staged { staging.discard() } }
        for plan in plans {
            staged.append(try stage(plan, database, total: total, &done))
        }
        try database.publish(
            staged.map { ($0.staging, $0.restored.newName) },
            aliases: options.collections == nil ? aliases.map { SnapshotHead.Alias(alias: $0.alias, collection: $0.collection) } : [],
            replacing: options.isReplacing)
        return staged.map(\.restored)
    }

    // MARK: One collection

    private func stage(
        _ plan: Plan, _ database: Database, total: UInt64, _ done: inout UInt64
    ) throws -> (CollectionStaging, Restored) {
        let staging: CollectionStaging
        switch plan.origin {
        case .base(let collection): staging = try stageBase(collection.base, plan, database, total: total, &done)
        case .empty(let manifest):
            staging = try database.stage(manifest)
            try staging.beginEmpty()
        }
        do {
            var restored = Restored(
                name: plan.name, newName: plan.newName, sequence: plan.firstSequence, replayedRecords: 0,
                backup: plan.backup)
            for piece in plan.pieces where plan.end.includes(piece.after + 1, piece.firstTime) {
                var next = piece.after + 1
                var isAtEnd = false
                try forEachPart(piece.list, plan, total: total, &done) { part in
                    // Parts behind the one with the last wanted record.
                    if isAtEnd { return }
                    let isWhole = try LogFrame.forEach(in: part) { sequence, time, record in
                        guard sequence == next else {
                            throw BackupError.damaged(["the log of \(plan.name) has no record \(next)"])
                        }
                        guard plan.end.includes(sequence, time) else {
                            isAtEnd = true
                            return false
                        }
                        try staging.replay(record)
                        restored.sequence = sequence
                        restored.replayedRecords += 1
                        next += 1
                        return true
                    }
                    if !isWhole {
                        throw BackupError.damaged(["the log of \(plan.name) is damaged behind record \(next - 1)"])
                    }
                }
                if next != piece.through + 1 { break }
            }
            return (staging, restored)
        } catch {
            staging.discard()
            throw error
        }
    }

    private func stageBase(
        _ name: String, _ plan: Plan, _ database: Database, total: UInt64, _ done: inout UInt64
    ) throws -> CollectionStaging {
        let base = try repository.base(name)
        let staging = try database.stage(base.manifest)
        do {
            try forEachPart(base.records, plan, total: total, &done) { try staging.addRecordPart($0) }
            for segment in base.segments {
                try staging.beginSegment(segment.file)
                try forEachPart(segment.list, plan, total: total, &done) { try staging.addSegmentPart($0) }
                try staging.endSegment()
            }
            return staging
        } catch {
            staging.discard()
            throw error
        }
    }

    private func forEachPart(
        _ name: String, _ plan: Plan, total: UInt64, _ done: inout UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        for part in try repository.partList(name).parts {
            let content = try repository.content(of: part.object)
            guard content.count == Int(part.byteCount) else {
                throw BackupError.damaged(["\(BackupRepository.objectKey(name)): the length of a part is another"])
            }
            try content.withUnsafeBytes { try body($0) }
            done += UInt64(content.count)
            try lock?.renew()
            try options.progress?(BackupProgress(step: "restoring \(plan.newName)", doneBytes: done, totalBytes: total))
        }
    }
}
