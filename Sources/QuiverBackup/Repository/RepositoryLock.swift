#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

import QuiverModel

/// Keeps `prune` away from whoever reads or writes a repository: an object `locks/<kind>-<id>` that is written anew every
/// minute while the work goes on, and removed at its end. One that was not renewed for half an hour counts for nothing.
///
/// Both sides first write their own lock and then look for others, so that of two at least one sees the other.
/// Readers and writers (`shared`) do not disturb one another: objects are named by their content, and manifests by random ids.
/// Ages are differences of the store's own times. For one thread.
final class RepositoryLock {
    enum Kind: String {
        case shared
        case exclusive
    }

    struct Content: Codable {
        var what: String
        var host: String
        var process: Int32
        var since: String
    }

    static let prefix = "locks/"
    static let lifeSeconds = 1_800.0
    private static let renewalSeconds = 60.0

    private let store: any ObjectStore
    private let key: String
    private let content: [UInt8]
    private var renewed: ContinuousClock.Instant
    private var isHeld = true

    init(_ store: any ObjectStore, _ kind: Kind, what: String) throws(BackupError) {
        self.store = store
        key = Self.prefix + kind.rawValue + "-" + Digest.hex(ChunkCipher.randomBytes(8))
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let name = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        renewed = .now
        do {
            content = try BackupJSON.encode(
                Content(what: what, host: name, process: getpid(), since: Timestamp.now().text))
            try store.put(key, content)
            try lookForOthers(kind)
        } catch {
            isHeld = false
            try? store.delete([key])
            throw BackupError(wrapping: error)
        }
    }

    deinit { release() }

    private func lookForOthers(_ kind: Kind) throws {
        let all = try store.list(prefix: Self.prefix)
        guard let now = all.first(where: { $0.key == key })?.modified else {
            throw BackupError.busy("the lock in \(store.place) was removed at once")
        }
        var stale: [String] = []
        for other in all where other.key != key {
            if now.seconds(since: other.modified) > Self.lifeSeconds {
                stale.append(other.key)
                continue
            }
            guard kind == .exclusive || other.key.hasPrefix(Self.prefix + Kind.exclusive.rawValue) else { continue }
            let bytes = try? store.bytes(of: other.key, limitBytes: 1 << 16)
            let content = bytes.flatMap { try? BackupJSON.decode(Content.self, $0) }
            let who = content.map { "`\($0.what)` of process \($0.process) on \($0.host), since \($0.since)" } ?? other.key
            throw BackupError.busy(
                "\(store.place) is in use: \(who). If that has ended without removing its lock `\(other.key)`, the lock "
                    + "counts for nothing half an hour after it was last renewed")
        }
        if kind == .exclusive, !stale.isEmpty { try store.delete(stale) }
    }

    /// Call often; it does something once a minute. Throws when the lock is lost, for then nothing here is safe any more.
    func renew(atOnce: Bool = false) throws(BackupError) {
        let now = ContinuousClock.now
        let age = renewed.duration(to: now)
        guard atOnce || age > .seconds(Self.renewalSeconds) else { return }
        do throws(ObjectStoreError) {
            guard age < .seconds(Self.lifeSeconds / 2), try store.head(key) != nil else {
                throw ObjectStoreError.unavailable("the lock in \(store.place) was lost, for it was not renewed for too long")
            }
            try store.put(key, content)
        } catch {
            throw .store(error)
        }
        renewed = now
    }

    func release() {
        if !isHeld { return }
        isHeld = false
        try? store.delete([key])
    }
}
