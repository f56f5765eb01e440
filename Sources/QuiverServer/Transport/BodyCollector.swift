import HTTPTypes
import Hummingbird
import NIOCore

/// Gathers the body of a request, up to a limit.
enum BodyCollector {
    /// What is reserved at once on the word of a `Content-Length`; the rest as it arrives.
    private static let reservedBytes = 4 << 20

    /// - Throws: `Rejection` with 400 when the body is longer than `limit`, whether the head says so or
    ///   the bytes do; an error of the connection as it is.
    static func collect(_ request: Request, upTo limit: Int) async throws -> ByteBuffer {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limit { throw Rejection.bodyTooLarge(bytes: announced, limit: limit) }
        var collected = ByteBuffer()
        for try await var part in request.body {
            if collected.readableBytes == 0, part.readableBytes == announced { return part }
            if collected.readableBytes == 0, let announced { collected.reserveCapacity(min(announced, reservedBytes)) }
            guard part.readableBytes <= limit - collected.readableBytes else {
                throw Rejection.bodyTooLarge(bytes: nil, limit: limit)
            }
            collected.writeBuffer(&part)
        }
        return collected
    }
}
