import NIOCore
import QuiverBackup

/// REST requests over HTTP and HTTPS, over connections that are kept.
final class WebTransport: RESTTransport {
    /// A page of large points is a few megabytes; an answer of this size would be none.
    private static let limitBytes = 1 << 30

    private let client: WebClient
    private let url: String
    private let headers: [(name: String, value: String)]

    /// - Parameter connections: how many requests may be on their way at once.
    convenience init(_ address: ServerAddress, apiKey: String?, connections: Int = 8) {
        var options = WebClient.Options()
        options.connectionsPerHost = connections
        self.init(address, apiKey: apiKey, client: WebClient(options))
    }

    init(_ address: ServerAddress, apiKey: String?, client: WebClient) {
        self.client = client
        url = address.url
        headers = [("accept", "application/json")] + (apiKey.map { [("api-key", $0)] } ?? [])
    }

    func send(_ method: String, _ path: String, _ body: [UInt8]?) async -> Result<RESTClient.Answer, RESTTransportError> {
        var request = WebRequest(method, url + path, headers: headers)
        if let body {
            request.headers.append(("content-type", "application/json"))
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        do throws(WebFailure) {
            let answer = try await client.send(request)
            return .success(
                RESTClient.Answer(
                    status: answer.status, retryAfterSeconds: answer.header("retry-after").flatMap { Int($0) },
                    body: try await answer.collect(limitBytes: Self.limitBytes)))
        } catch {
            var isRefused = false
            if case .noConnection = error { isRefused = true }
            return .failure(
                RESTTransportError(
                    reason: error.description, isPassing: error.isWorthRetrying, isRefused: isRefused))
        }
    }

    func close() async { await client.shutdown() }
}
