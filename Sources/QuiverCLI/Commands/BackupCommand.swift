import ArgumentParser
import Logging
import Quiver
import QuiverBackup
import QuiverJSON
import QuiverModel

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Save collections to a directory or to S3, and bring them back.",
        discussion: """
            A backup has all collections at one moment. The first one copies them; later ones send only what was not there
            yet: the log since the last backup, and segments that no backup has. Any moment between two backups can be
            restored. With a key everything is encrypted (AES-256-GCM).

            \(BackupPlace.environment)

            \(BackupPlace.exitCodes)

            Examples:
              quiver backup create -r /backups --server http://localhost:6333
              quiver backup create -r s3://bucket/quiver --s3-endpoint http://minio:9000 --storage ./storage
              quiver backup list -r /backups
              quiver backup restore -r /backups --storage ./restored --to 2026-11-21T17:25:00Z
              quiver backup restore -r /backups --server http://localhost:6333 --collection products=products_old
              quiver backup prune -r /backups --keep-last 7 --keep-weekly 8
              quiver backup verify -r /backups
            """,
        subcommands: [
            BackupCreateCommand.self, BackupListCommand.self, BackupRestoreCommand.self, BackupPruneCommand.self,
            BackupVerifyCommand.self,
        ])
}

struct BackupCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a backup.",
        discussion: """
            The repository is made when there is none; encrypted if there is a key. The collections come from a running
            server (--server), or from a storage directory that no server has open (--storage).
            """)

    @OptionGroup var place: BackupPlace

    @OptionGroup var side: BackupSide

    @Option(name: .customLong("collection"), help: "Only this collection; repeatable.")
    var collections: [String] = []

    @Flag(help: "Copy everything as a whole, and not the log since the last backup.")
    var full = false

    func run() throws {
        Interruption.listen()
        let progress = Progress(isJSON: place.json)
        let repository = try place.open(creating: true)
        var options = BackupCreation.Options()
        options.collections = collections.isEmpty ? nil : collections
        options.isFull = full
        options.progress = progress.telling
        progress.begin("saving", unit: .bytes)
        let manifest: BackupManifest
        switch try side.choice() {
        case .storage(let storage):
            let database = try StorageOpening.open(storage, options: StorageOpening.quietOptions)
            defer { database.close() }
            manifest = try create(repository, DatabaseBackupSource(database), options)
        case .server(let url, let apiKey):
            let connection = try place.connection(url, apiKey: apiKey)
            manifest = try create(repository, ServerBackupSource(connection), options)
        }
        progress.end()
        progress.event("backup") { BackupListing.write(manifest, to: &$0) }
        if !place.json { print(BackupListing.sentence(manifest)) }
    }

    private func create(
        _ repository: BackupRepository, _ source: any BackupSource, _ options: BackupCreation.Options
    ) throws -> BackupManifest {
        try BackupFailure.telling { () throws(BackupError) in
            try BackupCreation.run(repository, from: source, options)
        }
    }
}

struct BackupListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the backups, the oldest first.",
        discussion: "A backup that misses something which `verify --repair` has set aside is shown as incomplete.")

    @OptionGroup var place: BackupPlace

    func run() throws {
        let progress = Progress(isJSON: place.json)
        let repository = try place.open()
        let ids = try BackupFailure.telling { () throws(BackupError) in try repository.backupIDs() }
        var damage: [String] = []
        let incomplete = try incomplete(repository)
        for id in ids {
            do throws(BackupError) {
                let manifest = try repository.manifest(id)
                let isIncomplete = incomplete.contains(id)
                progress.event("backup") { writer in
                    BackupListing.write(manifest, to: &writer)
                    writer.member("incomplete", isIncomplete)
                }
                if !place.json { print(BackupListing.line(manifest) + (isIncomplete ? "  INCOMPLETE" : "")) }
            } catch {
                guard case .damaged(let list) = error else { throw BackupFailure.failure(error) }
                damage += list
            }
        }
        if !damage.isEmpty { throw BackupFailure.failure(.damaged(damage)) }
    }

    /// Backups that miss something; only looked for where something was set aside.
    private func incomplete(_ repository: BackupRepository) throws -> Set<String> {
        try BackupFailure.telling { () throws(BackupError) in
            if try repository.setAside().isEmpty { return [] }
            var options = BackupVerification.Options()
            options.isQuick = true
            options.isLocking = false
            return Set(try BackupVerification.run(repository, options).incomplete)
        }
    }
}

struct BackupPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove old backups, and what only they need.",
        discussion: """
            A backup is kept when any of the rules keeps it; what kept backups need is never removed. What failed backups
            left goes as well. Without rules nothing but that, and --remove, goes.
            """)

    @OptionGroup var place: BackupPlace

    @Option(help: "Keep the newest so many.")
    var keepLast: Int?

    @Option(help: "Keep the newest of each of so many days (UTC).")
    var keepDaily: Int?

    @Option(help: "Keep the newest of each of so many weeks.")
    var keepWeekly: Int?

    @Option(help: "Keep the newest of each of so many months.")
    var keepMonthly: Int?

    @Option(help: ArgumentHelp("Keep all that are younger: 12h, 30d, 8w.", valueName: "time"))
    var keepWithin: BackupAge?

    @Option(help: ArgumentHelp("Remove this backup; repeatable.", valueName: "id"))
    var remove: [String] = []

    @Flag(help: "Only tell what would go.")
    var dryRun = false

    func validate() throws {
        for count in [keepLast, keepDaily, keepWeekly, keepMonthly].compactMap(\.self) where count < 0 {
            throw ValidationError("A number of backups is not negative.")
        }
        if [keepLast, keepDaily, keepWeekly, keepMonthly].compactMap(\.self).allSatisfy({ $0 == 0 }), keepWithin == nil,
            keepLast != nil || keepDaily != nil || keepWeekly != nil || keepMonthly != nil
        {
            throw ValidationError("These rules keep nothing.")
        }
    }

    func run() throws {
        let progress = Progress(isJSON: place.json)
        let repository = try place.open()
        var retention = BackupRetention()
        retention.last = keepLast
        retention.daily = keepDaily
        retention.weekly = keepWeekly
        retention.monthly = keepMonthly
        retention.withinSeconds = keepWithin?.seconds
        let report = try BackupFailure.telling { () throws(BackupError) in
            try BackupPruning.run(repository, keeping: retention, removing: Set(remove), isDry: dryRun)
        }
        progress.event("pruned") { writer in
            writer.member("dry_run", dryRun)
            writer.key("kept")
            writer.texts(report.kept)
            writer.key("removed")
            writer.texts(report.removed)
            writer.member("removed_objects", report.removedObjects)
            writer.member("removed_bytes", Int(report.removedBytes))
        }
        if !place.json {
            for id in report.removed { print((dryRun ? "would remove " : "removed ") + id) }
            print("\(report.kept.count) backups kept, \(report.removed.count) \(dryRun ? "would go" : "removed"), with "
                + "\(report.removedObjects) objects of \(ByteCount.text(Int(report.removedBytes)))")
        }
    }
}
