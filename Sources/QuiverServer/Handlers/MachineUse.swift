import Glibc

/// What the system tells about the machine.
enum MachineUse {
    /// Memory that this process may use: of its control group where that has a bound, else of the machine.
    static func memoryBytes() -> Int? {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let physical = pages > 0 ? pages * Int(getpagesize()) : nil
        for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
            guard let bound = ProcessUse.read(path).flatMap({ Int($0.prefix { $0.isNumber }) }), bound > 0 else { continue }
            return min(bound, physical ?? bound)
        }
        return physical
    }

    /// Of the file system that a directory lies in, in bytes. What is kept for the administrator counts as used.
    static func disk(_ directory: String) -> (used: Int, total: Int)? {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return nil }
        let block = Int(clamping: status.f_frsize)
        let total = Int(clamping: status.f_blocks) * block
        return (total - Int(clamping: status.f_bavail) * block, total)
    }

    static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    static var isContainer: Bool { access("/.dockerenv", F_OK) == 0 }

    /// Identifier and version of the distribution.
    static func distribution() -> (name: String?, version: String?) {
        var values: [Substring: String] = [:]
        for line in (ProcessUse.read("/etc/os-release") ?? "").split(separator: "\n") {
            let name = line.prefix { $0 != "=" }
            values[name] = String(line.dropFirst(name.count + 1).filter { $0 != "\"" })
        }
        return (values["ID"], values["VERSION_ID"])
    }

    /// Those of the processor's extensions that matter to vectors.
    static func processorFlags() -> [String] {
        let known = [
            "sse", "sse2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512vl", "avx512_vpopcntdq", "avx512_vnni",
            "asimd", "fphp",
        ]
        for line in (ProcessUse.read("/proc/cpuinfo") ?? "").split(separator: "\n") {
            guard line.hasPrefix("flags") || line.hasPrefix("Features") else { continue }
            let flags = Set(line.split(separator: ":").last?.split(separator: " ").map(String.init) ?? [])
            return known.filter(flags.contains)
        }
        return []
    }
}
