import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Requests over connections that are kept.
final class PlainTransport: RESTTransport {
    private let address: ServerAddress
    private let headers: [(String, String)]
    private let idle = Mutex<[HTTPConnection]>([])

    init(_ address: ServerAddress, apiKey: String?) {
        self.address = address
        headers = apiKey.map { [("api-key", $0)] } ?? []
    }

    func send(_ method: String, _ path: String, _ body: [UInt8]?) async -> Result<RESTClient.Answer, RESTTransportError> {
        do {
            let connection: HTTPConnection
            if let waiting = idle.withLock({ $0.popLast() }) {
                connection = waiting
            } else {
                connection = try await HTTPConnection.open(address, group: MultiThreadedEventLoopGroup.singleton)
            }
            let answer = try await connection.send(
                HTTPMethod(rawValue: method), path, ByteBuffer(bytes: body ?? []), headers: headers)
            idle.withLock { $0.append(connection) }
            return .success(
                RESTClient.Answer(status: answer.status, retryAfterSeconds: answer.retryAfterSeconds, body: answer.body))
        } catch {
            return .failure(RESTTransportError(reason: "\(error)", isPassing: true))
        }
    }
}
