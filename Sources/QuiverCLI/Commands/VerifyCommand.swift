import ArgumentParser
import Quiver
import QuiverModel

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every byte of a storage directory or a snapshot file.",
        discussion: """
            Reads everything and tells all that is not as it was written, or does not fit together: pages, records, segment
            files, graphs, codes, field indexes, and files that belong to nothing. Changes nothing, and needs no right to
            write; no server may have the directory open meanwhile. The snapshots that lie in it are files to be named.

            Of a snapshot file the format and all checksums are checked; then it is restored into a temporary directory
            below $TMPDIR, and that is checked as any other.

            A finding is "derived" when the storage makes the damaged part anew by itself when it is opened next, and
            "primary" when it cannot: such a collection is to be restored from a backup or a snapshot.

            Exit codes: 0 nothing found, 1 findings, 64 usage, 66 no such file, directory or collection, 74 it cannot be
            read, 75 a server has it open, 130 interrupted.

            Examples:
              quiver verify ./storage
              quiver verify ./storage --collection products --json
              quiver verify products.snapshot
            """)

    @Argument(
        help: ArgumentHelp("A storage directory or a snapshot file.", valueName: "storage or file"),
        completion: .file())
    var path: String

    @Option(name: .customLong("collection"), help: "Only this collection; repeatable.")
    var collections: [String] = []

    @Flag(help: "Write one JSON object a line: each finding, and the result at the end.")
    var json = false

    func run() throws {
        Interruption.listen()
        let progress = Progress(isJSON: json)
        let summary = try InputDirectory.isDirectory(path) ? verifyStorage(progress) : verifySnapshot(progress)
        progress.event("result") { writer in
            writer.member("path", path)
            writer.member("sound", summary.findingCount == 0)
            writer.member("collections", summary.collectionCount)
            writer.member("bytes", summary.byteCount)
            writer.member("findings", summary.findingCount)
        }
        if !json {
            let found =
                switch summary.findingCount {
                case 0: "nothing found"
                case 1: "1 finding"
                case let count: "\(count) findings"
                }
            let place = summary.collectionCount == 1 ? "1 collection" : "\(summary.collectionCount) collections"
            progress.tell("\(found) in \(place), \(ByteCount.text(summary.byteCount))")
        }
        if summary.findingCount > 0 { throw ExitCode.differs }
    }

    private var names: [String]? { collections.isEmpty ? nil : collections }

    private func verifyStorage(_ progress: Progress) throws -> StorageVerifier.Summary {
        progress.begin("verifying \(path)", unit: .bytes)
        let summary = try SnapshotTrial.verify(path, shownAs: path, names, progress) { Self.tell($0, progress) }
        progress.end()
        return summary
    }

    private func verifySnapshot(_ progress: Progress) throws -> StorageVerifier.Summary {
        let input = try InputFile(path)
        var summary = StorageVerifier.Summary(byteCount: input.byteCount)
        do {
            let report = try SnapshotExamination.run(input, progress)
            summary = try SnapshotTrial(input: input, report: report, progress: progress)
                .run(collections: names) { Self.tell($0, progress) }
            summary.byteCount = input.byteCount
        } catch let failure as CommandFailure where failure.code == .differs {
            let prefix = input.path + ": "
            let text = failure.message.hasPrefix(prefix) ? String(failure.message.dropFirst(prefix.count)) : failure.message
            Self.tell(StorageFinding(.primary, file: input.path, place: "", text), progress)
            summary.findingCount += 1
        }
        return summary
    }

    static func tell(_ finding: StorageFinding, _ progress: Progress) {
        guard progress.form == .json else {
            progress.tell("\(finding.severity.rawValue): \(finding)")
            return
        }
        progress.event("finding") { writer in
            writer.member("severity", finding.severity.rawValue)
            writer.member("file", finding.file)
            writer.member("place", finding.place)
            writer.member("text", finding.text)
        }
    }
}
