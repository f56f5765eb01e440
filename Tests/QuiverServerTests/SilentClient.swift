import NIOCore
import NIOPosix

/// A client that reads nothing until it is told to, and then only counts.
final class SilentClient: Sendable {
    private let channel: any Channel
    private let counter: NIOLoopBound<Counter>

    private init(channel: any Channel, counter: NIOLoopBound<Counter>) {
        self.channel = channel
        self.counter = counter
    }

    static func connect(_ port: Int) async throws -> SilentClient {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let counter = try await loop.submit { NIOLoopBound(Counter(loop), eventLoop: loop) }.get()
        let channel = try await ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(counter.value) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return SilentClient(channel: channel, counter: counter)
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }

    func waitForFirstByte() async throws {
        channel.read()
        let counter = counter
        try await channel.eventLoop.flatSubmit { counter.value.first.futureResult }.get()
    }

    /// Bytes that came before the server closed, read after some time of silence.
    func readToEnd(after silence: Duration) async throws -> Int {
        try await Task.sleep(for: silence)
        try await channel.setOption(.autoRead, value: true).get()
        let counter = counter
        return try await channel.eventLoop.flatSubmit { counter.value.end.futureResult }.get()
    }

    private final class Counter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        let first: EventLoopPromise<Void>
        let end: EventLoopPromise<Int>
        private var count = 0

        init(_ loop: any EventLoop) {
            first = loop.makePromise()
            end = loop.makePromise()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            count += unwrapInboundIn(data).readableBytes
            first.succeed(())
        }

        func channelInactive(context: ChannelHandlerContext) {
            first.succeed(())
            end.succeed(count)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
