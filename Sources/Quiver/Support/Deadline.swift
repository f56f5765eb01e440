import Glibc

/// A moment on the monotonic clock after which a request is not worth finishing.
package struct Deadline: Sendable {
    /// Nanoseconds of CLOCK_MONOTONIC; `UInt64.max`: never.
    package let nanoseconds: UInt64

    package static let never = Deadline(nanoseconds: .max)

    private init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    package init(after timeout: Duration?) {
        guard let timeout else {
            self = .never
            return
        }
        let (seconds, attoseconds) = timeout.components
        let wait = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let sum = Deadline.now().addingReportingOverflow(wait.partialValue &+ UInt64(clamping: attoseconds / 1_000_000_000))
        self.init(nanoseconds: wait.overflow || sum.overflow ? .max : sum.partialValue)
    }

    package var isOver: Bool {
        nanoseconds != .max && Deadline.now() >= nanoseconds
    }

    static func now() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
