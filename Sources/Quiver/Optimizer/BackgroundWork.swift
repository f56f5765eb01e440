import Glibc
import Synchronization

/// The threads of a database that seal, index and merge, shared by all its collections: how much the background may
/// take from queries is decided here.
///
/// One thread seals, because sealing bounds memory and must not wait for a graph. One runs graph builds and
/// merges, one at a time, each with up to `buildThreads` threads. One looks every `tickSeconds` after
/// collections that were written to, and ends when there are none.
final class BackgroundWork: Sendable {
    /// Threads of one graph build, unless the collection asks for a number.
    let buildThreads: Int
    /// Threads that the machine has.
    let cores: Int

    private let sealing = SerialWork()
    private let building = SerialWork(givesWay: true)
    private let ticking = LockedCondition(Ticking())

    private struct Ticking {
        var optimizers: [ObjectIdentifier: Optimizer] = [:]
        var hasThread = false
        var isStopped = false
    }

    private static let tickSeconds = 0.2

    init(buildThreads: Int, cores: Int) {
        self.buildThreads = max(1, buildThreads)
        self.cores = max(1, cores)
    }

    func seal(_ work: @escaping @Sendable () -> Void) { sealing.add(work) }

    func build(_ work: @escaping @Sendable () -> Void) { building.add(work) }

    /// Calls `tick` on the optimizer from time to time until it says that nothing is left to wait for.
    func watch(_ optimizer: Optimizer) {
        ticking.change { ticking in
            if ticking.isStopped { return }
            ticking.optimizers[ObjectIdentifier(optimizer)] = optimizer
            if ticking.hasThread { return }
            ticking.hasThread = true
            OSThread.detach { [self] in
                while waitForTick() { tickAll() }
            }
        }
    }

    /// False when there is nobody left to look after, or all is to stop: then the thread ends.
    private func waitForTick() -> Bool {
        let isStopped: Bool? = ticking.wait(atMostSeconds: BackgroundWork.tickSeconds) { $0.isStopped ? true : nil }
        return ticking.change { ticking in
            ticking.hasThread = isStopped != true && !ticking.optimizers.isEmpty
            return ticking.hasThread
        }
    }

    private func tickAll() {
        let optimizers = ticking.read { Array($0.optimizers.values) }
        for optimizer in optimizers where !optimizer.tick() {
            ticking.change { ticking in
                // A write since the tick has made it wait again.
                if !optimizer.isWaiting { ticking.optimizers[ObjectIdentifier(optimizer)] = nil }
            }
        }
    }

    func stop() {
        ticking.change { $0.isStopped = true }
        ticking.wait { $0.hasThread ? nil : () }
        sealing.stop()
        building.stop()
    }
}

/// Work done one piece after the other, on a thread that is there while there is any.
final class SerialWork: Sendable {
    private struct Queue {
        var work: [@Sendable () -> Void] = []
        var hasThread = false
        var isStopped = false
    }

    private let queue = LockedCondition(Queue())
    private let givesWay: Bool

    /// - Parameter givesWay: the thread, and those it starts, run when requests leave a core idle. Linux keeps a nice
    ///   value for each thread, and a new thread takes that of its maker.
    init(givesWay: Bool = false) {
        self.givesWay = givesWay
    }

    private static let niceness: Int32 = 10

    func add(_ work: @escaping @Sendable () -> Void) {
        queue.change { queue in
            if queue.isStopped { return }
            queue.work.append(work)
            if queue.hasThread { return }
            queue.hasThread = true
            OSThread.detach { [self] in
                #if os(Linux)
                if givesWay { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, SerialWork.niceness) }
                #endif
                while let next = takeNext() { next() }
            }
        }
    }

    private func takeNext() -> (@Sendable () -> Void)? {
        queue.change { queue in
            if queue.work.isEmpty || queue.isStopped {
                queue.work = []
                queue.hasThread = false
                return nil
            }
            return queue.work.removeFirst()
        }
    }

    /// Drops what waits, and returns when the present piece is done.
    func stop() {
        queue.change { $0.isStopped = true }
        queue.wait { $0.hasThread ? nil : () }
    }
}
