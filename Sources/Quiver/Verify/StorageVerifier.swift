import QuiverLMDB
import QuiverModel

/// Verifies a storage directory that nobody has open, completely: reads every byte of it but that of snapshots, and
/// changes none, not even in `LOCK`.
package struct StorageVerifier {
    package struct Summary: Sendable {
        package var collectionCount = 0
        package var findingCount = 0
        package var byteCount = 0

        package init(byteCount: Int = 0) { self.byteCount = byteCount }
    }

    private let path: String

    package init(path: String) { self.path = path }

    /// - Parameters:
    ///   - names: of the collections; nil: all of them.
    ///   - note: called with each finding as it is found.
    ///   - progress: false ends the verification.
    /// - Throws: `.notFound` for a directory or a collection that is not there, `.locked` while a process has the
    ///   directory open, `VerificationCancelled`.
    package func run(
        collections names: [String]? = nil, note: @escaping (StorageFinding) -> Void,
        progress: @escaping VerificationProgress = { _, _ in true }
    ) throws -> Summary {
        guard Files.exists(path) else { throw QuiverError(.notFound, "there is no directory \(path)") }
        let catalogPath = path + "/catalog.mdb"
        guard Files.exists(catalogPath) || Files.exists(path + "/collections") else {
            throw QuiverError(.notFound, "\(path) is no storage directory")
        }
        let lock = try Self.lock(path)
        defer { _ = lock.path }
        let bytes = Self.byteCount(of: path)
        let report = VerificationReport(bytesTotal: bytes, note: note, progress: progress)
        var summary = Summary(byteCount: bytes)
        let catalog = CatalogVerifier(storage: path, report: report)
        guard let found = try catalog.run() else {
            summary.findingCount = report.findingCount
            return summary
        }
        let contents = found.contents
        try report.advance(Files.byteCount(catalogPath))
        do {
            for name in names ?? [] where contents.collections[ExactName(name)] == nil {
                throw QuiverError(.notFound, "there is no collection \"\(name)\" in \(path)")
            }
            for (alias, target) in contents.aliases where contents.collections[target] == nil {
                report.add(
                    .primary, file: catalogPath, place: "aliases", "\"\(alias.text)\" is that of no collection")
            }
            for (name, stored) in contents.collections.sorted(by: { $0.key < $1.key })
            where names?.contains(name.text) ?? true {
                summary.collectionCount += 1
                try check(stored, report)
            }
            if found.isSound { catalog.checkRecords(contents, of: names) }
            if names == nil { findLeaks(contents, found.nameless, report) }
        } catch let error as QuiverError where error.kind == .corrupted {
            report.add(.primary, file: catalogPath, error.message)
        } catch LMDBError.corrupted {
            report.add(.primary, file: catalogPath, "a record does not fit its checksum")
        }
        try report.advance(0)
        summary.findingCount = report.findingCount
        return summary
    }

    private static func lock(_ path: String) throws(QuiverError) -> DirectoryLock {
        do throws(DirectoryLockError) {
            return try DirectoryLock(reading: path)
        } catch .heldBy(let process, let path) {
            let who = process.map { "process \($0)" } ?? "another process"
            throw QuiverError(.locked, "the storage directory is in use by \(who): \(path)")
        } catch {
            throw .service("\(error)")
        }
    }

    private func check(_ stored: Catalog.StoredCollection, _ report: VerificationReport) throws {
        let directory = path + "/collections/" + stored.directory
        let file = directory + "/" + CollectionStore.fileName
        var told = 0
        let records = try RecordsVerification.points(file) { done, total in
            // It reads the file twice.
            let bytes = done / max(1, total / max(1, Files.byteCount(file)))
            defer { told = max(told, bytes) }
            return (try? report.advance(max(0, bytes - told))) != nil
        }
        for finding in records.findings { report.add(finding) }
        // What hangs on damaged records cannot be judged.
        guard records.findings.allSatisfy({ $0.severity == .derived }) else { return }
        do {
            let store = try CollectionStore(reading: file)
            defer { try? store.environment.close(timeoutMs: 0) }
            try CollectionVerifier(
                store: store, config: stored.config, vectorGeneration: stored.vectorGeneration ?? 0,
                damagedDatabases: Set(records.findings.map(\.place)), report: report
            ).run()
        } catch let error as VerificationCancelled {
            throw error
        } catch {
            report.add(.primary, file: file, QuiverError(wrapping: error).message)
        }
    }

    /// Directories that the catalogue does not name.
    private func findLeaks(_ contents: Catalog.Contents, _ nameless: Set<String>, _ report: VerificationReport) {
        let known = nameless.union(contents.collections.values.map(\.directory))
        for name in ((try? Files.names(in: path + "/collections")) ?? []).sorted() where !known.contains(name) {
            report.add(
                .derived, file: path + "/collections/" + name, "the catalogue does not name it; the next opening removes it")
        }
    }

    /// Of what there is to be read.
    private static func byteCount(of path: String) -> Int {
        var count = Files.byteCount(path + "/catalog.mdb")
        for collection in (try? Files.names(in: path + "/collections")) ?? [] {
            let directory = path + "/collections/" + collection
            count += Files.byteCount(directory + "/" + CollectionStore.fileName)
            for name in (try? Files.names(in: directory + "/segments")) ?? [] {
                count += Files.byteCount(directory + "/segments/" + name)
            }
        }
        return count
    }
}
