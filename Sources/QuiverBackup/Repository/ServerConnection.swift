#if Server
import NIOCore

/// A running Quiver server, as backups speak to it. Every call blocks; never on an event loop or in a task.
package final class ServerConnection: Sendable {
    package let url: String
    private let apiKey: String?
    private let web: WebClient

    /// - Parameters:
    ///   - url: as `http://host:port`, perhaps with a path before the interface's own.
    ///   - silenceSeconds: how long the server may be silent: while it reads or opens large collections it is.
    package init(
        _ url: String, apiKey: String? = nil, trusted: TrustedCertificates? = nil, silenceSeconds: Double = 300
    ) {
        var url = url.contains("://") ? url : "http://" + url
        while url.hasSuffix("/") { url.removeLast() }
        self.url = url
        self.apiKey = apiKey
        var options = WebClient.Options()
        options.idleTimeoutSeconds = silenceSeconds
        options.trusted = trusted
        web = WebClient(options)
    }

    private struct Envelope<Result: Decodable>: Decodable { var result: Result }

    /// The member `result` of an answer of success.
    func result<Result: Decodable>(_ method: String, _ path: String, _ body: [UInt8]? = nil) throws -> Result {
        let bytes = try send(method, path, body).collectBlocking(limitBytes: 256 << 20)
        do { return try BackupJSON.decode(Envelope<Result>.self, bytes).result } catch {
            throw BackupError.server("\(url): \(method) \(path): the answer makes no sense")
        }
    }

    /// An answer of success; refusals are told in the server's words.
    func send(_ method: String, _ path: String, _ body: [UInt8]? = nil) throws -> WebAnswer {
        var request = request(method, path, contentType: body == nil ? nil : "application/json")
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        do throws(WebFailure) { return try success(of: request, web.sendBlocking(request), path) } catch {
            throw failure(error, request, path)
        }
    }

    /// Sends a body as `write` makes it.
    func send(
        _ method: String, _ path: String, contentType: String, _ write: (WebBodyWriter) throws -> Void
    ) throws -> WebAnswer {
        let request = request(method, path, contentType: contentType)
        do throws(WebFailure) {
            return try success(of: request, web.sendBlocking(request, byteCount: nil, write), path)
        } catch {
            throw failure(error, request, path)
        }
    }

    // MARK: Inside

    private func request(_ method: String, _ path: String, contentType: String?) -> WebRequest {
        var request = WebRequest(method, url + path)
        if let apiKey { request.headers.append((name: "api-key", value: apiKey)) }
        if let contentType { request.headers.append((name: "content-type", value: contentType)) }
        return request
    }

    private func failure(_ failure: WebFailure, _ request: WebRequest, _ path: String) -> any Error {
        // Of a refusal, or of the caller's own.
        if case .body(let error) = failure { return error }
        return BackupError.server("\(url): \(request.method) \(path): \(failure)")
    }

    private func success(
        of request: WebRequest, _ answer: WebAnswer, _ path: String
    ) throws(WebFailure) -> WebAnswer {
        if answer.isSuccess { return answer }
        struct Refusal: Decodable {
            struct Status: Decodable { var error: String }
            var status: Status
        }
        let bytes = try? answer.collectBlocking(limitBytes: 1 << 20)
        let refusal = bytes.flatMap { try? BackupJSON.decode(Refusal.self, $0) }?.status.error
        let text = refusal ?? bytes.map { String(decoding: $0.prefix(300), as: UTF8.self) } ?? ""
        let sentence = "\(url): \(request.method) \(path): status \(answer.status)" + (text.isEmpty ? "" : ": " + text)
        switch answer.status {
        case 401, 403: throw .body(BackupError.key(sentence))
        case 404 where path == "/quiver/backups" && refusal == nil:
            throw .body(BackupError.server("\(url) knows no backups; it is no Quiver server, or an older one"))
        case 404: throw .body(BackupError.request(sentence))
        case 409: throw .body(BackupError.conflict(sentence))
        case 429, 503: throw .body(ServerBusy(sentence: sentence))
        case 507: throw .body(BackupError.store(.full(sentence)))
        default: throw .body(BackupError.server(sentence))
        }
    }
}
#endif
