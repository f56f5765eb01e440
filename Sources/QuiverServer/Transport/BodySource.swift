import NIOCore
import Quiver

/// The body of a request, for a thread that reads it while it comes. What has come and was not read is bounded: the
/// connection stops reading its socket meanwhile.
final class BodySource: Sendable {
    enum Failure: Error, CustomStringConvertible {
        /// The client closed the connection in the middle of the body.
        case disconnected
        /// Nothing has come for too long.
        case stalled

        var description: String {
            switch self {
            case .disconnected: "the client closed the connection before the end of the body"
            case .stalled: "the body did not go on"
            }
        }
    }

    private struct State {
        var parts = CircularBuffer<ByteBuffer>()
        var byteCount = 0
        var isComplete = false
        var failure: Failure?
        var isAskedFor = false
    }

    /// Received and not yet read.
    static let mostBytes = 1 << 20

    private let state = LockedCondition(State())
    private let wake: @Sendable () -> Void

    /// - Parameter wake: called on any thread when the body is asked for first, and when there is room again.
    init(_ wake: @escaping @Sendable () -> Void) { self.wake = wake }

    // MARK: The reader's side

    /// The next bytes, nil behind the last. Blocks.
    func next() throws(Failure) -> ByteBuffer? {
        if state.read({ state in
            defer { state.isAskedFor = true }
            return !state.isAskedFor
        }) {
            wake()
        }
        let (result, gotRoom) = state.wait { state -> (Result<ByteBuffer?, Failure>, Bool)? in
            if let part = state.parts.popFirst() {
                let wasFull = state.byteCount >= Self.mostBytes
                state.byteCount -= part.readableBytes
                return (.success(part), wasFull && state.byteCount < Self.mostBytes)
            }
            if let failure = state.failure { return (.failure(failure), false) }
            return state.isComplete ? (.success(nil), false) : nil
        }
        if gotRoom { wake() }
        return try result.get()
    }

    // MARK: The connection's side

    /// Before anybody has asked for the body, its client may wait for a word to send it.
    var isAskedFor: Bool { state.read { $0.isAskedFor } }

    var hasRoom: Bool { state.read { $0.byteCount < Self.mostBytes } }

    func push(_ part: ByteBuffer) {
        guard part.readableBytes > 0 else { return }
        state.change { state in
            state.parts.append(part)
            state.byteCount += part.readableBytes
        }
    }

    func finish() { state.change { $0.isComplete = true } }

    /// What was received before is still read.
    func fail(_ failure: Failure) {
        state.change { state in
            if !state.isComplete, state.failure == nil { state.failure = failure }
        }
    }
}
