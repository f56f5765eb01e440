#if Server
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

import NIOCore
import QuiverModel

/// Signed requests to one bucket, tried again while that may help. Blocking.
final class S3Client: Sendable {
    /// How often and how patiently.
    struct Patience: Sendable {
        var attempts = 7
        var firstDelaySeconds = 0.2
        var longestDelaySeconds = 20.0
    }

    struct Request {
        var method: String
        var key: String?
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var body: ByteBuffer?
        /// SHA-256 of the body where it is known already.
        var bodyHash: [UInt8]?
    }

    private static let passingCodes: Set<String> = [
        "RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException",
        "OperationAborted",
    ]
    static let noSuchUpload = "NoSuchUpload"

    let location: S3Location
    let patience: Patience
    private let credentials: S3Credentials?
    private let web: WebClient

    /// - Parameter credentials: nil: requests go unsigned.
    init(
        _ location: S3Location, credentials: S3Credentials?, patience: Patience = Patience(),
        trusted: TrustedCertificates? = nil
    ) {
        self.location = location
        self.credentials = credentials
        self.patience = patience
        var options = WebClient.Options()
        options.maximumRedirects = 0
        options.trusted = trusted
        web = WebClient(options)
    }

    /// How often one piece of work was tried.
    struct Tries {
        var count = 0
    }

    /// An answer of success, its body unread.
    ///
    /// Tried again after 429, 5xx, silence and lost connections, each time after up to twice as long (full jitter).
    func send(_ request: Request) throws(ObjectStoreError) -> WebAnswer {
        var tries = Tries()
        return try send(request, &tries)
    }

    /// - Parameter tries: counts on where the caller tries again by itself, so that all of it has an end.
    func send(_ request: Request, _ tries: inout Tries) throws(ObjectStoreError) -> WebAnswer {
        while true {
            let (outcome, retryAfter) = try sendOnce(request)
            tries.count += 1
            switch outcome {
            case .success(let answer): return answer
            case .failure(let failure): try pause(after: failure, tries, atLeast: retryAfter)
            }
        }
    }

    /// Throws what would be no better next time, and returns what may be.
    private func sendOnce(
        _ request: Request
    ) throws(ObjectStoreError) -> (outcome: Result<WebAnswer, ObjectStoreError>, retryAfterSeconds: Double?) {
        let answer: WebAnswer
        do throws(WebFailure) {
            answer = try web.sendBlocking(signed(request))
        } catch {
            let failure = ObjectStoreError.unavailable("\(text(request)): \(error)")
            guard error.isWorthRetrying else { throw failure }
            return (.failure(failure), nil)
        }
        if answer.isSuccess { return (.success(answer), nil) }
        let (failure, isPassing) = explain(answer, request)
        guard isPassing else { throw failure }
        return (.failure(failure), answer.header("retry-after").flatMap { Double($0) })
    }

    /// The same, with the whole body, which is small. A body that breaks off is asked for again.
    func sendForBytes(_ request: Request) throws(ObjectStoreError) -> (answer: WebAnswer, bytes: [UInt8]) {
        var tries = Tries()
        return try sendForBytes(request, &tries)
    }

    func sendForBytes(
        _ request: Request, _ tries: inout Tries
    ) throws(ObjectStoreError) -> (answer: WebAnswer, bytes: [UInt8]) {
        while true {
            let answer = try send(request, &tries)
            do throws(WebFailure) { return (answer, try answer.collectBlocking()) } catch {
                let failure = ObjectStoreError.unavailable("\(text(request)): \(error)")
                guard error.isWorthRetrying else { throw failure }
                try pause(after: failure, tries)
            }
        }
    }

    func sendForXML(_ request: Request) throws(ObjectStoreError) -> S3Element {
        var tries = Tries()
        return try sendForXML(request, &tries)
    }

