import NIOCore
import NIOHTTP1
import QuiverModel
import QuiverWire

/// One HTTP/1.1 connection: gathers requests, has them answered one after the other, and writes the answers.
///
/// Everything here happens on the event loop of the connection. A request that is short is answered before
/// `channelRead` returns; others come back through `eventLoop.execute` from whatever thread finished them. Meanwhile
/// parts of pipelined requests wait in `queue`, and reading stops when there are many of them.
final class ConnectionHandler: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State {
        /// For the next head; its first bytes may be there.
        case waiting
        /// A head is there, its body is under way.
        case receiving
        /// The request is complete and with its handler.
        case answering
        /// The head of the answer is written, its body is being made and sent.
        case streaming
        /// The answer was written before the request was complete; the rest of it is thrown away.
        case discarding
        /// Nothing more is answered; waits for the client to close, so that it can read the last answer.
        case lingering
        case closed
    }

    let dispatcher: Dispatcher
    private let table: ConnectionTable
    let clock: ConnectionClock
    var context: ChannelHandlerContext?

    var state = State.waiting
    /// The present request.
    var head: HTTPRequestHead?
    var plan: Dispatcher.Plan?
    var call: Call?
    private var body = ByteBuffer()
    /// In place of `body`, for requests that are read while they come.
    var source: BodySource?
    var owesContinue = false
    var outgoing: OutgoingBody?
    var fields = RequestFields()
    var started = ContinuousClock.now
    var closesBehindAnswer = false
    /// Tells the answer to this request from a late one to an earlier request.
    var number: UInt64 = 0
    private var deadline: Scheduled<Void>?

    private var queue = CircularBuffer<HTTPServerRequestPart>()
    private var queuedBytes = 0
    private var isTakingParts = false
    private var readWasHeldBack = false
    private var inputIsClosed = false

    /// Bytes of pipelined requests that are taken in while one is being answered.
    private static let mostQueuedBytes = 256 << 10
    /// What is reserved at once on the word of a `Content-Length`; the rest as it arrives.
    private static let reservedBytes = 4 << 20
    /// The rest of a refused body is read, so that the client gets to reading the answer, up to this.
    private static let discardedBytes = 64 << 20
    /// Behind a refused body of up to this length a connection stays open.
    private static let keptBytes = 1 << 20
    private var discarded = 0
    private var discardLimit = discardedBytes

    init(dispatcher: Dispatcher, table: ConnectionTable, clock: ConnectionClock) {
        self.dispatcher = dispatcher
        self.table = table
        self.clock = clock
    }

    // MARK: Life of the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { channelActive(context: context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        leave()
    }

    func channelActive(context: ChannelHandlerContext) {
        table.add(self)
        if table.isDraining { closeNow() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        state = .closed
        queue.removeAll()
        body = ByteBuffer()
        source?.fail(.disconnected)
        source = nil
        outgoing?.sink.stop()
        deadline?.cancel()
        table.remove(self)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event as? ChannelEvent == .inputClosed else { return context.fireUserInboundEventTriggered(event) }
        inputIsClosed = true
        switch state {
        case .waiting where queue.isEmpty, .receiving, .discarding, .lingering: closeNow()
        case .waiting, .answering, .streaming, .closed: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, state == .waiting || state == .receiving, queue.isEmpty else {
            return closeNow()
        }
        let status = error as? HTTPParserError == .headerOverflow ? 431 : 400
        refuse(.empty(status: status))
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .body(let bytes) = part { queuedBytes += bytes.readableBytes }
        queue.append(part)
        takeParts()
    }

    /// Reading goes on when there is room.
    func read(context: ChannelHandlerContext) {
        if queuedBytes > Self.mostQueuedBytes {
            readWasHeldBack = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        takeParts()
        context.fireChannelWritabilityChanged()
    }

    /// Goes on as far as it gets without waiting. A loop, not a recursion, however many requests are pipelined.
    func takeParts() {
        if isTakingParts { return }
        isTakingParts = true
        while let context, canTake(context), let part = queue.popFirst() {
            if case .body(let bytes) = part { queuedBytes -= bytes.readableBytes }
            take(part, context)
        }
        isTakingParts = false
        if readWasHeldBack, queuedBytes <= Self.mostQueuedBytes {
            readWasHeldBack = false
            context?.read()
        }
        if inputIsClosed, state == .waiting, queue.isEmpty { closeNow() }
    }

    private func canTake(_ context: ChannelHandlerContext) -> Bool {
        switch state {
        // A client that does not read its answers gets no more of them.
        case .waiting: context.channel.isWritable
        case .receiving: source?.hasRoom ?? true
        case .discarding, .lingering: true
        case .answering, .streaming, .closed: false
        }
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), .waiting): begin(head, context)
        case (.body(let bytes), .receiving): receive(bytes)
        case (.end, .receiving): complete(context)
        case (.body(let bytes), .discarding):
            discarded += bytes.readableBytes
            if discarded > discardLimit { closeNow() }
        case (.end, .discarding):
            if closesBehindAnswer { return linger(context) }
            state = .waiting
            clock.requestIsOver()
        default: break
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.head = head
        started = .now
        number &+= 1
        state = .receiving
        body = ByteBuffer()
        fields = RequestFields(head.headers)
        // After `Upgrade` and CONNECT the decoder reads no further; neither is spoken here.
        closesBehindAnswer =
            !head.isKeepAlive || head.method == .CONNECT || fields.asksForUpgrade || table.isDraining
        let plan = dispatcher.plan(head, fields, started: started)
        self.plan = plan
        if case .call(let call) = plan { self.call = call } else { self.call = nil }
        if case .call(let call) = plan, call.route.transfer == .upload { return startUpload(call, context) }
        let limit = dispatcher.options.maximumRequestBytes
        if let announced = fields.contentLength, announced > limit {
            return refuse(Rejection.bodyTooLarge(bytes: announced, limit: limit))
        }
        if head.version.minor >= 1, fields.waitsForContinue {
            // A client that is not told to go on may send its body nevertheless, or not: nobody knows, so it closes.
            if case .answer(let answer) = plan { return refuse(answer) }
            var interim = context.channel.allocator.buffer(capacity: 32)
            interim.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
            context.writeAndFlush(wrapOutboundOut(interim), promise: nil)
        }
    }

    private func receive(_ part: ByteBuffer) {
        if let source { return source.push(part) }
        // What nobody will read need not be kept.
        guard case .call? = plan else { return }
        if body.readableBytes == 0, part.readableBytes == fields.contentLength {
            body = part
            return
        }
        let limit = dispatcher.options.maximumRequestBytes
        guard part.readableBytes <= limit - body.readableBytes else {
            return refuse(Rejection.bodyTooLarge(bytes: nil, limit: limit))
        }
        if body.readableBytes == 0, let announced = fields.contentLength {
            body = ByteBuffer()
            body.reserveCapacity(min(announced, Self.reservedBytes) + RequestDecoder.paddingByteCount)
        }
        body.writeImmutableBuffer(part)
    }

    // MARK: Answering

    private func complete(_ context: ChannelHandlerContext) {
        state = .answering
        if let source {
            self.source = nil
            return source.finish()
        }
        switch plan {
        case nil: closeNow()
        case .answer(let answer): finish(answer)
        case .call(var call):
            plan = nil
            call.body = body
            body = ByteBuffer()
            self.call = call
            let schedule = scheduling(context.eventLoop)
            let outcome = dispatcher.outcome(call, schedule)
            if case .answer(let answer) = outcome { return finish(dispatcher.coded(answer, call)) }
            carryOn(outcome, call, schedule, context.eventLoop)
        }
    }

    /// For the request that is being answered: on whatever thread it turns out how long its caller waits.
    func scheduling(_ loop: any EventLoop) -> Dispatcher.Schedule {
        let place = NIOLoopBound(self, eventLoop: loop)
        let number = number
        return { limit in
            if loop.inEventLoop {
                place.value.expect(limit, number: number, loop)
            } else {
                loop.execute { place.value.expect(limit, number: number, loop) }
            }
        }
    }

    private func expect(_ limit: Outcome.Deadline, number: UInt64, _ loop: any EventLoop) {
        guard state == .answering, number == self.number else { return }
        let place = NIOLoopBound(self, eventLoop: loop)
        deadline?.cancel()
        deadline = loop.scheduleTask(in: TimeAmount(limit.after)) {
            place.value.finish(limit.answer(), number: number)
        }
    }

    func carryOn(
        _ outcome: Outcome, _ call: Call, _ schedule: @escaping Dispatcher.Schedule, _ loop: any EventLoop
    ) {
        let place = NIOLoopBound(self, eventLoop: loop)
        let (number, dispatcher) = (number, dispatcher)
        dispatcher.carryOn(outcome, call, schedule) { result in
            let answer = dispatcher.answer(to: result, call)
            if loop.inEventLoop {
                place.value.finish(answer, number: number)
            } else {
                loop.execute { place.value.finish(answer, number: number) }
            }
        }
    }

    private func finish(_ answer: Answer, number: UInt64) {
        guard number == self.number else { return }
        switch state {
        case .answering: finish(answer)
        // Whoever reads the body has seen enough of it.
        case .receiving where source != nil: refuse(answer, mayKeep: true)
        default: return
        }
        takeParts()
    }

    func finish(_ answer: Answer) {
        guard let context, state == .answering else { return }
        deadline?.cancel()
        deadline = nil
        if let stream = answer.stream { return begin(stream, of: answer, context) }
        write(answer, context, closing: closesBehindAnswer)
        answerIsOut(context)
    }

    func answerIsOut(_ context: ChannelHandlerContext) {
        if closesBehindAnswer {
            state = .lingering
            context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { [weak self] _ in
                self?.closeNow()
            }
        } else {
            state = .waiting
            clock.requestIsOver()
        }
    }

    private func refuse(_ rejection: Rejection) {
        refuse(dispatcher.answer(to: rejection, label: call?.route.label, started), mayKeep: true)
    }

    /// Answers before the request is complete. The connection is of no use after that, unless little of the request is
    /// to come, and sure to.
    func refuse(_ answer: Answer, mayKeep: Bool = false) {
        guard let context else { return }
        let wasReceiving = state == .receiving
        let isShort = (fields.contentLength ?? .max) <= Self.keptBytes && !fields.waitsForContinue
        if !mayKeep || !isShort { closesBehindAnswer = true }
        body = ByteBuffer()
        plan = nil
        // An upload may be long, and who sends it seldom looks for an answer before its end.
        discardLimit = source == nil ? Self.discardedBytes : .max
        source?.fail(.disconnected)
        source = nil
        var answer = answer
        answer.stream = nil
        write(answer, context, closing: closesBehindAnswer)
        discarded = 0
        if wasReceiving {
            state = .discarding
        } else {
            linger(context)
        }
    }

    func write(
        _ answer: Answer, _ context: ChannelHandlerContext, closing: Bool, framing: AnswerWriter.Framing? = nil
    ) {
        var answer = answer
        let persistence: AnswerWriter.Persistence
        if let head {
            if dispatcher.options.enableCORS, let origin = fields.origin {
                CrossOrigin.allow(origin: origin, &answer)
            }
            persistence = closing ? .close : head.version.minor == 0 ? .keepAliveSaid : .keepAlive
            if framing == nil { dispatcher.note(head, call, status: answer.status, started) }
        } else {
            persistence = .close
        }
        let bytes = table.writer.write(
            answer, withBody: head?.method != .HEAD, persistence, allocator: context.channel.allocator, framing: framing)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        if framing == nil { forget() }
    }

    /// The request, once it is answered.
    func forget() {
        head = nil
        call = nil
        fields = RequestFields()
    }

    // MARK: Closing

    /// Says that no more will come and waits for the client to say the same: closing with unread input would make the
    /// system throw the answer away on the other side.
    private func linger(_ context: ChannelHandlerContext) {
        state = .lingering
        clock.requestIsOver()
        context.close(mode: .output, promise: nil)
    }

    func closeNow() {
        guard state != .closed else { return }
        state = .closed
        outgoing?.sink.stop()
        context?.close(promise: nil)
    }

    /// The server stops: no further request.
    func drain() {
        switch state {
        case .waiting where queue.isEmpty && !clock.hasBytes: closeNow()
        case .lingering: closeNow()
        case .waiting, .receiving, .answering, .streaming, .discarding: closesBehindAnswer = true
        case .closed: break
        }
    }

    // MARK: Time

    /// Called every so often.
    func checkTime(_ now: NIODeadline) {
        let options = dispatcher.options
        let quiet = now - clock.lastRead
        switch state {
        case .waiting where clock.hasBytes:
            if now - clock.firstRead > TimeAmount(options.headTimeout) { refuse(.empty(status: 408)) }
        case .waiting:
            if let context, !context.channel.isWritable {
                if quiet > TimeAmount(options.stallTimeout) { closeNow() }
            } else if let idle = options.idleTimeout, quiet > TimeAmount(idle) {
                closeNow()
            }
        case .receiving:
            // What a reader takes its time for is not the client's fault.
            if let source, !source.isAskedFor || !source.hasRoom { break }
            if quiet > TimeAmount(options.stallTimeout) {
                source?.fail(.stalled)
                refuse(.empty(status: 408))
            }
        case .streaming:
            if let outgoing, outgoing.sink.hasBytesUnderWay,
                now - outgoing.lastProgress > TimeAmount(options.stallTimeout)
            {
                closeNow()
            }
        case .discarding, .lingering:
            if quiet > TimeAmount(ConnectionClock.lingering) { closeNow() }
        case .answering, .closed: break
        }
    }
}
