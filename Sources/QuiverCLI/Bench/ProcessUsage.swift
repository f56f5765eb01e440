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
