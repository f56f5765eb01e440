import Logging
import Synchronization

import QuiverLMDB
import QuiverModel

/// `catalog.mdb`: which collections there are, where, how they were configured, and their aliases.
///
/// | database | key | value |
/// |---|---|---|
/// | `meta` | `format` | u32 format version, little-endian |
/// | `collections` | name | `StoredCollection` as JSON |
/// | `aliases` | alias | name of the collection |
/// | `meta` | `journal` | `CatalogJournal.State` as JSON, once logs were kept for backups |
/// | `journal` | u64 number, big-endian | `CatalogJournal.Entry` as JSON |
///
/// All of it is small, and read once at open; changes are rare, and each is one transaction. Each value is a
/// `CheckedValue`. It is what counts wherever it is sound; `CatalogRebuild` makes it anew where it is not.
struct Catalog: Sendable {
    struct StoredCollection: Codable, Sendable {
        /// Name of its directory below `collections/`.
        var directory: String
        var config: CollectionConfig
        /// Of the `VectorSet` that `config` is; nil as 0: as the collection was made.
        var vectorGeneration: UInt64?
    }

    struct Contents: Sendable {
        var collections: [ExactName: StoredCollection] = [:]
        var aliases: [ExactName: ExactName] = [:]
    }

    static let format: UInt32 = 2

    private let environment: Environment
    private let meta: Table
    private let collections: Table
    private let aliases: Table
    let journal: CatalogJournal

    /// What is sound, and of another version: no damage.
    struct OtherVersion: Error {
        let reason: QuiverError
    }

    /// - Parameter isNew: whether it may be a file that never held anything.
    /// - Throws: `OtherVersion`; `.corrupted`, also as `LMDBError`, for damage.
    init(path: String, isNew: Bool, logger: Logger) throws {
        _ = try StoreCheckup(path, required: ["meta", "collections", "aliases"], logger: logger)
        environment = try Environment(
            path: path,
            options: .init(mapSizeBytes: Limits.catalogMapBytes, maxDatabases: 8, freshLock: true, stamped: true))
        var transaction = try environment.beginWrite()
        meta = try transaction.openDatabase("meta", creating: true)
        collections = try transaction.openDatabase("collections", creating: true)
        aliases = try transaction.openDatabase("aliases", creating: true)
        let journal = try transaction.openDatabase("journal", creating: true)
        self.journal = CatalogJournal(environment: environment, meta: meta, entries: journal)
        if let bytes = unsafe try transaction.getChecked(meta, "format") {
            var reader = unsafe ByteReader(bytes)
            let format = try reader.read(UInt32.self)
            do throws(QuiverError) {
                try KnownFormat.check(path, format, Catalog.format)
            } catch {
                throw OtherVersion(reason: error)
            }
        } else {
            if try !isNew || transaction.entryCount(collections) > 0 {
                throw QuiverError(.corrupted, "\(path) does not say which format it has")
            }
            try enterFormat(&transaction)
        }
        try transaction.commit()
        _ = try read()
        try environment.startStamping()
    }

    private func enterFormat(_ transaction: inout WriteTransaction) throws {
        var writer = ByteWriter()
        writer.write(Catalog.format)
        try transaction.putChecked(meta, "format", writer.takeBytes())
    }

    /// Writes a catalogue where there is no file, in one transaction. Its journal is empty, and goes on behind `journal`.
    static func write(_ contents: Contents, journal: CatalogJournal.State, to path: String) throws {
        let catalog = try Catalog(writing: path)
        defer { try? catalog.environment.close() }
        var transaction = try catalog.environment.beginWrite()
        try catalog.enterFormat(&transaction)
        for (name, entry) in contents.collections.sorted(by: { $0.key < $1.key }) {
            try transaction.putChecked(catalog.collections, name.text, try StoredConfig.encode(entry))
        }
        for (alias, name) in contents.aliases.sorted(by: { $0.key < $1.key }) {
            try transaction.putChecked(catalog.aliases, alias.text, name.text)
        }
        try catalog.journal.begin(journal, &transaction)
        try transaction.commit()
    }

    private init(writing path: String) throws {
        environment = try Environment(
            path: path, options: .init(mapSizeBytes: Limits.catalogMapBytes, maxDatabases: 8, freshLock: true))
        var transaction = try environment.beginWrite()
        meta = try transaction.openDatabase("meta", creating: true)
        collections = try transaction.openDatabase("collections", creating: true)
        aliases = try transaction.openDatabase("aliases", creating: true)
        journal = CatalogJournal(
            environment: environment, meta: meta, entries: try transaction.openDatabase("journal", creating: true))
        try transaction.commit()
    }

