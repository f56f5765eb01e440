import Synchronization

/// What a field index, or all payloads of a collection, held at one commit.
///
/// Two stamps that are equal stand for the same content, in the whole process: numbers are given once. Whoever kept
/// something that was computed from the content compares stamps to know whether it still holds.
package struct ContentStamp: Hashable, Sendable {
    /// Stays the same while one index lives, whatever is written to it.
    package let identity: UInt64
    package let version: UInt64

    private static let next = Atomic<UInt64>(1)

    private static func number() -> UInt64 { next.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// Of content that is new.
    package init() {
        identity = ContentStamp.number()
        version = ContentStamp.number()
    }

    private init(identity: UInt64) {
        self.identity = identity
        version = ContentStamp.number()
    }

    /// After a change.
    package var renewed: ContentStamp { ContentStamp(identity: identity) }
}
