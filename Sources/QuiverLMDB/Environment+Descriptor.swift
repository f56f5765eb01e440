import CLMDB
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Environment {
    /// A descriptor of the data file of the caller's own, which reads the file even after its name and this environment
    /// are gone. LMDB locks its lock file alone, so closing it takes no lock away.
    package func duplicateDescriptor() throws(LMDBError) -> Int32 {
        try gate.enter()
        defer { gate.leave() }
        var descriptor: mdb_filehandle_t = -1
        try unsafe LMDBError.check(mdb_env_get_fd(environment, &descriptor))
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        if copy < 0 { throw .from(code: errno, path: path) }
        return copy
    }
}

/// The part of a map that a long reading has touched, so that the process can let its pages go again: they stay in the
/// system's cache, and whoever else reads them has them back without a read from the disk.
@safe
package struct MapTrace: ~Copyable {
    private var lowest = UInt.max
    private var highest: UInt = 0

    package init() {}

    /// Bytes in the map that were read. All of one map.
    @inline(__always)
    package mutating func note(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        let address = UInt(bitPattern: base)
        lowest = min(lowest, address)
        highest = max(highest, address &+ UInt(bytes.count))
    }

    /// Takes the pages out of the memory that counts as the process's. Begins a new trace.
    package mutating func letGo() {
        guard lowest < highest else { return }
        let page = UInt(getpagesize())
        // While it is read the writer cannot use old pages again, and touches new ones at the end of the file: all of the
        // map is let go of where the system tells how far it reaches.
        let range = MapTrace.mapping(around: lowest) ?? lowest / page * page..<highest
        if let base = unsafe UnsafeMutableRawPointer(bitPattern: range.lowerBound) {
            // The map is shared and read-only: nothing is lost.
            _ = unsafe madvise(base, range.count, MADV_DONTNEED)
        }
        lowest = UInt.max
        highest = 0
    }

    /// The addresses of the map that `address` is in, as the system lists them.
    private static func mapping(around address: UInt) -> Range<UInt>? {
        guard let file = unsafe fopen("/proc/self/maps", "re") else { return nil }
        defer { unsafe fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        while unsafe getline(&line, &capacity, file) > 0, let text = unsafe line {
            // Two numbers in hexadecimal digits with a hyphen between them.
            var end: UnsafeMutablePointer<CChar>?
            let lower = unsafe strtoul(text, &end, 16)
            guard let hyphen = unsafe end, unsafe hyphen.pointee == CChar(UInt8(ascii: "-")) else { return nil }
            let upper = unsafe strtoul(hyphen + 1, nil, 16)
            if lower <= address && address < upper { return lower..<upper }
        }
        return nil
    }
}
