import Dispatch
import Synchronization

import Quiver

/// Looks whether backups are whole.
package struct BackupVerification {
    package struct Options: Sendable {
        /// Nil: all backups.
        package var ids: [String]?
        /// Only whether everything is there, unread.
        package var isQuick = false
        /// Reads what no backup needs as well, and sets aside what is damaged: the next backup sends its content again.
        package var isRepairing = false
        /// Looks beside whoever changes the repository meanwhile: what it tells may be over.
        package var isLocking = true
        package var progress: (@Sendable (BackupProgress) throws -> Void)?

        package init() {}
    }

    package struct Report: Sendable {
        package var backups = 0
        package var objects = 0
        package var readBytes: UInt64 = 0
        /// What is damaged, and which backups miss it.
        package var damage: [String] = []
        /// The backups that cannot be restored in full, the oldest first.
        package var incomplete: [String] = []
        /// The keys of what was set aside.
        package var setAside: [String] = []
    }

    private let repository: BackupRepository
    private let options: Options
    private let lock: RepositoryLock?
    private var report = Report()
    /// Who needs an object, by its name.
    private var uses: [String: [Use]] = [:]
    /// Parts of logs, with the piece they belong to, whose sequence numbers are looked at as well.
    private var logs: [(piece: LogPiece, use: Use)] = []
    private var incomplete: Set<String> = []
    private static let batchBytes = 16 << 20

    private struct Use: Equatable, CustomStringConvertible {
        var backup: String
        var collection: String

        var description: String { "backup \(backup), collection \(collection)" }
    }

    /// Reads everything that the backups need and compares it with its names and manifests.
    package static func run(
        _ repository: BackupRepository, _ options: Options = Options()
    ) throws(BackupError) -> Report {
        var lock: RepositoryLock?
        if options.isLocking || options.isRepairing {
            lock = try Self.lock(repository, options)
        }
        defer { lock?.release() }
        var verification = BackupVerification(repository: repository, options: options, lock: lock)
        try verification.verify()
        return verification.report
    }

    private static func lock(_ repository: BackupRepository, _ options: Options) throws(BackupError) -> RepositoryLock? {
        do throws(BackupError) {
            // Who writes a backup counts on what was there when it began.
            return try RepositoryLock(
                repository.store, options.isRepairing ? .exclusive : .shared, what: "backup verify")
        } catch {
            // Looking has to be possible with rights to read alone.
            if case .busy = error { throw error }
            if options.isRepairing { throw error }
            return nil
        }
    }

    private init(repository: BackupRepository, options: Options, lock: RepositoryLock?) {
        self.repository = repository
        self.options = options
        self.lock = lock
    }

    private mutating func verify() throws(BackupError) {
        let known = try repository.objectNames()
        let all = try repository.backupIDs()
        let chosen = options.ids ?? all
        for id in chosen {
            report.backups += 1
            do throws(BackupError) {
                let manifest = try manifest(id)
                for collection in manifest.collections {
                    try collect(collection, Use(backup: id, collection: collection.name))
                }
            } catch {
                guard case .damaged(let list) = error else { throw error }
                report.damage += list
                incomplete.insert(id)
                if options.isRepairing { try setAside(BackupRepository.backupsPrefix + id) }
            }
        }
        report.objects = uses.count
        let wanted = (options.isRepairing ? Set(uses.keys).union(known.keys) : Set(uses.keys)).sorted()
        if options.isQuick {
            for object in wanted where known[object] == nil {
                note("\(BackupRepository.objectKey(object)): it is missing", object)
            }
        } else {
            for (object, text) in try readAll(wanted, known) {
                note(text, object)
                if options.isRepairing, known[object] != nil { try setAside(BackupRepository.objectKey(object)) }
            }
            try lookAtLogs()
        }
        report.incomplete = all.filter(incomplete.contains)
    }

    /// Read twice, for what came wrong once may lie there whole.
    private func manifest(_ id: String) throws(BackupError) -> BackupManifest {
        do throws(BackupError) {
            return try repository.manifest(id)
        } catch {
            guard case .damaged = error else { throw error }
            return try repository.manifest(id)
        }
    }

    private mutating func note(_ text: String, _ object: String) {
        let users = uses[object] ?? []
        for use in users { incomplete.insert(use.backup) }
        let more = users.count > 3 ? " and \(users.count - 3) more" : ""
        let need = users.isEmpty ? "no backup needs it" : "needed by " + users.prefix(3).map(\.description).joined(separator: "; ")
        report.damage.append(text + ": " + need + more)
    }

    private mutating func setAside(_ key: String) throws(BackupError) {
        do throws(ObjectStoreError) { try repository.setAside(key) } catch { throw .store(error) }
        report.setAside.append(key)
    }

    // MARK: What is needed

    private mutating func add(_ object: String, _ use: Use) {
        if uses[object]?.last != use { uses[object, default: []].append(use) }
    }

    private mutating func collect(_ collection: BackupCollection, _ use: Use) throws(BackupError) {
        add(collection.base, use)
        var lists: [(name: String, byteCount: UInt64)] = []
        let repository = repository
        if let base = try unlessDamaged({ () throws(BackupError) in try repository.base(collection.base) }) {
            lists.append((base.records, base.recordBytes))
            lists += base.segments.map { ($0.list, $0.file.byteCount) }
        }
        for piece in collection.log + (collection.bridge ?? []) {
            lists.append((piece.list, piece.byteCount))
            logs.append((piece, use))
        }
        for (name, byteCount) in lists {
            add(name, use)
            let parts = try unlessDamaged { () throws(BackupError) in try repository.partList(name) }
            guard let list = parts else { continue }
            if list.byteCount != byteCount {
                report.damage.append("\(BackupRepository.objectKey(name)): its parts have another length: needed by \(use)")
                incomplete.insert(use.backup)
            }
            for part in list.parts { add(part.object, use) }
        }
    }

    /// Nil for what is damaged or missing, of which reading everything tells.
    private func unlessDamaged<Value>(_ body: () throws(BackupError) -> Value) throws(BackupError) -> Value? {
        do throws(BackupError) {
            return try body()
        } catch {
            switch error {
            case .damaged, .store(.notFound), .store(.inputOutput): return nil
            default: throw error
            }
        }
    }

    // MARK: Reading

    /// What is damaged or missing, by names.
    private mutating func readAll(
        _ objects: [String], _ known: [String: ObjectInfo]
    ) throws(BackupError) -> [(object: String, text: String)] {
        struct State {
            var next = 0
            var bytes: UInt64 = 0
            var damage: [(object: String, text: String)] = []
            var failure: BackupError?
        }
        let state = Mutex(State())
        let sizes = known.mapValues(\.byteCount)
        let total = objects.reduce(UInt64(0)) { $0 + UInt64(sizes[$1] ?? 0) }
        let (repository, progress) = (repository, options.progress)
        // Batches, so that the lock is renewed on this thread, also where little comes in a second.
        var rest = objects[...]
        while !rest.isEmpty {
            var bytes = 0
            let part = Array(rest.prefix(256).prefix { object in
                defer { bytes += sizes[object] ?? 0 }
                return bytes < Self.batchBytes
            })
            rest = rest.dropFirst(part.count)
            state.withLock { $0.next = 0 }
            DispatchQueue.concurrentPerform(iterations: min(4, part.count)) { _ in
                while let object = state.withLock({ state -> String? in
                    guard state.next < part.count, state.failure == nil else { return nil }
                    state.next += 1
                    return part[state.next - 1]
                }) {
                    do throws(BackupError) {
                        if let text = try Self.damage(object, repository) {
                            state.withLock { $0.damage.append((object, text)) }
                        }
                    } catch {
                        state.withLock { $0.failure = error }
                    }
                    let bytes = state.withLock { state in
                        state.bytes += UInt64(sizes[object] ?? 0)
                        return state.bytes
                    }
                    do {
                        try progress?(BackupProgress(step: "reading", doneBytes: bytes, totalBytes: total))
                    } catch {
                        state.withLock { $0.failure = .stopped(error) }
                    }
                }
            }
            if let failure = state.withLock({ $0.failure }) { throw failure }
            try lock?.renew()
        }
        report.readBytes = state.withLock { $0.bytes }
        return state.withLock { $0.damage }.sorted { $0.object < $1.object }
    }

    /// Twice, for what came wrong once may lie there whole.
    private static func damage(_ object: String, _ repository: BackupRepository) throws(BackupError) -> String? {
        var text: String?
        for _ in 0..<2 {
            do throws(BackupError) {
                _ = try repository.content(of: object)
                return nil
            } catch {
                switch error {
                case .damaged(let list): text = list.joined(separator: ", ")
                // A disk that cannot read one file any more.
                case .store(.inputOutput(let reason)): text = "\(BackupRepository.objectKey(object)): \(reason)"
                default: throw error
                }
            }
        }
        return text
    }

    private mutating func lookAtLogs() throws(BackupError) {
        let repository = repository
        var seen: Set<String> = []
        for (piece, use) in logs where seen.insert(piece.list).inserted {
            let parts = try unlessDamaged { () throws(BackupError) in try repository.partList(piece.list) }
            guard let list = parts else { continue }
            var next = piece.after &+ 1
            var isFine = true
            for part in list.parts {
                try lock?.renew()
                let read = try unlessDamaged { () throws(BackupError) in try repository.content(of: part.object) }
                guard let content = read else {
                    isFine = false
                    break
                }
                let isWhole = content.withUnsafeBytes { bytes in
                    LogFrame.forEach(in: bytes) { sequence, _, _ in
                        isFine = isFine && sequence == next
                        next &+= 1
                        return isFine
                    }
                }
                isFine = isFine && isWhole
            }
            if isFine, next != piece.through &+ 1 {
                report.damage.append("the log from \(piece.after) to \(piece.through) has gaps: needed by \(use)")
                incomplete.insert(use.backup)
            }
        }
    }
}
