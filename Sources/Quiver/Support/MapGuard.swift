import CMapGuard

/// Guards maps of segment files against pages that turn out to be unreadable, which would end the process with SIGBUS:
/// such a page is replaced by one of zeros, and counted. What was read from a map is worth something if no page of it was
/// counted by then. Linux only.
enum MapGuard {
    /// Installs the handler of SIGBUS, for the whole process; what does not concern guarded maps goes to the handler before.
    static func install() { _ = quiver_map_guard_install() }

    /// Pages of all maps that were ever replaced.
    @inline(__always)
    static var faultCount: UInt64 { quiver_map_guard_faults() }
}

/// A map that `MapGuard` knows, until `end`.
@safe
struct GuardedMap: @unchecked Sendable {
    // @unchecked: the region is a table entry of atomics; only the owner of the map ends it.
    private let region: OpaquePointer?

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe region = quiver_map_guard_add(bytes.baseAddress, bytes.count)
    }

    /// Whether a page of it could not be read.
    var hasFaulted: Bool { unsafe quiver_map_guard_region_faults(region) > 0 }

    /// Before the map is taken away, once.
    func end() { unsafe quiver_map_guard_remove(region) }
}
