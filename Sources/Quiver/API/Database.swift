import Glibc
public import Logging
import Synchronization

import QuiverLMDB
@_exported public import QuiverModel
import QuiverPayload

/// A storage directory, opened: collections, aliases, and the threads that serve them.
///
/// One process has a directory at a time. Everything that is acknowledged is on disk; opening takes milliseconds,
/// because nothing but the newest, unsealed updates is read again.
///
/// ```swift
/// let database = try Database.open("shop")
/// try await database.createCollection("products", CollectionConfig(size: 384, distance: .cosine))
/// let products = try database.collection("products")
/// ```
public final class Database: Sendable {
    public struct Options: Sendable {
        /// Threads that run queries; 0: one per core.
        public var workerThreads = 0
        /// Threads of one background graph build; 0: half of the cores.
        public var indexingThreads = 0
        /// Address space that each collection maps at first. Files are as large as their content.
        public var collectionMapBytes = Limits.collectionMapBytes
        /// Bytes of updates that may wait for one collection's writer.
        public var writeQueueBytes = Limits.writeQueueBytes
        /// Bytes of log that are kept for the next backup of a collection; with more, that copies the collection anew.
        public var keptLogBytes = Limits.keptLogBytes
        public var logger = Logger(label: "quiver")
        /// Where snapshots are kept; nil: in `snapshots` of the storage directory.
        public var snapshotsPath: String?
        /// Where snapshots are kept if not in a directory.
        package var snapshotStorage: (any SnapshotStorage)?
        /// How long after all segment files have been read again from the disk, to find what it has lost, this is begun
        /// anew; zero: never.
        public var scrubInterval = Duration.seconds(24 * 3600)
        /// Bytes a second that are read for it, at most.
        public var scrubBytesPerSecond = 32 << 20
        /// From the opening to the first time.
        package var scrubDelay = Duration.seconds(300)
        /// Bytes of vectors that growing segments hold before they are sealed. Tests make it small.
        var growingBytes = Limits.growingBytes
        /// Whether a page of a segment file that the disk cannot give makes its collection unavailable, in place of ending the
        /// process. Installs a handler of SIGBUS for the process; Linux only.
        public var survivesUnreadablePages = false

        public init() {}
    }

    /// Runs blocking reads, and whatever else must not block an event loop.
    package let workers: WorkerPool

    /// The storage directory, as it was given.
    package let path: String
    let options: Options
    let catalog: Catalog
    let catalogMirror: CatalogMirror
    private let background: BackgroundWork
    /// Snapshots of this database: making, listing, reading, deleting and restoring them.
    package let snapshots: Snapshots
    private let scrubber: Scrubber
    private let filterCache = FilterCache()
    let contents: Mutex<Contents>
    /// Changes of the catalogue come one after the other.
    private let changing: LockedCondition<Bool>

    struct Contents: ~Copyable {
        var collections: [ExactName: CollectionCore] = [:]
        /// Those that could not be opened; their names are in nothing else here but `aliases`. One that turned out to be
        /// damaged later is in `collections`, and says so.
        var unavailable: [ExactName: UnavailableCollection] = [:]
        var directories: [ExactName: String] = [:]
        var aliases: [ExactName: ExactName] = [:]
        var isClosed = false
        var lock: DirectoryLock?
    }

    // MARK: Opening and closing

    /// Opens the directory, making it when it is new.
    ///
    /// A collection whose files are damaged does not keep the others from being opened: see `unavailableCollections`. A
    /// catalogue that is damaged is made anew.
    ///
    /// - Throws: `.locked` when another process has it, `.corrupted` when the catalogue is of another version, or damaged
    ///   without anything it could be made anew of, `.insufficientStorage`, or `.service` with the path and the system's
    ///   reason.
    public static func open(_ path: String, options: Options = Options()) throws(QuiverError) -> Database {
        do {
            return try Database(path: path, options: options)
        } catch {
            throw QuiverError(wrapping: error)
        }
    }

