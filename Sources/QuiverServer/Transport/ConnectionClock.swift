import NIOCore

/// Stands before the HTTP decoder and notes when bytes come: the decoder tells of a head only when it is complete.
final class ConnectionClock: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// How long a client may take to close a connection that was closed for it.
    static let lingering = Duration.seconds(3)

    private(set) var lastRead = NIODeadline.now()
    /// Of the present request.
    private(set) var firstRead = NIODeadline.now()
    /// Whether any bytes came since the last request was answered.
    private(set) var hasBytes = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastRead = .now()
        if !hasBytes {
            hasBytes = true
            firstRead = lastRead
        }
        context.fireChannelRead(data)
    }

    /// The connection did not read for a while; that nothing came was not the client's doing.
    func goOn() { lastRead = .now() }

    func requestIsOver() {
        hasBytes = false
        lastRead = .now()
    }
}
