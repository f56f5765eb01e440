import QuiverLMDB
import QuiverModel

/// Verifies the catalogue of a storage directory, and the records that a damaged one is made anew of.
struct CatalogVerifier {
    let storage: String
    let report: VerificationReport

    struct Findings {
        /// What the catalogue holds, or what the next opening would put into it.
        var contents: Catalog.Contents
        var isSound = true
        /// Directories whose collection is not known.
        var nameless: Set<String> = []
    }

    private var path: String { storage + "/catalog.mdb" }
    private static let remade = "the next opening makes the catalogue anew of what is kept beside the collections"

    /// Nil where the storage would not be opened.
    func run() throws -> Findings? {
        let records = try RecordsVerification.catalog(path) { _, _ in !report.isCancelled }
        var damage = records.findings
        if damage.isEmpty {
            do {
                return Findings(contents: try Catalog(reading: path).read())
            } catch let error as Catalog.OtherVersion {
                report.add(.primary, file: path, error.reason.message)
                return nil
            } catch {
                // Pages and values are sound: there is no such database.
                let text = QuiverError(wrapping: error).message
                damage = [StorageFinding(.primary, file: path, place: "", text)]
            }
        }
        return remade(damage)
    }

    private func remade(_ damage: [StorageFinding]) -> Findings? {
        do {
            let rebuild = try CatalogRebuild(reading: storage)
            for finding in damage {
                report.add(.derived, file: finding.file, place: finding.place, "\(finding.text); \(CatalogVerifier.remade)")
            }
            if rebuild.lacksAliases {
                report.add(.primary, file: CatalogRecord.path(storage), "is missing or damaged as well: aliases are lost")
            }
            for (identity, reason) in rebuild.nameless {
                let directory = storage + "/collections/" + identity
                report.add(.primary, file: directory, "\(reason): which collection it is was lost")
            }
            let nameless = Set(rebuild.nameless.map(\.identity))
            return Findings(contents: rebuild.contents, isSound: false, nameless: nameless)
        } catch {
            for finding in damage { report.add(finding) }
            if let error = error as? QuiverError, error.kind == .corrupted {
                report.add(.primary, file: storage, error.message)
            }
            return nil
        }
    }

    // MARK: Records

    /// The records beside a sound catalogue. A storage that has none at all was written by a version from before them.
    func checkRecords(_ contents: Catalog.Contents, of names: [String]?) {
        let directories = contents.collections.mapValues { CollectionDirectory(path: storage + "/collections/" + $0.directory) }
        let isExpected = Files.exists(CatalogRecord.path(storage))
            || directories.values.contains { Files.exists($0.recordPath) }
        for (name, directory) in directories.sorted(by: { $0.key < $1.key })
        where (names?.contains(name.text) ?? true) && Files.exists(directory.path) {
            check(name, directory, isExpected: isExpected)
        }
        if names == nil {
            checkCatalogRecord(contents, isExpected: isExpected)
            for identity in NamelessCollections(storage: storage).identities {
                report.add(
                    .primary, file: CatalogRebuild.namelessPath(storage) + "/" + identity,
                    "is a collection whose name was lost with the catalogue")
            }
        }
    }

    private func check(_ name: ExactName, _ directory: CollectionDirectory, isExpected: Bool) {
        do {
            switch try directory.state() {
            case .collection(let record):
                if ExactName(record.name) != name {
                    report.add(
                        .derived, file: directory.recordPath,
                        "is that of collection \"\(record.name)\"; remove it, and the next opening writes it anew")
                }
            case .leftOver, .nameless:
                if Files.exists(directory.recordPath) {
                    tell(directory.recordPath, "is damaged")
                } else if isExpected {
                    tell(directory.recordPath, "is missing")
                }
            }
        } catch {
            report.add(.derived, file: directory.recordPath, QuiverError(wrapping: error).message)
        }
    }

    private func checkCatalogRecord(_ contents: Catalog.Contents, isExpected: Bool) {
        let path = CatalogRecord.path(storage)
        do {
            switch try CheckedFile.read(path, key: CatalogRecord.key) {
            case .missing: if isExpected { tell(path, "is missing") }
            case .damaged: tell(path, "is damaged")
            case .whole(let content):
                let record = try CatalogRecord.decode(content, path: path)
                if record.aliases != CatalogRecord.sorted(contents.aliases) {
                    tell(path, "has other aliases than the catalogue")
                }
            }
        } catch {
            report.add(.derived, file: path, QuiverError(wrapping: error).message)
        }
    }

    private func tell(_ path: String, _ text: String) {
        report.add(.derived, file: path, "\(text); the next opening writes it anew")
    }
}
