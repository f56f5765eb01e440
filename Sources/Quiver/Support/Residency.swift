import Glibc

/// How much of mapped memory is in the machine's memory now.
enum Residency {
    private static let pagesPerSlice = 4096

    /// The bytes of `range` whose pages are resident; nil when the system does not tell, or `deadline` passes first. The
    /// system is asked about 16 MiB at a time. Of a file it tells what its cache holds, whoever read it.
    static func bytes(_ range: UnsafeRawBufferPointer, until deadline: ContinuousClock.Instant) -> Int? {
        guard let start = range.baseAddress, range.count > 0 else { return 0 }
        let page = UInt(getpagesize())
        let first = UInt(bitPattern: start)
        let end = first + UInt(range.count)
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pagesPerSlice) { flags in
            guard let flagsStart = flags.baseAddress else { return nil }
            var resident: UInt = 0
            var at = first / page * page
            while at < end {
                guard ContinuousClock.now < deadline else { return nil }
                let count = min(UInt(pagesPerSlice), (end - at + page - 1) / page)
                guard let slice = unsafe UnsafeMutableRawPointer(bitPattern: at),
                    unsafe mincore(slice, Int(count * page), flagsStart) == 0
                else { return nil }
                for index in 0..<Int(count) where unsafe flags[index] & 1 != 0 {
                    let pageStart = at + UInt(index) * page
                    // Of the first and the last page only what belongs to the range.
                    resident += min(pageStart + page, end) - max(pageStart, first)
                }
                at += count * page
            }
            return Int(resident)
        }
    }
}
