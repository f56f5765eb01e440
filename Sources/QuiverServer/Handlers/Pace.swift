import Glibc
import Synchronization

/// Whether short work may run on event loops at the moment.
///
/// What is short by its shape takes long all the same when its pages have to come from the disk first. After one that
/// did, such work goes to worker threads for a while, so that a cold database does not stop the connections that happen
/// to share the loop. That a thread had to wait for a processor says nothing: only faults that read the disk count.
final class Pace: Sendable {
    private static let longest = Duration.milliseconds(4)
    private static let rest = Duration.milliseconds(500)

    private let began = ContinuousClock.now
    /// Nanoseconds after `began`.
    private let notBefore = Atomic<Int64>(0)
    private let faults = Atomic<Int>(0)

    /// `now` is the time at which the request came.
    func allowsInline(_ now: ContinuousClock.Instant) -> Bool {
        nanoseconds(now) >= notBefore.load(ordering: .relaxed)
    }

    func ranInline(_ began: ContinuousClock.Instant, until end: ContinuousClock.Instant) {
        if end - began > Self.longest, readsDisk() {
            notBefore.store(nanoseconds(end + Self.rest), ordering: .relaxed)
        }
    }

    /// Whether the process has waited for pages of files since this was asked last.
    private func readsDisk() -> Bool {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return true }
        return faults.exchange(usage.ru_majflt, ordering: .relaxed) != usage.ru_majflt
    }

    private func nanoseconds(_ instant: ContinuousClock.Instant) -> Int64 {
        let (seconds, attoseconds) = (instant - began).components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
