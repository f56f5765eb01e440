import QuiverServer

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

    /// What it tells about itself; nil where it does not.
    static let use: (@Sendable () -> ServerOptions.AllocatorUse)? = {
        #if os(Linux) && canImport(Glibc)
        return {
            let info = mallinfo2()
            let allocated = Int(clamping: info.uordblks) + Int(clamping: info.hblkhd)
            let active = Int(clamping: info.arena) + Int(clamping: info.hblkhd)
            return ServerOptions.AllocatorUse(
                allocatedBytes: allocated, activeBytes: active, retainedBytes: Int(clamping: info.fordblks))
        }
        #else
        return nil
        #endif
    }()

    private static let keptBytes: Int32 = 64 << 20
}
