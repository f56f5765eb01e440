import Synchronization

/// Which ids of a collection are still to be copied, as ranges that workers hold one each.
///
/// A range runs from its first id that is not known to be at the target to an end. Its holder moves the beginning on as
/// points arrive there; somebody who has nothing to do takes the upper part of another's range. Nothing between
/// `next` and `claimed` is ever given away: those points are on their way already.
final class CopyLedger: Sendable {
    struct Lease: Sendable {
        fileprivate let number: Int
        let first: PointKey
    }

    /// A range that may be divided, and where.
    struct Offer: Sendable {
        fileprivate let number: Int
        let middle: PointKey
        let end: PointKey
    }

    private struct Range {
        /// Everything before it is at the target.
        var next: PointKey
        /// Everything before it was read by the holder.
        var claimed: PointKey
        var end: PointKey
        var isHeld = false
        var isOffered = false
    }

    private struct State {
        var ranges: [Int: Range] = [:]
        var number = 0
        var copied: Int
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - remaining: what an earlier run left; all ids unless given.
    ///   - copied: how many points that run copied.
    init(remaining: [(next: PointKey, end: PointKey)] = [(.first, .end)], copied: Int = 0) {
        var state = State(copied: copied)
        for (next, end) in remaining where next < end {
            state.ranges[state.number] = Range(next: next, claimed: next, end: end)
            state.number += 1
        }
        self.state = Mutex(state)
    }

    /// What would have to be copied if everything stopped now.
    var remaining: [(next: PointKey, end: PointKey)] {
        state.withLock { state in state.ranges.values.map { ($0.next, $0.end) }.sorted { $0.0 < $1.0 } }
    }

    var copied: Int { state.withLock { $0.copied } }

    var isComplete: Bool { state.withLock { $0.ranges.isEmpty } }

    /// A range that nobody holds.
    func take() -> Lease? {
        state.withLock { state in
            guard let (number, range) = state.ranges.filter({ !$0.value.isHeld }).min(by: { $0.value.next < $1.value.next })
            else { return nil }
            state.ranges[number]?.isHeld = true
            return Lease(number: number, first: range.next)
        }
    }

    /// The largest part that could be taken from another holder. It is nobody else's until `divide` or `withdraw`.
    /// - Parameter leastIDs: ranges of fewer possible ids stay whole.
    func offer(leastIDs: Int) -> Offer? {
        state.withLock { state in
            let candidates = state.ranges.filter { _, range in
                range.isHeld && !range.isOffered && range.claimed.distance(to: range.end).map { $0 >= leastIDs } ?? true
            }
            let largest = candidates.max { $0.value.claimed.span(to: $0.value.end) < $1.value.claimed.span(to: $1.value.end) }
            guard let (number, range) = largest, let middle = range.claimed.middle(to: range.end) else { return nil }
            state.ranges[number]?.isOffered = true
            return Offer(number: number, middle: middle, end: range.end)
        }
    }

    /// Ends an offer: the first id there is at or behind its middle is `found`, or there is none before its end.
    /// - Returns: the upper part, if there is something in it and the holder has not come so far meanwhile.
    func divide(_ offer: Offer, found: PointKey?) -> Lease? {
        state.withLock { state in
            guard var range = state.ranges[offer.number] else { return nil }
            range.isOffered = false
            defer { if state.ranges[offer.number] != nil { state.ranges[offer.number] = range } }
            guard range.claimed <= offer.middle, range.end == offer.end else { return nil }
            range.end = offer.middle
            guard let found, found < offer.end else { return nil }
            let number = state.number
            state.number += 1
            state.ranges[number] = Range(next: found, claimed: found, end: offer.end, isHeld: true)
            return Lease(number: number, first: found)
        }
    }

    func withdraw(_ offer: Offer) {
        state.withLock { $0.ranges[offer.number]?.isOffered = false }
    }

    /// The holder has read everything before `place`.
    /// - Returns: where its range ends by now; what was read at or behind it belongs to somebody else.
    func claim(_ lease: Lease, to place: PointKey) -> PointKey {
        state.withLock { state in
            guard let end = state.ranges[lease.number]?.end else { return .first }
            state.ranges[lease.number]?.claimed = min(place, end)
            return end
        }
    }

    /// Everything before `place` is at the target, `count` points more than before.
    func advance(_ lease: Lease, to place: PointKey, count: Int) {
        state.withLock { state in
            state.copied += count
            guard let range = state.ranges[lease.number] else { return }
            if place >= range.end {
                state.ranges[lease.number] = nil
            } else {
                state.ranges[lease.number]?.next = place
            }
        }
    }

    /// Gives an unfinished range back.
    func release(_ lease: Lease) {
        state.withLock { state in
            guard let range = state.ranges[lease.number] else { return }
            state.ranges[lease.number]?.isHeld = false
            state.ranges[lease.number]?.claimed = range.next
        }
    }
}
