#if Server
package import NIOCore

/// The answer to a `WebRequest`: its head is there, its body comes as it is read.
///
/// One reader at a time. An answer that is let go unread closes its connection.
package final class WebAnswer: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    private let pipe: ChunkPipe
    private let pump: Task<Void, Never>

    init(status: Int, headers: [(name: String, value: String)], pipe: ChunkPipe, pump: Task<Void, Never>) {
        self.status = status
        self.headers = headers
        self.pipe = pipe
        self.pump = pump
    }

    deinit {
        pipe.abandon()
        pump.cancel()
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The first header of this name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var contentLength: Int? { header("content-length").flatMap { Int($0) } }

    /// The next bytes of the body; nil at its end.
    package func next() async throws(WebFailure) -> ByteBuffer? {
        do { return try await pipe.take() } catch { throw WebFailure(error) }
    }

    /// The same for a thread that may block. Never on an event loop or in a task.
    package func nextBlocking() throws(WebFailure) -> ByteBuffer? {
        do { return try pipe.takeBlocking() } catch { throw WebFailure(error) }
    }

    /// The whole body, if it has at most `limitBytes`.
    package func collect(limitBytes: Int = 16 << 20) async throws(WebFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await next() { try append(chunk, to: &bytes, limitBytes) }
        return bytes
    }

    package func collectBlocking(limitBytes: Int = 16 << 20) throws(WebFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try nextBlocking() { try append(chunk, to: &bytes, limitBytes) }
        return bytes
    }

    private func append(_ chunk: ByteBuffer, to bytes: inout [UInt8], _ limitBytes: Int) throws(WebFailure) {
        guard bytes.count + chunk.readableBytes <= limitBytes else {
            throw .answerTooLong(limitBytes: limitBytes)
        }
        bytes.append(contentsOf: chunk.readableBytesView)
    }
}
#endif