    private init(path: String, options: Options) throws {
        self.path = path
        self.options = options
        if options.survivesUnreadablePages { MapGuard.install() }
        try Files.createDirectories(path)
        let lock = try Database.lock(path)
        catalog = try CatalogOpening(storage: path, logger: options.logger).run()
        catalogMirror = CatalogMirror(storage: path, logger: options.logger)
        let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        workers = WorkerPool(threads: options.workerThreads > 0 ? options.workerThreads : cores)
        background = BackgroundWork(
            buildThreads: options.indexingThreads > 0 ? options.indexingThreads : max(1, cores / 2), cores: cores)
        scrubber = Scrubber(options)
        changing = LockedCondition(false)
        snapshots = try Snapshots(options, databasePath: path)
        contents = Mutex(Contents(lock: lock))
        do {
            try openCollections()
        } catch {
            close()
            throw error
        }
        scrubber.start(background) { [weak self] in self?.openCores ?? [] }
    }

    /// A process that was killed holds its lock until the system has taken its memory apart, which its successor may
    /// not wait for: so a lock that is held is asked for again for a while.
    private static func lock(_ path: String) throws(QuiverError) -> DirectoryLock {
        let patience = ContinuousClock.now + lockPatience
        while true {
            do throws(DirectoryLockError) {
                return try DirectoryLock(directory: path)
            } catch .heldBy(let process, let path) {
                if .now < patience {
                    usleep(20_000)
                    continue
                }
                let who = process.map { "process \($0)" } ?? "another process"
                throw QuiverError(.locked, "the storage directory is in use by \(who): \(path)")
            } catch {
                throw .service("\(error)")
            }
        }
    }

    private static let lockPatience = Duration.seconds(2)

    var collectionsPath: String { path + "/collections" }

    private func openCollections() throws {
        var stored = try catalog.read()
        try Files.createDirectories(collectionsPath)
        // Names that a process made which ended before it could make them durable.
        try Files.synchronise(directory: collectionsPath)
        try Files.synchronise(directory: path)
        try NamelessCollections(storage: path).adopt(into: catalog, &stored, options.logger)
        // Directories that no entry names: left by a creation or deletion that did not end.
        let known = Set(stored.collections.values.map(\.directory))
        for name in try Files.names(in: collectionsPath) where !known.contains(name) { catalogMirror.remove(name) }
        catalogMirror.open(stored, keepsLogs: try catalog.journal.state().isKept)
        storageQuarantine.prune()
        for (name, collection) in stored.collections {
            let core: CollectionCore
            do throws(QuiverError) {
                core = try openStored(name, collection)
            } catch {
                guard UnavailableCollection.isConfined(error) else { throw error }
                noteUnavailable(name, UnavailableCollection(name.text, collection, error))
                continue
            }
            // A process ended between a change of vector names and the catalogue.
            if core.vectorConfig.generation != collection.vectorGeneration ?? 0 {
                try catalog.put(core.stored(collection.directory), name: name)
            }
            notePresent(name, core, collection.directory)
        }
        contents.withLock { $0.aliases = stored.aliases }
    }

    /// Of a collection that the catalogue names: its entry comes after its files.
    func openStored(_ name: ExactName, _ stored: Catalog.StoredCollection) throws(QuiverError) -> CollectionCore {
        let file = collectionsPath + "/" + stored.directory + "/" + CollectionStore.fileName
        guard Files.byteCount(file) > 0 else { throw QuiverError(.corrupted, "\(file) is missing or empty") }
        return try openCore(name.text, stored)
    }

    func notePresent(_ name: ExactName, _ core: CollectionCore, _ directory: String) {
        contents.withLock { contents in
            contents.unavailable[name] = nil
            contents.collections[name] = core
            contents.directories[name] = directory
        }
    }

    func noteUnavailable(_ name: ExactName, _ unavailable: UnavailableCollection) {
        let former = contents.withLock { contents in
            defer { contents.unavailable[name] = unavailable }
            return contents.unavailable[name]
        }
        if former?.reason == unavailable.reason { return }
        options.logger.error("\(unavailable.reason.message); it can be deleted, or restored from a snapshot")
    }

    /// Whether it is time to open an unavailable collection again; of those that ask only one is told so.
    func takeAttempt(_ name: ExactName) -> Bool {
        contents.withLock { contents in
            guard let time = contents.unavailable[name]?.nextAttempt, time <= .now else { return false }
            contents.unavailable[name]?.nextAttempt = nil
            return true
        }
    }

