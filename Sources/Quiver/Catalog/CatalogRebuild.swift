import Logging

import QuiverLMDB
import QuiverModel

/// `catalog.mdb` made anew of the records beside it: `collection.json` in the directories of collections, `catalog.json`.
///
/// The order, so that a process that ends midway has lost nothing: directories whose collection is not known are moved out
/// of the way of whoever removes left-overs; the new catalogue is written aside, in one transaction; the damaged one goes
/// into `quarantine/` with its stamp removed; the new one takes its name. A catalogue that is missing is a damaged one, so
/// the next opening goes on wherever this one ended.
struct CatalogRebuild {
    let storage: String
    /// What the catalogue is to hold.
    private(set) var contents = Catalog.Contents()
    private(set) var keepsLogs = false
    /// Directories with data, of which it is not known what collection they are.
    private(set) var nameless: [(identity: String, reason: String)] = []
    /// `catalog.json` was not there, or damaged: there may have been aliases.
    private(set) var lacksAliases = false

    static func namelessPath(_ storage: String) -> String { storage + "/nameless" }

    /// Reads the records, and changes nothing.
    ///
    /// - Throws: `.corrupted` for a record of another version, `NothingKept`; what is no matter of content.
    init(reading storage: String) throws {
        self.storage = storage
        let path = CatalogRecord.path(storage)
        var record: CatalogRecord?
        if case .whole(let content) = try CheckedFile.read(path, key: CatalogRecord.key) {
            record = try CatalogRecord.decode(content, path: path)
        }
        let collections = storage + "/collections"
        var found: [ExactName: CollectionRecord] = [:]
        var hasRecord = record != nil
        for identity in Files.exists(collections) ? try Files.names(in: collections).sorted() : [] {
            switch try CollectionDirectory(path: collections + "/" + identity).state() {
            case .leftOver: break
            case .nameless(let reason): nameless.append((identity, reason))
            case .collection(let new):
                hasRecord = true
                // Its companions did not all come.
                if new.isGrouped == true, let record, new.order > record.restored { continue }
                let name = ExactName(new.name)
                if let other = found[name], other.order > new.order { continue }
                found[name] = new
            }
        }
        if !hasRecord && !nameless.isEmpty { throw NothingKept() }
        lacksAliases = record == nil
        keepsLogs = record?.keepsLogs ?? false
        contents.collections = found.mapValues(\.stored)
        for alias in record?.aliases ?? [] where found[ExactName(alias.collection)] != nil {
            if found[ExactName(alias.alias)] == nil { contents.aliases[ExactName(alias.alias)] = ExactName(alias.collection) }
        }
    }

    /// There is nothing the catalogue could be made of: a version from before the records has written all of it.
    struct NothingKept: Error {}

    /// Replaces the catalogue. Numbers of its journal go on where no earlier one can have come: what lies between was lost.
    ///
    /// - Returns: where the damaged one is now; nil where there was none, or it could not be kept.
    func run() throws -> String? {
        let now = Database.microsecondsNow()
        let path = storage + "/catalog.mdb"
        try setNamelessAside()
        let aside = CatalogRebuild.asidePath(storage)
        CatalogRebuild.removeAside(storage)
        do {
            try Catalog.write(contents, journal: .init(isKept: keepsLogs, number: now, time: now), to: aside)
        } catch {
            CatalogRebuild.removeAside(storage)
            throw error
        }
        Files.remove(aside + "-lock")
        // It says of a file that is not there any more what its newest commit was.
        Files.remove(EnvironmentStamp.path(of: path))
        let kept = Files.exists(path) ? try setAside(path) : nil
        try Files.rename(aside, to: path)
        return kept
    }

    /// A copy of what it held is all there is else: it is not removed where there is no room for `quarantine/`.
    private func setAside(_ path: String) throws(FileError) -> String? {
        let directory = storage + "/quarantine"
        do throws(FileError) {
            try Files.createDirectory(directory)
        } catch {
            let place = path + ".damaged"
            try Files.rename(path, to: place)
            return place
        }
        return Quarantine(directory: directory).take(path)
    }

    private func setNamelessAside() throws {
        if nameless.isEmpty { return }
        let directory = CatalogRebuild.namelessPath(storage)
        try Files.createDirectory(directory)
        for (identity, _) in nameless {
            try Files.rename(storage + "/collections/" + identity, to: directory + "/" + identity)
        }
        try Files.synchronise(directory: storage + "/collections")
    }

    private static func asidePath(_ storage: String) -> String { storage + "/catalog.mdb.new" }

    /// Of a process that ended midway.
    static func removeAside(_ storage: String) {
        Files.remove(asidePath(storage))
        Files.remove(asidePath(storage) + "-lock")
    }

    func tell(_ reason: String, kept: String?, _ logger: Logger) {
        let counts = "\(contents.collections.count) collections and \(contents.aliases.count) aliases"
        let place = kept.map { ", and the damaged file was moved to \($0)" } ?? ""
        logger.error(
            """
            the catalogue was damaged or lost (\(reason)): it was made anew of what is kept beside the collections, with \
            \(counts)\(place)
            """)
        if lacksAliases {
            logger.error("\(CatalogRecord.path(storage)) is missing or damaged as well: aliases, if there were any, are lost")
        }
        for (identity, reason) in nameless {
            logger.error("collections/\(identity) holds data of a collection that is not known any more: \(reason)")
        }
    }
}

/// `nameless/`: directories of collections whose name and configuration were lost, with the catalogue's and their own
/// record. Nothing removes them. One that has a sound record again, from wherever, becomes a collection at the next
/// opening, where its name is free.
struct NamelessCollections {
    let storage: String

    private var path: String { CatalogRebuild.namelessPath(storage) }
    private var collectionsPath: String { storage + "/collections" }

    var identities: [String] { Files.exists(path) ? ((try? Files.names(in: path)) ?? []).sorted() : [] }

    /// Takes in those that have a record, and tells of the others. The entry of the catalogue comes first, for a directory
    /// that it does not name is a left-over.
    func adopt(into catalog: Catalog, _ contents: inout Catalog.Contents, _ logger: Logger) throws {
        for identity in identities {
            let directory = CollectionDirectory(path: path + "/" + identity)
            guard let record = directory.record else {
                logger.error(
                    """
                    \(directory.path) is a collection whose name and configuration are not known: it is served again after \
                    the next start if its \(CollectionDirectory.recordName) is put there from a copy of the files; else \
                    restore it from a backup or a snapshot, and remove the directory
                    """)
                continue
            }
            let name = ExactName(record.name)
            let place = collectionsPath + "/" + identity
            if Files.exists(place) {
                logger.error("\(directory.path) is not served: there is a \(place) as well")
                continue
            }
            if contents.collections[name] == nil && contents.aliases[name] == nil {
                try catalog.put(record.stored, name: name)
                contents.collections[name] = record.stored
            }
            guard contents.collections[name]?.directory == identity else {
                logger.error("\(directory.path) is a former collection `\(record.name)`, and there is another of that name")
                continue
            }
            try Files.rename(directory.path, to: place)
            try Files.synchronise(directory: path)
            logger.notice("\(directory.path) is collection `\(record.name)` again")
        }
    }
}
