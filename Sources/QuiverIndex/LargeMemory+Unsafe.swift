#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Memory of megabytes that is read at random: on large pages where the system has them (Linux, when asked for), so
/// that an access costs one miss and not one more for its address, and clearing costs two calls a megabyte.
enum LargeMemory {
    private static let largePageBytes = 2 << 20

    /// Release it with `deallocate()`.
    static func allocate<Element: BitwiseCopyable>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        let bytes = max(count * MemoryLayout<Element>.stride, 64)
        guard bytes >= 2 * largePageBytes else {
            return unsafe UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(to: type, capacity: count)
        }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: largePageBytes)
        #if os(Linux)
            _ = unsafe madvise(memory, bytes / largePageBytes * largePageBytes, MADV_HUGEPAGE)
        #endif
        return unsafe memory.bindMemory(to: type, capacity: count)
    }
}
