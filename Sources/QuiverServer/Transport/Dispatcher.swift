import Glibc
import Logging
import NIOCore
import NIOHTTP1
import Quiver
import QuiverModel
import QuiverWire

/// From a request's head to its handler, and from the handler's outcome to an answer. Used by all event loops.
final class Dispatcher: Sendable {
    /// What a head is found to ask for, before its body is there.
    enum Plan {
        /// The answer does not depend on the body.
        case answer(Answer)
        case call(Call)
    }

    let options: ServerOptions
    private let matcher: RouteMatcher
    private let handlers: Handlers
    private let logger: Logger
    /// Nil: nobody is asked for a key.
    private let authentication: Authentication?

    /// - Parameter routes: those that are answered.
    init(
        handlers: Handlers, options: ServerOptions, logger: Logger, routes: [Route] = RouteTable.routes,
        authentication: Authentication?
    ) {
        self.handlers = handlers
        self.options = options
        self.logger = logger
        self.authentication = authentication
        matcher = RouteMatcher(routes)
    }

    /// Cross-origin rules, route, caller and parameters.
    func plan(_ head: HTTPRequestHead, _ fields: RequestFields, started: ContinuousClock.Instant) -> Plan {
        if options.enableCORS, head.method == .OPTIONS, let preflight = CrossOrigin.preflight(head) {
            return .answer(preflight)
        }
        let (path, query) = Self.target(head.uri)
        let method: Route.Method? =
            switch head.method {
            case .POST: .post
            case .PUT: .put
            case .GET, .HEAD: .get
            case .DELETE: .delete
            case .PATCH: .patch
            default: nil
            }
        do throws(Rejection) {
            let match = matcher.match(method, path)
            let caller = try caller(match, fields)
            switch match {
            case .notFound: return .answer(.empty(status: 404))
            case .malformed:
                throw Rejection.malformed("path parameters", "the path has an invalid percent sequence")
            case .found(let route, let parameters):
                let collection = parameters["collection_name"]
                if let collection {
                    try CollectionName.check(collection, creating: route.operation == .createCollection)
                }
                var call = Call(
                    route: route, path: parameters, query: try QueryParameters(query, accepting: route.parameters),
                    body: ByteBuffer(), access: caller.access, condition: caller.condition, started: started)
                try caller.access.check(route.access, collection: collection)
                call.bodyCoding = ContentCoding(field: fields.contentEncoding)
                if route.transfer != .none { call.transfer = TransferFields(head) }
                if options.enableCompression { call.answerCoding = ContentCoding.accepted(fields.acceptEncoding) }
                return .call(call)
            }
        } catch {
            return .answer(answer(to: error, label: nil, started))
        }
    }

    /// Who calls. A path that is not known asks for a key like any other.
    private func caller(_ match: RouteMatcher.Match, _ fields: RequestFields) throws(Rejection) -> Authentication.Caller {
        guard let authentication else { return .anybody }
        if case .found(let route, _) = match, route.access == .open { return .anybody }
        return try authentication.caller(fields, at: time(nil))
    }

