#if Server
import Dispatch
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Synchronization

import AsyncHTTPClient
package import NIOCore
import NIOHTTP1

/// Requests over HTTP/1.1 and HTTPS, for tasks and for threads that block. Bodies stream in both directions, and wait
/// for whoever is slower.
///
/// Certificates are held to the system's roots, and to those that are named (`TrustedCertificates`). No proxy is used, whatever the environment says. Redirects of GET and
/// HEAD are followed; to another host or port they go without credentials (`authorization`, `api-key`, `cookie`), and
/// never from https to http.
package final class WebClient: Sendable {
    package struct Options: Sendable {
        package var connectTimeoutSeconds: Double = 10
        /// The longest silence of the other side, also before the head of the answer. Nil: none is too long.
        package var idleTimeoutSeconds: Double? = 60
        package var maximumRedirects = 5
        package var connectionsPerHost = 8
        package var trusted: TrustedCertificates?

        package init() {}
    }

    private let options: Options
    private let client: HTTPClient
    private let isShutDown = Atomic(false)

    package init(_ options: Options = Options()) {
        self.options = options
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .nanoseconds(Int64(options.connectTimeoutSeconds * 1e9))
        configuration.timeout.read = options.idleTimeoutSeconds.map { .nanoseconds(Int64($0 * 1e9)) }
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = options.connectionsPerHost
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        configuration.proxy = nil
        configuration.tlsConfiguration = options.trusted?.configuration
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // An HTTPClient has to be shut down before it goes; this does not wait for it.
        if !isShutDown.load(ordering: .relaxed) { client.shutdown { _ in } }
    }

    package func shutdown() async {
        if isShutDown.exchange(true, ordering: .relaxed) { return }
        try? await client.shutdown()
    }

    // MARK: Asking

    /// Sends the request; the answer's body is still to be read.
    package func send(_ request: WebRequest) async throws(WebFailure) -> WebAnswer {
        var request = request
        for _ in 0...options.maximumRedirects {
            let answer = try await sendOnce(request)
            guard request.method == "GET" || request.method == "HEAD", let location = redirect(answer) else {
                return answer
            }
            try follow(location, &request)
        }
        throw .tooManyRedirects(options.maximumRedirects)
    }

    /// The same for a thread that may block. Never on an event loop or in a task.
    package func sendBlocking(_ request: WebRequest) throws(WebFailure) -> WebAnswer {
        try Self.blocking { () async throws(WebFailure) in try await self.send(request) }
    }

    /// Sends a request whose body `write` makes, on the calling thread, which waits when the connection is slower.
    ///
    /// If the other side refuses before the body is whole, `write` gets an error from its writer, and the answer is
    /// returned all the same, with a body of at most 64 KB. An error of `write` itself breaks the request off.
    package func sendBlocking(
        _ request: WebRequest, byteCount: Int?, _ write: (WebBodyWriter) throws -> Void
    ) throws(WebFailure) -> WebAnswer {
        let pipe = ChunkPipe()
        var request = request
        request.body = .stream(byteCount: byteCount) { try await pipe.take() }
        let sent = request
        let result = Mutex<Result<WebAnswer, WebFailure>?>(nil)
        let done = DispatchSemaphore(value: 0)
        let task = Task {
            let outcome = await self.sendAndLook(sent)
            result.withLock { $0 = outcome }
            pipe.abandon()
            done.signal()
        }
        var ownFailure: (any Error)?
        do {
            try write(WebBodyWriter(pipe))
            pipe.finish()
        } catch is ChunkPipe.Abandoned {
            // The answer, or the failure, says why.
        } catch {
            ownFailure = error
            pipe.finish(.failure(error))
            task.cancel()
        }
        done.wait()
        if let ownFailure { throw .body(ownFailure) }
        guard let outcome = result.withLock({ $0 }) else { throw .cancelled }
        return try outcome.get()
    }

    // MARK: Inside

    /// An answer that refuses is read at once: the body that is still under way would otherwise block it.
    private func sendAndLook(_ request: WebRequest) async -> Result<WebAnswer, WebFailure> {
        do {
            let answer = try await sendOnce(request)
            if answer.isSuccess { return .success(answer) }
            var kept: [ByteBuffer] = []
            var count = 0
            while count < 64 << 10, let chunk = try? await answer.next() {
                count += chunk.readableBytes
                kept.append(chunk)
            }
            let pipe = ChunkPipe(capacity: .max)
            for chunk in kept { try? await pipe.put(chunk) }
            pipe.finish()
            return .success(WebAnswer(status: answer.status, headers: answer.headers, pipe: pipe, pump: Task {}))
        } catch {
            return .failure(error)
        }
    }

    private func sendOnce(_ request: WebRequest) async throws(WebFailure) -> WebAnswer {
        guard WebAddress(request.url) != nil else { throw .invalidURL(request.url) }
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        switch request.body {
        case .none: break
        case .bytes(let buffer): outgoing.body = .bytes(buffer)
        case .stream(let byteCount, let next):
            outgoing.body = .stream(
                PulledChunks(next: next), length: byteCount.map { .known(Int64($0)) } ?? .unknown)
        }
        let response: HTTPClientResponse
        do { response = try await client.execute(outgoing, deadline: .distantFuture) } catch { throw WebFailure(error) }
        let pipe = ChunkPipe()
        let body = response.body
        let pump = Task {
            do {
                for try await chunk in body { try await pipe.put(chunk) }
                pipe.finish()
            } catch {
                pipe.finish(.failure(error))
            }
        }
        return WebAnswer(
            status: Int(response.status.code), headers: response.headers.map { (name: $0.name, value: $0.value) },
            pipe: pipe, pump: pump)
    }

    private func redirect(_ answer: WebAnswer) -> String? {
        switch answer.status {
        case 301, 302, 303, 307, 308: answer.header("location")
        default: nil
        }
    }

    private func follow(_ location: String, _ request: inout WebRequest) throws(WebFailure) {
        guard let from = WebAddress(request.url) else { throw .invalidURL(request.url) }
        let url = from.resolve(location)
        guard let to = WebAddress(url), from.scheme == "http" || to.scheme == "https" else { throw .invalidURL(url) }
        request.url = url
        if from.origin != to.origin {
            let secrets = ["authorization", "api-key", "cookie"]
            request.headers.removeAll { secrets.contains($0.name.lowercased()) }
        }
    }

    /// Runs a task to its end while the calling thread waits.
    static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () async throws(WebFailure) -> Value
    ) throws(WebFailure) -> Value {
        let result = Mutex<Result<Value, WebFailure>?>(nil)
        let done = DispatchSemaphore(value: 0)
        Task {
            let outcome: Result<Value, WebFailure>
            do throws(WebFailure) { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            result.withLock { $0 = outcome }
            done.signal()
        }
        done.wait()
        guard let outcome = result.withLock({ $0 }) else { throw .cancelled }
        return try outcome.get()
    }
}

