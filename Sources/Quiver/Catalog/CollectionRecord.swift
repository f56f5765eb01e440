import QuiverModel

/// `collection.json` in a collection's directory: what the catalogue knows of it, so that a catalogue that is damaged can be
/// made anew. Written once, as the last thing before the directory may be named by the catalogue; a `CheckedFile` with the
/// directory's name as key.
///
/// The catalogue counts wherever it is sound. A configuration that was changed since is in `points.mdb`, by its greater
/// generation.
struct CollectionRecord: Codable, Equatable {
    static let format: UInt32 = 1

    var format = CollectionRecord.format
    var name: String
    /// The name of the directory.
    var identity: String
    /// That it began with, or had when the file was written anew.
    var config: CollectionConfig
    var vectorGeneration: UInt64?
    /// Microseconds since 1970, greater than that of a collection whose place and name this one took: of two directories
    /// of one name the greater counts. Replacing was cut off then.
    var order: UInt64
    /// One of several that came in one change of the catalogue, or with aliases: it counts only where `CatalogRecord.restored`
    /// is not smaller than `order`. Nil: it came alone.
    var isGrouped: Bool?

    init(_ stored: Catalog.StoredCollection, name: String, order: UInt64, isGrouped: Bool = false) {
        self.name = name
        identity = stored.directory
        config = stored.config
        vectorGeneration = stored.vectorGeneration
        self.order = order
        self.isGrouped = isGrouped ? true : nil
    }

    var stored: Catalog.StoredCollection {
        Catalog.StoredCollection(directory: identity, config: config, vectorGeneration: vectorGeneration)
    }

    /// - Throws: `.corrupted` for a format that is not known, and for what can be read by no program of this format.
    static func decode(_ content: [UInt8], path: String) throws(QuiverError) -> CollectionRecord {
        try RecordFormat.check(content, path, CollectionRecord.format)
        let record = try content.decoded(CollectionRecord.self)
        try RecordFormat.check(order: record.order, path)
        return record
    }
}

/// `catalog.json` beside `catalog.mdb`: what the catalogue knows beside the collections. A `CheckedFile` with the key
/// `catalog`, replaced before the catalogue changes.
struct CatalogRecord: Codable, Equatable {
    static let format: UInt32 = 1
    static let key = "catalog"

    var format = CatalogRecord.format
    /// Sorted. Those that lead to no collection are none.
    var aliases: [CatalogJournal.Alias] = []
    /// Whether logs are kept for backups.
    var keepsLogs = false
    /// The greatest `order` of collections that came together and are all there.
    var restored: UInt64 = 0

    static func path(_ storage: String) -> String { storage + "/catalog.json" }

    static func asidePath(_ storage: String) -> String { path(storage) + ".tmp" }

    static func sorted(_ aliases: [ExactName: ExactName]) -> [CatalogJournal.Alias] {
        aliases.sorted { $0.key < $1.key }.map { CatalogJournal.Alias(alias: $0.key.text, collection: $0.value.text) }
    }

    static func decode(_ content: [UInt8], path: String) throws(QuiverError) -> CatalogRecord {
        try RecordFormat.check(content, path, CatalogRecord.format)
        let record = try content.decoded(CatalogRecord.self)
        try RecordFormat.check(order: record.restored, path)
        return record
    }

    func write(_ storage: String) throws {
        let path = CatalogRecord.path(storage)
        do {
            let aside = CatalogRecord.asidePath(storage)
            try CheckedFile.write(try StoredConfig.encode(self), to: path, key: CatalogRecord.key, aside: aside)
        } catch {
            Files.remove(CatalogRecord.asidePath(storage))
            throw error
        }
    }
}

/// The number of a record is read before everything else of it.
private struct RecordFormat: Decodable {
    var format: UInt32

    static func check(_ content: [UInt8], _ path: String, _ known: UInt32) throws(QuiverError) {
        try KnownFormat.check(path, try content.decoded(RecordFormat.self).format, known)
    }

    /// Microseconds since 1970, which are counted on from.
    static func check(order: UInt64, _ path: String) throws(QuiverError) {
        guard order < 1 << 62 else { throw QuiverError(.corrupted, "\(path): \(order) is no time") }
    }
}

extension [UInt8] {
    fileprivate func decoded<Value: Decodable>(_ type: Value.Type) throws(QuiverError) -> Value {
        var outcome: Result<Value, QuiverError> = .failure(.service("nothing was read"))
        unsafe withUnsafeBytes { bytes in
            do throws(QuiverError) {
                outcome = .success(try unsafe StoredConfig.decode(type, from: bytes))
            } catch {
                outcome = .failure(error)
            }
        }
        return try outcome.get()
    }
}
