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

    /// One collection as it is put together.
    private struct Plan {
        var collection: BackupCollection
        var newName: String
        /// Behind the base, in order.
        var pieces: [LogPiece]
        var backup: String
        /// What of `pieces` counts.
        var end: End
    }

    private enum End {
        case all
        case time(UInt64)
        case sequence(UInt64)

        func includes(_ sequence: UInt64, _ time: UInt64) -> Bool {
            switch self {
            case .all: true
            case .time(let last): time <= last
            case .sequence(let last): sequence <= last
            }
        }
    }

    private let repository: BackupRepository
    private let options: Options
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
        let total = plans.reduce(UInt64(0)) { $0 + $1.collection.baseBytes + $1.pieces.reduce(0) { $0 + $1.byteCount } }
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
        let base = try repository.base(plan.collection.base)
        let staging = try database.stage(base.manifest)
        do {
            try forEachPart(base.records, plan, total: total, &done) { try staging.addRecordPart($0) }
            for segment in base.segments {
                try staging.beginSegment(segment.file)
                try forEachPart(segment.list, plan, total: total, &done) { try staging.addSegmentPart($0) }
                try staging.endSegment()
            }
            var restored = Restored(
                name: plan.collection.name, newName: plan.newName, sequence: plan.collection.baseSequence,
                replayedRecords: 0, backup: plan.backup)
            for piece in plan.pieces where plan.end.includes(piece.after + 1, piece.firstTime) {
                var next = piece.after + 1
                var isAtEnd = false
                try forEachPart(piece.list, plan, total: total, &done) { part in
                    // Parts behind the one with the last wanted record.
                    if isAtEnd { return }
                    let isWhole = try LogFrame.forEach(in: part) { sequence, time, record in
                        guard sequence == next else {
                            throw BackupError.damaged(["the log of \(plan.collection.name) has no record \(next)"])
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
                        throw BackupError.damaged(["the log of \(plan.collection.name) is damaged behind record \(next - 1)"])
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

    // MARK: What to restore

    private func plan() throws -> (plans: [Plan], aliases: [BackupManifest.Alias]) {
        let ids = try repository.backupIDs()
        guard let newest = ids.last else { throw BackupError.request("there are no backups in \(repository.store.place)") }
        switch options.moment {
        case .latest: return try plan(repository.manifest(newest))
        case .backup(let id): return try plan(repository.manifest(id))
        case .time(let time): return try plan(at: time)
        case .sequence(let sequence): return (try plan(atSequence: sequence), [])
        }
    }

    private func plan(_ manifest: BackupManifest) throws -> ([Plan], [BackupManifest.Alias]) {
        let plans = try chosen(manifest.collections).map { collection, newName in
            Plan(collection: collection, newName: newName, pieces: collection.log, backup: manifest.id, end: .all)
        }
        return (plans, manifest.aliases)
    }

    /// With the names they get. Every chosen one has to be there.
    private func chosen(_ collections: [BackupCollection]) throws -> [(BackupCollection, String)] {
        guard let wanted = options.collections else { return collections.map { ($0, $0.name) } }
        return try wanted.map { name, newName in
            guard let found = collections.first(where: { $0.name == name }) else {
                throw BackupError.request("there is no collection `\(name)` in that backup")
            }
            return (found, newName)
        }
    }

    /// The newest backup up to `time`, and the log that the one after it has.
    private func plan(at time: UInt64) throws -> ([Plan], [BackupManifest.Alias]) {
        let manifests = try repository.manifests()
        guard let before = manifests.last(where: { $0.timeMicroseconds <= time }) else {
            // A base may be older than the oldest backup that is still there.
            if let next = manifests.first {
                let collections = try chosen(next.collections)
                if !collections.isEmpty, collections.allSatisfy({ $0.0.baseTimeMicroseconds <= time }) {
                    let plans = collections.map { collection, newName in
                        Plan(collection: collection, newName: newName, pieces: collection.log, backup: next.id, end: .time(time))
                    }
                    return (plans, next.aliases)
                }
            }
            let first = manifests.first.map { "; the first backup is of \($0.time)" } ?? ""
            throw BackupError.request("there is no backup of that time or before\(first)")
        }
        guard let after = manifests.first(where: { $0.timeMicroseconds > time }) else {
            guard before.timeMicroseconds == time else {
                throw BackupError.request(
                    "no backup is as late as that: the last one is \(before.id), of \(before.time). "
                        + "Make another one, or restore that one with --backup")
            }
            return try plan(before)
        }
        var collections = before.collections
        var aliases = before.aliases
        if after.previous == before.id, let journal = after.journal {
            for entry in journal where entry.time <= time {
                if let all = entry.aliases { aliases = all.map { .init(alias: $0.alias, collection: $0.collection) } }
                switch entry.change {
                case .made, .replaced:
                    let name = entry.collection ?? ""
                    if options.collections?.contains(where: { $0.name == name }) ?? true {
                        throw BackupError.request(
                            "collection `\(name)` was \(entry.change == .made ? "made" : "restored") between the backups "
                                + "\(before.id) and \(after.id), so that its state in between is in none of them. Choose others "
                                + "with --collection, or restore one of the two backups")
                    }
                case .deleted:
                    collections.removeAll { $0.name == entry.collection }
                    aliases.removeAll { $0.collection == entry.collection }
                case .aliases: break
                }
            }
        }
        let plans = try chosen(collections).map { collection, newName in
            let pieces = collection.log + (try bridge(collection, before, after))
            return Plan(collection: collection, newName: newName, pieces: pieces, backup: before.id, end: .time(time))
        }
        return (plans, aliases)
    }

    /// The log from the one backup of a collection to the next.
    private func bridge(
        _ collection: BackupCollection, _ before: BackupManifest, _ after: BackupManifest
    ) throws -> [LogPiece] {
        let lost = "the log of `\(collection.name)` from backup \(before.id), of \(before.time), to \(after.id), of \(after.time)"
        guard let next = after.collections.first(where: { $0.identity == collection.identity }) else {
            throw BackupError.request("\(lost), is not there: it was deleted or restored meanwhile. Restore --backup \(before.id)")
        }
        let pieces = (next.log + (next.bridge ?? [])).filter { $0.after >= collection.sequence }.sorted { $0.after < $1.after }
        if next.sequence == collection.sequence { return [] }
        guard pieces.first?.after == collection.sequence, pieces.last?.through == next.sequence else {
            throw BackupError.request("\(lost), is not there: it was not kept. Restore --backup \(before.id) or \(after.id)")
        }
        return pieces
    }

    /// The oldest backup that reaches so far.
    private func plan(atSequence sequence: UInt64) throws -> [Plan] {
        guard let wanted = options.collections, wanted.count == 1 else {
            throw BackupError.request("a sequence number is that of one collection: name it with --collection")
        }
        var reached: UInt64 = 0
        var last: (manifest: BackupManifest, collection: BackupCollection)?
        for manifest in try repository.manifests() {
            guard let collection = manifest.collections.first(where: { $0.name == wanted[0].name }) else { continue }
            reached = max(reached, collection.sequence)
            if collection.baseSequence <= sequence, sequence <= collection.sequence {
                return [
                    Plan(
                        collection: collection, newName: wanted[0].newName, pieces: collection.log, backup: manifest.id,
                        end: .sequence(sequence))
                ]
            }
            if let last, last.collection.identity == collection.identity, last.collection.sequence <= sequence,
                sequence <= collection.sequence
            {
                let pieces = last.collection.log + (try bridge(last.collection, last.manifest, manifest))
                return [
                    Plan(
                        collection: last.collection, newName: wanted[0].newName, pieces: pieces, backup: last.manifest.id,
                        end: .sequence(sequence))
                ]
            }
            last = (manifest, collection)
        }
        throw BackupError.request("no backup has update \(sequence) of `\(wanted[0].name)`; they reach to \(reached)")
    }
}
