/// Why a request over HTTP has no answer.
package enum WebFailure: Error, Sendable {
    case invalidURL(String)
    /// No connection: refused, no such host, or not in time.
    case noConnection(String)
    /// The connection broke before the answer was whole.
    case connectionLost(String)
    case timeout(String)
    case tls(String)
    case tooManyRedirects(Int)
    /// The answer is longer than the caller takes.
    case answerTooLong(limitBytes: Int)
    /// The caller's own stream of the body failed; the request was broken off.
    case body(any Error)
    case cancelled

    /// Whether the same request may get through a moment later.
    package var isWorthRetrying: Bool {
        switch self {
        case .noConnection, .connectionLost, .timeout: true
        case .invalidURL, .tls, .tooManyRedirects, .answerTooLong, .body, .cancelled: false
        }
    }
}

extension WebFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidURL(let url): "`\(url)` is no URL of http or https"
        case .noConnection(let reason): "cannot connect: \(reason)"
        case .connectionLost(let reason): "the connection was lost: \(reason)"
        case .timeout(let what): "no answer in time: \(what)"
        case .tls(let reason): "TLS failed: \(reason)"
        case .tooManyRedirects(let count): "more than \(count) redirects"
        case .answerTooLong(let limit): "the answer is longer than \(limit) bytes"
        case .body(let error): "\(error)"
        case .cancelled: "cancelled"
        }
    }
}
