import ArgumentParser
import Logging
import Quiver
import QuiverJSON
import QuiverModel
import QuiverWire

struct SnapshotVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a snapshot file to its last byte, without restoring it.",
        discussion: """
            Reads the file once: its own checksum, the form of every entry, the checksums of the segments, and --checksum
            where it is given. --deep also restores it into a temporary directory below $TMPDIR and verifies that as `quiver
            verify` does. Exit code 1 when it is damaged.

            Example:
              quiver snapshot verify products.snapshot --deep
            """)

    @Argument(help: "The file.", completion: .file(extensions: ["snapshot"]))
    var file: String

    @Option(help: "SHA-256 that it must have, in hexadecimal digits.")
    var checksum: String?

    @Flag(help: "Restore it into a temporary directory, too.")
    var deep = false

    @Flag(help: "Tell everything as JSON lines on standard output.")
    var json = false

    func run() async throws {
        Interruption.listen()
        let progress = Progress(isJSON: json)
        let input = try InputFile(file)
        do {
            let report = try SnapshotExamination.run(input, progress)
            if let checksum, checksum.lowercased() != report.checksum {
                throw CommandFailure(
                    code: .differs, message: "\(file) has the SHA-256 \(report.checksum) and not \(checksum)")
            }
            if deep { try examineDeeply(input, report, progress) }
            progress.event("result") { writer in
                writer.member("file", file)
                writer.member("sound", true)
                writer.member("checksum", report.checksum)
            }
            if !json { print("\(file) is sound: \(ByteCount.text(Int(report.byteCount))), SHA-256 \(report.checksum)") }
        } catch let failure as CommandFailure where failure.code == .differs {
            progress.event("result") { writer in
                writer.member("file", file)
                writer.member("sound", false)
                writer.member("problem", failure.message)
            }
            throw failure
        }
    }

    private func examineDeeply(
        _ input: InputFile, _ report: SnapshotExamination.Report, _ progress: Progress
    ) throws {
        let summary = try SnapshotTrial(input: input, report: report, progress: progress).run { finding in
            VerifyCommand.tell(finding, progress)
        }
        guard summary.findingCount == 0 else {
            let count = summary.findingCount == 1 ? "one finding" : "\(summary.findingCount) findings"
            throw CommandFailure(code: .differs, message: "\(file): \(count) in what it was restored to")
        }
    }
}

struct SnapshotInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Tell what is in a snapshot file.",
        discussion: """
            Collections with their configuration, points, indexes, segments and the sequence number of the last update in
            it; aliases, time, sizes and SHA-256. The file is read to its end, and checked on the way.

            Example:
              quiver snapshot inspect products.snapshot --json
            """)

    @Argument(help: "The file.", completion: .file(extensions: ["snapshot"]))
    var file: String

    @Flag(help: "As JSON lines on standard output: one for each collection, then one for the whole.")
    var json = false

    func run() async throws {
        Interruption.listen()
        let progress = Progress(isJSON: json)
        let report = try SnapshotExamination.run(try InputFile(file), progress)
        if json {
            for collection in report.collections { progress.event("collection") { Self.write(collection, &$0) } }
            progress.event("snapshot") { Self.write(report, &$0) }
        } else {
            Self.tell(report)
        }
    }

    private static func tell(_ report: SnapshotExamination.Report) {
        let kind = report.head.kind == .storage ? "a whole storage" : "a collection"
        print("of \(kind), made \(time(report.head.time)); \(ByteCount.text(Int(report.byteCount))), SHA-256 \(report.checksum)")
        for collection in report.collections {
            let manifest = collection.manifest
            let segmentBytes = manifest.segments.reduce(0) { $0 + Int($1.byteCount) }
            print("\(manifest.name): \(collection.tally.points) points as of update \(manifest.sequence)")
            print(
                "  records \(ByteCount.text(collection.recordBytes)), \(manifest.segments.count) segments "
                    + "\(ByteCount.text(segmentBytes)), directory \(manifest.identity)")
            print("  indexes: \(collection.tally.indexedFields.isEmpty ? "none" : collection.tally.indexedFields.joined(separator: ", "))")
            print("  \(config(manifest.config)?.text ?? "")")
        }
        for alias in report.head.aliases { print("alias \(alias.alias) of \(alias.collection)") }
    }

    private static func write(_ report: SnapshotExamination.Report, _ writer: inout JSONWriter) {
        writer.member("kind", report.head.kind.rawValue)
        writer.member("format", report.head.format)
        writer.member("time", time(report.head.time))
        writer.member("size", Int(report.byteCount))
        writer.member("checksum", report.checksum)
        writer.key("collections")
        writer.beginArray()
        for name in report.head.collections { writer.value(name) }
        writer.endArray()
        writer.key("aliases")
        writer.beginObject()
        for alias in report.head.aliases {
            writer.key(named: alias.alias)
            writer.value(alias.collection)
        }
        writer.endObject()
    }

    private static func write(_ collection: SnapshotExamination.Collection, _ writer: inout JSONWriter) {
        let manifest = collection.manifest
        writer.member("name", manifest.name)
        writer.member("points", Int(collection.tally.points))
        writer.member("sequence", Int(clamping: manifest.sequence))
        writer.member("identity", manifest.identity)
        writer.member("record_bytes", collection.recordBytes)
        writer.key("indexes")
        writer.beginArray()
        for field in collection.tally.indexedFields { writer.value(field) }
        writer.endArray()
        writer.key("segments")
        writer.beginArray()
        for segment in manifest.segments {
            writer.beginObject()
            writer.member("id", Int(clamping: segment.id))
            writer.member("vector", segment.vectorName)
            writer.member("size", Int(clamping: segment.byteCount))
            writer.endObject()
        }
        writer.endArray()
        if let config = config(manifest.config) {
            writer.key("config")
            writer.value(config)
        }
    }

    /// As `GET /collections/{name}` has it.
    private static func config(_ config: CollectionConfig) -> JSONValue? {
        let info = CollectionInfo(
            status: .green, optimizerError: nil, pointsCount: 0, indexedVectorsCount: 0, segmentsCount: 0, config: config,
            payloadSchema: [:], updateQueueLength: 0)
        let answer = try? JSONValue(parsing: ResponseEncoder.collectionInfo(info, seconds: 0))
        return answer?[path: "result", "config"]
    }

    private static func time(_ microseconds: UInt64) -> String { UTC.text(microseconds: Int64(clamping: microseconds)) }
}
