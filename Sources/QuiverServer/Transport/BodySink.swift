import NIOCore
import Quiver

/// Where the body of a streamed answer goes. A thread of its own writes, the connection sends, and `write` waits while
/// much of what was written is still on its way: the memory of an answer is bounded, whatever its length and however
/// slowly it is taken.
final class BodySink: Sendable {
    /// Nobody takes the rest: the client is gone, or the server stops.
    struct Stopped: Error {}

    private struct State {
        var bytesUnderWay = 0
        var isStopped = false
    }

    /// Written and not yet taken by the system.
    static let mostBytesUnderWay = 1 << 20
    /// One write of the connection; whether a client takes anything is seen by these.
    static let pieceByteCount = 64 << 10

    private let state = LockedCondition(State())
    private let send: @Sendable (ByteBuffer) -> Void

    /// - Parameter send: gives a piece to the connection, which says when it is `sent`.
    init(_ send: @escaping @Sendable (ByteBuffer) -> Void) { self.send = send }

    /// Blocks.
    func write(_ bytes: UnsafeRawBufferPointer) throws(Stopped) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.pieceByteCount)
            rest = rest.dropFirst(piece.count)
            let isOpen = state.wait { state -> Bool? in
                if state.isStopped { return false }
                if state.bytesUnderWay > 0, state.bytesUnderWay + piece.count > Self.mostBytesUnderWay { return nil }
                state.bytesUnderWay += piece.count
                return true
            }
            guard isOpen else { throw Stopped() }
            send(ByteBuffer(bytes: piece))
        }
    }

    func write(_ bytes: [UInt8]) throws(Stopped) {
        let result = bytes.withUnsafeBytes { bytes in Result { () throws(Stopped) in try write(bytes) } }
        try result.get()
    }

    var isStopped: Bool { state.read { $0.isStopped } }

    /// Whether something waits for the client to take it.
    var hasBytesUnderWay: Bool { state.read { $0.bytesUnderWay > 0 } }

    func sent(_ count: Int) { state.change { $0.bytesUnderWay -= count } }

    /// Wakes the writer, which gets `Stopped`.
    func stop() { state.change { $0.isStopped = true } }
}

/// A body that is made while it is sent.
struct StreamedBody: Sendable {
    /// Nil: known when it is made. Then it goes in chunks, or up to the end of the connection for HTTP/1.0.
    var byteCount: Int?
    /// Runs on a thread of its own and blocks. When it throws, or makes more or less than `byteCount`, the connection is
    /// closed in the middle of the body, which is how HTTP tells that it is not complete.
    var produce: @Sendable (BodySink) throws -> Void
}
