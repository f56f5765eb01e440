import Synchronization
import Testing

@testable import Quiver

struct WorkerPoolTests {
    @Test func sharedWorkIsDoneOnce() async {
        let pool = WorkerPool(threads: 3)
        for width in [1, 2, 3, 9] {
            let next = Atomic(0)
            let done = Mutex([Int](repeating: 0, count: 500))
            pool.share(among: width) {
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < 500 else { return }
                    done.withLock { $0[index] += 1 }
                }
            }
            #expect(done.withLock { $0 } == [Int](repeating: 1, count: 500))
        }
        pool.stop()
    }

    /// Callers on workers and elsewhere, at once, must not wait for each other.
    @Test func manyMayShareAtOnce() async {
        let pool = WorkerPool(threads: 2)
        let count = Atomic(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    try? await pool.run { () throws(QuiverError) in
                        pool.share(among: 4) { count.wrappingAdd(1, ordering: .relaxed) }
                    }
                }
            }
            for _ in 0..<20 { pool.share(among: 4) { count.wrappingAdd(1, ordering: .relaxed) } }
        }
        // Each body ran at least on its caller.
        #expect(count.load(ordering: .relaxed) >= 60)
        pool.stop()
    }

    @Test func afterTheEndTheCallerWorksAlone() {
        let pool = WorkerPool(threads: 2)
        pool.stop()
        let count = Atomic(0)
        pool.share(among: 4) { count.wrappingAdd(1, ordering: .relaxed) }
        #expect(count.load(ordering: .relaxed) == 1)
    }
}
