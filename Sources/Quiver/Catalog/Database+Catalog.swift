import Synchronization

import QuiverModel

/// Changes of the catalogue, each in step with the records of which a damaged one is made anew (`CatalogMirror`). All are
/// for whoever has the catalogue (`changingCatalog`).
extension Database {
    /// Damaged files of the storage itself that were replaced.
    var storageQuarantine: Quarantine { Quarantine(directory: path + "/quarantine") }

    /// Damaged catalogues that were replaced and are kept aside for a while.
    package var quarantinedCatalogCount: Int { storageQuarantine.files.count }

    /// Directories of collections whose name and configuration were lost, below `nameless` of the storage directory.
    package var namelessCollections: [String] { NamelessCollections(storage: path).identities }

    /// The files come first, then the entry that makes them count.
    func addCollection(_ name: ExactName, _ config: CollectionConfig) throws(QuiverError) {
        let stored = Catalog.StoredCollection(
            directory: Database.newDirectoryName(), config: config, vectorGeneration: nil)
        let directory = CollectionDirectory(path: collectionsPath + "/" + stored.directory)
        var opened: CollectionCore?
        do {
            try directory.begin()
            let core = try openCore(name.text, stored)
            opened = core
            if try catalog.journal.state().isKept { try core.setLogMark(0) }
            // Its own name is durable since it was begun.
            try Files.synchronise(directory: directory.path)
            try catalogMirror.add([name: stored], replacing: []) { try catalog.put(stored, name: name) }
            contents.withLock { contents in
                contents.collections[name] = core
                contents.directories[name] = stored.directory
            }
        } catch {
            opened?.close()
            catalogMirror.remove(stored.directory)
            throw QuiverError(wrapping: error)
        }
    }

    package func deleteCollectionBlocking(_ name: String) throws(QuiverError) -> Bool {
        let name = ExactName(name)
        return try changingCatalog { () throws(QuiverError) in
            let (core, unavailable, directory, all) = contents.withLock { contents in
                (contents.collections[name], contents.unavailable[name], contents.directories[name], contents.aliases)
            }
            guard core != nil || unavailable != nil else { return false }
            let left = all.filter { $0.value != name }
            do {
                try catalog.remove(name, aliases: all.filter { $0.value == name }.map(\.key))
            } catch {
                throw QuiverError(wrapping: error)
            }
            contents.withLock { contents in
                contents.collections[name] = nil
                contents.unavailable[name] = nil
                contents.directories[name] = nil
                contents.aliases = left
            }
            let removed = [unavailable?.directory, directory].compactMap { $0 }
            catalogMirror.drop(removed, aliases: left)
            core?.close()
            for identity in removed { catalogMirror.remove(identity) }
            return true
        }
    }

    /// After the catalogue has collections in the place of others, which are to be closed and to go.
    func removeReplaced(_ replaced: (cores: [CollectionCore], directories: [String])) {
        catalogMirror.drop(replaced.directories)
        for core in replaced.cores { core.close() }
        for identity in replaced.directories { catalogMirror.remove(identity) }
    }
}
