import NIOCore
import NIOHTTP1
import QuiverModel
import QuiverWire

/// Bodies that are never in memory as a whole: uploads are read by their handler while they come, downloads are made
/// while they are sent.
extension ConnectionHandler {
    // MARK: Bodies that are read while they come

    /// The handler starts before the body is there: it says when it wants it, or refuses it unseen.
    func startUpload(_ call: Call, _ context: ChannelHandlerContext) {
        let loop = context.eventLoop
        let place = NIOLoopBound(self, eventLoop: loop)
        let number = number
        let source = BodySource { loop.execute { place.value.bodyIsWanted(number: number) } }
        self.source = source
        owesContinue = head?.version.minor ?? 0 >= 1 && fields.waitsForContinue
        plan = nil
        var call = call
        call.source = source
        self.call = call
        let schedule = scheduling(loop)
        let outcome = dispatcher.outcome(call, schedule)
        if case .answer(let answer) = outcome { return refuse(answer, mayKeep: true) }
        carryOn(outcome, call, schedule, loop)
    }

    private func bodyIsWanted(number: UInt64) {
        guard number == self.number, state == .receiving, let context else { return }
        if owesContinue {
            owesContinue = false
            fields.waitsForContinue = false
            var interim = context.channel.allocator.buffer(capacity: 32)
            interim.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
            context.writeAndFlush(wrapOutboundOut(interim), promise: nil)
        }
        clock.goOn()
        takeParts()
    }

    // MARK: Bodies that are made while they are sent

    func begin(_ stream: StreamedBody, of answer: Answer, _ context: ChannelHandlerContext) {
        guard let head, dispatcher.longWork.reserve() else {
            var busy = dispatcher.answer(to: LongWork.refusal, label: call?.route.label, started)
            busy.stream = nil
            return finish(busy)
        }
        let framing: AnswerWriter.Framing =
            stream.byteCount.map { .length($0) } ?? (head.version.minor >= 1 ? .chunks : .closing)
        if case .closing = framing { closesBehindAnswer = true }
        write(answer, context, closing: closesBehindAnswer, framing: framing)
        if head.method == .HEAD {
            dispatcher.longWork.release()
            dispatcher.note(head, call, status: answer.status, started)
            forget()
            return answerIsOut(context)
        }
        let loop = context.eventLoop
        let place = NIOLoopBound(self, eventLoop: loop)
        let number = number
        let sink = BodySink { piece in loop.execute { place.value.send(piece, number: number) } }
        state = .streaming
        outgoing = OutgoingBody(sink: sink, framing: framing, left: stream.byteCount, status: answer.status)
        dispatcher.longWork.run {
            let result = Result { try stream.produce(sink) }
            loop.execute { place.value.streamIsOver(result, number: number) }
        }
    }

    private func send(_ piece: ByteBuffer, number: UInt64) {
        guard number == self.number, state == .streaming, let context, let outgoing else { return }
        let count = piece.readableBytes
        if let left = outgoing.left {
            // More than was announced would be taken for the next answer.
            guard count <= left else { return closeNow() }
            self.outgoing?.left = left - count
        }
        let isChunk: Bool
        if case .chunks = outgoing.framing { isChunk = true } else { isChunk = false }
        if isChunk {
            context.write(wrapOutboundOut(ByteBuffer(string: String(count, radix: 16) + "\r\n")), promise: nil)
        }
        let isSent = context.eventLoop.makePromise(of: Void.self)
        let place = NIOLoopBound(self, eventLoop: context.eventLoop)
        isSent.futureResult.whenComplete { result in
            switch result {
            case .success:
                outgoing.sink.sent(count)
                place.value.outgoing?.lastProgress = .now()
            case .failure: outgoing.sink.stop()
            }
        }
        context.write(wrapOutboundOut(piece), promise: isSent)
        if isChunk { context.write(wrapOutboundOut(ByteBuffer(string: "\r\n")), promise: nil) }
        context.flush()
    }

    private func streamIsOver(_ result: Result<Void, any Error>, number: UInt64) {
        guard number == self.number, state == .streaming, let context, let outgoing else { return }
        self.outgoing = nil
        if case .failure(let error) = result {
            dispatcher.noteBroken(call, error)
            return closeNow()
        }
        guard outgoing.left ?? 0 == 0 else {
            dispatcher.noteBroken(call, BodySink.Stopped())
            return closeNow()
        }
        if case .chunks = outgoing.framing {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "0\r\n\r\n")), promise: nil)
        }
        if let head { dispatcher.note(head, call, status: outgoing.status, started) }
        forget()
        answerIsOut(context)
        takeParts()
    }
}

/// The body that a connection is sending.
struct OutgoingBody {
    let sink: BodySink
    let framing: AnswerWriter.Framing
    /// Of the bytes that were announced; nil: none were.
    var left: Int?
    var status: Int
    var lastProgress = NIODeadline.now()
}
