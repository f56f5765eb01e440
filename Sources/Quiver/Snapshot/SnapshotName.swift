import Glibc
import QuiverModel

/// The names of snapshots, as Qdrant forms them.
enum SnapshotName {
    /// `<collection>-<peer>-<time>.snapshot`, `full-snapshot-<time>.snapshot`, `<collection>-shard-<id>-<time>.snapshot`.
    static func new(_ scope: SnapshotScope, peer: UInt64, seconds: Int64) -> String {
        let time = stamp(seconds)
        switch scope {
        case .storage: return "full-snapshot-\(time)\(LocalSnapshotStorage.suffix)"
        case .collection(let name): return "\(name)-\(peer)-\(time)\(LocalSnapshotStorage.suffix)"
        case .shard(let name, let shard): return "\(name)-shard-\(shard)-\(time)\(LocalSnapshotStorage.suffix)"
        }
    }

    /// Whether it can be the name of a file in a directory that it does not lead out of.
    static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 255 && !name.hasPrefix(".")
            && name.utf8.allSatisfy { $0 != 0 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
    }

    static func isValid(_ name: String) -> Bool { isPlain(name) && name.hasSuffix(LocalSnapshotStorage.suffix) }

    static func missing(_ name: String) -> QuiverError { .notFound("Snapshot \(name) not found") }

    /// `YYYY-MM-DDTHH:MM:SS`, UTC.
    static func time(_ seconds: Int64) -> String {
        let parts = civil(seconds)
        return "\(parts[0])-\(parts[1])-\(parts[2])T\(parts[3]):\(parts[4]):\(parts[5])"
    }

    /// `YYYY-MM-DD-HH-MM-SS`, UTC.
    static func stamp(_ seconds: Int64) -> String { civil(seconds).joined(separator: "-") }

    private static func civil(_ seconds: Int64) -> [String] {
        var time = time_t(seconds)
        var parts = unsafe tm()
        unsafe gmtime_r(&time, &parts)
        func digits(_ number: Int32, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        return unsafe [
            digits(parts.tm_year + 1900, 4), digits(parts.tm_mon + 1, 2), digits(parts.tm_mday, 2),
            digits(parts.tm_hour, 2), digits(parts.tm_min, 2), digits(parts.tm_sec, 2),
        ]
    }
}
