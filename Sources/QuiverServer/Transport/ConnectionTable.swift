import NIOCore

/// The connections of one event loop: looked at every so often for what takes too long, and closed when the server
/// stops. One timer for all of them in place of several each, so that a request sets no timer.
///
/// Used on its event loop only.
final class ConnectionTable {
    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var sweep: RepeatedTask?
    private var drained: EventLoopPromise<Void>?
    /// What writes the answers of all connections of this loop.
    var writer = AnswerWriter()

    var isDraining: Bool { drained != nil }

    /// - Parameter interval: how often connections are looked at.
    func start(on loop: any EventLoop, interval: TimeAmount) {
        let table = NIOLoopBound(self, eventLoop: loop)
        sweep = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let now = NIODeadline.now()
            // A copy: connections that are closed leave the table.
            for connection in Array(table.value.connections.values) { connection.checkTime(now) }
        }
    }

    func add(_ connection: ConnectionHandler) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = nil
        if connections.isEmpty { finishDraining() }
    }

    /// Closes connections without a request, and the others behind their answers. `done` is for the last one.
    func drain(_ done: EventLoopPromise<Void>) {
        drained = done
        for connection in Array(connections.values) { connection.drain() }
        if connections.isEmpty { finishDraining() }
    }

    /// Closes whatever is left; the number of requests that were under way.
    func closeAll() -> Int {
        let left = Array(connections.values)
        for connection in left { connection.closeNow() }
        return left.count
    }

    func stop() {
        sweep?.cancel()
        sweep = nil
    }

    private func finishDraining() {
        drained?.succeed(())
    }
}
