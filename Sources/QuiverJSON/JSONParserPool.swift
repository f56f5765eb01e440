import Synchronization

/// Parsers that wait for work, so that a request finds warm buffers. Any thread may borrow.
package final class JSONParserPool: Sendable {
    /// A parser is in one place only: in the pool, or with the thread that took it out.
    private struct IdleParser: @unchecked Sendable {
        let parser: JSONParser
    }

    private let idle = Mutex<[IdleParser]>([])
    private let maximumDepth: Int
    private let maximumIdleCount: Int
    private let keptByteCount: Int

    /// At most `maximumIdleCount` parsers wait, each with at most `keptByteCount` bytes of buffers.
    package init(
        maximumDepth: Int = JSONParser.defaultMaximumDepth, maximumIdleCount: Int = 16, keptByteCount: Int = 4 << 20
    ) {
        self.maximumDepth = maximumDepth
        self.maximumIdleCount = maximumIdleCount
        self.keptByteCount = keptByteCount
    }

    /// `body` has the parser for itself and must not keep it.
    package func withParser<Result: ~Copyable, Failure: Error>(
        _ body: (JSONParser) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let parser = idle.withLock { $0.popLast() }?.parser ?? JSONParser(maximumDepth: maximumDepth)
        defer {
            parser.shrink(keepingByteCount: keptByteCount)
            let waiting = IdleParser(parser: parser)
            idle.withLock { if $0.count < maximumIdleCount { $0.append(waiting) } }
        }
        return try body(parser)
    }

    /// Lets go of all waiting parsers.
    package func drain() {
        let dropped = idle.withLock { waiting in
            let all = waiting
            waiting = []
            return all
        }
        _ = dropped
    }
}
