import Dispatch
import Synchronization

import Quiver

/// Looks whether backups are whole.
package struct BackupVerification {
    package struct Report: Sendable {
        package var backups = 0
        package var objects = 0
        package var readBytes: UInt64 = 0
        /// What is damaged, and which backups miss it.
        package var damage: [String] = []
    }

    private final class Uses {
        var byObject: [String: [String]] = [:]

        func add(_ object: String, _ user: String) {
            if byObject[object]?.last != user { byObject[object, default: []].append(user) }
        }
    }

    /// Reads everything that the backups need and compares it with its names and manifests; quickly: looks only whether
    /// it is all there.
    ///
    /// - Parameter ids: nil: all backups.
    package static func run(
        _ repository: BackupRepository, ids: [String]? = nil, isQuick: Bool = false,
        progress: (@Sendable (BackupProgress) throws -> Void)? = nil
    ) throws(BackupError) -> Report {
        let lock: RepositoryLock?
        do throws(BackupError) {
            lock = try RepositoryLock(repository.store, .shared, what: "backup verify")
        } catch {
            if case .busy = error { throw error }
            lock = nil
        }
        defer { lock?.release() }
        let known = try repository.objectNames()
        var report = Report()
        let uses = Uses()
        /// Parts of logs, with the piece they belong to, whose sequence numbers are looked at as well.
        var logs: [(piece: LogPiece, user: String)] = []
        let chosen: [String]
        if let ids { chosen = ids } else { chosen = try repository.backupIDs() }
        for id in chosen {
            report.backups += 1
            do throws(BackupError) {
                let manifest = try repository.manifest(id)
                for collection in manifest.collections {
                    let user = "backup \(id), collection \(collection.name)"
                    try? collect(collection, user, repository, uses, &logs, &report)
                }
            } catch {
                guard case .damaged(let list) = error else { throw error }
                report.damage += list
            }
        }
        let objects = uses.byObject.keys.sorted()
        report.objects = objects.count
        if isQuick {
            for object in objects where known[object] == nil {
                report.damage.append(sentence("\(BackupRepository.objectKey(object)): it is missing", uses, object))
            }
            return report
        }
        try readAll(objects, repository, uses, known, lock, progress, &report)
        var seen: Set<String> = []
        for (piece, user) in logs where seen.insert(piece.list).inserted {
            guard let list = try? repository.partList(piece.list) else { continue }
            var next = piece.after + 1
            var isFine = true
            for part in list.parts {
                guard let content = try? repository.content(of: part.object) else {
                    isFine = false
                    break
                }
                let isWhole = content.withUnsafeBytes { bytes in
                    LogFrame.forEach(in: bytes) { sequence, _, _ in
                        isFine = isFine && sequence == next
                        next += 1
                        return isFine
                    }
                }
                isFine = isFine && isWhole
            }
            if isFine, next != piece.through + 1 {
                report.damage.append("the log from \(piece.after) to \(piece.through) has gaps: needed by \(user)")
            }
        }
        return report
    }

    private static func collect(
        _ collection: BackupCollection, _ user: String, _ repository: BackupRepository, _ uses: Uses,
        _ logs: inout [(piece: LogPiece, user: String)], _ report: inout Report
    ) throws {
        uses.add(collection.base, user)
        var lists: [(name: String, byteCount: UInt64)] = []
        if let base = try? repository.base(collection.base) {
            lists.append((base.records, base.recordBytes))
            lists += base.segments.map { ($0.list, $0.file.byteCount) }
        }
        for piece in collection.log + (collection.bridge ?? []) {
            lists.append((piece.list, piece.byteCount))
            logs.append((piece, user))
        }
        for (name, byteCount) in lists {
            uses.add(name, user)
            guard let list = try? repository.partList(name) else { continue }
            if list.byteCount != byteCount {
                report.damage.append("\(BackupRepository.objectKey(name)): its parts have another length: needed by \(user)")
            }
            for part in list.parts { uses.add(part.object, user) }
        }
    }

    private static func readAll(
        _ objects: [String], _ repository: BackupRepository, _ uses: Uses, _ known: [String: ObjectInfo],
        _ lock: RepositoryLock?, _ progress: (@Sendable (BackupProgress) throws -> Void)?, _ report: inout Report
    ) throws(BackupError) {
        struct State {
            var next = 0
            var bytes: UInt64 = 0
            var damage: [(object: String, text: String)] = []
            var failure: BackupError?
        }
        let state = Mutex(State())
        let total = objects.reduce(UInt64(0)) { $0 + UInt64(known[$1]?.byteCount ?? 0) }
        let sizes = known.mapValues(\.byteCount)
        // Batches, so that the lock is renewed on this thread.
        let batch = 256
        for first in stride(from: 0, to: objects.count, by: batch) {
            let part = Array(objects[first..<min(first + batch, objects.count)])
            state.withLock { $0.next = 0 }
            DispatchQueue.concurrentPerform(iterations: min(4, part.count)) { _ in
                while let object = state.withLock({ state -> String? in
                    guard state.next < part.count, state.failure == nil else { return nil }
                    state.next += 1
                    return part[state.next - 1]
                }) {
                    do throws(BackupError) { _ = try repository.content(of: object) } catch {
                        state.withLock { state in
                            if case .damaged(let list) = error {
                                state.damage.append((object, list.joined(separator: ", ")))
                            } else {
                                state.failure = error
                            }
                        }
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
        report.damage += state.withLock { $0.damage }.sorted { $0.object < $1.object }
            .map { sentence($0.text, uses, $0.object) }
    }

    private static func sentence(_ text: String, _ uses: Uses, _ object: String) -> String {
        let users = uses.byObject[object] ?? []
        let more = users.count > 3 ? " and \(users.count - 3) more" : ""
        return text + ": needed by " + users.prefix(3).joined(separator: "; ") + more
    }
}
