import Glibc

/// What the system tells about this process; nil where it does not.
struct ProcessUse {
    var residentBytes: Int?
    var threads: Int?
    var openFiles: Int?
    var mostOpenFiles: Int?
    var openMaps: Int?
    var minorFaults: Int?
    var majorFaults: Int?

    static func now() -> ProcessUse {
        var use = ProcessUse()
        if let fields = read("/proc/self/statm")?.split(separator: " "), fields.count > 1, let pages = Int(fields[1]) {
            use.residentBytes = pages * Int(getpagesize())
        }
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
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 { use.mostOpenFiles = Int(clamping: limit.rlim_cur) }
        return use
    }

    private static func read(_ path: String) -> String? {
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
