import NIOCore
import NIOHTTP1
import NIOPosix

/// One connection to an HTTP/1.1 server; requests are answered in their order.
struct HTTPConnection: Sendable {
    /// A request, and whom its answer goes to.
    struct Call: Sendable {
        var head: HTTPRequestHead
        var body: ByteBuffer
        var answer: EventLoopPromise<NIOHTTPClientResponseFull>
    }

    struct Answer: Sendable {
        var status: Int
        var retryAfterSeconds: Int?
        var body: [UInt8]
    }

    private let channel: any Channel
    private let address: ServerAddress

    static func open(_ address: ServerAddress, group: any EventLoopGroup) async throws -> HTTPConnection {
        let channel = try await ClientBootstrap(group: group)
            .connectTimeout(.seconds(10))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: 256 << 20))
                    try pipeline.addHandler(CallHandler())
                }
            }
            .connect(host: address.host, port: address.port).get()
        return HTTPConnection(channel: channel, address: address)
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: ByteBuffer = ByteBuffer(), headers more: [(String, String)] = []
    ) async throws -> Answer {
        var headers = HTTPHeaders([("host", "\(address.host):\(address.port)"), ("accept", "application/json")])
        if body.readableBytes > 0 || method != .GET {
            headers.add(name: "content-type", value: "application/json")
            headers.add(name: "content-length", value: String(body.readableBytes))
        }
        headers.add(contentsOf: more)
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: address.prefix + path, headers: headers)
        let promise = channel.eventLoop.makePromise(of: NIOHTTPClientResponseFull.self)
        channel.writeAndFlush(Call(head: head, body: body, answer: promise), promise: nil)
        let response = try await promise.futureResult.get()
        return Answer(
            status: Int(response.head.status.code),
            retryAfterSeconds: response.head.headers.first(name: "retry-after").flatMap { Int($0) },
            body: response.body.map { Array($0.readableBytesView) } ?? [])
    }

    func close() async {
        try? await channel.close()
    }
}

/// Writes requests and hands each answer to the oldest request that waits for one.
private final class CallHandler: ChannelDuplexHandler {
    typealias InboundIn = NIOHTTPClientResponseFull
    typealias InboundOut = Never
    typealias OutboundIn = HTTPConnection.Call
    typealias OutboundOut = HTTPClientRequestPart

    private var waiting: [EventLoopPromise<NIOHTTPClientResponseFull>] = []
    private var failure: (any Error)?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let call = unwrapOutboundIn(data)
        guard context.channel.isActive, failure == nil else {
            call.answer.fail(failure ?? ChannelError.ioOnClosedChannel)
            promise?.fail(failure ?? ChannelError.ioOnClosedChannel)
            return
        }
        waiting.append(call.answer)
        context.write(wrapOutboundOut(.head(call.head)), promise: nil)
        if call.body.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(call.body))), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !waiting.isEmpty else { return context.close(promise: nil) }
        waiting.removeFirst().succeed(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    private func fail(_ error: any Error) {
        failure = failure ?? error
        let failed = waiting
        waiting = []
        for promise in failed { promise.fail(error) }
    }
}
