package import QuiverModel

/// Which backups are kept. Each rule names some; a backup goes when no rule names it.
package struct BackupRetention: Sendable {
    /// The newest so many.
    package var last: Int?
    /// The newest of each of so many days (weeks from Monday on, months; all UTC) that have one.
    package var daily: Int?
    package var weekly: Int?
    package var monthly: Int?
    /// Everything younger than this.
    package var withinSeconds: Double?

    package init() {}

    package var hasRules: Bool {
        last != nil || daily != nil || weekly != nil || monthly != nil || withinSeconds != nil
    }

    /// - Parameter times: of the backups, the oldest first.
    package func kept(_ times: [Timestamp], now: Timestamp) -> [Bool] {
        var kept = [Bool](repeating: false, count: times.count)
        for index in times.indices.reversed() {
            if let last, times.count - index <= last { kept[index] = true }
            if let withinSeconds, now.seconds(since: times[index]) <= withinSeconds { kept[index] = true }
        }
        keep(daily, times, &kept) { $0.day }
        // 1970-01-01 was a Thursday.
        keep(weekly, times, &kept) { Int((Double($0.day + 3) / 7).rounded(.down)) }
        keep(monthly, times, &kept) { $0.date.year * 12 + $0.date.month }
        return kept
    }

    private func keep(_ count: Int?, _ times: [Timestamp], _ kept: inout [Bool], _ period: (Timestamp) -> Int) {
        guard let count else { return }
        var seen: Set<Int> = []
        for index in times.indices.reversed() where seen.count < count {
            if seen.insert(period(times[index])).inserted { kept[index] = true }
        }
    }
}

/// Removes backups, and objects that none of the others needs: those of failed backups as well.
package struct BackupPruning {
    package struct Report: Sendable {
        package var kept: [String] = []
        package var removed: [String] = []
        package var removedObjects = 0
        package var removedBytes: UInt64 = 0
    }

    /// - Parameters:
    ///   - removing: ids that go whatever the rules say, also when their manifests are damaged.
    ///   - isDry: nothing is removed.
    package static func run(
        _ repository: BackupRepository, keeping retention: BackupRetention, removing: Set<String> = [],
        isDry: Bool = false, now: Timestamp = .now()
    ) throws(BackupError) -> Report {
        let lock = try RepositoryLock(repository.store, .exclusive, what: "backup prune")
        defer { lock.release() }
        var report = Report()
        let ids = try repository.backupIDs()
        for id in removing where !ids.contains(id) {
            throw .request("there is no backup \(id) in \(repository.store.place)")
        }
        var manifests: [BackupManifest] = []
        for id in ids where !removing.contains(id) { manifests.append(try repository.manifest(id)) }
        var kept = [Bool](repeating: true, count: manifests.count)
        if retention.hasRules {
            let times = manifests.map { Timestamp(microsecondsSinceEpoch: Int64($0.timeMicroseconds)) }
            kept = retention.kept(times, now: now)
        }
        report.kept = zip(manifests, kept).filter(\.1).map(\.0.id)
        report.removed = ids.filter { !report.kept.contains($0) }
        // Everything that is needed is known before anything goes; a backup that cannot be read stops it all.
        var needed: Set<String> = []
        for (manifest, isKept) in zip(manifests, kept) where isKept {
            for collection in manifest.collections { try collect(collection, repository, &needed) }
            try lock.renew()
        }
        let present = try repository.objectNames()
        let garbage = present.filter { !needed.contains($0.key) }
        // What was set aside tells that something is missing, for as long as it is.
        let aside = try repository.setAside().filter { key in
            let name = key.split(separator: "/").last.map(String.init) ?? ""
            return !needed.contains(name) || present[name] != nil
        }
        report.removedObjects = garbage.count
        report.removedBytes = garbage.values.reduce(0) { $0 + UInt64($1.byteCount) }
        if isDry { return report }
        do {
            try lock.renew(atOnce: true)
            try repository.store.delete(report.removed.map { BackupRepository.backupsPrefix + $0 })
            let keys = garbage.values.map(\.key).sorted() + aside.map { BackupRepository.damagedPrefix + $0 }
            for first in stride(from: 0, to: keys.count, by: 1000) {
                try lock.renew()
                try repository.store.delete(Array(keys[first..<min(first + 1000, keys.count)]))
            }
        } catch {
            throw BackupError(wrapping: error)
        }
        return report
    }

    private static func collect(
        _ collection: BackupCollection, _ repository: BackupRepository, _ needed: inout Set<String>
    ) throws(BackupError) {
        if needed.insert(collection.base).inserted {
            let base = try repository.base(collection.base)
            try collect(base.records, repository, &needed)
            for segment in base.segments { try collect(segment.list, repository, &needed) }
        }
        for piece in collection.log + (collection.bridge ?? []) { try collect(piece.list, repository, &needed) }
    }

    private static func collect(
        _ list: String, _ repository: BackupRepository, _ needed: inout Set<String>
    ) throws(BackupError) {
        guard needed.insert(list).inserted else { return }
        for part in try repository.partList(list).parts { needed.insert(part.object) }
    }
}