    /// The catalogue of a directory that nobody has open, to be read only.
    init(reading path: String) throws {
        environment = try Environment(path: path, options: .writeOnce)
        meta = try environment.openDatabase("meta")
        collections = try environment.openDatabase("collections")
        aliases = try environment.openDatabase("aliases")
        journal = CatalogJournal(environment: environment, meta: meta, entries: try environment.openDatabase("journal"))
    }

    func read() throws -> Contents {
        let transaction = try environment.beginRead()
        var contents = Contents()
        var cursor = try transaction.openCursor(collections)
        var entry = unsafe try cursor.first()
        while let found = unsafe entry {
            let name = ExactName(unsafe String(decoding: found.key, as: UTF8.self))
            let value = try unsafe CheckedValue.verified(found.value, key: found.key)
            do throws(QuiverError) {
                contents.collections[name] = unsafe try StoredConfig.decode(StoredCollection.self, from: value)
            } catch {
                throw OtherVersion(reason: error)
            }
            unsafe entry = try cursor.next()
        }
        var aliasCursor = try transaction.openCursor(aliases)
        unsafe entry = try aliasCursor.first()
        while let found = unsafe entry {
            let alias = ExactName(unsafe String(decoding: found.key, as: UTF8.self))
            contents.aliases[alias] = ExactName(unsafe String(decoding: try CheckedValue.verified(found.value, key: found.key), as: UTF8.self))
            unsafe entry = try aliasCursor.next()
        }
        return contents
    }

    func put(_ collection: StoredCollection, name: ExactName) throws {
        var transaction = try environment.beginWrite()
        try enter(collection, name, &transaction)
        try transaction.commit()
    }

    /// Enters collections and writes all aliases anew where others are given, in one transaction.
    func put(_ entries: [ExactName: StoredCollection], aliases new: [ExactName: ExactName]?) throws {
        var transaction = try environment.beginWrite()
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) { try enter(entry, name, &transaction) }
        if let new { try enter(new, &transaction) }
        try transaction.commit()
    }

    private func enter(
        _ collection: StoredCollection, _ name: ExactName, _ transaction: inout WriteTransaction
    ) throws {
        let former = stored(name, transaction.handle)
        // The log of the collection itself tells of changes of its configuration.
        if former?.directory != collection.directory {
            try journal.append(
                .init(
                    former == nil ? .made : .replaced, collection: name.text, identity: collection.directory,
                    formerIdentity: former?.directory, config: collection.config), &transaction)
        }
        try transaction.putChecked(collections, name.text, try StoredConfig.encode(collection))
    }

    /// For the journal: an entry that is damaged can be replaced and removed as any other.
    private func stored(_ name: ExactName, _ transaction: TransactionHandle) -> StoredCollection? {
        guard let bytes = unsafe try? transaction.getChecked(collections, name.text) else { return nil }
        return unsafe try? StoredConfig.decode(StoredCollection.self, from: bytes)
    }

    private func enter(_ new: [ExactName: ExactName], _ transaction: inout WriteTransaction) throws {
        try transaction.removeAll(aliases)
        let all = new.sorted { $0.key < $1.key }
        for (alias, name) in all { try transaction.putChecked(aliases, alias.text, name.text) }
        let told = all.map { CatalogJournal.Alias(alias: $0.key.text, collection: $0.value.text) }
        try journal.append(.init(.aliases, aliases: told), &transaction)
    }

    /// Removes a collection and the given aliases of it.
    func remove(_ name: ExactName, aliases names: [ExactName]) throws {
        var transaction = try environment.beginWrite()
        let identity = stored(name, transaction.handle)?.directory
        try transaction.delete(collections, name.text)
        for alias in names { try transaction.delete(aliases, alias.text) }
        try journal.append(.init(.deleted, collection: name.text, identity: identity), &transaction)
        try transaction.commit()
    }

    /// Writes all aliases anew, in one transaction.
    func setAliases(_ new: [ExactName: ExactName]) throws {
        var transaction = try environment.beginWrite()
        try enter(new, &transaction)
        try transaction.commit()
    }

    func close() throws {
        try environment.close()
    }
}
