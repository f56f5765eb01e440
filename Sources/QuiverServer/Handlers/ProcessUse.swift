import Glibc

/// What the system tells about this process; nil where it does not.
struct ProcessUse {
    var residentBytes: Int?
    var threads: Int?
    var openFiles: Int?
    var mostOpenFiles: Int?
    var openMaps: Int?
    /// That the system allows a process.
    var mostMaps: Int?
    var minorFaults: Int?
    var majorFaults: Int?

    static func now() -> ProcessUse {
        var use = ProcessUse()
        use.residentBytes = residentBytes()
        // The name of the process, in parentheses, may hold anything; the fields are counted behind it.
        if let stat = read("/proc/self/stat"), let end = stat.lastIndex(of: ")") {
            let fields = stat[end...].split(separator: " ")
            if fields.count > 18 {
                use.minorFaults = Int(fields[8])
                use.majorFaults = Int(fields[10])
                use.threads = Int(fields[18])
            }
        }
        use.openMaps = read("/proc/self/maps")?.utf8.count { $0 == UInt8(ascii: "\n") }
        if let directory = opendir("/proc/self/fd") {
            var count = 0
            while readdir(directory) != nil { count += 1 }
            closedir(directory)
            // Itself, its parent and the descriptor of this look.
            use.openFiles = max(0, count - 3)
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            use.mostOpenFiles = Int(clamping: limit.rlim_cur)
        }
        use.mostMaps = read("/proc/sys/vm/max_map_count").flatMap { Int($0.prefix { $0.isNumber }) }
        return use
    }

    static func residentBytes() -> Int? {
        guard let fields = read("/proc/self/statm")?.split(separator: " "), fields.count > 1, let pages = Int(fields[1])
        else { return nil }
        return pages * Int(getpagesize())
    }

    /// The identifiers and names of its threads.
    static func threadNames() -> [(id: Int, name: String)] {
        var found: [(id: Int, name: String)] = []
        guard let directory = opendir("/proc/self/task") else { return [] }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let id = Int(name) else { continue }
            let title = read("/proc/self/task/\(id)/comm")?.split(separator: "\n").first.map(String.init)
            found.append((id, title ?? ""))
        }
        return found.sorted { $0.id < $1.id }
    }

    /// The text of a small file; nil when it cannot be read.
    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = fread(&part, 1, part.count, file)
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += part[..<count]
        }
    }
}
