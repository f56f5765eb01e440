import Foundation
import Glibc

/// How much of the memory that this process may use it has taken.
enum MachineMemory {
    /// 0...100, of the machine's or of the control group's memory, whichever is less. Nil where the system does not tell.
    static var residentPercent: Int? {
        guard let resident = residentBytes, let total = totalBytes, total > 0 else { return nil }
        return Int(min(100, resident * 100 / total))
    }

    /// Second field of `statm`, in pages.
    private static var residentBytes: UInt64? {
        guard let text = text("/proc/self/statm") else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return nil }
        return pages * UInt64(getpagesize())
    }

    private static var totalBytes: UInt64? {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let machine = pages > 0 ? UInt64(pages) * UInt64(getpagesize()) : nil
        let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].lazy
            .compactMap { text($0).flatMap { UInt64($0.trimmingCharacters(in: .whitespacesAndNewlines)) } }.first
        guard let machine else { return group }
        return group.map { min($0, machine) } ?? machine
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
