import ArgumentParser
import Logging
import Quiver
import QuiverArchive
import QuiverModel

/// Restores a snapshot file into a temporary directory below `$TMPDIR`, and verifies the storage that this makes: what no
/// checksum of the file can tell.
struct SnapshotTrial {
    let input: InputFile
    let report: SnapshotExamination.Report
    let progress: Progress

    /// - Parameter note: gets each finding; its file is the snapshot's, its place begins with the one in the storage.
    /// - Throws: `CommandFailure` with 1 where the snapshot cannot be restored because of what is in it.
    func run(
        collections names: [String]? = nil, note: @escaping (StorageFinding) -> Void
    ) throws -> StorageVerifier.Summary {
        let directory = try ScratchDirectory(nil)
        try restore(into: directory.path)
        progress.begin("verifying what \(input.path) was restored to", unit: .bytes)
        let summary = try Self.verify(directory.path, shownAs: input.path, names, progress) { finding in
            var finding = finding
            let place = finding.file.hasPrefix(directory.path + "/")
                ? String(finding.file.dropFirst(directory.path.count + 1)) : finding.file
            finding.place = finding.place.isEmpty ? place : place + ", " + finding.place
            finding.file = input.path
            note(finding)
        }
        progress.end()
        return summary
    }

    /// Verifies a storage directory; Ctrl-C ends it.
    ///
    /// - Throws: `CommandFailure` with 66, 74, 75 or 130.
    static func verify(
        _ path: String, shownAs shown: String, _ names: [String]?, _ progress: Progress,
        note: @escaping (StorageFinding) -> Void
    ) throws -> StorageVerifier.Summary {
        var total = -1
        do {
            return try StorageVerifier(path: path).run(
                collections: names, note: note,
                progress: { done, bytes in
                    if bytes != total {
                        total = bytes
                        progress.extend(total: bytes)
                    }
                    progress.reach(done)
                    return !Interruption.isAsked
                })
        } catch let error as QuiverError {
            progress.clear()
            let code: ExitCode =
                switch error.kind {
                case .notFound: .noInput
                case .locked: .temporaryFailure
                default: .inputOutput
                }
            throw CommandFailure(code: code, message: error.message.replacing(path, with: shown))
        } catch is VerificationCancelled {
            progress.clear()
            throw Interruption.failure
        }
    }

    private func restore(into directory: String) throws {
        var options = Database.Options()
        options.logger = Logger(label: "quiver") { LineLogHandler(label: $0, level: .critical, format: .text) }
        let database = try StorageOpening.open(directory, options: options)
        defer { database.close() }
        progress.begin("restoring \(input.path)", total: input.byteCount, unit: .bytes)
        var offset = 0
        let read: ArchiveSource = { buffer in
            try Interruption.check()
            let count = try input.read(at: offset, into: buffer)
            offset += count
            progress.advance(count)
            return count
        }
        do throws(QuiverError) {
            switch report.head.kind {
            case .storage: try database.snapshots.recoverStorage(from: read, of: database, replacing: false)
            case .collection:
                let name = report.head.collections.first ?? ""
                try database.snapshots.recover(from: read, into: name, of: database)
            }
            for collection in report.collections {
                let info = try database.collection(collection.manifest.name).infoBlocking()
                guard UInt64(info.pointsCount) == collection.tally.points else {
                    throw QuiverError(
                        .corrupted, "\(collection.manifest.name) has \(info.pointsCount) points of \(collection.tally.points)")
                }
            }
        } catch {
            progress.clear()
            if Interruption.isAsked { throw Interruption.failure }
            switch error.kind {
            case .badInput, .corrupted: throw CommandFailure(code: .differs, message: "\(input.path): \(error.message)")
            default: throw CommandFailure(error, input.path)
            }
        }
        progress.end()
    }
}