    func openCore(_ name: String, _ stored: Catalog.StoredCollection) throws(QuiverError) -> CollectionCore {
        try CollectionCore(
            name: name, directory: collectionsPath + "/" + stored.directory, stored: stored, options: options,
            work: background, workers: workers, filterCache: filterCache)
    }

    /// Finishes what was accepted, stops all threads and closes all files. Calling it again does nothing.
    ///
    /// Blocks until then; must not be called from a worker thread.
    public func close() {
        // No collection may come into being behind this one's back.
        beginChange()
        let cores: [CollectionCore]? = contents.withLock { contents in
            if contents.isClosed { return nil }
            contents.isClosed = true
            let cores = Array(contents.collections.values)
            contents.collections = [:]
            return cores
        }
        changing.change { $0 = false }
        guard let cores else { return }
        scrubber.stop()
        workers.stop()
        for core in cores { core.close() }
        background.stop()
        try? catalog.close()
        contents.withLock { $0.lock = nil }
    }

    deinit {
        close()
    }

    // MARK: Collections

    var isClosed: Bool { contents.withLock { $0.isClosed } }

    /// The names of all collections, sorted.
    public var collectionNames: [String] {
        contents.withLock { (Array($0.collections.keys) + Array($0.unavailable.keys)).sorted().map(\.text) }
    }

    /// Whether there is a collection or an alias of this name.
    public func collectionExists(_ nameOrAlias: String) -> Bool {
        let name = ExactName(nameOrAlias)
        return contents.withLock { contents in
            let name = contents.aliases[name] ?? name
            return contents.collections[name] != nil || contents.unavailable[name] != nil
        }
    }

    /// The name of the collection that is meant, whether it can be opened or not.
    ///
    /// - Throws: `.notFound`.
    package func collectionName(_ nameOrAlias: String) throws(QuiverError) -> String {
        let name = ExactName(nameOrAlias)
        let found: String? = contents.withLock { contents in
            let name = contents.aliases[name] ?? name
            return contents.collections[name] != nil || contents.unavailable[name] != nil ? name.text : nil
        }
        if let found { return found }
        throw isClosed ? Database.closed : .collectionMissing(nameOrAlias)
    }

    /// The collection of this name, or that an alias of this name points to.
    ///
    /// - Throws: `.notFound`; `.corrupted` or `.service` with the reason for a collection that is unavailable.
    public func collection(_ nameOrAlias: String) throws(QuiverError) -> Collection {
        Collection(core: try core(nameOrAlias), database: self)
    }

    func core(_ nameOrAlias: String) throws(QuiverError) -> CollectionCore {
        let name = ExactName(nameOrAlias)
        let (core, isClosed) = contents.withLock { contents in
            (contents.collections[contents.aliases[name] ?? name], contents.isClosed)
        }
        if let core {
            if let loss = core.loss { throw loss }
            return core
        }
        if !isClosed, let unavailable = unavailableCollection(nameOrAlias) { throw unavailable.reason }
        throw isClosed ? Database.closed : .collectionMissing(nameOrAlias)
    }

    var unavailableByName: [ExactName: UnavailableCollection] {
        contents.withLock { contents in
            var all = contents.unavailable
            for (name, core) in contents.collections {
                guard let loss = core.loss else { continue }
                all[name] = UnavailableCollection(core, contents.directories[name] ?? "", loss)
            }
            return all
        }
    }

    func unavailable(_ nameOrAlias: String) -> (name: ExactName, UnavailableCollection)? {
        let name = ExactName(nameOrAlias)
        return contents.withLock { contents in
            let name = contents.aliases[name] ?? name
            if let found = contents.unavailable[name] { return (name, found) }
            guard let core = contents.collections[name], let loss = core.loss else { return nil }
            return (name, UnavailableCollection(core, contents.directories[name] ?? "", loss))
        }
    }

    /// Those that are open, of which some may have lost data.
    var openCores: [CollectionCore] { contents.withLock { Array($0.collections.values) } }

