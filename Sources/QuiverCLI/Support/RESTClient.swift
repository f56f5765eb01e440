import ArgumentParser
import QuiverJSON
import QuiverServer
import Synchronization

/// A server that speaks Qdrant's interface, seen from this side. What may go right the next time is tried again: a
/// server that has too much to do, that is being started anew, or that does not answer in time.
final class RESTClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        var retryAfterSeconds: Int?
        var body: [UInt8]
    }

    /// What it is called in messages; its address, for a server that has one.
    let url: String
    private let transport: any RESTTransport
    /// For how long a request is tried again before the command gives up.
    private let patience: Duration
    /// Told before each wait of more than a moment.
    private let onWait: @Sendable (String) -> Void
    /// The server has answered something: it is there, and when it is not it will be again.
    private let wasThere = Atomic(false)

    init(
        url: String, transport: any RESTTransport, patience: Duration = .seconds(300),
        onWait: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.url = url
        self.transport = transport
        self.patience = patience
        self.onWait = onWait
    }

    /// - Parameters:
    ///   - path: behind the address, with its query; names in it are percent-coded (`RESTClient.path`).
    ///   - accepting: the statuses that are answers; 409 to a repeated request is one too where `isCreation`.
    /// - Throws: `CommandFailure`: 69 no answer, 77 the key is missing or wrong, 65 the server refuses, 74 it has no
    ///   room, 130 interrupted.
    func call(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, accepting: Set<Int> = [200],
        isCreation: Bool = false
    ) async throws(CommandFailure) -> Answer {
        let started = ContinuousClock.now
        var wait = Duration.milliseconds(250)
        var attempts = 0
        while true {
            try Interruption.check()
            attempts += 1
            let problem: String
            var least = Duration.zero
            switch await transport.send(method, path, body) {
            case .success(let answer):
                wasThere.store(true, ordering: .relaxed)
                if accepting.contains(answer.status) { return answer }
                if isCreation, attempts > 1, answer.status == 409 { return answer }
                guard Self.isPassing(answer.status, attempts: attempts) else {
                    throw failure(method, path, answer)
                }
                problem = "answered \(answer.status): \(Self.message(answer.body))"
                least = .seconds(min(60, max(0, answer.retryAfterSeconds ?? 0)))
            case .failure(let error):
                problem = "gives no answer (\(error.reason))"
                let isNowhere = error.isRefused && !wasThere.load(ordering: .relaxed)
                guard error.isPassing, !isNowhere else { throw CommandFailure(code: .unavailable, message: "\(url) \(problem)") }
            }
            guard ContinuousClock.now - started < patience else {
                throw CommandFailure(code: .unavailable, message: "\(url) \(problem)")
            }
            let pause = max(wait, least)
            if attempts > 2 { onWait("\(url) \(problem); trying again in \(Self.seconds(pause)) s") }
            try await Self.sleep(pause)
            wait = min(wait * 2, .seconds(20))
        }
    }

    /// The member `result` of the answer.
    func result(
        _ method: String, _ path: String, _ body: JSONValue? = nil, isCreation: Bool = false
    ) async throws(CommandFailure) -> JSONValue {
        let answer = try await call(method, path, body?.bytes, isCreation: isCreation)
        return try parsed(answer)["result"] ?? .null
    }

    /// The same; nil when there is no such thing (404).
    func resultIfThere(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws(CommandFailure) -> JSONValue? {
        let answer = try await call(method, path, body?.bytes, accepting: [200, 404])
        return answer.status == 404 ? nil : try parsed(answer)["result"] ?? .null
    }

    /// The same for what must not be asked twice.
    func once(_ method: String, _ path: String) async throws(CommandFailure) -> JSONValue {
        switch await transport.send(method, path, nil) {
        case .success(let answer):
            guard answer.status == 200 else { throw failure(method, path, answer) }
            return try parsed(answer)["result"] ?? .null
        case .failure(let error):
            throw CommandFailure(code: .unavailable, message: "\(url) gives no answer (\(error.reason))")
        }
    }

    private func parsed(_ answer: Answer) throws(CommandFailure) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: answer.body)
        } catch {
            throw CommandFailure(code: .dataError, message: "the answer of \(url) is not JSON: \(error)")
        }
    }

    /// `/collections/{name}` and what follows it.
    static func path(_ collection: String, _ rest: String = "") -> String {
        "/collections/" + PercentCoding.encode(collection) + rest
    }

    static func coded(_ text: String) -> String { PercentCoding.encode(text) }

    /// 500 may be a server on its way down, or one that will always say so.
    private static func isPassing(_ status: Int, attempts: Int) -> Bool {
        switch status {
        case 408, 429, 502, 503, 504: true
        case 500: attempts < 4
        default: false
        }
    }

    private func failure(_ method: String, _ path: String, _ answer: Answer) -> CommandFailure {
        Self.failure(answer.status, "\(url) answered \(answer.status) to \(method) \(path): \(Self.message(answer.body))")
    }

    static func failure(_ status: Int, _ message: String) -> CommandFailure {
        let code: ExitCode =
            switch status {
            case 401, 403: .noPermission
            case 404: .noInput
            case 507: .inputOutput
            case 500...: .unavailable
            default: .dataError
            }
        return CommandFailure(code: code, message: message)
    }

    /// The sentence of an error answer.
    static func message(_ body: [UInt8]) -> String {
        (try? JSONValue(parsing: body))?[path: "status", "error"]?.string
            ?? String(decoding: body.prefix(300), as: UTF8.self)
    }

    /// In short pieces, so that Ctrl-C does not wait.
    private static func sleep(_ duration: Duration) async throws(CommandFailure) {
        let end = ContinuousClock.now + duration
        while true {
            try Interruption.check()
            guard !Task.isCancelled else { throw Interruption.failure }
            let left = end - ContinuousClock.now
            guard left > .zero else { return }
            try? await Task.sleep(for: min(left, .milliseconds(200)))
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = Int((duration.inSeconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// One request, one answer.
protocol RESTTransport: Sendable {
    func send(_ method: String, _ path: String, _ body: [UInt8]?) async -> Result<RESTClient.Answer, RESTTransportError>
}

struct RESTTransportError: Error, Sendable {
    var reason: String
    /// It may go right the next time.
    var isPassing: Bool
    /// Nobody listens there.
    var isRefused = false
}
