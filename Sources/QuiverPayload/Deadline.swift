/// The moment until which a request may run. Copied into whatever loops.
@frozen
package struct Deadline: Sendable, Hashable {
    @usableFromInline let instant: ContinuousClock.Instant?

    /// Without end.
    package static let never = Deadline(instant: nil)

    @usableFromInline init(instant: ContinuousClock.Instant?) { self.instant = instant }

    package init(_ instant: ContinuousClock.Instant) { self.init(instant: instant) }

    package init(after duration: Duration) { self.init(instant: .now + duration) }

    @inlinable
    package var hasPassed: Bool {
        guard let instant else { return false }
        return ContinuousClock.now >= instant
    }

    /// Loops call it every few hundred steps: reading the clock costs some tens of nanoseconds.
    @inlinable
    package func check() throws(PayloadError) {
        if hasPassed { throw .timeout }
    }
}
