import NIOCore
import NIOPosix

/// A connection that sends bytes as they are given and reads answers, to see what really goes over the wire.
final class WireClient: Sendable {
    struct Response: Sendable {
        var status: Int
        /// By name in small letters.
        var fields: [String: String]
        var body: String
    }

    enum Failure: Error { case closed, malformed(String) }

    private let channel: any Channel
    private let reader: NIOLoopBound<Reader>

    private init(channel: any Channel, reader: NIOLoopBound<Reader>) {
        self.channel = channel
        self.reader = reader
    }

    static func connect(_ port: Int) async throws -> WireClient {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let reader = try await loop.submit { NIOLoopBound(Reader(), eventLoop: loop) }.get()
        let channel = try await ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(reader.value) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return WireClient(channel: channel, reader: reader)
    }

    func send(_ bytes: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: bytes)).get()
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func shutDownOutput() async throws { try await channel.close(mode: .output).get() }

    func close() async { try? await channel.close().get() }

    /// The next answer. `toHead`: its body is not sent.
    func receive(toHead: Bool = false) async throws -> Response {
        let reader = reader
        return try await channel.eventLoop.flatSubmit { reader.value.next(reader.eventLoop, toHead: toHead) }.get()
    }

    /// Whether the server closes the connection without another byte.
    func isClosedByServer() async -> Bool {
        do {
            _ = try await receive()
            return false
        } catch Failure.closed {
            return true
        } catch {
            return false
        }
    }

    func request(
        _ method: String, _ path: String, _ body: String? = nil, fields: [String: String] = [:]
    ) async throws -> Response {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        try await send(text + "\r\n" + (body ?? ""))
        return try await receive(toHead: method == "HEAD")
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private var bytes = ""
        private var isClosed = false
        private var waiter: (promise: EventLoopPromise<Response>, toHead: Bool)?

        func next(_ loop: any EventLoop, toHead: Bool) -> EventLoopFuture<Response> {
            let promise = loop.makePromise(of: Response.self)
            waiter = (promise, toHead)
            serve()
            return promise.futureResult
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += String(buffer: unwrapInboundIn(data))
            serve()
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { end() }
        }

        func channelInactive(context: ChannelHandlerContext) { end() }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { end() }

        private func end() {
            isClosed = true
            serve()
        }

        private func serve() {
            guard let (promise, toHead) = waiter else { return }
            guard let end = bytes.firstRange(of: "\r\n\r\n") else {
                if isClosed {
                    waiter = nil
                    promise.fail(bytes.isEmpty ? Failure.closed : Failure.malformed(bytes))
                }
                return
            }
            let lines = bytes[..<end.lowerBound].split(separator: "\r\n")
            var fields: [String: String] = [:]
            for line in lines.dropFirst() {
                let name = line.prefix { $0 != ":" }
                fields[name.lowercased()] = line.dropFirst(name.count + 1).drop { $0 == " " }.description
            }
            let status = lines.first.flatMap { Int($0.dropFirst(9).prefix(3)) } ?? 0
            let length = toHead || status == 100 ? 0 : fields["content-length"].flatMap { Int($0) } ?? 0
            let rest = bytes[end.upperBound...].utf8
            guard rest.count >= length else { return }
            let body = String(decoding: rest.prefix(length), as: UTF8.self)
            bytes = String(decoding: rest.dropFirst(length), as: UTF8.self)
            waiter = nil
            promise.succeed(Response(status: status, fields: fields, body: body))
        }
    }
}
