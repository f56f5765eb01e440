import Glibc

/// Zeroed memory straight from the system, which has it back when this goes.
///
/// For blocks of megabytes that come and go for as long as a process writes. The allocator of glibc before 2.38 does not
/// use a freed block again for an aligned one of the same size, so that its heaps would grow with all that was ever
/// written.
@safe final class PageMemory: @unchecked Sendable {
    // @unchecked: an address and a size that do not change; who may write there is for the owner to say.
    let start: UnsafeMutableRawPointer
    private let byteCount: Int

    /// Lays out parts one after the other, each on a cache line of its own.
    struct Layout {
        private(set) var byteCount = 0

        /// The offset of the next part.
        mutating func add(_ partBytes: Int) -> Int {
            let offset = byteCount
            byteCount += (partBytes + 63) & ~63
            return offset
        }
    }

    init(byteCount: Int) {
        self.byteCount = max(1, byteCount)
        let mapped = unsafe mmap(nil, self.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            fatalError("out of memory: \(byteCount) bytes were refused with errno \(errno)")
        }
        unsafe start = unsafe mapped
    }

    deinit {
        _ = unsafe munmap(start, byteCount)
    }
}
