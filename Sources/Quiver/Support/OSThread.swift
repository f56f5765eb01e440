import Glibc

/// An operating-system thread: what an LMDB write transaction, which belongs to its thread, and
/// everything that blocks have to run on.
package final class OSThread: @unchecked Sendable {
    // @unchecked: `handle` is written once in init and only read by `join`.
    private let handle: pthread_t

    /// 8 MiB, as the main thread has: a recursion over 127 levels of JSON fits easily.
    private static let stackBytes = 8 << 20
    /// A shortage of threads or memory may pass; without the thread nothing would go on.
    private static let attempts = 40
    private static let pauseMicroseconds: UInt32 = 50_000

    package init(_ body: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(Body(run: body))
        var handle = pthread_t()
        var code = unsafe OSThread.create(&handle, box)
        for _ in 1..<OSThread.attempts where code == EAGAIN || code == ENOMEM {
            usleep(OSThread.pauseMicroseconds)
            code = unsafe OSThread.create(&handle, box)
        }
        precondition(code == 0, "the system refused a thread: \(code)")
        self.handle = handle
    }

    /// The thread takes over the reference that `box` holds; a refusal leaves it.
    private static func create(_ handle: inout pthread_t, _ box: Unmanaged<Body>) -> Int32 {
        // Raw memory: which module the empty initialiser of the attributes comes from is not clear to every build.
        unsafe withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { attributes in
            guard let attributes = attributes.baseAddress else { return ENOMEM }
            unsafe pthread_attr_init(attributes)
            unsafe pthread_attr_setstacksize(attributes, OSThread.stackBytes)
            defer { unsafe pthread_attr_destroy(attributes) }
            return unsafe pthread_create(
                &handle, attributes,
                { argument in
                    guard let argument = unsafe argument else { return nil }
                    let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                    body.run()
                    return nil
                }, box.toOpaque())
        }
    }

    /// A thread that nobody waits for.
    package static func detach(_ body: @escaping @Sendable () -> Void) {
        let thread = OSThread(body)
        pthread_detach(thread.handle)
    }

    package func join() {
        _ = pthread_join(handle, nil)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