    /// Path and query of a request target: `/path?query`, or the absolute form that proxies are sent (RFC 9112, 3.2.2).
    /// Bytes rather than characters: a target is ASCII, and finding the ends of characters is work.
    private static func target(_ uri: String) -> (path: Substring, query: Substring) {
        var target = uri[...]
        if let fragment = target.utf8.firstIndex(of: UInt8(ascii: "#")) { target = target[..<fragment] }
        if target.utf8.first != UInt8(ascii: "/"), let scheme = target.firstRange(of: "://") {
            let authority = target[scheme.upperBound...]
            let end = authority.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            target = authority[(end ?? authority.endIndex)...]
        }
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            return (target.isEmpty ? "/" : target, "")
        }
        let path = target[..<mark]
        return (path.isEmpty ? "/" : path, target[target.utf8.index(after: mark)...])
    }

    /// Sets when a request that goes on elsewhere is answered without it. Called from any thread.
    typealias Schedule = @Sendable (Outcome.Deadline) -> Void

    func outcome(_ call: Call, _ schedule: @escaping Schedule) -> Outcome {
        if call.bodyCoding != nil, call.source != nil {
            return .answer(answer(to: Self.codedUpload, label: call.route.label, call.started))
        }
        if call.condition != nil || call.bodyCoding != nil { return preparing(call, schedule) }
        do throws(Rejection) {
            return try handlers.outcome(call)
        } catch {
            return .answer(answer(to: error, label: call.route.label, call.started))
        }
    }

    private static let codedUpload = Rejection(
        status: 415, text: "Payload error: a body that is streamed must not have a Content-Encoding")

    var longWork: LongWork { handlers.longWork }

    /// First what may take its time: unpacking the body, and looking whether the condition of a token holds.
    private func preparing(_ call: Call, _ schedule: @escaping Schedule) -> Outcome {
        .pending(onWorker: true, nil) { reply throws(Rejection) in
            var ready = call
            try call.condition?.check(in: self.handlers.database)
            if let coding = call.bodyCoding {
                let limit = self.options.maximumRequestBytes
                do throws(Inflater.Failure) {
                    ready.body = try Inflater.inflate(
                        call.body, coding, limit: limit, padding: RequestDecoder.paddingByteCount)
                } catch {
                    throw switch error {
                    case .tooLong: Rejection.bodyTooLarge(bytes: nil, limit: limit)
                    case .malformed:
                        Rejection(status: 400, text: "Payload error: the body is not in the coding \(coding.name)")
                    }
                }
            }
            ready.condition = nil
            ready.bodyCoding = nil
            self.carryOn(try self.handlers.outcome(ready), ready, schedule, reply)
        }
    }

    /// Carries on with what the handler could not answer at once. `reply` is called once, from any thread; also from
    /// this one, before the call returns.
    func carryOn(_ outcome: Outcome, _ call: Call, _ schedule: Schedule, _ reply: @escaping Reply) {
        switch outcome {
        case .answer(let answer): reply(.success(answer))
        case .worker(let work):
            let refusal = handlers.database.workers.submit {
                reply(Result { () throws(Rejection) in try work() })
            }
            if let refusal { reply(.failure(handlers.rejection(refusal, call))) }
        case .pending(let onWorker, let limit, let start):
            if let limit { schedule(limit) }
            let begin: @Sendable () -> Void = {
                do throws(Rejection) {
                    try start(reply)
                } catch {
                    reply(.failure(error))
                }
            }
            if !onWorker { return begin() }
            if let refusal = handlers.database.workers.submit(begin) {
                reply(.failure(handlers.rejection(refusal, call)))
            }
        case .thread(let work):
            let isStarted = handlers.longWork.start {
                do throws(Rejection) {
                    try work(reply)
                } catch {
                    reply(.failure(error))
                }
            }
            if !isStarted { reply(.failure(LongWork.refusal)) }
        case .task(let work):
            Task {
                do throws(Rejection) {
                    reply(.success(try await work()))
                } catch {
                    reply(.failure(error))
                }
            }
        }
    }

    /// On whatever thread has the answer.
    func answer(to result: Result<Answer, Rejection>, _ call: Call) -> Answer {
        switch result {
        case .success(let answer): coded(answer, call)
        case .failure(let rejection): answer(to: rejection, label: call.route.label, call.started)
        }
    }

    /// The answer in the coding that the caller asked for, where that pays.
    func coded(_ answer: Answer, _ call: Call) -> Answer {
        guard let coding = call.answerCoding, answer.stream == nil, answer.body.count >= ContentCoding.leastByteCount,
            let packed = Deflater.compress(answer.body, coding)
        else { return answer }
        var answer = answer
        answer.body = packed
        answer.fields.append(("Content-Encoding", "\(coding.name)"))
        answer.fields.append(("Vary", "Accept-Encoding"))
        return answer
    }

    func answer(to rejection: Rejection, label: String?, _ started: ContinuousClock.Instant) -> Answer {
        if rejection.isFailureInside {
            logger.error("request failed", metadata: ["route": "\(label ?? "-")", "cause": "\(rejection.text)"])
        }
        return ErrorAnswer.answer(rejection, seconds: (ContinuousClock.now - started).seconds)
    }

    /// An answer that ended in the middle of its body.
    func noteBroken(_ call: Call?, _ error: any Error) {
        logger.warning(
            "answer broken off", metadata: ["route": "\(call?.route.label ?? "-")", "cause": "\(error)"])
    }

    /// Tells metrics and the log of an answer that goes out.
    func note(_ head: HTTPRequestHead, _ call: Call?, status: Int, _ started: ContinuousClock.Instant) {
        let duration = ContinuousClock.now - started
        if let call {
            handlers.metrics.record(
                method: head.method.rawValue, endpoint: call.route.pattern, status: status,
                collection: call.path["collection_name"], duration)
            handlers.slowRequests.note(call, duration)
        }
        logger.debug(
            "request",
            metadata: [
                "method": "\(head.method.rawValue)", "path": "\(head.uri.prefix { $0 != "?" })", "status": "\(status)",
                "microseconds": "\(Int(duration.seconds * 1e6))",
            ])
    }
}
