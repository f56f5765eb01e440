import NIOCore
import NIOHTTP1
import NIOPosix

/// A bound socket and the connections that came through it.
struct Listener: Sendable {
    let port: Int
    private let channel: any Channel
    private let tables: [NIOLoopBound<ConnectionTable>]
    private let loops: [any EventLoop]

    /// - Throws: `IOError` when the address cannot be listened on.
    static func start(_ dispatcher: Dispatcher, group: any EventLoopGroup) async throws -> Listener {
        let options = dispatcher.options
        let loops = Array(group.makeIterator())
        var tables: [NIOLoopBound<ConnectionTable>] = []
        for loop in loops {
            tables.append(
                try await loop.submit {
                    let table = ConnectionTable()
                    table.start(on: loop, interval: sweepInterval(options))
                    return NIOLoopBound(table, eventLoop: loop)
                }.get())
        }
        let found = Dictionary(uniqueKeysWithValues: zip(loops.map { ObjectIdentifier($0) }, tables))
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16384, maximum: 1 << 18)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let table = found[ObjectIdentifier(channel.eventLoop)]?.value else {
                        throw ChannelError.operationUnsupported
                    }
                    let clock = ConnectionClock()
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers([
                        clock, ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                        ConnectionHandler(dispatcher: dispatcher, table: table, clock: clock),
                    ])
                }
            }
            .bind(host: options.host, port: options.port).get()
        return Listener(port: channel.localAddress?.port ?? 0, channel: channel, tables: tables, loops: loops)
    }

    /// Often enough that no limit is missed by more than a quarter of it.
    private static func sweepInterval(_ options: ServerOptions) -> TimeAmount {
        let shortest = min(options.headTimeout, options.stallTimeout, options.idleTimeout ?? options.headTimeout)
        return TimeAmount(max(.milliseconds(20), min(.seconds(1), shortest / 4)))
    }

    /// Takes no more connections, and waits until requests in flight are answered.
    /// - Returns: how many connections had to be closed in the middle of something.
    func stop(within patience: Duration) async -> Int {
        try? await channel.close()
        let done = zip(loops, tables).map { loop, table in
            let promise = loop.makePromise(of: Void.self)
            loop.execute { table.value.drain(promise) }
            return promise.futureResult
        }
        let all = EventLoopFuture.andAllComplete(done, on: channel.eventLoop)
        let isOver = channel.eventLoop.makePromise(of: Void.self)
        let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(patience)) { isOver.succeed(()) }
        all.whenComplete { _ in
            alarm.cancel()
            isOver.succeed(())
        }
        try? await isOver.futureResult.get()
        var unfinished = 0
        for (loop, table) in zip(loops, tables) {
            unfinished += (try? await loop.submit {
                table.value.stop()
                return table.value.closeAll()
            }.get()) ?? 0
        }
        return unfinished
    }
}
