import ArgumentParser
import QuiverBackup
import QuiverJSON

struct BackupVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Look whether backups are whole.",
        discussion: """
            Reads everything and compares it with its checksums; exit code 1 when something is damaged or missing.

            With --repair what is damaged is set aside (below damaged/ in the repository), so that it counts as missing and
            the next `backup create` sends it again, if the server still has it: backups that miss nothing any more are whole
            again. With --full, create copies everything that is not there. `backup list` says which backups stay incomplete;
            `backup prune --remove` removes them, and prune also what was set aside and is of no use any more.
            """)

    @OptionGroup var place: BackupPlace

    @Option(help: "The id of a backup; repeatable; all unless given.")
    var backup: [String] = []

    @Flag(help: "Only look whether everything is there, without reading it.")
    var quick = false

    @Flag(help: "Set aside what is damaged, so that the next backup sends it again.")
    var repair = false

    func validate() throws {
        guard !repair || (!quick && backup.isEmpty) else {
            throw ValidationError("--repair reads everything: without --quick and --backup.")
        }
    }

    func run() throws {
        Interruption.listen()
        let progress = Progress(isJSON: place.json)
        let repository = try place.open()
        var options = BackupVerification.Options()
        options.ids = backup.isEmpty ? nil : backup
        options.isQuick = quick
        options.isRepairing = repair
        options.progress = progress.telling
        progress.begin("checking", unit: .bytes)
        let report = try BackupFailure.telling { () throws(BackupError) in
            try BackupVerification.run(repository, options)
        }
        progress.end()
        progress.event("verified") { writer in
            writer.member("backups", report.backups)
            writer.member("objects", report.objects)
            writer.member("read_bytes", Int(report.readBytes))
            writer.key("damage")
            writer.texts(report.damage)
            writer.key("incomplete")
            writer.texts(report.incomplete)
            writer.key("set_aside")
            writer.texts(report.setAside)
        }
        if !report.damage.isEmpty { throw CommandFailure(code: .differs, message: sentence(report)) }
        if !place.json { print("\(report.backups) backups are whole: \(report.objects) objects") }
    }

    private func sentence(_ report: BackupVerification.Report) -> String {
        var lines = report.damage
        lines.append("\(report.incomplete.count) of \(report.backups) backups are not whole")
        if !report.setAside.isEmpty {
            lines.append("\(report.setAside.count) damaged objects were set aside; the next `quiver backup create` sends again what it can")
        } else if !repair, !quick {
            lines.append(BackupFailure.repairAdvice)
        }
        return lines.joined(separator: "\n")
    }
}
