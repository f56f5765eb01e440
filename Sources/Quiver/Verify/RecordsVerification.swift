import Logging

import QuiverLMDB
import QuiverModel
import QuiverPayload

/// Verification of the LMDB files of a storage that nobody has open: `points.mdb` and `catalog.mdb`.
///
/// Reads only; blocks; `VerificationCancelled` when `progress` says so. The caller holds the directory's lock.
package enum RecordsVerification {
    package struct Report: Sendable {
        package var findings: [StorageFinding] = []
        /// Of a catalogue: the directory of each collection below `collections/`, by name.
        package var collections: [(name: String, directory: String)] = []
    }

    /// The `points.mdb` of one collection: pages, records, cross-checks, digests.
    package static func points(
        _ path: String, progress: VerificationProgress = { _, _ in true }
    ) throws -> Report {
        var report = Report()
        let bytes = Files.byteCount(path)
        guard bytes > 0 else {
            report.findings = [StorageFinding(.primary, file: path, place: "", "is missing or empty")]
            return report
        }
        // The pages are read twice: by themselves, and for their records.
        let pages = try check(path, isDerived: CollectionStore.isDerived, into: &report) { done, total in
            progress(done, 2 * total)
        }
        guard let pages, report.findings.allSatisfy({ $0.severity == .derived }) else { return report }
        let names = Set(pages.databases.map(\.name))
        if names.isEmpty { return report }
        if let missing = StoreCheckup.requiredOfCollection.subtracting(names).min() {
            report.findings.append(StorageFinding(.primary, file: path, place: missing, "is missing"))
            return report
        }
        do {
            let store = try CollectionStore(reading: path)
            defer { try? store.environment.close() }
            let damaged = Set(report.findings.map(\.place))
            let leavingOut = Set(pages.databases.filter { !$0.isSound }.map(\.name))
            let outcome = try withoutActuallyEscaping(progress) { progress in
                try RecordsCheck(store: store, leavingOut: leavingOut) { done, total in
                    progress(bytes + Int(Double(done) / Double(max(1, total)) * Double(bytes)), 2 * bytes)
                }.run()
            }
            report.findings += outcome.findings.filter { !damaged.contains($0.place) }
        } catch let error as VerificationCancelled {
            throw error
        } catch {
            report.findings.append(
                StorageFinding(.primary, file: path, place: "", QuiverError(wrapping: error).message))
        }
        return report
    }

    /// The `catalog.mdb` of a storage.
    package static func catalog(
        _ path: String, progress: VerificationProgress = { _, _ in true }
    ) throws -> Report {
        var report = Report()
        guard Files.byteCount(path) > 0 else {
            report.findings = [StorageFinding(.primary, file: path, place: "", "is missing or empty")]
            return report
        }
        let pages = try check(path, isDerived: { _ in false }, into: &report, progress)
        guard let pages, report.findings.isEmpty else { return report }
        if pages.databases.isEmpty { return report }
        do {
            let environment = try Environment(path: path, options: .init(maxDatabases: 8, readOnly: true, noLock: true))
            defer { try? environment.close() }
            for database in pages.databases {
                let table = try environment.openDatabase(database.name, flags: database.flags)
                let transaction = try environment.beginRead()
                var cursor = try transaction.openCursor(table)
                var entry = unsafe try cursor.first()
                while let found = unsafe entry {
                    let key = unsafe String(decoding: found.key, as: UTF8.self)
                    let place = database.name == "journal" ? database.name : "\(database.name) \"\(key)\""
                    if unsafe !CheckedValue.isSound(found.value, key: found.key) {
                        report.findings.append(
                            StorageFinding(.primary, file: path, place: place, "the checksum does not fit"))
                    } else if database.name == "collections" {
                        do {
                            let stored = unsafe try StoredConfig.decode(
                                Catalog.StoredCollection.self, from: CheckedValue.content(found.value))
                            report.collections.append((key, stored.directory))
                        } catch {
                            report.findings.append(StorageFinding(.primary, file: path, place: place, "\(error)"))
                        }
                    }
                    unsafe entry = try cursor.next()
                }
            }
        } catch {
            report.findings.append(
                StorageFinding(.primary, file: path, place: "", QuiverError(wrapping: error).message))
        }
        return report
    }

    /// Nil where the root of the file is damaged.
    private static func check(
        _ path: String, isDerived: (String) -> Bool, into report: inout Report, _ progress: VerificationProgress
    ) throws -> EnvironmentCheck.Report? {
        let pages: EnvironmentCheck.Report
        do throws(EnvironmentCheck.Failure) {
            pages = try EnvironmentCheck.run(path: path, last: isDerived, progress: progress)
        } catch {
            switch error {
            case .cancelled: throw VerificationCancelled()
            case .storage(let error): throw QuiverError(error)
            }
        }
        for finding in pages.findings {
            let place = finding.page.map { "page \($0)" } ?? ""
            report.findings.append(
                StorageFinding(
                    isDerived(finding.database) ? .derived : .primary, file: path,
                    place: finding.database.isEmpty ? place : finding.database,
                    finding.database.isEmpty || place.isEmpty ? finding.text : "\(place): \(finding.text)"))
        }
        if case .outdated(let newest, let stamped)? = try? EnvironmentStamp.judge(path) {
            report.findings.append(
                StorageFinding(
                    .primary, file: path, place: "", "its newest commit is \(newest), but commit \(stamped) was made"))
        }
        return pages.hasSoundRoot ? pages : nil
    }
}

extension Collection {
    /// The records of an open collection: what `RecordsVerification.points` checks, but the structure of pages.
    package func verifyRecordsBlocking(
        progress: VerificationProgress = { _, _ in true }
    ) throws(QuiverError) -> [StorageFinding] {
        do {
            return try withoutActuallyEscaping(progress) { progress in
                try RecordsCheck(store: core.store, progress: progress).run().findings
            }
        } catch {
            throw QuiverError(wrapping: error)
        }
    }
}
