#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What another process has used so far, as Linux tells in `/proc`; nil elsewhere, and for a process that is gone.
enum ProcessUsage {
    /// User and system time of all its threads, `utime` and `stime` of proc(5).
    static func cpuSeconds(of process: Int) -> Double? {
        guard let text = try? TextFile.read("/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else {
            return nil
        }
        // Behind the name, which may hold anything, the third field comes first.
        let fields = text[name...].dropFirst(2).split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// What this process keeps in memory, as Linux tells in `/proc`.
struct ProcessMemory: Hashable, Sendable {
    /// Its own: heap and stacks.
    var anonymousBytes: Int
    /// Of mapped files, which the system may take back.
    var fileBytes: Int

    /// Nil where the system does not tell.
    static var current: ProcessMemory? {
        guard let text = try? TextFile.read("/proc/self/status"), let anonymous = bytes("RssAnon:", in: text),
            let file = bytes("RssFile:", in: text)
        else { return nil }
        return ProcessMemory(anonymousBytes: anonymous, fileBytes: file)
    }

    private static func bytes(_ name: String, in text: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        return fields.count > 1 ? Int(fields[1]).map { $0 << 10 } : nil
    }
}
