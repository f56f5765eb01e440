#if Server
import Dispatch
import Synchronization

import NIOCore

/// Bytes on their way from one producer to one consumer, either of which may be a task or a thread that blocks.
///
/// It holds at most `capacity` chunks: a producer that is ahead waits, which is the back-pressure of a stream.
final class ChunkPipe: Sendable {
    /// The other side has gone.
    struct Abandoned: Error {}

    private enum Waiter {
        case task(CheckedContinuation<Void, Never>)
        case thread(DispatchSemaphore)

        func wake() {
            switch self {
            case .task(let continuation): continuation.resume()
            case .thread(let semaphore): semaphore.signal()
            }
        }
    }

    private struct State {
        var chunks: [ByteBuffer] = []
        /// The producer is done; an error if it failed.
        var end: Result<Void, any Error>?
        /// The consumer wants no more.
        var isAbandoned = false
        var producer: Waiter?
        var consumer: Waiter?
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int = 2) {
        self.capacity = capacity
    }

    // MARK: The producer

    func put(_ chunk: ByteBuffer) async throws(Abandoned) {
        while true {
            if try offer(chunk) { return }
            await wait(asProducer: true)
        }
    }

    func putBlocking(_ chunk: ByteBuffer) throws(Abandoned) {
        while true {
            if try offer(chunk) { return }
            waitBlocking(asProducer: true)
        }
    }

    /// Ends the stream; the first call counts.
    func finish(_ result: Result<Void, any Error> = .success(())) {
        change { state in
            if state.end == nil { state.end = result }
        }
    }

    // MARK: The consumer

    /// Nil at the end.
    func take() async throws -> ByteBuffer? {
        while true {
            if let next = try nextIfThere() { return next.chunk }
            await wait(asProducer: false)
        }
    }

    func takeBlocking() throws -> ByteBuffer? {
        while true {
            if let next = try nextIfThere() { return next.chunk }
            waitBlocking(asProducer: false)
        }
    }

    /// The consumer goes; a producer that waits, or comes again, is told so.
    func abandon() {
        change { state in
            state.isAbandoned = true
            state.chunks = []
        }
    }

    // MARK: Inside

    private func offer(_ chunk: ByteBuffer) throws(Abandoned) -> Bool {
        let (taken, abandoned, waiter): (Bool, Bool, Waiter?) = state.withLock { state in
            if state.isAbandoned { return (false, true, nil) }
            guard state.chunks.count < capacity else { return (false, false, nil) }
            state.chunks.append(chunk)
            defer { state.consumer = nil }
            return (true, false, state.consumer)
        }
        if abandoned { throw Abandoned() }
        waiter?.wake()
        return taken
    }

    private func nextIfThere() throws -> (chunk: ByteBuffer?, Void)? {
        let (found, waiter): (Result<ByteBuffer?, any Error>?, Waiter?) = state.withLock { state in
            if state.isAbandoned { return (.failure(Abandoned()), nil) }
            if !state.chunks.isEmpty {
                defer { state.producer = nil }
                return (.success(state.chunks.removeFirst()), state.producer)
            }
            return (state.end.map { $0.map { nil } }, nil)
        }
        waiter?.wake()
        return try found.map { (try $0.get(), ()) }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            defer { (state.producer, state.consumer) = (nil, nil) }
            return [state.producer, state.consumer]
        }
        for waiter in waiters { waiter?.wake() }
    }

    /// Whether the side has to wait; its waiter is in place then.
    private func mustWait(_ waiter: Waiter, asProducer: Bool) -> Bool {
        state.withLock { state in
            if state.isAbandoned { return false }
            if asProducer {
                guard state.chunks.count >= capacity else { return false }
                state.producer = waiter
            } else {
                guard state.chunks.isEmpty, state.end == nil else { return false }
                state.consumer = waiter
            }
            return true
        }
    }

    private func wait(asProducer: Bool) async {
        await withCheckedContinuation { continuation in
            if !mustWait(.task(continuation), asProducer: asProducer) { continuation.resume() }
        }
    }

    private func waitBlocking(asProducer: Bool) {
        let semaphore = DispatchSemaphore(value: 0)
        if mustWait(.thread(semaphore), asProducer: asProducer) { semaphore.wait() }
    }
}
#endif
