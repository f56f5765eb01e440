#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Threads of our own for long work, so that it never sits on the cooperative pool.
enum ThreadTeam {
    private final class Job: Sendable {
        let index: Int
        let body: @Sendable (Int) -> Void

        init(index: Int, body: @escaping @Sendable (Int) -> Void) {
            self.index = index
            self.body = body
        }
    }

    /// Runs `body(0)` on this thread and `body(1)` to `body(count - 1)` on others, and waits for all. When the
    /// system gives fewer threads the work is done by those there are: bodies must share it, not split it.
    static func run(count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        var threads: [pthread_t] = []
        for index in 1..<max(count, 1) {
            let job = unsafe Unmanaged.passRetained(Job(index: index, body: body))
            #if canImport(Darwin)
                var thread: pthread_t?
            #else
                var thread = pthread_t()
            #endif
            let failure = unsafe pthread_create(&thread, nil, threadMain, job.toOpaque())
            guard failure == 0 else {
                unsafe job.release()
                break
            }
            #if canImport(Darwin)
                if let thread { threads.append(thread) }
            #else
                threads.append(thread)
            #endif
        }
        body(0)
        for thread in threads { pthread_join(thread, nil) }
    }

    #if canImport(Darwin)
        private static let threadMain: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { raw in
            let job = unsafe Unmanaged<Job>.fromOpaque(raw).takeRetainedValue()
            job.body(job.index)
            return nil
        }
    #else
        private static let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
            guard let raw = unsafe raw else { return nil }
            let job = unsafe Unmanaged<Job>.fromOpaque(raw).takeRetainedValue()
            job.body(job.index)
            return nil
        }
    #endif
}
