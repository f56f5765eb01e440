import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Ctrl-C as a question that loops ask: what was measured so far is still told, and temporary files go. A second one
/// ends the process at once.
enum Interruption {
    fileprivate static let flag = Atomic<Bool>(false)

    static var isAsked: Bool { flag.load(ordering: .relaxed) }

    /// From now on SIGINT and SIGTERM only ask.
    static func listen() {
        // Touched here, because the handler must not be the one that makes the flag.
        flag.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] { signal(number, noteInterruption) }
    }

    /// - Throws: `CommandFailure` with 130, as shells have it.
    static func check() throws(CommandFailure) {
        if isAsked { throw failure }
    }

    static let failure = CommandFailure(code: .interrupted, message: "interrupted")
}

/// Runs in the middle of anything: only what may be called there.
private func noteInterruption(_ number: Int32) {
    Interruption.flag.store(true, ordering: .relaxed)
    signal(number, SIG_DFL)
}
