import Synchronization

/// Progress of a build, readable from anywhere, and the means to stop it.
package final class BuildControl: Sendable {
    private let done = Atomic<Int>(0)
    private let total = Atomic<Int>(0)
    private let cancelled = Atomic<Bool>(false)

    package init() {}

    package var doneRows: Int { done.load(ordering: .relaxed) }
    package var totalRows: Int { total.load(ordering: .relaxed) }

    /// The build stops within a few rows and throws `IndexError.cancelled`.
    package func cancel() { cancelled.store(true, ordering: .relaxed) }
    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func begin(total count: Int) {
        total.store(count, ordering: .relaxed)
        done.store(0, ordering: .relaxed)
    }

    func advance(by rows: Int) { done.add(rows, ordering: .relaxed) }
}