    func sendForXML(_ request: Request, _ tries: inout Tries) throws(ObjectStoreError) -> S3Element {
        while true {
            let bytes = try sendForBytes(request, &tries).bytes
            guard let root = S3Element.parse(bytes) else { throw .invalid("\(text(request)): the answer is no XML") }
            guard root.name == "Error" else { return root }
            // Completing may fail behind a 200.
            let code = root.text("Code") ?? "Error"
            let failure = ObjectStoreError.unavailable("\(text(request)): \(code): \(root.text("Message") ?? "")")
            guard Self.passingCodes.contains(code) else { throw failure }
            try pause(after: failure, tries)
        }
    }

    /// Waits before the next try; throws `failure`, with the number of tries, when there were enough of them.
    func pause(
        after failure: ObjectStoreError, _ tries: Tries, atLeast seconds: Double? = nil
    ) throws(ObjectStoreError) {
        guard tries.count < patience.attempts else {
            guard case .unavailable(let text) = failure else { throw failure }
            throw .unavailable(text + " (tried \(tries.count) times)")
        }
        let doubled = patience.firstDelaySeconds * Double(1 << min(max(0, tries.count - 1), 16))
        let most = min(patience.longestDelaySeconds, doubled)
        let delay = max(Double.random(in: 0...most), min(max(0, seconds ?? 0), patience.longestDelaySeconds))
        usleep(UInt32(delay * 1e6))
    }

    /// What was asked, for people.
    func text(_ request: Request) -> String {
        let key = request.key.map { " `\(location.prefix + $0)`" } ?? ""
        let part = request.query.first { $0.name == "partNumber" }.map { " part \($0.value)" } ?? ""
        return "\(location.text): \(request.method)\(key)\(part)"
    }

    // MARK: Inside

    private func signed(_ request: Request) -> WebRequest {
        let target = location.target(request.key.map { location.prefix + $0 })
        let time = Timestamp.now().compactText
        let payload = Digest.hex(
            request.bodyHash ?? request.body.map { body in body.withUnsafeReadableBytes { Digest.sha256($0) } }
                ?? Digest.sha256([]))
        var headers = request.headers
        if let credentials {
            headers += [("host", target.host), ("x-amz-content-sha256", payload), ("x-amz-date", time)]
            if let token = credentials.sessionToken { headers.append((name: "x-amz-security-token", value: token)) }
            let signature = SignatureV4(credentials: credentials, region: location.region).authorization(
                method: request.method, path: target.path, query: request.query, headers: headers, payloadHash: payload,
                time: time)
            headers.removeAll { $0.name == "host" }
            headers.append((name: "authorization", value: signature))
        }
        let query = SignatureV4.canonicalQuery(request.query)
        let url = target.origin + target.path + (query.isEmpty ? "" : "?" + query)
        let body: WebRequest.Body = request.body.map { .bytes($0) } ?? (request.method == "PUT" ? .bytes(ByteBuffer()) : .none)
        return WebRequest(request.method, url, headers: headers, body: body)
    }

    /// What a refusal says, and whether the same request may get through later.
    private func explain(_ answer: WebAnswer, _ request: Request) -> (ObjectStoreError, isPassing: Bool) {
        let root = (try? answer.collectBlocking(limitBytes: 1 << 20)).flatMap { S3Element.parse($0) }
        let code = root?.text("Code")
        var text = "\(text(request)): status \(answer.status)"
        if let code { text += " \(code)" }
        if let message = root?.text("Message") { text += ": \(message)" }
        let isPassing =
            answer.status == 429 || (answer.status >= 500 && answer.status != 501) || answer.status == 408
            || (code.map { Self.passingCodes.contains($0) } ?? false)
        let error: ObjectStoreError
        switch answer.status {
        case 404 where request.key != nil && code != "NoSuchBucket" && code != Self.noSuchUpload:
            error = .notFound(request.key ?? "")
        case 401, 403: error = .refused(text)
        case 507: error = .full(text)
        default: error = isPassing ? .unavailable(text) : .invalid(text)
        }
        return (error, isPassing)
    }
}
#endif
