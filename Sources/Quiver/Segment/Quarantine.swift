import Glibc
import Logging

/// `quarantine/` in a collection's directory: files that were damaged and have been replaced.
///
/// Nothing in them is needed: what they are kept for is to find out what happened. So the newest few are kept, and not
/// for long.
struct Quarantine {
    let directory: String

    static let mostFiles = 4
    static let keptSeconds: UInt64 = 7 * 24 * 3600

    /// Moves a file here. A file that cannot be moved is removed: its place in the manifest is taken.
    ///
    /// - Returns: where it is now.
    @discardableResult
    func take(_ path: String) -> String? {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.index(after: $0)...]) } ?? path
        var target = directory + "/" + name
        var number = 1
        while Files.exists(target) {
            target = directory + "/\(name).\(number)"
            number += 1
        }
        do throws(FileError) {
            try Files.createDirectory(directory)
            try Files.rename(path, to: target)
        } catch {
            Files.remove(path)
            return nil
        }
        prune()
        return target
    }

    /// Moves a file here that has been replaced, and says so.
    func note(_ path: String, _ parts: [String], _ logger: Logger) {
        let place = take(path).map { "moved to \($0)" } ?? "removed"
        logger.error(
            """
            segment file \(path) was damaged (\(parts.joined(separator: ", "))): its vectors are whole and were written \
            anew, its index is built again, and it was \(place)
            """)
    }

    var files: [String] { ((try? Files.names(in: directory)) ?? []).sorted() }

    /// Removes what has been here for long, and all but the newest few.
    func prune() {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        let now = UInt64(max(0, time.tv_sec))
        // Coming here was the last change of each.
        let aged = files.compactMap { name in
            FileStamp(path: directory + "/" + name).map { (name: name, changed: $0.changed) }
        }.sorted { $0.changed > $1.changed }
        for (index, file) in aged.enumerated() {
            let age = now - min(now, file.changed / 1_000_000_000)
            if index >= Quarantine.mostFiles || age > Quarantine.keptSeconds { Files.remove(directory + "/" + file.name) }
        }
    }
}

extension CollectionStore {
    var quarantine: Quarantine { Quarantine(directory: directory + "/quarantine") }
}

extension Database {
    /// How many damaged files each open collection keeps aside, of those that keep any.
    package var quarantinedFiles: [(name: String, count: Int)] {
        openCores.sorted { $0.name < $1.name }.compactMap { core in
            let count = core.store.quarantine.files.count
            return count > 0 ? (name: core.name, count: count) : nil
        }
    }
}