/// Where the body of a request goes that a thread writes.
package struct WebBodyWriter: Sendable {
    private let pipe: ChunkPipe

    init(_ pipe: ChunkPipe) { self.pipe = pipe }

    /// Waits until the connection has taken most of what was written before. Throws when nobody wants the rest.
    package func write(_ chunk: ByteBuffer) throws {
        if chunk.readableBytes > 0 { try pipe.putBlocking(chunk) }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        try write(ByteBuffer(bytes: bytes))
    }
}

private struct PulledChunks: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
        var next_: @Sendable () async throws -> ByteBuffer?

        mutating func next() async throws -> ByteBuffer? { try await next_() }
    }

    var next: @Sendable () async throws -> ByteBuffer?

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(next_: next) }
}

extension WebFailure {
    init(_ error: any Error) {
        switch error {
        case let failure as WebFailure: self = failure
        case is CancellationError, is ChunkPipe.Abandoned: self = .cancelled
        case let failure as HTTPClientError:
            switch failure {
            case .invalidURL, .emptyHost, .emptyScheme: self = .invalidURL(failure.shortDescription)
            case .connectTimeout, .getConnectionFromPoolTimeout: self = .noConnection("not in time")
            case .tlsHandshakeTimeout: self = .tls("no handshake in time")
            case .readTimeout, .writeTimeout, .deadlineExceeded: self = .timeout("the other side is silent")
            case .cancelled, .requestStreamCancelled: self = .cancelled
            default: self = .connectionLost(failure.shortDescription)
            }
        case let failure as IOError where failure.errnoCode == ECONNREFUSED: self = .noConnection("connection refused")
        case is IOError, is ChannelError, is HTTPParserError: self = .connectionLost("\(error)")
        default:
            let (text, kind) = ("\(error)", "\(type(of: error))")
            // NIOPosix and NIOSSL, which are not imported here.
            if text.contains("CERTIFICATE_VERIFY_FAILED") {
                self = .tls("\(TrustedCertificates.refusal), or not valid now: \(text)")
            } else if kind == "NIOConnectionError" {
                self = .noConnection(text)
            } else {
                self = kind.contains("SSL") || text.contains("handshake") ? .tls(text) : .connectionLost(text)
            }
        }
    }
}
#endif
