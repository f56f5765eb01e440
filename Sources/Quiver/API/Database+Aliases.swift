import Synchronization

public import QuiverModel

extension Database {
    /// Applies the actions in order; readers see all of them or none. An error midway keeps the earlier ones.
    ///
    /// - Throws: `.notFound` for a missing collection, or a missing alias to be renamed; `.alreadyExists` when a
    ///   collection has the name of an alias.
    public func updateAliases(_ actions: [AliasAction]) async throws(QuiverError) {
        try await workers.run { [self] () throws(QuiverError) in try updateAliasesBlocking(actions) }
    }

    package func updateAliasesBlocking(_ actions: [AliasAction]) throws(QuiverError) {
        try changingCatalog { () throws(QuiverError) in
            let (before, collections) = contents.withLock {
                ($0.aliases, Set($0.collections.keys).union($0.unavailable.keys))
            }
            var aliases = before
            var failure: QuiverError?
            for action in actions {
                do throws(QuiverError) {
                    try action.apply(to: &aliases, collections)
                } catch {
                    failure = error
                    break
                }
            }
            if aliases != before {
                try catalogMirror.change({ $0.aliases = CatalogRecord.sorted(aliases) }) {
                    try catalog.setAliases(aliases)
                }
                contents.withLock { $0.aliases = aliases }
            }
            if let failure { throw failure }
        }
    }

    /// All aliases, or those of one collection, sorted.
    ///
    /// - Throws: `.notFound` for a missing collection.
    public func aliases(ofCollection name: String? = nil) throws(QuiverError) -> [(alias: String, collection: String)] {
        let all = contents.withLock { $0.aliases }
        let name = try name.map { name throws(QuiverError) in
            if unavailable(name) != nil { return all[ExactName(name)] ?? ExactName(name) }
            return ExactName(try core(name).name)
        }
        return all.filter { name == nil || $0.value == name }.sorted { $0.key < $1.key }
            .map { (alias: $0.key.text, collection: $0.value.text) }
    }
}

extension AliasAction {
    fileprivate func apply(
        to aliases: inout [ExactName: ExactName], _ collections: Set<ExactName>
    ) throws(QuiverError) {
        switch self {
        case .create(let alias, let collection):
            let target = aliases[ExactName(collection)] ?? ExactName(collection)
            guard collections.contains(target) else { throw .collectionMissing(collection) }
            if collections.contains(ExactName(alias)) { throw .collectionExists(alias) }
            aliases[ExactName(alias)] = target
        case .delete(let alias):
            aliases[ExactName(alias)] = nil
        case .rename(let old, let new):
            guard let target = aliases[ExactName(old)] else { throw .notFound("Alias \(old) does not exists!") }
            if collections.contains(ExactName(new)) { throw .collectionExists(new) }
            aliases[ExactName(old)] = nil
            aliases[ExactName(new)] = target
        }
    }
}