    /// Makes a collection.
    ///
    /// - Throws: `.alreadyExists`; `.badRequest` when an alias has the name.
    public func createCollection(_ name: String, _ config: CollectionConfig) async throws(QuiverError) {
        try await workers.run { [self] () throws(QuiverError) in try createCollectionBlocking(name, config) }
    }

    /// The same on the calling thread, for callers that may block; so with the other `…Blocking` twins.
    package func createCollectionBlocking(_ name: String, _ config: CollectionConfig) throws(QuiverError) {
        try changingCatalog { () throws(QuiverError) in
            let (exists, isAlias) = contents.withLock { contents in
                (
                    contents.collections[ExactName(name)] != nil || contents.unavailable[ExactName(name)] != nil,
                    contents.aliases[ExactName(name)] != nil
                )
            }
            if exists { throw .collectionExists(name) }
            if isAlias {
                throw .badRequest("Can't create collection with name `\(name)`. Alias with the same name already exists")
            }
            if let both = config.vectors?.byName.keys.first(where: { config.sparseVectors?[$0] != nil }) {
                throw .badInput("Dense and sparse vector names must be unique - duplicate found with '\(both)'")
            }
            var config = config
            // Said in any case, so that it is told in any case.
            var strictMode = config.strictMode ?? StrictModeConfig()
            strictMode.enabled = strictMode.isEnabled
            config.strictMode = strictMode
            try addCollection(ExactName(name), config)
        }
    }

    static func newDirectoryName() -> String {
        var random = SystemRandomNumberGenerator()
        // RFC 9562, version 4.
        let high = random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return PointUUID(high: high, low: low).description
    }

    /// Changes what may be changed of a collection's configuration; graphs follow in the background when they are next
    /// written.
    ///
    /// - Throws: `.notFound`; `.badInput` for a vector that the collection has not.
    public func updateCollection(_ nameOrAlias: String, _ patch: CollectionPatch) async throws(QuiverError) {
        try await workers.run { [self] () throws(QuiverError) in try updateCollectionBlocking(nameOrAlias, patch) }
    }

    package func updateCollectionBlocking(_ nameOrAlias: String, _ patch: CollectionPatch) throws(QuiverError) {
        try changingCatalog { () throws(QuiverError) in
            let core = try core(nameOrAlias)
            try ConfigurationChange(core: core).apply(try core.config.applying(patch))
            bringCatalogUpToDate(core)
        }
    }

    /// Changes the vector names of a collection.
    func changeVectorNames(
        _ core: CollectionCore, _ change: (VectorNameChange) throws(QuiverError) -> VectorNameChange.Outcome
    ) throws(QuiverError) -> UInt64 {
        try changingCatalog { () throws(QuiverError) in
            let outcome = try change(VectorNameChange(core: core))
            bringCatalogUpToDate(core)
            return outcome.sequence
        }
    }

    /// After a change of a collection's configuration, which counts as soon as the collection's own environment has it:
    /// should the catalogue not take it, the next opening brings it up to date.
    private func bringCatalogUpToDate(_ core: CollectionCore) {
        let name = ExactName(core.name)
        guard let directory = contents.withLock({ $0.directories[name] }) else { return }
        do {
            try catalog.put(core.stored(directory), name: name)
        } catch {
            options.logger.warning("the catalogue has not taken the configuration of \(core.name): \(error)")
        }
    }

    /// Deletes a collection with its aliases; its space returns to the disk. False when there was none.
    public func deleteCollection(_ name: String) async throws(QuiverError) -> Bool {
        try await workers.run { [self] () throws(QuiverError) in try deleteCollectionBlocking(name) }
    }

    // MARK: Changes of the catalogue

    /// Runs a change of the catalogue after any other that is under way.
    func changingCatalog<Value>(_ body: () throws(QuiverError) -> Value) throws(QuiverError) -> Value {
        beginChange()
        defer { changing.change { $0 = false } }
        if contents.withLock({ $0.isClosed }) { throw Database.closed }
        return try body()
    }

    private func beginChange() {
        changing.wait { (isTaken: inout Bool) -> Void? in
            if isTaken { return nil }
            isTaken = true
            return ()
        }
    }

    static var closed: QuiverError { QuiverError(.closed, "the database is closed") }
}
