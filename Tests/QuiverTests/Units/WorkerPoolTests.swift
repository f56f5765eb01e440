import Synchronization
import Testing

@testable import Quiver

struct WorkerPoolTests {
    private final class Counter: Sendable {
        let value = Atomic(0)

        /// The number before.
        @discardableResult
        func up() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }

        var count: Int { value.load(ordering: .relaxed) }
    }

    private final class Marks: Sendable {
        let marks = Mutex([Int](repeating: 0, count: 500))
    }

    @Test func sharedWorkIsDoneOnce() async {
        let pool = WorkerPool(threads: 3)
        for width in [1, 2, 3, 9] {
            let next = Counter()
            let done = Marks()
            pool.share(among: width) {
                while true {
                    let index = next.up()
                    guard index < 500 else { return }
                    done.marks.withLock { $0[index] += 1 }
                }
            }
            #expect(done.marks.withLock { $0 } == [Int](repeating: 1, count: 500))
        }
        pool.stop()
    }

    /// Callers on workers and elsewhere, at once, must not wait for each other.
    @Test func manyMayShareAtOnce() async {
        let pool = WorkerPool(threads: 2)
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    try? await pool.run { () throws(QuiverError) in
                        pool.share(among: 4) { counter.up() }
                    }
                }
            }
            for _ in 0..<20 { pool.share(among: 4) { counter.up() } }
        }
        // Each body ran at least on its caller.
        #expect(counter.count >= 60)
        pool.stop()
    }

    @Test func afterTheEndTheCallerWorksAlone() {
        let pool = WorkerPool(threads: 2)
        pool.stop()
        let counter = Counter()
        pool.share(among: 4) { counter.up() }
        #expect(counter.count == 1)
    }
}
