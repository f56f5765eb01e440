import Quiver
import QuiverModel

/// What has to be read to have the wanted collections as they were at the wanted moment.
extension BackupRestoration {
    /// One collection as it is put together.
    struct Plan {
        enum Origin {
            case base(BackupCollection)
            /// Made between two backups: it begins with its configuration and nothing else.
            case empty(CollectionManifest)
        }

        var name: String
        var newName: String
        var origin: Origin
        /// Behind the origin, in order.
        var pieces: [LogPiece]
        var backup: String
        /// What of `pieces` counts.
        var end: End

        var firstSequence: UInt64 {
            switch origin {
            case .base(let collection): collection.baseSequence
            case .empty: 0
            }
        }

        var byteCount: UInt64 {
            let base: UInt64 =
                switch origin {
                case .base(let collection): collection.baseBytes
                case .empty: 0
                }
            return pieces.reduce(base) { $0 + $1.byteCount }
        }
    }

    enum End {
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

    func plan() throws -> (plans: [Plan], aliases: [BackupManifest.Alias]) {
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
        let plans = try chosen(manifest.collections, \.name).map { collection, newName in
            Plan(
                name: collection.name, newName: newName, origin: .base(collection), pieces: collection.log,
                backup: manifest.id, end: .all)
        }
        return (plans, manifest.aliases)
    }

    /// With the names they get. Every chosen one has to be there.
    private func chosen<Item>(_ items: [Item], _ name: (Item) -> String) throws -> [(Item, String)] {
        guard let wanted = options.collections else { return items.map { ($0, name($0)) } }
        return try wanted.map { wantedName, newName in
            guard let found = items.first(where: { name($0) == wantedName }) else {
                throw BackupError.request("there is no collection `\(wantedName)` in that backup, or at that moment")
            }
            return (found, newName)
        }
    }

    // MARK: A moment

    /// The newest backup up to `time`, and the log that the one after it has.
    private func plan(at time: UInt64) throws -> ([Plan], [BackupManifest.Alias]) {
        let manifests = try repository.manifests()
        guard let before = manifests.last(where: { $0.timeMicroseconds <= time }) else {
            return try plan(at: time, beforeAll: manifests.first)
        }
        guard let after = manifests.first(where: { $0.timeMicroseconds > time }) else {
            guard before.timeMicroseconds == time else {
                throw BackupError.request(
                    "no backup is as late as that: the last one is \(before.id), of \(before.time). "
                        + "Make another one, or restore that one with --backup")
            }
            return try plan(before)
        }
        let story = CatalogStory(before: before, after: after, at: time)
        if let unknown = story.unknown.first(where: { isWanted($0.name) }) {
            throw BackupError.request(
                "collection `\(unknown.name)` came between the backups \(before.id) and \(after.id), and when is not known. "
                    + "Choose others with --collection, or restore one of the two backups")
        }
        let plans = try chosen(story.present, \.name).map { present, newName in
            switch present.origin {
            case .before(let collection):
                let pieces = collection.log + (try bridge(collection, before, after))
                return Plan(
                    name: collection.name, newName: newName, origin: .base(collection), pieces: pieces, backup: before.id,
                    end: .time(time))
            case .made(let entry):
                return try plan(entry, before, after, newName: newName, end: .time(time))
            }
        }
        return (plans, story.aliases)
    }

    private func isWanted(_ name: String) -> Bool {
        options.collections?.contains { $0.name == name } ?? true
    }

    /// A base may be older than the oldest backup that is still there.
    private func plan(
        at time: UInt64, beforeAll first: BackupManifest?
    ) throws -> ([Plan], [BackupManifest.Alias]) {
        if let first {
            let collections = try chosen(first.collections, \.name)
            if !collections.isEmpty, collections.allSatisfy({ $0.0.baseTimeMicroseconds <= time }) {
                let plans = collections.map { collection, newName in
                    Plan(
                        name: collection.name, newName: newName, origin: .base(collection), pieces: collection.log,
                        backup: first.id, end: .time(time))
                }
                return (plans, first.aliases)
            }
        }
        let hint = first.map { "; the first backup is of \($0.time)" } ?? ""
        throw BackupError.request("there is no backup of that time or before\(hint)")
    }

    /// Of a collection that was made between two backups, from its first update on.
    private func plan(
        _ made: CatalogJournal.Entry, _ before: BackupManifest, _ after: BackupManifest, newName: String, end: End
    ) throws -> Plan {
        let name = made.collection ?? ""
        let place = "between the backups \(before.id) and \(after.id)"
        guard let found = after.collections.first(where: { $0.identity == made.identity }) else {
            throw BackupError.request(
                "collection `\(name)` was made \(place) and \(fate(made.identity, after)), so that none of them has it. "
                    + "Choose others with --collection")
        }
        let pieces = (found.bridge ?? []).sorted { $0.after < $1.after }
        guard made.change == .made, let config = made.config, found.bridge != nil,
            pieces.first?.after ?? 0 == 0, pieces.last?.through ?? 0 == found.sequence
        else {
            throw BackupError.request(
                "collection `\(name)` was \(made.change == .made ? "made" : "restored") \(place), without a log from its "
                    + "beginning on, so that its state in between is in none of them. Choose others with --collection, or "
                    + "restore --backup \(after.id)")
        }
        let manifest = CollectionManifest(
            name: name, identity: found.identity, sequence: 0, config: config, vectorGeneration: 0, segments: [])
        return Plan(
            name: name, newName: newName, origin: .empty(manifest), pieces: pieces, backup: after.id, end: end)
    }

