#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// Memory that ends at a page nobody may touch: reading one byte too many stops the test process.
final class GuardedMemory {
    private let start: UnsafeMutableRawPointer
    private let byteCount: Int
    private let mappedByteCount: Int

    init(byteCount: Int) {
        let page = Int(getpagesize())
        self.byteCount = (byteCount + page - 1) / page * page
        mappedByteCount = self.byteCount + page
        let mapped = mmap(nil, mappedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let mapped, mapped != MAP_FAILED, mprotect(mapped + self.byteCount, page, PROT_NONE) == 0 else {
            fatalError("no guarded memory: \(errno)")
        }
        start = mapped
    }

    deinit { munmap(start, mappedByteCount) }

    /// The last `count` elements before the guard, or before `distance` bytes in front of it.
    func last<Element>(_ count: Int, of type: Element.Type, distance: Int = 0) -> UnsafeMutablePointer<Element> {
        let bytes = count * MemoryLayout<Element>.stride + distance
        precondition(bytes <= byteCount)
        return (start + byteCount - bytes).assumingMemoryBound(to: Element.self)
    }

    /// A copy of the elements that ends at the guard, or `distance` bytes in front of it.
    func place<Element>(_ elements: [Element], distance: Int = 0) -> UnsafeMutablePointer<Element> {
        let place = last(elements.count, of: Element.self, distance: distance)
        place.update(from: elements, count: elements.count)
        return place
    }
}
