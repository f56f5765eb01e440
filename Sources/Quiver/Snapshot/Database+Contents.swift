import Synchronization

import QuiverModel

/// What snapshots and backups need of the collections there are: which a copy is to hold, and what becomes of them when
/// others take their place.
extension Database {
    /// What is to become of the catalogue, and of what is in memory.
    struct Replacement {
        var collections: [ExactName: Catalog.StoredCollection] = [:]
        var aliases: [ExactName: ExactName]
    }

    /// The directories of those that have the names now.
    func directories(of names: some Sequence<ExactName>) -> [String] {
        contents.withLock { contents in
            names.compactMap { contents.directories[$0] ?? contents.unavailable[$0]?.directory }
        }
    }

    /// Checks whether staged collections can be those of the given names.
    func replacement(
        _ staged: [(staging: CollectionStaging, name: String)], _ added: [SnapshotHead.Alias], replacing: Bool
    ) throws(QuiverError) -> Replacement {
        let (present, unavailable, aliases) = contents.withLock { ($0.collections, $0.unavailable, $0.aliases) }
        var change = Replacement(aliases: aliases)
        for (staging, name) in staged {
            let name = ExactName(name)
            if let core = present[name] {
                if !replacing { throw .collectionExists(name.text) }
                try Database.checkAgreement(staging.stored.config, core.config)
            } else if let lost = unavailable[name] {
                if !replacing { throw .collectionExists(name.text) }
                try Database.checkAgreement(staging.stored.config, lost.config)
            } else if aliases[name] != nil {
                throw .badRequest(
                    "Can't create collection with name `\(name.text)`. Alias with the same name already exists")
            }
            change.collections[name] = staging.stored
        }
        for alias in added {
            let target = ExactName(alias.collection)
            if present[ExactName(alias.alias)] != nil || unavailable[ExactName(alias.alias)] != nil
                || change.collections[ExactName(alias.alias)] != nil {
                throw .collectionExists(alias.alias)
            }
            guard change.collections[target] != nil else { throw .collectionMissing(alias.collection) }
            change.aliases[ExactName(alias.alias)] = target
        }
        return change
    }

    /// A collection takes the state of another only where their vectors and shards are the same.
    private static func checkAgreement(_ new: CollectionConfig, _ present: CollectionConfig) throws(QuiverError) {
        let problem = "Snapshot is not compatible with existing collection: Collection"
        guard new.vectors == present.vectors else {
            throw .badInput(
                "\(problem) vectors: \(shown(present.vectors)) Snapshot Vectors: \(shown(new.vectors))")
        }
        guard new.shardNumber == present.shardNumber else {
            throw .badInput("\(problem) shard number: \(present.shardNumber) Snapshot shard number: \(new.shardNumber)")
        }
    }

    private static func shown(_ vectors: VectorsConfig?) -> String {
        guard let vectors, let bytes = try? StoredConfig.encode(vectors) else { return "{}" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// After the catalogue has it. Returns what was replaced, to be closed and removed.
    func replaceContents(
        _ change: Replacement, _ cores: [ExactName: CollectionCore]
    ) -> (cores: [CollectionCore], directories: [String]) {
        contents.withLock { contents in
            var replaced: [CollectionCore] = []
            var directories: [String] = []
            for (name, stored) in change.collections {
                if let old = contents.collections[name] { replaced.append(old) }
                if let old = contents.directories[name] { directories.append(old) }
                if let old = contents.unavailable.removeValue(forKey: name) { directories.append(old.directory) }
                contents.collections[name] = cores[name]
                contents.directories[name] = stored.directory
            }
            contents.aliases = change.aliases
            return (replaced, directories)
        }
    }

    /// What a cut of `names` is to hold, by names; with the directory of each, and the aliases that lead there.
    func cutContents(
        _ names: [String]?
    ) throws(QuiverError) -> (cores: [(core: CollectionCore, identity: String)], aliases: [(alias: String, collection: String)]) {
        let chosen = try names.map { names throws(QuiverError) in
            var chosen: Set<ExactName> = []
            for name in names { chosen.insert(ExactName(try core(name).name)) }
            return chosen
        }
        // What cannot be read cannot be copied, and a copy of everything would be without it.
        if chosen == nil, let lost = unavailableCollections.first { throw lost.reason }
        return contents.withLock { contents in
            let cores = contents.collections.filter { chosen?.contains($0.key) ?? true }.sorted { $0.key < $1.key }
                .map { (core: $0.value, identity: contents.directories[$0.key] ?? "") }
            let aliases = contents.aliases.filter { chosen?.contains($0.value) ?? true }.sorted { $0.key < $1.key }
                .map { (alias: $0.key.text, collection: $0.value.text) }
            return (cores, aliases)
        }
    }
}
