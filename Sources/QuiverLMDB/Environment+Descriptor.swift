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
        let start = lowest / page * page
        if let base = unsafe UnsafeMutableRawPointer(bitPattern: start) {
            // The map is shared and read-only: nothing is lost.
            _ = unsafe madvise(base, Int(highest - start), MADV_DONTNEED)
        }
        lowest = UInt.max
        highest = 0
    }
}
