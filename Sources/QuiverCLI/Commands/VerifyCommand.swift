import ArgumentParser
import Quiver
import QuiverModel

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every byte of a storage directory.",
        discussion: """
            Reads the whole directory and tells everything that is not as it was written, or does not fit together:
            pages, records, segment files, graphs, codes, field indexes, and files that belong to nothing. Changes
            nothing. No server may have the directory open meanwhile.

            A finding is "derived" when the storage makes the damaged part anew by itself when it is opened next, and
            "primary" when it cannot: such a collection is to be restored from a backup or a snapshot.

            Exit codes: 0 nothing found, 1 findings, 64 usage, 66 no such directory or collection, 74 the directory
            cannot be read, 75 a server has it open, 130 interrupted.

            Examples:
              quiver verify ./storage
              quiver verify ./storage --collection products --json
            """)

    @Argument(help: ArgumentHelp("A storage directory.", valueName: "storage"), completion: .directory)
    var path: String

    @Option(name: .customLong("collection"), help: "Only this collection; repeatable.")
    var collections: [String] = []

    @Flag(help: "Write one JSON object a line: each finding, and a summary at the end.")
    var json = false

    func run() throws {
        var output = VerificationOutput(json: json)
        let summary: StorageVerifier.Summary
        do {
            (summary, output) = try verify(output)
        } catch let error as QuiverError {
            throw Self.failure(error)
        } catch is VerificationCancelled {
            throw CommandFailure(code: .interrupted, message: "interrupted")
        }
        output.finish(summary)
        if summary.findingCount > 0 { throw ExitCode(1) }
    }

    private func verify(
        _ output: VerificationOutput
    ) throws -> (StorageVerifier.Summary, VerificationOutput) {
        let shared = Shared(output)
        let summary = try StorageVerifier(path: path).run(
            collections: collections.isEmpty ? nil : collections, note: { shared.output.note($0) },
            progress: { done, total in
                shared.output.show(done, of: total)
                return true
            })
        return (summary, shared.output)
    }

    /// The verification calls on one thread.
    private final class Shared {
        var output: VerificationOutput

        init(_ output: VerificationOutput) { self.output = output }
    }

    static func failure(_ error: QuiverError) -> CommandFailure {
        let code: ExitCode =
            switch error.kind {
            case .notFound: .noInput
            case .locked: .temporaryFailure
            default: .inputOutput
            }
        return CommandFailure(code: code, message: error.message)
    }
}

/// What `quiver verify` writes: findings to standard output, how far it is to a terminal.
struct VerificationOutput {
    private let json: Bool
    private let isTerminal: Bool
    private let write: (String) -> Void
    private var shown: ContinuousClock.Instant?
    private var isLineOpen = false

    init(json: Bool, isTerminal: Bool = StandardError.isTerminal, write: @escaping (String) -> Void = { print($0) }) {
        self.json = json
        self.isTerminal = isTerminal
        self.write = write
    }

    mutating func note(_ finding: StorageFinding) {
        clearLine()
        write(Self.text(finding, json: json))
    }

    static func text(_ finding: StorageFinding, json: Bool) -> String {
        guard json else { return "\(finding.severity.rawValue): \(finding)" }
        let members = [
            ("severity", finding.severity.rawValue), ("file", finding.file), ("place", finding.place),
            ("text", finding.text),
        ]
        return "{" + members.map { "\(quoted($0.0)):\(quoted($0.1))" }.joined(separator: ",") + "}"
    }

    mutating func show(_ done: Int, of total: Int) {
        guard isTerminal, !json else { return }
        let now = ContinuousClock.now
        if let shown, now - shown < .milliseconds(100) { return }
        shown = now
        isLineOpen = true
        let percent = total == 0 ? 100 : done * 100 / total
        StandardError.write("\r\u{1B}[K\(percent) % \(done >> 20)/\(total >> 20) MiB")
    }

    mutating func finish(_ summary: StorageVerifier.Summary) {
        clearLine()
        if json {
            write(
                "{\"collections\":\(summary.collectionCount),\"bytes\":\(summary.byteCount),"
                    + "\"findings\":\(summary.findingCount)}")
            return
        }
        let found = summary.findingCount == 0 ? "nothing found" : "\(summary.findingCount) findings"
        write("\(found) in \(summary.collectionCount) collections, \(summary.byteCount) bytes")
    }

    private mutating func clearLine() {
        if isLineOpen { StandardError.write("\r\u{1B}[K") }
        isLineOpen = false
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
