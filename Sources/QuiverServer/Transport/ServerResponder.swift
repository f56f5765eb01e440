import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import QuiverModel

/// From a request's head to the answer: cross-origin rules, route, parameters, body, handler, log.
struct ServerResponder: HTTPResponder {
    typealias Context = ServerContext

    private let matcher = RouteMatcher()
    private let handlers: Handlers
    private let options: ServerOptions
    private let logger: Logger
    private let metrics = RequestMetrics()

    init(handlers: Handlers, options: ServerOptions, logger: Logger) {
        self.handlers = handlers
        self.options = options
        self.logger = logger
    }

    func respond(to request: Request, context: ServerContext) async throws -> Response {
        let started = ContinuousClock.now
        var label: String?
        var answer: Answer
        if options.enableCORS, let preflight = CrossOrigin.preflight(request.head) {
            answer = preflight
        } else {
            do {
                answer = try await self.answer(to: request, started: started, label: &label)
            } catch let rejection as Rejection {
                if rejection.isFailureInside {
                    logger.error(
                        "request failed",
                        metadata: ["route": "\(label ?? request.uri.path)", "cause": "\(rejection.text)"])
                }
                answer = ErrorAnswer.answer(rejection, seconds: (ContinuousClock.now - started).seconds)
            }
        }
        if options.enableCORS { CrossOrigin.allow(request.head, &answer.headers) }
        if let label {
            metrics.record(
                method: request.method.rawValue, endpoint: label, status: answer.status, ContinuousClock.now - started)
        }
        logger.debug(
            "request",
            metadata: [
                "method": "\(request.method)", "path": "\(request.uri.path)", "status": "\(answer.status)",
                "microseconds": "\(Int((ContinuousClock.now - started).seconds * 1e6))",
            ])
        return answer.response(method: request.method)
    }

    private func answer(
        to request: Request, started: ContinuousClock.Instant, label: inout String?
    ) async throws -> Answer {
        let target = (request.head.path ?? "/").prefix { $0 != "#" }
        let path = target.prefix { $0 != "?" }
        let query = target.dropFirst(path.count + 1)
        let method = request.method == .head ? Route.Method.get : Route.Method(rawValue: request.method.rawValue)
        switch matcher.match(method, path) {
        case .notFound:
            return .empty(status: 404)
        case .malformed:
            throw Rejection.malformed("path parameters", "the path has an invalid percent sequence")
        case .found(let route, let parameters):
            label = route.label
            if let name = parameters["collection_name"] {
                try CollectionName.check(name, creating: route.operation == .createCollection)
            }
            let call = Call(
                route: route, path: parameters, query: try QueryParameters(query),
                body: try await BodyCollector.collect(request, upTo: options.maximumRequestBytes), started: started)
            return try await handlers.answer(call)
        }
    }
}
