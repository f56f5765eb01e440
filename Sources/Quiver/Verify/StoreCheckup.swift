import Logging

import QuiverLMDB
import QuiverModel
import QuiverPayload

/// What is done about an LMDB file before it is opened for use: nothing where its stamp fits; else its pages are read,
/// before LMDB sees them, and its records.
struct StoreCheckup {
    let path: String
    /// Whether the records have to be read as well.
    private(set) var isDoubtful = false
    /// Indexes that were emptied, by the names of their databases.
    private(set) var emptied: Set<String> = []

    /// The databases of `points.mdb` that are there as soon as anything is.
    static let requiredOfCollection: Set<String> = [
        "meta", "wal", "ids", "points", "payload", "free", "segments", "stamps", "dead", "indexes",
    ]

    /// - Parameters:
    ///   - required: names of databases; a file without any is as good as new.
    ///   - isDerived: databases that can be made anew. They are emptied where their pages are damaged.
    /// - Throws: `.corrupted`.
    init(
        _ path: String, required: Set<String>, logger: Logger, isDerived: (String) -> Bool = { _ in false }
    ) throws(QuiverError) {
        self.path = path
        guard Files.byteCount(path) > 0 else { return }
        let judgement = try mapping { () throws(LMDBError) in try EnvironmentStamp.judge(path) }
        switch judgement {
        case .fits: return
        case .outdated(let newest, let stamped):
            throw QuiverError(
                .corrupted,
                """
                \(path): its newest commit is \(newest), but commit \(stamped) was made: the page that names it is damaged, \
                or an older file was put in its place (to accept that, remove \(EnvironmentStamp.path(of: path)))
                """)
        case .differs(let reason):
            logger.info("\(path) is read in full, because \(reason)")
        }
        isDoubtful = true
        let report = try StoreCheckup.checkPages(path, isDerived: isDerived)
        if let finding = report.findings.first(where: { !isDerived($0.database) }) {
            throw QuiverError(finding.isUnreadable ? .service : .corrupted, "\(path): \(finding)")
        }
        let names = Set(report.databases.map(\.name))
        if !names.isEmpty, let missing = required.subtracting(names).min() {
            throw QuiverError(.corrupted, "\(path): database \"\(missing)\" is missing")
        }
        for database in report.databases where isDerived(database.name) {
            let isSound = database.isSound && database.flags == .postings
            if isSound { continue }
            let finding = report.findings.first { $0.database == database.name }
            logger.error("\(path): \(finding.map(\.description) ?? "\(database.name) has other flags"): it is built again")
            var emptied = database
            emptied.flags = .postings
            try mapping { () throws(LMDBError) in try EnvironmentRepair.empty(emptied, path: path) }
            self.emptied.insert(database.name)
        }
    }

    static func checkPages(
        _ path: String, isDerived: (String) -> Bool, progress: VerificationProgress = { _, _ in true }
    ) throws(QuiverError) -> EnvironmentCheck.Report {
        do throws(EnvironmentCheck.Failure) {
            return try EnvironmentCheck.run(path: path, last: isDerived, progress: progress)
        } catch {
            switch error {
            case .cancelled: throw .service("the check of \(path) was cancelled")
            case .storage(let error): throw QuiverError(error)
            }
        }
    }

    /// After the file was opened: its records, and the indexes that are to be built again.
    func finish(_ store: CollectionStore, logger: Logger) throws {
        guard isDoubtful else {
            try store.environment.startStamping()
            return
        }
        let outcome = try RecordsCheck(store: store).run()
        let primary = outcome.primary
        if let first = primary.first {
            let others = primary.count > 1 ? " (and \(primary.count - 1) more)" : ""
            throw QuiverError(.corrupted, "\(first)\(others)")
        }
        for finding in outcome.findings where !emptied.contains(finding.place) {
            logger.error("\(finding): it is built again")
        }
        try store.reset(outcome.damagedIndexes)
        try store.environment.startStamping()
    }
}

extension CollectionStore {
    static func isDerived(_ database: String) -> Bool { database.hasPrefix("index/") }

    /// Opens the environment in `directory` after having looked at its file; makes both when they are new.
    ///
    /// - Throws: `.corrupted` with what is damaged and cannot be made anew.
    static func opened(directory: String, mapBytes: Int, logger: Logger) throws -> CollectionStore {
        let checkup = try StoreCheckup(
            directory + "/" + fileName, required: StoreCheckup.requiredOfCollection, logger: logger, isDerived: isDerived)
        let store = try CollectionStore(directory: directory, mapBytes: mapBytes)
        do {
            try checkup.finish(store, logger: logger)
        } catch {
            try? store.environment.close()
            throw error
        }
        return store
    }

    /// Empties indexes: they are built again in the background, and filters read payloads meanwhile.
    fileprivate func reset(_ damaged: [(field: PayloadPath, params: PayloadIndexParams)]) throws {
        if damaged.isEmpty { return }
        var transaction = try environment.beginWrite()
        for (field, params) in damaged {
            _ = try FieldIndex.create(field, params, isReady: false, in: &transaction)
        }
        try transaction.commit()
    }
}
