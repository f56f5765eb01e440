import NIOPosix

/// A server within another program, which ends it: no signal does.
package struct ServerListening: Sendable {
    package let port: Int
    private let listeners: [Listener]

    fileprivate init(_ listeners: [Listener]) {
        self.listeners = listeners
        port = listeners.first?.port ?? 0
    }

    /// Takes no more connections, and waits until requests in flight are answered.
    package func stop(within patience: Duration = .seconds(5)) async {
        for listener in listeners { _ = await listener.stop(within: patience) }
    }
}

extension QuiverServer {
    /// Listens until `stop`, on the threads of the process.
    ///
    /// - Throws: `ServerFailure`.
    package func listen() async throws -> ServerListening {
        ServerListening(try await startAll(group: MultiThreadedEventLoopGroup.singleton))
    }
}
