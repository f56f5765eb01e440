#if os(Linux) && canImport(Glibc)
import CAllocator
#endif

/// How the C library's allocator treats large blocks.
enum Allocator {
    /// Keeps freed blocks for the next request: bodies, float slabs and log records of megabytes come and go with every
    /// batch, and by default each is mapped anew, page fault by page fault, and unmapped at once (a tenth of the
    /// processor time of a load). What lies free at the end of the heap beyond `keptBytes` still goes back.
    static func keepLargeBlocks() {
        #if os(Linux) && canImport(Glibc)
        _ = mallopt(M_MMAP_THRESHOLD, 32 << 20)
        _ = mallopt(M_TRIM_THRESHOLD, keptBytes)
        #endif
    }

    private static let keptBytes: Int32 = 64 << 20
}