    /// What became of a collection that a backup has no more.
    private func fate(_ identity: String?, _ after: BackupManifest) -> String {
        for entry in after.journal ?? [] {
            let time = Timestamp(microsecondsSinceEpoch: Int64(clamping: entry.time)).text
            if entry.change == .deleted, entry.identity == identity { return "deleted at \(time)" }
            if entry.change == .replaced, entry.formerIdentity == identity { return "replaced by a restored one at \(time)" }
        }
        return "deleted or restored"
    }

    /// The log from the one backup of a collection to the next.
    private func bridge(
        _ collection: BackupCollection, _ before: BackupManifest, _ after: BackupManifest
    ) throws -> [LogPiece] {
        guard let next = after.collections.first(where: { $0.identity == collection.identity }) else {
            throw BackupError.request(
                "collection `\(collection.name)` was \(fate(collection.identity, after)), and its log went with it: its newest "
                    + "state that can be had is that of backup \(before.id), of \(before.time). Restore it with --backup "
                    + "\(before.id) --collection \(collection.name), and others with --collection as they were at that moment")
        }
        let pieces = (next.log + (next.bridge ?? [])).filter { $0.after >= collection.sequence }.sorted { $0.after < $1.after }
        if next.sequence == collection.sequence { return [] }
        guard pieces.first?.after == collection.sequence, pieces.last?.through == next.sequence else {
            throw BackupError.request(
                "the log of `\(collection.name)` from backup \(before.id), of \(before.time), to \(after.id), of "
                    + "\(after.time), is not there: it was not kept. Restore --backup \(before.id) or \(after.id)")
        }
        return pieces
    }

    // MARK: A sequence number

    /// The oldest backup that reaches so far.
    private func plan(atSequence sequence: UInt64) throws -> [Plan] {
        guard let wanted = options.collections, wanted.count == 1 else {
            throw BackupError.request("a sequence number is that of one collection: name it with --collection")
        }
        let (name, newName) = wanted[0]
        var reached: UInt64 = 0
        var last: (manifest: BackupManifest, collection: BackupCollection)?
        var before: BackupManifest?
        for manifest in try repository.manifests() {
            defer { before = manifest }
            guard let collection = manifest.collections.first(where: { $0.name == name }) else { continue }
            reached = max(reached, collection.sequence)
            if collection.baseSequence <= sequence, sequence <= collection.sequence {
                return [
                    Plan(
                        name: name, newName: newName, origin: .base(collection), pieces: collection.log,
                        backup: manifest.id, end: .sequence(sequence))
                ]
            }
            if let last, last.collection.identity == collection.identity, last.collection.sequence <= sequence,
                sequence <= collection.sequence
            {
                let pieces = last.collection.log + (try bridge(last.collection, last.manifest, manifest))
                return [
                    Plan(
                        name: name, newName: newName, origin: .base(last.collection), pieces: pieces,
                        backup: last.manifest.id, end: .sequence(sequence))
                ]
            }
            if last?.collection.identity != collection.identity, sequence < collection.baseSequence, let before,
                let made = manifest.journal?.first(where: { $0.identity == collection.identity })
            {
                return [try plan(made, before, manifest, newName: newName, end: .sequence(sequence))]
            }
            last = (manifest, collection)
        }
        throw BackupError.request("no backup has update \(sequence) of `\(name)`; they reach to \(reached)")
    }
}

/// Which collections and aliases there were at a moment between two backups.
private struct CatalogStory {
    struct Present {
        enum Origin {
            case before(BackupCollection)
            case made(CatalogJournal.Entry)
        }

        var name: String
        var origin: Origin
    }

    var present: [Present]
    var aliases: [BackupManifest.Alias]
    /// Of the later backup, and nobody knows since when.
    var unknown: [BackupCollection] = []

    init(before: BackupManifest, after: BackupManifest, at time: UInt64) {
        present = before.collections.map { Present(name: $0.name, origin: .before($0)) }
        aliases = before.aliases
        guard after.previous == before.id, let journal = after.journal else {
            let known = Set(before.collections.map(\.identity))
            unknown = after.collections.filter { !known.contains($0.identity) }
            return
        }
        for entry in journal where entry.time <= time {
            if let all = entry.aliases { aliases = all.map { .init(alias: $0.alias, collection: $0.collection) } }
            let name = entry.collection ?? ""
            switch entry.change {
            case .made, .replaced:
                present.removeAll { $0.name == name }
                present.append(Present(name: name, origin: .made(entry)))
            case .deleted:
                present.removeAll { $0.name == name }
                aliases.removeAll { $0.collection == name }
            case .aliases: break
            }
        }
        // Backups may be of some collections alone.
        let saved = Set(after.collections.map(\.identity))
        let gone = Set(journal.compactMap { $0.change == .deleted ? $0.identity : $0.formerIdentity })
        present.removeAll { one in
            guard case .made(let entry) = one.origin, let identity = entry.identity else { return false }
            return !saved.contains(identity) && !gone.contains(identity)
        }
        // The journal speaks of all aliases there were.
        let names = Set(present.map(\.name))
        aliases.removeAll { !names.contains($0.collection) }
    }
}
