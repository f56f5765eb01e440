import HummingbirdCore
import Logging
import NIOCore

/// HTTP/1.1 connections whose tasks run on their own event loop.
///
/// On the cooperative pool a request would wake a thread of the pool to be read and again to be answered, and the loop
/// to be written. What a handler does between the hop to a worker and back is too little to be worth either; nothing
/// that blocks or computes for long may run in it.
struct EventLoopChannel: ServerChildChannel {
    private let base: HTTP1Channel

    init(_ base: HTTP1Channel) {
        self.base = base
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        base.setup(channel: channel, logger: logger)
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await base.handle(value: value, logger: logger)
        }
    }
}

private final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
